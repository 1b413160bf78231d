/**
 * Arrays that are transferred, resized or shrunk while a run waits or computes: unrelated memory is never accessed, and
 * a promise only resolves after its results have been written.
 */
import { type Context, cellFromParameters, createContext, devices, type FftPlan } from 'ewald';
import { memoryDataset } from 'ewald/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asItIs, lengthOf } from '../../src/util/buffers.js';
import { refused } from '../support/refused.js';

type Resizable = ArrayBuffer & { resize(bytes: number): void };
type Growable = SharedArrayBuffer & { grow(bytes: number): void };
const resizable = (bytes: number, most = bytes): Resizable =>
  new (ArrayBuffer as unknown as new (n: number, o: object) => Resizable)(bytes, { maxByteLength: most });
const growable = (bytes: number, most: number): Growable =>
  new (SharedArrayBuffer as unknown as new (n: number, o: object) => Growable)(bytes, { maxByteLength: most });

/** Transfers the memory to a port that is closed at once, so it is freed as soon as possible. */
function lose(buffer: ArrayBuffer): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(0, [buffer]);
  port1.close();
  port2.close();
}

// Long enough to leave the JavaScript thread on native, short enough for every backend.
const n = 1 << 18;
const signal = Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011));

/** Native computes on another thread, so it always notices the loss; wasm may have finished before. */
async function lost(run: Promise<unknown>, backend: string, ...words: string[]): Promise<void> {
  if (backend === 'native') return refused(() => run, 'Shape', ...words);
  await run.catch((error) => expect(error).toMatchObject({ tag: 'Shape' }));
}

it('an array that was transferred is empty, even in optimised code that has seen resizable buffers', () => {
  const wrong: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    asItIs(new Float32Array(18));
    if (i % 20) continue;
    asItIs(new Float32Array(resizable(72, 144)));
    const gone = new Float32Array(18);
    lose(gone.buffer);
    if (lengthOf(asItIs(gone)) !== 0) wrong.push(i);
  }
  expect(wrong).toEqual([]);
});

describe.each(['native', 'wasm'] as const)('transforms on %s', (backend) => {
  let ctx: Context | undefined;
  let plan: FftPlan;
  let right: Float32Array;
  beforeEach(async ({ skip }) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
    plan = await ctx.fft({ shape: [n] });
    right = (await plan.forward(signal)) as Float32Array;
  });
  afterEach(async () => {
    await ctx?.dispose();
    expect(ctx?.liveBytes ?? 0).toBe(0);
  });

  it('an input that is lost at once', async () => {
    for (let i = 0; i < 10; i++) {
      const input = signal.slice();
      const run = plan.forward(input);
      await Promise.resolve();
      await Promise.resolve();
      lose(input.buffer);
      // New memory, which must not be read in place of the lost one.
      const other = new Float32Array(2 * n).fill(Number.NaN);
      try {
        expect(Buffer.compare(Buffer.from((await run).buffer), Buffer.from(right.buffer))).toBe(0);
      } catch (error) {
        expect(error).toMatchObject({ tag: 'Shape' });
      }
      expect(other[0]).toBeNaN();
    }
  });

  it('an output that is lost at once', { tags: 'all' }, async () => {
    for (let i = 0; i < 10; i++) {
      const output = new Float32Array(2 * n);
      const run = plan.forward(signal, output);
      await Promise.resolve();
      await Promise.resolve();
      lose(output.buffer);
      const others = Array.from({ length: 4 }, () => new Float32Array(2 * n).fill(7));
      await lost(run, backend, 'output');
      for (const other of others) expect(other.every((x) => x === 7)).toBe(true);
    }
  });

  it('buffers that are resizable, and shrink', async () => {
    const input = new Float32Array(resizable(8 * n));
    input.set(signal);
    const output = new Float32Array(resizable(8 * n, 16 * n), 0, 2 * n);
    expect(await plan.forward(input, output)).toBe(output);
    expect(Buffer.compare(Buffer.from(output.slice().buffer), Buffer.from(right.buffer))).toBe(0);
    const run = plan.forward(input, output);
    await Promise.resolve();
    await Promise.resolve();
    (output.buffer as unknown as Resizable).resize(4096);
    (input.buffer as unknown as Resizable).resize(0);
    await lost(run, backend);
  });

  it('views that grow with their buffer while the run is queued', async () => {
    const grown = [resizable(8 * n, 64 * n), resizable(8 * n, 64 * n)];
    const [input, output] = [new Float32Array(grown[0] as Resizable), new Float32Array(grown[1] as Resizable)];
    input.set(signal);
    const runs = [plan.forward(signal), plan.forward(input, output), plan.backward(output, input)];
    for (const buffer of grown) buffer.resize(64 * n);
    await Promise.all(runs);
    expect(output.length).toBe(16 * n);
    expect(Buffer.compare(Buffer.from(output.slice(0, 2 * n).buffer), Buffer.from(right.buffer))).toBe(0);
    expect(output.subarray(2 * n).every((x) => x === 0)).toBe(true);
  });

  it('shared memory, of a fixed length and growing', async () => {
    for (const make of [(bytes: number) => new SharedArrayBuffer(bytes), (b: number) => growable(b, 4 * b)]) {
      const input = new Float32Array(make(8 * n));
      const output = new Float32Array(make(8 * n));
      input.set(signal);
      const run = plan.forward(input, output);
      if ('grow' in input.buffer && (input.buffer as Growable & { growable: boolean }).growable)
        (input.buffer as unknown as Growable).grow(32 * n);
      await run;
      expect(Buffer.compare(Buffer.from(output.slice(0, 2 * n).buffer), Buffer.from(right.buffer))).toBe(0);
    }
  });

  it('device arrays refuse transferred memory when reading and writing', async () => {
    const array = await (ctx as Context).array({ shape: [2 * n] });
    await array.write(signal);
    const into = new Float32Array(2 * n);
    const first = array.read(into);
    lose(into.buffer);
    await refused(() => first, 'Shape');
    const from = signal.slice();
    const second = array.write(from);
    lose(from.buffer);
    await second.catch((error) => expect(error).toMatchObject({ tag: 'Shape' }));
    await array.dispose();
  });
});

