/**
 * A running operation is stopped by its signal, reports its progress, and leaves its plan usable: the next run is
 * complete.
 *
 * The description of each signal states what cannot be stopped (FftRunOptions, IndexingInput).
 */
import { cellFromParameters, createContext, devices, type Progress, simulateSpots } from 'ewald';
import { describe, expect, it } from 'vitest';

type Skip = (note?: string) => void;
async function open(backend: 'native' | 'wasm', skip: Skip) {
  if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
  return createContext({ backend, strict: true, log: { level: 'error' } });
}
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const isAborted = { tag: 'Aborted' };
const rises = (seen: readonly number[]): boolean => seen.every((done, i) => done >= (seen[i - 1] ?? 0));

describe('transforms on native', () => {
  for (const [name, threads] of [
    ['one thread', 1],
    ['threads of the pool', 2],
  ] as const)
    it(`on ${name}: stopped half-way, and the next run is complete`, { tags: 'all' }, async ({ skip }) => {
      const ctx = await open('native', skip);
      try {
        // Long enough to be under way when it is stopped, on any machine.
        const plan = await ctx.fft({ shape: [2048], batch: 8192, threads });
        const input = new Float32Array(plan.inputLength).fill(1);
        const output = new Float32Array(plan.outputLength);
        const seen: number[] = [];
        await plan.forward(input, output, { onProgress: ({ done }) => seen.push(done) });
        expect(seen.at(-1)).toBe(1);
        expect(rises(seen)).toBe(true);

        const line = (k: number): number => output[k * 4096] ?? Number.NaN;
        output.fill(-7);
        const end = new AbortController();
        const run = plan.forward(input, output, { signal: end.signal });
        await soon();
        end.abort();
        await expect(run).rejects.toMatchObject(isAborted);
        // Stopped during the run, not only refused afterwards: the last line was never reached.
        expect(line(8191)).toBe(-7);

        await plan.forward(input, output, { signal: new AbortController().signal });
        expect([line(0), line(4096), line(8191)]).toEqual([2048, 2048, 2048]);
        await expect(plan.forward(input, output, { signal: AbortSignal.abort() })).rejects.toMatchObject(isAborted);
      } finally {
        await ctx.dispose();
      }
    });
});

describe('measured plans', () => {
  it('by FFTW: stopped between two of its candidates; so is a queued plan; the next one is made', {
    tags: 'all',
  }, async ({ skip }) => {
    const ctx = await open('native', skip);
    const engine = 'fftw' as const;
    const small = await ctx.fft({ shape: [8], engine }).catch((error: Error) => error);
    if (small instanceof Error) return skip(`absent: ${small.message}`);
    const before = ctx.liveBytes;
    // Measuring each takes FFTW many seconds, and all together longer than a test is allowed; one candidate takes far
    // less.
    const long = { shape: [360, 360, 90], engine, threads: 1 } as const;
    const [first, second] = [new AbortController(), new AbortController()];
    const under = ctx.fft({ ...long, signal: first.signal }).catch((error: unknown) => error);
    const waiting = ctx.fft({ ...long, precision: 'f32', kind: 'r2c', signal: second.signal }).catch((e: unknown) => e);
    setTimeout(() => second.abort(), 100);
    setTimeout(() => first.abort(), 300);
    expect(await under).toMatchObject(isAborted);
    expect(await waiting).toMatchObject(isAborted);
    for (let i = 1; i <= 10; i++) {
      const end = new AbortController();
      setTimeout(() => end.abort(), 20);
      const shape = [360, 360, 90 + i];
      await expect(ctx.fft({ ...long, shape, signal: end.signal })).rejects.toMatchObject(isAborted);
    }
    expect(ctx.liveBytes).toBe(before);
    // No time limit remains in the planner: the next plan is measured completely, and correct.
    const plan = await ctx.fft({ shape: [60], engine, signal: new AbortController().signal });
    const output = await plan.forward(new Float32Array(120).fill(1));
    expect(output[0]).toBe(60);
    await expect(ctx.fft({ shape: [60], engine, signal: AbortSignal.abort() })).rejects.toMatchObject(isAborted);
    await ctx.dispose();
  });
});

