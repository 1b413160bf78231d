// @module-tag all: detectors that send for seconds.
/** Frames that `ewald index` receives by ZeroMQ, from DECTRIS detectors and as CrystFEL does: each fault of a shift. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dectrisMessages, dectrisV1Messages } from '../support/dectris.js';
import { lineTo } from '../support/line.js';

const zmq = await import('zeromq').catch(() => undefined);
const side = 64;
const shape = [side, side] as const;
let folder = '';
let frames: Uint16Array[] = [];
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-received-'));
  const words = ['--images=4', '--size=64,64', '--distance=20', '--cell=12,17,21,90,98,90'];
  expect(await ewald(['simulate', 'frames', '-o', folder, ...words])).toMatchObject({ code: 0 });
  const dataset = await open(at('run.h5'));
  const all = (await dataset.read(0, dataset.frames)) as Uint16Array;
  frames = Array.from({ length: dataset.frames }, (_, i) => all.slice(i * side * side, (i + 1) * side * side));
  await dataset.dispose();
});
afterAll(() => rmSync(folder, { recursive: true }));

type Message = Uint8Array | readonly Uint8Array[];
type Stream = 'V1' | 'V2';
const streams: readonly Stream[] = ['V1', 'V2'];
/** A test for both versions of the stream, at the same time. */
const both = (name: string, run: (stream: Stream) => Promise<void>, tags = 'all'): void =>
  test(name, { tags }, async () => {
    await Promise.all(streams.map(run));
  });
const numbered = (count: number): Uint16Array[] =>
  Array.from({ length: count }, (_, i) => frames[i % frames.length] ?? expect.fail());

/** A series of a detector: the start, the images and the end. */
async function seriesOf(stream: Stream, count: number, options: { series?: number; distanceM?: number } = {}) {
  const make = stream === 'V1' ? dectrisV1Messages : dectrisMessages;
  const messages: Message[] = await make(numbered(count), shape, { series: 3, ...options });
  const first = messages.length - count - 1;
  return { start: messages.slice(0, first), images: messages.slice(first, -1), end: messages.slice(-1) };
}

/** A detector that pushes messages to the one who is connected. */
async function detector() {
  const { Push } = zmq ?? expect.fail();
  const push = new Push({ linger: 0 });
  onTestFinished(() => push.close());
  await push.bind('tcp://127.0.0.1:*');
  const send = async (...messages: Message[]): Promise<void> => {
    for (const message of messages) await push.send([message].flat().map((part) => Buffer.from(part)));
  };
  return { address: push.lastEndpoint as string, send, socket: push };
}

/** A run over an address, whose frames are all hits: nothing but the source can be wrong. */
function indexed(name: string, address: string, ...more: string[]) {
  const words = ['index', '--zmq-input', address, '-p', 'none', '--threshold=8', '--min-peaks=0', '--backend=wasm'];
  const ends = ['-j', '1', '--first-frames-timeout=0', '-o', at(`${name}.stream`), '--log', at(`${name}.log`)];
  const kind = more.some((word) => word.startsWith('--zmq-')) ? [] : ['--zmq-pull'];
  const timeout = more.some((word) => word.startsWith('--no-data')) ? [] : ['--no-data-timeout=1.5'];
  return ewald([...words, ...ends, ...kind, ...timeout, ...more]);
}
const textOf = (name: string): string => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
const chunks = (name: string): number => textOf(name).match(/End chunk/g)?.length ?? 0;
const endOf = (name: string): Record<string, unknown> =>
  textOf(`${name}.log`)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .find(({ event }) => event === 'end');

