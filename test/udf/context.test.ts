/**
 * Other methods of Context: partial results, changing parameters, dry runs, tables, exports, and specific errors for
 * mistakes.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auxData, type BufferKind, Context, defineUdf, stddevUdf, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refused } from '../support/refused.js';

const [navShape, sigShape] = [
  [4, 5],
  [6, 7],
] as const;
const frames = Uint16Array.from({ length: 20 * 42 }, (_, i) => (i * 31) % 1009);
const sums = Array.from({ length: 20 }, (_, f) => frames.subarray(42 * f, 42 * (f + 1)).reduce((a, b) => a + b, 0));
let ctx: Context;
let folder: string;
beforeAll(async () => {
  ctx = new Context();
  folder = await mkdtemp(join(tmpdir(), 'ewald-udf-'));
});
afterAll(async () => {
  await ctx.close();
  await rm(folder, { recursive: true });
});
const scan = () => ctx.fromMemory(frames, { navShape, sigShape });

const scaled = defineUdf({
  name: 'scaled',
  params: {
    factor: 1,
    weights: auxData(
      Float64Array.from({ length: 20 }, (_, i) => i),
      { kind: 'nav', dtype: 'f64' },
    ),
  },
  buffers: { value: { kind: 'nav', dtype: 'f64' } },
  processFrame({ frame, results, params, aux }) {
    let sum = 0;
    for (const value of frame as Uint16Array) sum += value;
    results.value[0] = params.factor * sum + (aux.weights[0] as number);
  },
});

test('partial results come partition by partition, and parameters change between them', async () => {
  const run = ctx.runUdfIter(scan(), scaled, { numPartitions: 4 });
  const seen: number[] = [];
  for await (const { buffers, damage, progress } of run) {
    seen.push(damage.data.reduce((a, b) => a + b, 0));
    const [{ value }] = buffers;
    // Positions that are not computed yet are zero.
    for (let i = 0; i < 20; i++) if (!damage.data[i]) expect(value.data[i]).toBe(0);
    if (progress.done === 2) run.updateParameters([{ factor: 10 }]);
    if (progress.done === 4) expect([...value.data]).toEqual(sums.map((sum, i) => (i < 10 ? sum : 10 * sum) + i));
  }
  expect(seen).toEqual([5, 10, 15, 20]);
});

test('a run whose loop is left early ends, and cannot be iterated again', async () => {
  const run = ctx.runUdfIter(scan(), sumSigUdf(), { numPartitions: 4 });
  for await (const { progress } of run) {
    expect(progress.done).toBe(1);
    break;
  }
  const again = async () => {
    for await (const _ of run);
  };
  await refused(again, 'Disposed', 'this run was iterated already; call runUdfIter again');
});

test('a dry run returns results of ones with the right shapes and dtypes', async () => {
  const { value } = await ctx.dryRun(scan(), scaled);
  expect([value.shape, value.dtype, value.data[0]]).toEqual([[4, 5], 'f64', 42]);
});

test('valid positions are those of the region that have a frame', async () => {
  // Position i has frame i + 3, so the last three have none.
  const moved = ctx.fromMemory(frames, { navShape, sigShape, syncOffset: 3 });
  const roi = Uint8Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 0));
  const { intensity } = await ctx.runUdf(moved, sumSigUdf(), { roi, numPartitions: 3 });
  expect(intensity.rawShape).toEqual([10]);
  expect([...intensity.rawValidMask]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  expect([...intensity.validMask]).toEqual([...roi].map((there, i) => (there && i < 17 ? 1 : 0)));
  expect(intensity.maskedData).toEqual(sums.map((_, i) => (roi[i] && i < 17 ? sums[i + 3] : undefined)));
  // Negative: the first positions have no frame.
  const back = ctx.fromMemory(frames, { navShape, sigShape, syncOffset: -2 });
  const { intensity: later } = await ctx.runUdf(back, sumSigUdf());
  expect([...later.validMask]).toEqual(sums.map((_, i) => (i < 2 ? 0 : 1)));
  expect(later.maskedData.slice(0, 4)).toEqual([undefined, undefined, sums[0], sums[1]]);
});

test('a partition whose positions have no frame is not merged', async () => {
  // The last eight positions have no frame.
  const moved = ctx.fromMemory(frames, { navShape, sigShape, syncOffset: 12 });
  const last = defineUdf({
    name: 'last',
    buffers: { pixel: { kind: 'single', dtype: 'f64' } },
    processFrame({ frame, results }) {
      results.pixel[0] = frame[1] as number;
    },
    merge({ dest, src }) {
      dest.pixel.set(src.pixel);
    },
  });
  const { pixel } = await ctx.runUdf(moved, last, { numPartitions: 2 });
  expect([...pixel.data]).toEqual([frames[19 * 42 + 1]]);
});

test('-1 in the shape of a scan follows from the number of frames, of every kind of input', async () => {
  const file = join(folder, 'twenty.raw');
  await writeFile(file, frames);
  const raw = { format: 'raw', dtype: 'u16', sigShape } as const;
  const custom = { shape: { nav: [20], sig: [6, 7] }, dtype: 'u16', read: async () => undefined } as const;
  const shapes = async (options: { navShape: readonly number[]; syncOffset?: number }) =>
    [
      ctx.fromMemory(frames, { ...options, sigShape }),
      await ctx.load(file, { ...raw, ...options }),
      await ctx.load(custom as never, options),
    ].map(({ shape }) => shape.nav);
  for (const syncOffset of [{}, { syncOffset: 0 }, { syncOffset: 3 }]) {
    expect(await shapes({ navShape: [-1, 5], ...syncOffset })).toEqual([navShape, navShape, navShape]);
    expect(await shapes({ navShape: [-1, -1, 5], ...syncOffset })).toEqual(Array(3).fill([2, 2, 5]));
    for (const load of [
      () => ctx.load(file, { ...raw, navShape: [-1, 7], ...syncOffset }),
      () => ctx.load(custom as never, { navShape: [7, -1] }),
    ])
      await refused(load, 'Shape', '20 frames', 'does not divide them. Shapes that fit: 4 × 5');
    await refused(
      async () => ctx.fromMemory(frames, { navShape: [-1, 7], sigShape, ...syncOffset }),
      'Shape',
      '-1 × 7',
    );
  }
});

test('inspect describes a run without reading anything', async () => {
  const unread = ctx.fromMemory(frames, { navShape, sigShape });
  unread.dataset.read = () => {
    throw new Error('it was read');
  };
  const told = ctx.inspect(unread, stddevUdf(), { roi: Uint8Array.from({ length: 20 }, (_, i) => (i < 7 ? 1 : 0)) });
  expect([told.name, told.kernels, told.inputDtype, told.frames]).toEqual(['stddev', true, 'u16', 7]);
  expect(told.buffers.std).toEqual({ kind: 'sig', dtype: 'f64', extraShape: [], shape: [6, 7], use: 'resultOnly' });
  expect(told.buffers.second?.use).toBe('private');
  expect(ctx.inspect(unread, scaled)).toMatchObject({
    method: 'processFrame',
    kernels: false,
    frames: 20,
    buffers: { value: { kind: 'nav', shape: [4, 5] } },
  });
  await refused(async () => ctx.inspect(unread, sumUdf(), { roi: new Uint8Array(7) }), 'Shape', '7');
});

test('display names the results that are returned, and not the private ones', () => {
  const table = ctx.display(scan(), stddevUdf());
  expect(table).toMatch(/^<table/);
  for (const word of ['varsum', 'numFrames', 'f64', 'sig']) expect(table).toContain(word);
  expect(table).not.toContain('second');
});

test('exported frames equal the ones loaded again', async () => {
  const path = join(folder, 'out.npy');
  await ctx.exportDataset(scan(), path);
  await refused(() => ctx.exportDataset(scan(), path), 'Argument', path);
  await ctx.exportDataset(scan(), path, { force: true });
  const again = await ctx.load(path);
  expect([again.shape.nav, again.shape.sig, again.dtype]).toEqual([[4, 5], [6, 7], 'u16']);
  // An output must not be an input, and a file has one writer.
  await refused(() => ctx.exportDataset(again, path, { force: true }), 'Argument', 'is the input itself');
  const other = join(folder, 'other.npy');
  const both = await Promise.allSettled([ctx.exportDataset(again, other), ctx.exportDataset(again, other)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((one) => one.status === 'rejected')).toMatchObject({
    reason: { tag: 'File', message: expect.stringContaining('is being written by this process') },
  });
  const [all, each] = await ctx.runUdf(again, [sumUdf(), sumSigUdf()]);
  expect([...each.intensity.data]).toEqual(sums);
  expect(all.intensity.data.reduce((a, b) => a + b, 0)).toBe(sums.reduce((a, b) => a + b, 0));
});

test('tiles of rows are as large as the UDF requests, and cover every pixel once', async () => {
  const sizes: number[] = [];
  const tiled = defineUdf({
    name: 'tiled',
    tiling: { depth: 3, bytes: 3 * 2 * 7 * 2 },
    buffers: { total: { kind: 'sig', dtype: 'f64' } },
    processTile({ tile, depth, pixels, results }) {
      sizes.push(depth * pixels);
      for (let i = 0; i < tile.length; i++)
        results.total[i % pixels] = (results.total[i % pixels] as number) + (tile[i] as number);
    },
    merge({ dest, src }) {
      for (let p = 0; p < 42; p++) dest.total[p] = (dest.total[p] as number) + (src.total[p] as number);
    },
  });
  const [{ total }, { intensity }] = await ctx.runUdf(scan(), [tiled, sumUdf()]);
  expect([...total.data]).toEqual([...(intensity.data as Float64Array)]);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(3 * 2 * 7);
});

test('tiles of complex frames are cut between pixels', async () => {
  const numbers = Float32Array.from({ length: 2 * 6 * 16 }, (_, i) => i);
  const waves = ctx.fromMemory(numbers, { navShape: [6], sigShape: [4, 4], dtype: 'c64' });
  const of = (tiling: object) =>
    defineUdf({
      name: 'parts',
      tiling,
      buffers: { total: { kind: 'sig', dtype: 'f64' } },
      processTile({ tile, depth, pixels, results }) {
        for (let i = 0; i < depth * pixels; i++) {
          const p = i % pixels;
          results.total[p] = (results.total[p] as number) + (tile[2 * i] as number) + 10 * (tile[2 * i + 1] as number);
        }
      },
      merge({ dest, src }) {
        for (let p = 0; p < 16; p++) dest.total[p] = (dest.total[p] as number) + (src.total[p] as number);
      },
    });
  const [whole, cut] = await ctx.runUdf(waves, [of({ depth: 2 }), of({ depth: 2, bytes: 2 * 4 * 8 })]);
  // The places of pixels were taken for those of numbers: all were NaN.
  expect([...cut.total.data]).toEqual([...whole.total.data]);
  expect(whole.total.data[15]).toBe([0, 1, 2, 3, 4, 5].reduce((sum, f) => sum + 32 * f + 30 + 10 * (32 * f + 31), 0));
});

test('mistakes are named', async () => {
  const nav = { value: { kind: 'nav', dtype: 'f32' } } as const;
  const throws = defineUdf({
    name: 'late',
    buffers: nav,
    processFrame({ position }) {
      if (position === 17) throw new Error('no such thing');
    },
  });
  await refused(() => ctx.runUdf(scan(), throws), 'Argument', 'late', 'frame 17', 'no such thing');
  const kind = 'single' as BufferKind;
  const bare = defineUdf({ name: 'bare', buffers: { all: { kind, dtype: 'f64' } }, processFrame() {} });
  await refused(() => ctx.runUdf(scan(), bare), 'Argument', 'no merge', 'all is single');
  const stray = defineUdf({
    name: 'stray',
    buffers: nav,
    processFrame() {},
    getResults: () => ({ other: new Float32Array(20) }) as never,
  });
  await refused(() => ctx.runUdf(scan(), stray), 'Argument', 'other', 'not declared');
  await refused(() => ctx.runUdf(scan(), sumUdf(), { roi: new Uint8Array(7) }), 'Shape', '7');
  await refused(async () => ctx.createDiskAnalysis(scan(), { cx: 99 }), 'Argument', '99', 'outside');
  await refused(async () => ctx.createRingAnalysis(scan(), { ri: 3, ro: 2 }), 'Argument', 'ri is 3');
  await refused(async () => ctx.fromMemory(frames, { navShape: [9, 9], sigShape }), 'Shape');
});