// Software devices take minutes for this, and have no separate code for it: their batches are divided at the same
// places.
describe.each(['native', 'wasm'] as const)('batches and counts on %s', (backend) => {
  const cell = cellFromParameters(60, 70, 80, 90, 100, 90);
  const images = simulateSpots({ cell, images: 8, spots: 60, seed: 4 });
  const many = 400;

  it('indexer.run: stops between parts of a batch, reports progress, gives the bytes of an undivided run', async ({
    skip,
  }) => {
    const ctx = await open(backend, skip);
    const list = Array.from({ length: many }, (_, i) => images[i % images.length]?.spots ?? new Float64Array(0));
    const offsets = [0];
    for (const spots of list) offsets.push((offsets.at(-1) ?? 0) + spots.length / 3);
    const input = { spots: Float32Array.from(list.flatMap((spots) => [...spots])), offsets, cells: cell };
    const indexer = await ctx.indexer({ batch: many, maxOutputCells: 2 });
    const whole = await indexer.run(input);
    const seen: number[] = [];
    const watched = await indexer.run({ ...input, onProgress: ({ done }) => seen.push(done) });
    expect(Buffer.compare(watched.found, whole.found)).toBe(0);
    expect(seen.length).toBeGreaterThan(1);
    expect([rises(seen), seen.at(-1)]).toEqual([true, 1]);
    const end = new AbortController();
    const told: number[] = [];
    const onProgress = ({ done }: Progress): void => {
      told.push(done);
      end.abort();
    };
    await expect(indexer.run({ ...input, signal: end.signal, onProgress })).rejects.toMatchObject(isAborted);
    expect(told).toHaveLength(1);
    expect(Buffer.compare((await indexer.run(input)).found, whole.found)).toBe(0);
    await ctx.dispose();
  }, 120_000);

  it('indexer.stream: stops after its batch, and reports progress after each', async ({ skip }) => {
    const ctx = await open(backend, skip);
    const indexer = await ctx.indexer({ batch: 4 });
    const seen: number[] = [];
    let count = 0;
    for await (const _ of indexer.stream(images, { cells: cell, onProgress: ({ done }) => seen.push(done) })) count++;
    expect([count, seen]).toEqual([8, [4, 8]]);
    await ctx.dispose();
  }, 120_000);

  it('pi: stops within a second, and reports progress', async ({ skip }) => {
    const ctx = await open(backend, skip);
    const pi = await ctx.pi();
    const end = new AbortController();
    const run = pi.run({ points: 10n ** 15n, signal: end.signal, onProgress: () => end.abort() });
    await expect(run).rejects.toMatchObject(isAborted);
    expect((await pi.run({ points: 1000 })).points).toBe(1000n);
    await ctx.dispose();
  }, 120_000);
});

it('a stream is stopped within an active batch', { tags: 'all' }, async ({ skip }) => {
  const ctx = await open('wasm', skip);
  const cell = cellFromParameters(60, 70, 80, 90, 100, 90);
  const [image] = simulateSpots({ cell, spots: 200, seed: 4 });
  // Some ten milliseconds per image: the whole batch would take longer than a test is allowed to.
  const indexer = await ctx.indexer({ batch: 12_000, method: 'exhaustive', inFlight: 1, maxOutputCells: 1 });
  const end = new AbortController();
  const items = Array.from({ length: 12_000 }, () => ({ spots: image?.spots ?? new Float64Array(0) }));
  setTimeout(() => end.abort(), 200);
  const reading = (async () => {
    for await (const _ of indexer.stream(items, { cells: cell, signal: end.signal }));
  })();
  await expect(reading).rejects.toMatchObject(isAborted);
  await ctx.dispose();
});

it('a callback that throws ends its stream with that error', async ({ skip }) => {
  const ctx = await open('wasm', skip);
  const cell = cellFromParameters(60, 70, 80, 90, 100, 90);
  const images = simulateSpots({ cell, images: 6, spots: 60, seed: 4 });
  const indexer = await ctx.indexer({ batch: 2, inFlight: 2 });
  const onProgress = (): void => {
    throw new RangeError('mine');
  };
  const reading = (async () => {
    for await (const _ of indexer.stream(images, { cells: cell, onProgress }));
  })();
  await expect(reading).rejects.toThrow('mine');
  await ctx.dispose();
});