describe.skipIf(!zmq)(`images of a detector${zmq ? '' : ' (absent: zeromq)'}`, () => {
  both(
    'that begins anew within a series: the rest of the series is lost',
    async (stream) => {
      const { address, send } = await detector();
      const running = indexed(`anew-${stream}`, address);
      const first = await seriesOf(stream, 5);
      const next = await seriesOf(stream, 3, { series: 4 });
      await send(...first.start, ...first.images.slice(0, 2), ...next.start, ...next.images, ...next.end);
      const { code, out, err } = await running;
      expect(code, err).toBe(1);
      expect(err).toContain('3 of 5 images of series 3 did not arrive');
      expect(out).toContain('3 did not arrive');
      expect(endOf(`anew-${stream}`)).toMatchObject({ done: 5, failed: 0, lost: 3 });
    },
    'nightly',
  );

  both('that have other pixels or are damaged fail alone', async (stream) => {
    const { address, send } = await detector();
    const running = indexed(`pixels-${stream}`, address);
    const { start, images, end } = await seriesOf(stream, 4);
    const small = [new Uint16Array(32 * 32), new Uint16Array(32 * 32)];
    const make = stream === 'V1' ? dectrisV1Messages : dectrisMessages;
    const other = (await make(small, [32, 32], { series: 3 })).at(-2) as Message;
    const broken = [images[2] as Message].flat().map((part) => part.slice());
    const pixels = broken[stream === 'V1' ? 2 : 0] as Uint8Array;
    pixels.fill(0xff, pixels.length - 40);
    await send(...start, images[0] as Message, other, broken, images[3] as Message, ...end);
    const { code, err } = await running;
    expect(code, err).toBe(1);
    expect(err).toMatch(/frames are u16 \[32,32\], but those of the first file u16 \[64,64\]/);
    expect(err.match(/^✗/gm), err).toHaveLength(2);
    expect(endOf(`pixels-${stream}`)).toMatchObject({ done: 4, failed: 2, lost: 0 });
  });

  both('whose header states another distance fail, and the run goes on', async (stream) => {
    const { address, send } = await detector();
    const running = indexed(`header-${stream}`, address);
    const first = await seriesOf(stream, 2);
    const moved = await seriesOf(stream, 2, { series: 4, distanceM: 0.08 });
    const back = await seriesOf(stream, 2, { series: 5, distanceM: 0.06 });
    for (const { start, images, end } of [first, moved, back]) await send(...start, ...images, ...end);
    const { code, err } = await running;
    expect(code, err).toBe(1);
    expect(err).toMatch(/distance .*0\.08.*0\.06/);
    expect(endOf(`header-${stream}`)).toMatchObject({ done: 6, failed: 2, lost: 0 });
  });

  both('late, twice, and more than announced: each is searched, none is lost', async (stream) => {
    const { address, send } = await detector();
    const running = indexed(`order-${stream}`, address);
    const { start, images, end } = await seriesOf(stream, 4);
    const more = (await seriesOf(stream, 6)).images.slice(4);
    const sent = [0, 2, 1, 1, 3].map((i) => images[i] as Message);
    await send(...start, ...sent, ...more, ...end);
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(err).toContain('image 1 of series 3 did not arrive before image 2; further ones are counted');
    expect(endOf(`order-${stream}`)).toMatchObject({ done: 7, failed: 0, lost: 0 });
  });

  both(
    'that stop within a series are waited for, then counted as lost',
    async (stream) => {
      const { address, send } = await detector();
      const running = indexed(`stall-${stream}`, address);
      const { start, images } = await seriesOf(stream, 5);
      await send(...start, ...images.slice(0, 2));
      const { code, err } = await running;
      expect(code, err).toBe(1);
      expect(err).toContain('3 of 5 images of series 3 did not arrive');
      expect(endOf(`stall-${stream}`)).toMatchObject({ done: 2, lost: 3 });
    },
    'nightly',
  );

  both('faster than the run: the detector waits, and none is lost', async (stream) => {
    const { address, send } = await detector();
    const running = indexed(`fast-${stream}`, address);
    const { start, images, end } = await seriesOf(stream, 300);
    await send(...start, ...images, ...end);
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(endOf(`fast-${stream}`)).toMatchObject({ done: 300, lost: 0 });
  });

  both('whose connection is interrupted: the run goes on, and counts what is lost', async (stream) => {
    const { address, send, socket } = await detector();
    const line = await lineTo(address);
    const running = indexed(`blip-${stream}`, line.address, '--no-data-timeout=5');
    const { start, images, end } = await seriesOf(stream, 6);
    await send(...start, ...images.slice(0, 2));
    await expect.poll(() => chunks(`blip-${stream}.stream.part`), { timeout: 30_000 }).toBe(2);
    await line.lose(socket, () => send(...images.slice(2, 4)));
    await send(...images.slice(4), ...end);
    const { code, err } = await running;
    expect(code, err).toBe(1);
    expect(err).toContain('images 2 to 3 of series 3 did not arrive before image 4');
    expect(endOf(`blip-${stream}`)).toMatchObject({ done: 4, lost: 2 });
  });
});

