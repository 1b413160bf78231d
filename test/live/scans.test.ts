/** Scans that `ewald run` receives from DECTRIS detectors: faults of the line, and images in another order. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import { Context, type EwaldError, type LiveScan, simulateMerlin, sumSigUdf } from 'ewald/udf';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dectrisMessages, dectrisV1Messages } from '../support/dectris.js';
import { lineTo } from '../support/line.js';

const zmq = await import('zeromq').catch(() => undefined);
const [height, width] = [16, 12];
const imagesOf = (count: number): Uint16Array[] =>
  Array.from({ length: count }, (_, f) =>
    Uint16Array.from({ length: height * width }, (_, i) => (f * 7919 + i * 31) % 4093),
  );
const sums = imagesOf(24).map((image) => image.reduce((a, b) => a + b, 0));
const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

type Message = Uint8Array | readonly Uint8Array[];

/** A series of `count` images: its start announces them all. */
async function seriesOf(stream: string, count: number, series = 3) {
  const make = stream === 'V1' ? dectrisV1Messages : dectrisMessages;
  const messages: Message[] = await make(imagesOf(count), [height, width], { series });
  const first = messages.length - count - 1;
  return { start: messages.slice(0, first), images: messages.slice(first, -1), end: messages.slice(-1) };
}

async function detector() {
  const { Push } = zmq ?? expect.fail();
  const socket = new Push({ linger: 0 });
  onTestFinished(() => socket.close());
  await socket.bind('tcp://127.0.0.1:*');
  const send = async (messages: readonly Message[]): Promise<void> => {
    for (const message of messages) await socket.send([message].flat().map((part) => Buffer.from(part)));
  };
  return { address: socket.lastEndpoint as string, send, socket };
}

async function scanOf(address: string, stallS = 30) {
  const connection = await ctx.connect(address.replace('tcp:', 'dectris:'));
  onTestFinished(() => connection.dispose());
  const next = connection.next({ navShape: [4, 5], stallS });
  return async () => (await next) ?? expect.fail('no acquisition');
}

