/** Live scans from a DECTRIS detector, streams V1 and V2: every image counts, and faults are reported. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, type EwaldError, simulateDectris, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dectrisMessages, dectrisV1Messages } from '../support/dectris.js';
import { refused } from '../support/refused.js';

const zmq = await import('zeromq').catch(() => undefined);
const [height, width] = [16, 12];
const images = Array.from({ length: 20 }, (_, f) =>
  Uint16Array.from({ length: height * width }, (_, i) => (f * 7919 + i * 31) % 4093),
);
const sums = images.map((image) => image.reduce((a, b) => a + b, 0));
const messages = await dectrisMessages(images, [height, width]);
const parts = await dectrisV1Messages(images, [height, width]);
const ctx = new Context({ context: { backend: 'wasm' } });
const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(() => ctx.close());

/** A detector that sends messages, and a connection to it. */
async function connected(sent: readonly (Uint8Array | readonly Uint8Array[])[], options = {}) {
  const { Push } = zmq ?? expect.fail();
  const push = new Push({ linger: 0 });
  open.push(push);
  await push.bind('tcp://127.0.0.1:*');
  const port = new URL(push.lastEndpoint as string).port;
  const connection = await ctx.connect(`dectris://127.0.0.1:${port}`, options);
  open.push({ close: () => connection.dispose() });
  const sending = (async () => {
    for (const message of sent) await push.send([message].flat().map((part) => Buffer.from(part)));
  })();
  sending.catch(() => undefined);
  return connection;
}

const scanOf = async (sent: Parameters<typeof connected>[0], options = {}, next = {}) => {
  const scan = await (await connected(sent, options)).next({ navShape: [4, 5], ...next });
  return scan ?? expect.fail('no acquisition');
};

describe.skipIf(!zmq)(`a series${zmq ? '' : ' (absent: zeromq)'}`, () => {
  test('has the sums of its images, and of the next series', async () => {
    const connection = await connected([...messages, ...messages]);
    for (let i = 0; i < 2; i++) {
      const scan = (await connection.next({ navShape: [4, -1] })) ?? expect.fail();
      expect(scan).toMatchObject({ format: 'dectris', dtype: 'u16', shape: { nav: [4, 5], sig: [height, width] } });
      const { intensity } = await ctx.runUdf(scan, sumSigUdf());
      expect([...intensity.data]).toEqual(sums);
      expect(scan.live.status).toMatchObject({ received: 20, processed: 20, waiting: 0, lost: 0, dropped: 0 });
    }
  });

  test('waits for memory: a ring of two images loses none', async () => {
    const scan = await scanOf(messages, { ringBytes: 1 });
    const [each, whole] = await ctx.runUdf(scan, [sumSigUdf(), sumUdf()]);
    expect([...each.intensity.data]).toEqual(sums);
    expect(whole.intensity.data[0]).toBe(images.reduce((sum, image) => sum + (image[0] as number), 0));
  });

  test('counts images that are missing or unreadable as lost, and keeps the positions of the others', async () => {
    const sent = messages.map((message) => message.slice());
    // Image 7 claims more bytes than it has after decompression; images 3 and 4 are not sent.
    const broken = sent[8] as Uint8Array;
    broken.fill(0xff, broken.length - 40);
    sent.splice(4, 2);
    const scan = await scanOf(sent);
    const { intensity } = await ctx.runUdf(scan, sumSigUdf());
    expect([...intensity.data]).toEqual(sums.map((sum, i) => ([3, 4, 7].includes(i) ? 0 : sum)));
    expect(scan.live.status).toMatchObject({ received: 17, lost: 3 });
  });

  test('counts the images that a series which ends early does not send as lost', async () => {
    const scan = await scanOf([...messages.slice(0, 11), messages.at(-1) as Uint8Array]);
    const { intensity } = await ctx.runUdf(scan, sumSigUdf());
    expect([...intensity.data]).toEqual(sums.map((sum, i) => (i < 10 ? sum : 0)));
    expect(scan.live.status).toMatchObject({ received: 10, lost: 10, reason: 'the detector ended the series' });
    const restarted = await scanOf([...messages.slice(0, 11), ...messages]);
    await ctx.runUdf(restarted, sumSigUdf());
    expect(restarted.live.status).toMatchObject({ lost: 10, reason: 'the detector began another series' });
  });

  test('ends with an error that keeps the results so far if another shape or something else arrives', async () => {
    const other = await dectrisMessages([new Uint16Array(64)], [8, 8]);
    const late = (await dectrisMessages([...images.slice(0, 10), new Uint16Array(64)], [8, 8])).at(-2) as Uint8Array;
    expect(other.length).toBe(3);
    for (const [last, words] of [
      [late, '8 × 8 pixels of u16'],
      [new TextEncoder().encode('GET / HTTP/1.1'), 'not one of DECTRIS; expected stream V1'],
    ] as const) {
      const scan = await scanOf([...messages.slice(0, 11), last]);
      const error: EwaldError = await ctx.runUdf(scan, sumSigUdf()).then(
        () => expect.fail(),
        (thrown) => thrown,
      );
      expect(error.tag).toBe('Format');
      expect(error.message).toContain(words);
      expect(error.message).toContain('position 10 of 20');
    }
  });

  test('options of other detectors are refused, and a detector that sends nothing is waited for', async () => {
    await refused(() => ctx.connect('dectris', { dataPort: 1 }), 'Argument', 'dataPort is for merlin');
    await refused(() => ctx.connect('dectris', { reconnectS: 1 }), 'Argument', 'reconnectS is for merlin');
    const connection = await connected([]);
    expect(await connection.next({ timeoutS: 0.02 })).toBeUndefined();
    // A trigger may be waited for, unless the caller sets a limit.
    const started = await connected(messages.slice(0, 1));
    await refused(() => started.next({ navShape: [4, 5], stallS: 0.02 }), 'Lost', 'began an acquisition, and no frame');
    await refused(() => connection.next({ controller: true, timeoutS: 1 }), 'Unsupported', 'not started over');
  });
});

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
/** A part of an image of stream V1 with other values. */
const changed = (message: readonly Uint8Array[], part: number, more: object): Uint8Array[] =>
  message.map((bytes, i) => (i === part ? json({ ...JSON.parse(new TextDecoder().decode(bytes)), ...more }) : bytes));