/** A message of a monitor such as OM: frames have no numbers. */
const message = (frame: Uint16Array, more: object = {}, sides = shape): Uint8Array =>
  encode({
    distance: 20,
    image: { type: '<u2', shape: sides, data: new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength) },
    ...more,
  });

/** The program that publishes frames, after somebody has subscribed. */
async function monitor(address = 'tcp://127.0.0.1:*') {
  const { XPublisher } = zmq ?? expect.fail();
  const socket = new XPublisher({ linger: 0 });
  onTestFinished(() => socket.close());
  await socket.bind(address);
  const send = async (...messages: Uint8Array[]): Promise<void> => {
    for (const one of messages) await socket.send(Buffer.from(one));
  };
  return { address: socket.lastEndpoint as string, send, socket, subscribed: () => socket.receive() };
}

describe.skipIf(!zmq)(`messages of a monitor${zmq ? '' : ' (absent: zeromq)'}`, () => {
  const geometry = (): string[] => {
    const text = readFileSync(at('run.geom'), 'utf8');
    const file = at('live.geom');
    const own = text.replace(/^clen = .*$/m, 'clen = distance mm').replace(/^p0\/data = .*$/m, 'p0/data = image');
    if (!existsSync(file)) writeFileSync(file, own.replace(/^p0\/(dim|mask).*$/gm, ''));
    return ['-g', file];
  };
  const subscribed = (name: string, address: string, ...more: string[]) =>
    indexed(name, address, '--zmq-subscribe', '', ...geometry(), ...more);
  const frame = (i: number): Uint16Array => frames[i] ?? expect.fail();

  test('that have other pixels, or are damaged, fail alone', async () => {
    const { address, send, subscribed: ready } = await monitor();
    const running = subscribed('m-pixels', address);
    await ready();
    const whole = message(frame(1));
    const cut = whole.slice(0, whole.length / 2);
    await send(message(frame(0)), message(new Uint16Array(32 * 32), {}, [32, 32] as never), cut, message(frame(3)));
    const { code, err } = await running;
    expect(code, err).toBe(1);
    expect(err).toMatch(/frames are u16 \[32,32\], but those of the first file u16 \[64,64\]/);
    expect(err).toMatch(/the message is not valid MessagePack/);
    expect(endOf('m-pixels')).toMatchObject({ done: 4, failed: 2 });
  });

  test('with another distance are searched with their own; one without fails', { tags: 'nightly' }, async () => {
    const { address, send, subscribed: ready } = await monitor();
    const running = subscribed('m-header', address);
    await ready();
    const distances = [20, 25, undefined, 20];
    await send(...distances.map((distance, i) => message(frame(i), { distance })));
    const { code, err } = await running;
    expect(code, err).toBe(1);
    const lengths = textOf('m-header.stream').match(/^average_camera_length = [\d.]+/gm);
    expect(lengths?.map((line) => Number(line.split(' ').at(-1)))).toEqual([0.02, 0.025, 0.02]);
    expect(err).toMatch(/distance/);
    expect(endOf('m-header')).toMatchObject({ done: 4, failed: 1 });
  });

  test('twice or in another order are separate frames; a stall ends the run as the end of the data', {
    tags: 'nightly',
  }, async () => {
    const { address, send, subscribed: ready } = await monitor();
    const running = subscribed('m-twice', address);
    await ready();
    await send(...[2, 0, 0, 1].map((i) => message(frame(i))));
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(endOf('m-twice')).toMatchObject({ done: 4, failed: 0, lost: 0 });
  });

  test('published faster than the run: it says that ZeroMQ may discard some', { tags: 'nightly' }, async () => {
    const { address, send, subscribed: ready } = await monitor();
    const running = subscribed('m-fast', address);
    await ready();
    await send(...Array.from({ length: 600 }, (_, i) => message(frame(i % 4))));
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(err.match(/publishes faster than the run receives: .*--zmq-request/g), err).toHaveLength(1);
  });

  test('with a gap are the frames that arrive, without a word: they have no numbers', async () => {
    const { address, send, subscribed: ready } = await monitor();
    const running = subscribed('m-gap', address);
    await ready();
    await send(message(frame(0)), message(frame(3)));
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(err).not.toMatch(/missing|lost|faster/);
    expect(endOf('m-gap')).toMatchObject({ done: 2, failed: 0, lost: 0 });
  });

  test('of which the disk has no room for all: complete frames stay, and the run ends with 1', async () => {
    const { address, send, subscribed: ready } = await monitor();
    const words = ['index', '--zmq-input', address, '--zmq-subscribe', '', ...geometry(), '-p', 'none', '-j', '1'];
    const search = [
      '--threshold=8',
      '--min-peaks=0',
      '--backend=wasm',
      '--no-data-timeout=5',
      '-o',
      at('m-full.stream'),
    ];
    const limited = [process.execPath, 'dist/cli.js', ...words, ...search];
    const child = spawn('sh', ['-c', `trap '' XFSZ; ulimit -f 60; exec "$@"`, 'sh', ...limited]);
    let err = '';
    child.stderr.on('data', (piece) => {
      err += piece;
    });
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    await ready();
    for (let i = 0; child.exitCode === null && i < 2000; i++) {
      await send(message(frame(i % 4)));
      if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await ended, err).toBe(1);
    expect(err).toMatch(/m-full\.stream.*(full|larger)/s);
    expect(existsSync(at('m-full.stream'))).toBe(false);
    expect(textOf('m-full.stream.part').endsWith('----- End chunk -----\n')).toBe(true);
    expect(err).not.toContain('--resume continues');
  });

  test('of a monitor that begins anew: the run goes on, and says that frames may be missing', {
    tags: 'nightly',
  }, async () => {
    const first = await monitor();
    const running = subscribed('m-anew', first.address, '--no-data-timeout=5');
    await first.subscribed();
    await first.send(message(frame(0)), message(frame(1)));
    await expect.poll(() => chunks('m-anew.stream.part'), { timeout: 30_000 }).toBe(2);
    first.socket.close();
    await expect.poll(() => textOf('m-anew.log'), { timeout: 30_000 }).toContain('the connection was interrupted');
    const next = await monitor(first.address);
    await next.subscribed();
    await next.send(message(frame(2)));
    const { code, out, err } = await running;
    expect(code, err).toBe(1);
    expect(err).toContain(`${first.address} is connected again`);
    expect(out).toContain(`${first.address} has disappeared: frames that arrived there meanwhile are missing`);
    expect(endOf('m-anew')).toMatchObject({ done: 3, failed: 0 });
  });

  test('whose connection is interrupted: the run goes on, and says that frames are missing', {
    tags: 'nightly',
  }, async () => {
    const { address, send, socket, subscribed: ready } = await monitor();
    const line = await lineTo(address);
    const running = subscribed('m-blip', line.address, '--no-data-timeout=5');
    await ready();
    await send(message(frame(0)));
    await expect.poll(() => chunks('m-blip.stream.part'), { timeout: 30_000 }).toBe(1);
    await line.lose(socket, () => send(message(frame(1))));
    // What is published before the run has subscribed again is lost as well.
    const sentAgain = async (): Promise<number> => {
      await send(message(frame(2)));
      return chunks('m-blip.stream.part');
    };
    await expect.poll(sentAgain, { timeout: 30_000, interval: 300 }).toBeGreaterThan(1);
    const { code, out, err } = await running;
    expect(code, err).toBe(1);
    expect(out).toContain('has disappeared: frames that arrived there meanwhile are missing');
  });

  test('requested from a program that begins anew are requested again; a slow run loses none', {
    tags: 'nightly',
  }, async () => {
    const { Reply } = zmq ?? expect.fail();
    const begin = async (at = 'tcp://127.0.0.1:*') => {
      const socket = new Reply({ linger: 0 });
      onTestFinished(() => socket.close());
      await socket.bind(at);
      return socket;
    };
    const first = await begin();
    const address = first.lastEndpoint as string;
    const running = indexed('m-request', address, '--zmq-request', 'next', ...geometry(), '--no-data-timeout=5');
    for (let i = 0; i < 40; i++) {
      expect(String(await first.receive())).toBe('next');
      await first.send(Buffer.from(message(frame(i % 4))));
    }
    // It ends with a request that is not answered.
    await first.receive();
    first.close();
    await expect.poll(() => textOf('m-request.log'), { timeout: 30_000 }).toContain('the connection was interrupted');
    const next = await begin(address);
    expect(String(await next.receive())).toBe('next');
    await next.send(Buffer.from(message(frame(3))));
    const { code, err } = await running;
    expect(code, err).toBe(1);
    expect(endOf('m-request')).toMatchObject({ done: 41, failed: 0 });
  });
});