describe.skipIf(!zmq)(`a scan${zmq ? '' : ' (absent: zeromq)'}`, () => {
  test.for(['V1', 'V2'])('by %s whose connection is interrupted goes on with a gap', async (stream) => {
    const { address, send, socket } = await detector();
    const line = await lineTo(address);
    const opening = await scanOf(line.address);
    const { start, images, end } = await seriesOf(stream, 20);
    await send([...start, ...images.slice(0, 8)]);
    const scan = await opening();
    const run = ctx.runUdf(scan, sumSigUdf());
    await expect.poll(() => scan.live.status.received, { timeout: 30_000 }).toBe(8);
    await line.lose(socket, () => send(images.slice(8, 12)));
    await send([...images.slice(12), ...end]);
    const { intensity } = await run;
    expect([...intensity.data]).toEqual(sums.slice(0, 20).map((sum, i) => (i >= 8 && i < 12 ? 0 : sum)));
    expect(scan.live.status).toMatchObject({ received: 16, lost: 4 });
  });

  test.for(['V1', 'V2'])(
    'by %s ends with 1 and the positions lost if the detector begins anew',
    { tags: 'all' },
    async (stream) => {
      const { address, send } = await detector();
      const folder = await mkdtemp(join(tmpdir(), 'ewald-scans-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const output = join(folder, 'sums.npy');
      const words = ['run', 'sumsig', '--connect', address.replace('tcp:', 'dectris:'), '--nav-shape', '4,5'];
      const running = ewald([...words, '-o', output]);
      const [first, next] = [await seriesOf(stream, 20), await seriesOf(stream, 20, 4)];
      await send([...first.start, ...first.images.slice(0, 8), ...next.start, ...next.images, ...next.end]);
      const { code, out, err } = await running;
      expect(code, err).toBe(1);
      expect(err).toContain('warning: 12 frames did not arrive: the detector began another series');
      expect(out).toContain('8 of 20 positions measured');
      expect([...readNpy(await readFile(output)).data].slice(0, 8)).toEqual(sums.slice(0, 8));
    },
  );

  test.for(['V1', 'V2'])('by %s ignores images after its last position', async (stream) => {
    const { address, send } = await detector();
    const opening = await scanOf(address);
    const { start, end } = await seriesOf(stream, 20);
    const { images } = await seriesOf(stream, 24);
    const sending = send([...start, ...images, ...end]);
    const { intensity } = await ctx.runUdf(await opening(), sumSigUdf());
    expect([...intensity.data]).toEqual(sums.slice(0, 20));
    await sending;
  });

  test.for(['V1', 'V2'])(
    'by %s ends with the position if an image arrives late or twice, or if none does',
    async (stream) => {
      const { start, images } = await seriesOf(stream, 20);
      for (const [sent, tag, words] of [
        [[...images.slice(0, 8), images[9], images[8]], 'Format', 'frame 8 arrived after frame 9'],
        [[...images.slice(0, 10), images[9]], 'Format', 'frame 9 arrived after frame 9'],
        [images.slice(0, 10), 'Lost', 'has arrived for 0.3 s'],
      ] as const) {
        const { address, send } = await detector();
        const opening = await scanOf(address, 0.3);
        const sending = send([...start, ...(sent as Message[])]);
        const error: EwaldError = await ctx.runUdf(await opening(), sumSigUdf()).then(
          () => expect.fail(words),
          (thrown) => thrown,
        );
        expect(error.tag).toBe(tag);
        expect(error.message).toContain(words);
        expect(error.message).toContain('position 10 of 20');
        const { results } = error.detail.partial as {
          readonly results: readonly { intensity: { data: Float64Array } }[];
        };
        const found = [...(results[0]?.intensity.data ?? [])].slice(0, 8);
        expect(found).toEqual(sums.slice(0, 8));
        await sending;
      }
    },
  );

  test('near a limit of memory raises an alarm; frames wait in the ring alone, and none is lost', {
    tags: 'all',
  }, async () => {
    const { address, send } = await detector();
    const folder = await mkdtemp(join(tmpdir(), 'ewald-scans-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [output, log] = [join(folder, 'sums.npy'), join(folder, 'run.log')];
    const words = ['run', 'sumsig', '--connect', address.replace('tcp:', 'dectris:'), '--nav-shape', '4,5'];
    const bounds = ['--ring-bytes', '1000', '--alarm', 'memory>1MB for 1s', '--log', log];
    const running = ewald([...words, '-o', output, ...bounds]);
    const { start, images, end } = await seriesOf('V2', 20);
    await send([...start, ...images.slice(0, 10)]);
    const logged = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    await expect.poll(logged, { timeout: 30_000 }).toContain('alarm-begin');
    await send([...images.slice(10), ...end]);
    const { code, err } = await running;
    expect(code, err).toBe(0);
    expect(err).toMatch(/alarm: memory>1MB for 1s: \d\.\d\d GB in use/);
    expect([...readNpy(await readFile(output)).data]).toEqual(sums.slice(0, 20));
  });
});

describe('a scan of other sources', () => {
  const raw = { format: 'raw', dtype: 'u16', sigShape: [height, width], navShape: [4, 5] } as const;
  const stored = async (count: number): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'ewald-scans-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'frames.raw');
    await writeFile(file, Buffer.concat(imagesOf(count).map((image) => new Uint8Array(image.buffer))));
    return file;
  };

  test('by a Merlin readout that is faster than the run waits for memory, and loses none', async () => {
    const simulator = await simulateMerlin(await stored(20), { port: 0, open: raw });
    onTestFinished(() => simulator.close());
    const { host, port, dataPort } = simulator;
    const connection = await ctx.connect(`merlin://${host}:${port}`, { dataPort, ringBytes: 1 });
    onTestFinished(() => connection.dispose());
    const scan = (await connection.next()) ?? expect.fail('no acquisition');
    const { intensity } = await ctx.runUdf(scan, sumSigUdf());
    expect([...intensity.data]).toEqual(sums.slice(0, 20));
    expect(scan.live.status).toMatchObject({ received: 20, lost: 0, dropped: 0 });
  });

  test('by a file with more frames than positions uses the first ones', async () => {
    const scan = (await ctx.load(await stored(24), { ...raw, follow: true, stallS: 5 })) as LiveScan;
    onTestFinished(() => scan.dispose());
    const { intensity } = await ctx.runUdf(scan, sumSigUdf());
    expect([...intensity.data]).toEqual(sums.slice(0, 20));
  });
});