describe.skipIf(!zmq)(`a series of stream V1${zmq ? '' : ' (absent: zeromq)'}`, () => {
  test('has the sums of its images in every encoding and type, and those of the next series', async () => {
    const bytes = images.map((image) => Uint8Array.from(image, (n) => n & 255));
    const words = images.map((image) => Uint32Array.from(image, (n) => n * 65537));
    for (const [list, dtype, encodings] of [
      [images, 'u16', ['<', 'lz4<', 'bs16-lz4<', 'bs8-lz4<']],
      [bytes, 'u8', ['<', 'bs8-lz4<']],
      [words, 'u32', ['lz4<', 'bs32-lz4<']],
    ] as const)
      for (const encoding of encodings) {
        const sent = await dectrisV1Messages(list, [height, width], { encoding });
        // Some bytes are 255, which is no count of this detector.
        const scan = await scanOf(sent, {}, { navShape: [4, -1], keepNoCount: true });
        expect(scan).toMatchObject({ format: 'dectris', dtype, shape: { nav: [4, 5], sig: [height, width] } });
        const { intensity } = await ctx.runUdf(scan, sumSigUdf());
        const expected = list.map((image) => [...image].reduce((a, b) => a + b, 0));
        expect([...intensity.data], encoding).toEqual(expected);
      }
    const connection = await connected([
      ...parts,
      ...(await dectrisV1Messages(images, [height, width], { series: 8 })),
    ]);
    for (let i = 0; i < 2; i++) {
      const scan = (await connection.next({ navShape: [4, 5] })) ?? expect.fail();
      const { intensity } = await ctx.runUdf(scan, sumSigUdf());
      expect([...intensity.data]).toEqual(sums);
      expect(scan.live.status).toMatchObject({ received: 20, lost: 0 });
    }
  });

  test('states its geometry, and has a length only if its header has details', async () => {
    const mask = Uint32Array.from({ length: height * width }, (_, i) => (i === 5 ? 3 : 0));
    const scan = await scanOf(await dectrisV1Messages(images, [height, width], { mask }), {}, { navShape: [4, -1] });
    const meta = { beamCentrePx: { x: 515.3, y: 506.3 }, distanceM: 0.06, wavelengthA: 1.3, markers: [65535] };
    expect(scan.dataset.meta).toMatchObject(meta);
    const bare = await connected(await dectrisV1Messages(images, [height, width], { detail: false }));
    await refused(() => bare.next({ navShape: [4, -1] }), 'Shape', 'navShape');
    const truncated = await connected(await dectrisV1Messages(images, [height, width], { mask: mask.slice(3) }));
    await refused(() => truncated.next({ navShape: [4, 5] }), 'Format', 'the pixel mask has');
  });

  test('counts images that are missing or damaged as lost, and keeps the positions of the others', async () => {
    const sent = parts.map((message) => [...message]);
    const image = (i: number): Uint8Array[] => sent[i + 1] as Uint8Array[];
    // Image 2 has no pixels, 7 fewer bytes than stated, 9 another size, 11 no description; 3 and 4 are not sent.
    sent[3] = [image(2)[0], image(2)[1], image(2)[3]] as Uint8Array[];
    sent[8] = image(7).map((part, i) => (i === 2 ? part.slice(0, -3) : part));
    sent[10] = changed(image(9), 1, { shape: [width, 2 * height] });
    sent[12] = image(11).slice(0, 1);
    sent.splice(4, 2);
    const scan = await scanOf(sent);
    const { intensity } = await ctx.runUdf(scan, sumSigUdf());
    expect([...intensity.data]).toEqual(sums.map((sum, i) => ([2, 3, 4, 7, 9, 11].includes(i) ? 0 : sum)));
    expect(scan.live.status).toMatchObject({ received: 14, lost: 6 });
  });

  test('ends with an error that keeps the results so far', async () => {
    const first = parts.slice(0, 11);
    const next = parts[11] ?? expect.fail();
    const [other] = (await dectrisV1Messages([new Uint16Array(64)], [8, 8])).slice(1, 2);
    const cases: readonly [readonly Uint8Array[], 'Format' | 'Unsupported', string][] = [
      [changed(other ?? expect.fail(), 0, { frame: 10 }), 'Format', '8 × 8 pixels of u16'],
      [changed(next, 0, { series: 8 }), 'Format', 'image 10 belongs to series 8'],
      [changed(next, 0, { frame: 9 }), 'Format', 'frame 9 arrived after frame 9'],
      [changed(next, 0, { frame: -1 }), 'Format', 'expected frame from 0'],
      [changed(next, 1, { encoding: 'zstd<' }), 'Unsupported', 'encoded as "zstd<"'],
      [[json({ htype: 'dimage-1.0', frame: 10 })], 'Format', 'has the series undefined'],
      [[new TextEncoder().encode('{"htype":"dimage-1.0", ')], 'Format', 'not JSON'],
    ];
    for (const [last, tag, words] of cases) {
      const scan = await scanOf([...first, last]);
      const error: EwaldError = await ctx.runUdf(scan, sumSigUdf()).then(
        () => expect.fail(words),
        (thrown) => thrown,
      );
      expect(error.tag).toBe(tag);
      expect(error.message).toContain(words);
      expect(error.message).toContain('position 10 of 20');
    }
  });

  test('none of whose images can be decoded is refused, and one that stalls ends', async () => {
    const unknown = parts.map((message, i) => (i > 0 && i < 21 ? changed(message, 1, { encoding: 'zstd<' }) : message));
    const damaged = parts.map((message, i) => (i > 0 && i < 21 ? message.slice(0, 2) : message));
    const empty = [parts[0], parts.at(-1)] as Uint8Array[][];
    for (const [sent, tag, words] of [
      [unknown, 'Unsupported', 'encoded as "zstd<"'],
      [damaged, 'Format', 'image 0 of dectris://'],
      [empty, 'Lost', 'ended without an image'],
    ] as const) {
      // The next series can be read.
      const connection = await connected([...sent, ...parts]);
      await refused(() => connection.next({ navShape: [4, 5] }), tag, words);
      const scan = (await connection.next({ navShape: [4, 5] })) ?? expect.fail();
      expect([...(await ctx.runUdf(scan, sumSigUdf())).intensity.data]).toEqual(sums);
    }
    const stalled = await scanOf(parts.slice(0, 5), {}, { stallS: 0.05 });
    await refused(() => ctx.runUdf(stalled, sumSigUdf()), 'Lost', 'has arrived for 0.05 s');
    const ended = await scanOf([...parts.slice(0, 5), parts.at(-1) as Uint8Array[]]);
    const { intensity } = await ctx.runUdf(ended, sumSigUdf());
    expect([...intensity.data]).toEqual(sums.map((sum, i) => (i < 4 ? sum : 0)));
  });
});