describe.each(['native', 'wasm'] as const)('indexing on %s', (backend) => {
  it('offsets, cells and spots that grow while the run is queued; into is unchanged until then', async ({ skip }) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    const ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
    const indexer = await ctx.indexer({ maxSpots: 64, batch: 2 });
    const buffers = [resizable(240, 1 << 20), resizable(8, 1 << 20), resizable(36, 1 << 20)];
    const spots = new Float32Array(buffers[0] as Resizable);
    const offsets = new Uint32Array(buffers[1] as Resizable);
    const cells = new Float32Array(buffers[2] as Resizable);
    spots.set(Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 7.1) * 0.3));
    offsets.set([0, 20]);
    cells.set([40, 0, 0, 0, 50, 0, 0, 0, 60]);
    const input = { spots, offsets, cells };
    const into = await indexer.run({ spots: spots.slice(), offsets: [0, 20], cells: cells.slice() });
    const before = into.offsets.slice();
    const other = { ...input, spots: spots.slice(0, 60), offsets: [0, 20] };
    const runs = [indexer.run(input), indexer.run({ ...other, into })];
    into.offsets.fill(9);
    for (const buffer of buffers) buffer.resize(1 << 20);
    const [first, second] = await Promise.all(runs);
    expect(first?.found).toEqual(second?.found);
    expect(second?.offsets).toEqual(before);
    await ctx.dispose();
    expect(ctx.liveBytes).toBe(0);
  });
});

