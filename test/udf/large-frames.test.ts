/** Results as large as a frame: they are merged once for several frames, and chunks are read once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext } from 'ewald';
import { Context, comUdf, defineUdf, type ResultBuffer, type Scan, stddevUdf, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskSpans } from '../../src/stem/images/disk-spans.js';
import { FrameQueue } from '../../src/udf/acquisition/frame-queue.js';
import { LentMemory, ResultPlaces } from '../../src/udf/execution/memory.js';
import { Run } from '../../src/udf/execution/run.js';
import { asUdf } from '../../src/udf/functions/udf.js';
import { circular, ring, spansOf } from '../../src/udf/pass/masks.js';
import { highest, median } from './module.mjs';

const [count, side] = [24, 512];
const pixels = side * side;
const data = new Uint16Array(count * pixels);
for (let i = 0; i < count; i++) data[i * pixels + i] = i + 1;
const ctx = new Context({ context: { backend: 'wasm' } });
const scan = ctx.fromMemory(data, { navShape: [count, 1], sigShape: [side, side] });
afterAll(() => ctx.close());

test('a function with such a result merges it three times for 24 frames, and right', async () => {
  let merged = 0;
  const highest = defineUdf({
    name: 'highest',
    buffers: { value: { kind: 'sig', dtype: 'f64' } },
    processFrame({ frame, results: { value } }) {
      for (let i = 0; i < frame.length; i++) value[i] = Math.max(value[i] as number, frame[i] as number);
    },
    merge({ dest: { value }, src }) {
      merged++;
      for (let i = 0; i < value.length; i++) value[i] = Math.max(value[i] as number, src.value[i] as number);
    },
  });
  const { value } = await ctx.runUdf(scan, highest);
  expect([...(value.data as Float64Array).subarray(0, count + 1)]).toEqual(
    [...Array(count).keys()].map((i) => i + 1).concat(0),
  );
  expect(merged).toBe(3);
});

test.each([
  ['sum', sumUdf(), 1],
  ['stddev', stddevUdf(), 1],
  ['sumsig', sumSigUdf(), 12],
] as const)('%s is finished as often as its results are small', async (_, udf, partitions) => {
  let steps = 0;
  for await (const { progress } of ctx.runUdfIter(scan, udf as never)) {
    steps++;
    expect(progress.total).toBe(partitions);
  }
  expect(steps).toBe(partitions);
});

test('the first sums of the package are those of the run, and a second run begins from nothing', async () => {
  for (let run = 0; run < 2; run++) {
    const { sum, mean } = (await ctx.runUdf(scan, stddevUdf(), { numPartitions: 3 })) as unknown as Record<
      string,
      ResultBuffer<'f64'>
    >;
    for (const p of [0, 5, count - 1, count]) {
      expect(sum?.data[p]).toBe(p < count ? p + 1 : 0);
      expect(mean?.data[p]).toBe((p < count ? p + 1 : 0) / count);
    }
  }
});

test('results of one pass have memory of their own, and do not depend on what is done with others', async () => {
  const small = ctx.fromMemory(data.slice(0, 64), { navShape: [4], sigShape: [4, 4] });
  const run = () => ctx.runUdf(small, [sumUdf(), stddevUdf(), comUdf()] as const);
  const [{ intensity }, { sum, mean, std, varsum }] = await run();
  const [, again] = await run();
  const wanted = { mean: again.mean.data, std: again.std.data, varsum: again.varsum.data };
  intensity.data.fill(7);
  sum.data.fill(7);
  expect({ mean: mean.data, std: std.data, varsum: varsum.data }).toEqual(wanted);
  for (const { data: one } of [intensity, sum, mean, std]) expect(one.byteLength).toBe(one.buffer.byteLength);
  expect([std.data[0], std.rawValidMask.length, std.validMask[15]]).toEqual([Math.sqrt(3) / 4, 16, 1]);
  expect(again.std.toPlain().rawData).toEqual(wanted.std);
});

test('what partitions reuse is not what was returned before', async () => {
  const small = ctx.fromMemory(
    Uint16Array.from({ length: 96 }, (_, i) => i % 11),
    { navShape: [6], sigShape: [4, 4] },
  );
  const udfs = [sumUdf(), stddevUdf()] as const;
  const seen: { sum: { data: Float64Array }; std: { data: Float64Array } }[] = [];
  for await (const { buffers } of ctx.runUdfIter(small, udfs, { numPartitions: 6 }))
    seen.push({ sum: buffers[0].intensity, std: buffers[1].std });
  for (const [i, { sum, std }] of seen.entries()) {
    const roi = Uint8Array.from({ length: 6 }, (_, f) => Number(f <= i));
    const [wanted, moments] = await ctx.runUdf(small, udfs, { roi, numPartitions: 1 });
    // Some are computed only when they are read, of what there was then.
    expect({ sum: sum.data, std: std.data }).toEqual({ sum: wanted.intensity.data, std: moments.std.data });
  }
  expect(seen.length).toBe(6);
});

// A step of logarithms needs whole frames, so that the same sums are made without strips.
test.each([
  ['u16', Uint16Array],
  ['f32', Float32Array],
] as const)('sums of %s frames that are larger than the cache are the same to the last bit', async (dtype, Frames) => {
  const [width, height, frames] = [300, 301, 11];
  const context = await createContext({ backend: 'wasm' });
  const sums = [{ kind: 'moments' }, { kind: 'sum' }] as const;
  const stripped = await context.framePass({ width, height, dtype, steps: sums });
  const whole = await context.framePass({ width, height, dtype, steps: [...sums, { kind: 'logSum' }] });
  const values = new Frames(frames * width * height);
  for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 65521) / 3;
  const bytes = ({ sig }: { sig: Float64Array }) => Buffer.from(sig.buffer, 0, 3 * width * height * 8);
  const wanted = await whole.run(values, frames);
  expect(bytes(await stripped.run(values, frames)).equals(bytes(wanted))).toBe(true);
  const part = (first: number, end: number) => values.subarray(first * width * height, end * width * height);
  await stripped.run(part(0, 8), 8, { more: true });
  await stripped.run(part(8, 8), 0, { continues: true, more: true });
  expect(bytes(await stripped.run(part(8, 11), 3, { continues: true })).equals(bytes(wanted))).toBe(true);
  expect(stripped.bytes).toBeLessThan(whole.bytes / 2);
  await context.dispose();
});

test.each([
  [20, 14, 9.5, 6.25, 5, null, []],
  [20, 14, 9.5, 6.25, 5, 2, [[6, 7]]],
  [
    20,
    14,
    10,
    7,
    Number.POSITIVE_INFINITY,
    null,
    [
      [0, 0],
      [13, 19],
      [3, 4],
      [3, 5],
    ],
  ],
  [
    20,
    14,
    10,
    7,
    Number.POSITIVE_INFINITY,
    0,
    [
      [7, 9],
      [90, 3],
    ],
  ],
  [7, 9, -2, 30, 25, 21, []],
  [7, 9, 3, 4, 0.3, null, []],
  [7, 9, 3.4, 4, 0.3, null, []],
] as const)(
  'a disk of %d × %d pixels about %d, %d, radius %d, hole %o, is its mask',
  (width, height, cx, cy, r, hole, without) => {
    const size = { width, height, cx, cy };
    const mask = hole === null ? circular({ ...size, r }) : ring({ ...size, ri: hole, ro: r });
    for (const [y, x] of without) mask[y * width + x] = 0;
    const covered = new Uint8Array(mask.length);
    const spans = diskSpans({ ...size, r }, hole, without);
    for (let i = 0; i < spans.length; i += 2) covered.fill(1, spans[i], spans[i + 1]);
    expect(covered).toEqual(mask);
    expect(spans).toEqual(spansOf(mask, width));
  },
);

test('tables for JavaScript are not made where a kernel sees the frames', async () => {
  let made = 0;
  const { definition } = comUdf();
  const counted = defineUdf({ ...definition, getTaskData: () => void made++ } as never);
  const { counts } = (await ctx.runUdf(scan, counted)) as unknown as { counts: ResultBuffer<'f64'> };
  expect([counts.data[0], counts.data[count - 1], made]).toEqual([1, count, 0]);
});

test.each([
  ['all frames', undefined],
  ['a region that begins within a chunk', Uint8Array.from({ length: count }, (_, i) => (i < 3 ? 0 : 1))],
])('each chunk of four frames is read once: %s', async (_, roi) => {
  const chunks: number[] = [];
  const stored = await ctx.load({
    shape: { nav: [count, 1], sig: [side, side] },
    dtype: 'u16',
    chunkFrames: 4,
    async read(first: number, frames: number, into: Uint16Array) {
      for (let chunk = Math.floor(first / 4); chunk < (first + frames) / 4; chunk++) chunks.push(chunk);
      into.set(data.subarray(first * pixels, (first + frames) * pixels));
    },
  } as never);
  for (const udf of [sumSigUdf(), sumUdf()]) {
    chunks.length = 0;
    await ctx.runUdf(stored, udf, { ...(roi && { roi }) });
    expect(chunks).toEqual([0, 1, 2, 3, 4, 5]);
  }
});

test('large frames of a live scan wait for others if the ring has memory for them', () => {
  const slotFrames = (ringBytes: number): number =>
    new FrameQueue({ dtype: 'u16', frameLength: 2 ** 22, frames: 1000, ringBytes }).slotFrames;
  expect([slotFrames(2 ** 28), slotFrames(2 ** 27), slotFrames(2 ** 24)]).toEqual([16, 8, 4]);
});

describe('results on workers', () => {
  let on: Context;
  let scan: Scan;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewald-large-'));
    await writeFile(join(folder, 'frames.raw'), data);
    on = await Context.makeWith('workers', { cpus: 2, context: { backend: 'wasm' } });
    const raw = { format: 'raw', dtype: 'u16', sigShape: [side, side], navShape: [count, 1] } as const;
    scan = await on.load(join(folder, 'frames.raw'), raw);
  });
  afterAll(async () => {
    await on.close();
    await rm(folder, { recursive: true });
  });

  test('are those of this thread, in memory of their own', { tags: 'all' }, async () => {
    const found = async (ctx: Context) => {
      const results = await ctx.runUdf(scan, [stddevUdf(), sumUdf(), highest], { numPartitions: 6 });
      const [moments, sum, most] = results as unknown as Record<string, ResultBuffer<'f64'>>[];
      return [moments?.std, moments?.sum, sum?.intensity, most?.value].map((one) => one?.data as Float64Array);
    };
    const [here, there] = [await found(ctx), await found(on)];
    for (const [i, one] of there.entries()) {
      expect(one.buffer).toBeInstanceOf(ArrayBuffer);
      const bytes = (array: Float64Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      expect(Buffer.compare(bytes(one), bytes(here[i] as Float64Array))).toBe(0);
    }
  });

  test('are copied where a run keeps those of partitions, or they are small', () => {
    const memoryOf = (udf: unknown) => new Run('runUdf', scan as never, asUdf(udf as never), {}).lentMemory().lend();
    expect(memoryOf(sumUdf().definition)).toHaveProperty('byteLength', 64 + 8 * pixels);
    expect(memoryOf(median)).toBeUndefined();
    expect(memoryOf(sumSigUdf().definition)).toBeUndefined();
  });

  test('stay out of memory that another worker may still be writing into', () => {
    const lent = new LentMemory([2 ** 20, 4]);
    const memory = lent.lend() as SharedArrayBuffer;
    const places = ResultPlaces.in(memory) as ResultPlaces;
    expect(ResultPlaces.in(memory)).toBeUndefined();
    const sums = places.take('f64', 2 ** 17) as Float64Array;
    const number = places.take('u32', 1) as Uint32Array;
    expect([sums.byteOffset, number.byteOffset, places.take('u32', 16)]).toEqual([64, 64 + 2 ** 20, undefined]);
    // The second worker has sent results of its own: the memory of the first is not lent again.
    lent.give([{ sums: new Float64Array(2) }]);
    expect(lent.lend()).not.toBe(memory);
    lent.give([{ sums, number }]);
    expect(lent.lend()).toBe(memory);
    expect(ResultPlaces.in(memory)).toBeDefined();
  });
});