describe.skipIf(!zmq)(`a simulated detector${zmq ? '' : ' (absent: zeromq)'}`, () => {
  test('sends the frames of a file by either version, in every encoding', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-dectris-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const file = join(folder, 'scan.raw');
    await writeFile(file, Buffer.concat(images.map((image) => new Uint8Array(image.buffer))));
    const raw = { format: 'raw', dtype: 'u16', sigShape: [height, width] } as const;
    for (const stream of ['v1', 'v2'] as const)
      for (const encoding of ['bslz4', 'lz4', 'none'] as const) {
        const simulator = await simulateDectris(file, {
          streamVersion: stream,
          encoding,
          port: 0,
          repeat: 2,
          open: raw,
        });
        open.push(simulator);
        const connection = await ctx.connect(`dectris://127.0.0.1:${simulator.port}`);
        open.push({ close: () => connection.dispose() });
        for (let i = 0; i < 2; i++) {
          const scan = (await connection.next({ navShape: [4, -1] })) ?? expect.fail();
          expect([...(await ctx.runUdf(scan, sumSigUdf())).intensity.data], `${stream} ${encoding}`).toEqual(sums);
        }
        expect(simulator.sent).toBe(40);
        await refused(
          () => simulateDectris(file, { port: simulator.port, open: raw }),
          'File',
          'cannot be listened on',
        );
      }
    const reals = { ...raw, dtype: 'f32' } as const;
    await refused(() => simulateDectris(file, { port: 0, open: reals }), 'Unsupported', 'u8, u16 or u32');
  });

  test('closes before the next image is due', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-dectris-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const file = join(folder, 'scan.raw');
    await writeFile(file, Buffer.concat(images.map((image) => new Uint8Array(image.buffer))));
    const raw = { format: 'raw', dtype: 'u16', sigShape: [height, width] } as const;
    const simulator = await simulateDectris(file, { port: 0, dwellUs: 4e6, open: raw });
    const { Pull } = zmq ?? expect.fail();
    const pull = new Pull({ linger: 0 });
    open.push(pull);
    pull.connect(`tcp://127.0.0.1:${simulator.port}`);
    await pull.receive();
    const began = performance.now();
    await simulator.close();
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('of the command goes on after its series, until Ctrl-C', { tags: 'all' }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-dectris-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const file = join(folder, 'scan.raw');
    await writeFile(file, Buffer.concat(images.map((image) => new Uint8Array(image.buffer))));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    // Polled every few milliseconds: a process with nothing left to do would end long before.
    let polls = Number.NEGATIVE_INFINITY;
    const words = [
      'simulate',
      'dectris',
      file,
      '--format',
      'raw',
      '--dtype',
      'u16',
      '--sig-shape',
      `${height},${width}`,
    ];
    const simulator = ewald([...words, '--port', String(port)], { interruptWhen: () => ++polls > 50 });
    const connection = await ctx.connect(`dectris://127.0.0.1:${port}`);
    open.push({ close: () => connection.dispose() });
    const scan = (await connection.next({ navShape: [4, 5] })) ?? expect.fail();
    expect([...(await ctx.runUdf(scan, sumSigUdf())).intensity.data]).toEqual(sums);
    polls = 0;
    const { code, err } = await simulator;
    expect(code, err).toBe(0);
  });
});