// Peak searches and passes, whose frames are read when it is their turn.
describe.each(['native', 'wasm'] as const)('frames on %s', (backend) => {
  const side = 64;
  const bytesOf = 2 * side * side;
  /** Changes to the memory of an array of 16-bit numbers after the call. */
  const fates: readonly [string, () => ArrayBuffer, (buffer: ArrayBuffer) => void][] = [
    ['transferred away', () => new ArrayBuffer(bytesOf), lose],
    ['shrunk', () => resizable(bytesOf), (buffer) => (buffer as Resizable).resize(8)],
  ];
  let ctx: Context;
  beforeEach(async ({ skip }) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
    return async () => {
      await ctx.dispose();
      expect(ctx.liveBytes).toBe(0);
    };
  });

  it.each(fates)('of a peak search are %s: before the call, before their turn', async (_, make, strike) => {
    const finder = await ctx.peaks({ width: side, height: side, dtype: 'u16' });
    const gone = new Uint16Array(make());
    strike(gone.buffer as ArrayBuffer);
    await refused(() => finder.run(gone), 'Shape');
    const frame = new Uint16Array(make());
    const run = finder.run(frame);
    strike(frame.buffer as ArrayBuffer);
    await refused(() => run, 'Shape', 'the frame', 'detached or shrunk');
    const bad = new Uint8Array(make(), 0, side * side);
    const masked = finder.run(new Uint16Array(side * side), { bad });
    strike(bad.buffer as ArrayBuffer);
    await refused(() => masked, 'Shape', 'bad', 'detached or shrunk');
    expect((await finder.run(new Uint16Array(new SharedArrayBuffer(bytesOf)))).count).toBe(0);
  });

  it.each(fates)('of a pass are %s: before the call, before their turn', async (_, make, strike) => {
    const pass = await ctx.framePass({ width: side, height: side, dtype: 'u16', steps: [{ kind: 'sum' }] });
    const gone = new Uint16Array(make());
    strike(gone.buffer as ArrayBuffer);
    await refused(() => pass.run(gone, 1), 'Shape');
    const frames = new Uint16Array(make());
    const run = pass.run(frames, 1);
    strike(frames.buffer as ArrayBuffer);
    await refused(() => run, 'Shape', 'detached or shrunk');
    await pass.run(new Uint16Array(new SharedArrayBuffer(bytesOf)), 1);
  });
});

describe.each(['native', 'wasm'] as const)('images of a stream on %s', (backend) => {
  it.for<[string, () => ArrayBuffer, (buffer: ArrayBuffer) => void]>([
    ['transferred away', () => new ArrayBuffer(240), lose],
    ['shrunk', () => resizable(240), (buffer) => (buffer as Resizable).resize(8)],
  ])('whose spots are %s: before they are read, and while they wait', async ([, make, strike], { skip }) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    const ctx = await createContext({ backend, strict: true, log: { level: 'error' } });
    try {
      const indexer = await ctx.indexer({ maxSpots: 64, batch: 2 });
      const cells = cellFromParameters(40, 50, 60, 90, 90, 90);
      const spots = new Float32Array(make(), 0, 60);
      spots.set(Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 7.1) * 0.3));
      const other = spots.slice();
      const run = async (items: Iterable<{ spots: Float32Array }>): Promise<number> => {
        let images = 0;
        for await (const _ of indexer.stream(items, { cells })) images++;
        return images;
      };
      const waiting = function* () {
        yield { spots };
        strike(spots.buffer as ArrayBuffer);
        yield { spots: other };
      };
      await refused(() => run(waiting()), 'Shape', 'detached or shrunk');
      await refused(() => run([{ spots }]), 'Shape', 'detached or shrunk');
      expect(await run([{ spots: other }, { spots: new Float32Array(0) }])).toBe(2);
    } finally {
      await ctx.dispose();
    }
    expect(ctx.liveBytes).toBe(0);
  });
});

describe('frames of a dataset', () => {
  const frames = new Uint16Array(8 * 16).map((_, i) => i);

  it('that are read into memory that is lost', async () => {
    const dataset = memoryDataset(frames, { sigShape: [4, 4] });
    const gone = new Uint16Array(16);
    lose(gone.buffer);
    await refused(() => dataset.read(0, 1, gone), 'Shape');
    const into = new Uint16Array(8 * 16);
    const reading = dataset.read(0, 8, into);
    lose(into.buffer);
    await refused(() => reading, 'Shape', 'into');
    const shrunk = resizable(256);
    const second = dataset.read(0, 8, new Uint16Array(shrunk));
    shrunk.resize(16);
    await refused(() => second, 'Shape', 'into');
    expect(await dataset.read(7, 1, new Uint16Array(new SharedArrayBuffer(32)))).toEqual(frames.subarray(112));
    await dataset.dispose();
  });

  it('whose own memory is lost', async () => {
    const own = frames.slice();
    const dataset = memoryDataset(own, { sigShape: [4, 4] });
    lose(own.buffer);
    await refused(() => dataset.read(0, 1), 'Shape', 'its memory');
    await refused(async () => memoryDataset(own, { sigShape: [4, 4] }), 'Shape');
    await dataset.dispose();
  });
});
