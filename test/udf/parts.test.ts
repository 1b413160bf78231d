/** Auxiliary data of UDFs, which is sliced like the results, and partitions merged all at once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auxData, Context, defineUdf, type ResultBuffer, type Scan, validateUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';
import { goldenFrames, navShape, sigShape } from './golden.js';
import { median, weighted } from './module.mjs';

const frames = goldenFrames();
const pixels = 80;
const all = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
const frame = (f: number): number[] => [...frames.subarray(f * pixels, (f + 1) * pixels)];
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
type Numbers = Record<string, ResultBuffer<'f64'>>;

let folder: string;
const contexts: Context[] = [];
const made: { kind: string; ctx: Context; scan: Scan }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-parts-'));
  const file = join(folder, 'frames.raw');
  await writeFile(file, frames);
  for (const kind of ['inline', 'workers', 'delayed'] as const) {
    const ctx = await Context.makeWith(kind, { context: { backend: 'wasm' }, ...(kind === 'workers' && { cpus: 2 }) });
    contexts.push(ctx);
    made.push({ kind, ctx, scan: await ctx.load(file, { format: 'raw', dtype: 'u16', sigShape, navShape }) });
  }
});
afterAll(async () => {
  for (const ctx of contexts) await ctx.close();
  await rm(folder, { recursive: true });
});

describe('auxiliary data', () => {
  const params = {
    offsets: auxData(Float64Array.from(all(60, (i) => i * 3 + 1)), { kind: 'nav', dtype: 'f64', extraShape: [2] }),
    weights: auxData(Float32Array.from(all(pixels, (p) => p % 4)), { kind: 'sig', dtype: 'f32' }),
    factor: auxData(Float64Array.of(10), { kind: 'single', dtype: 'f64' }),
  };
  const of = (f: number): number => {
    const weightedSum = sum(frame(f).map((value, p) => value * (p % 4)));
    return 10 * weightedSum + (2 * f * 3 + 1) - ((2 * f + 1) * 3 + 1);
  };

  test('nav, sig and single, and a pair per position; tiles and parts get their own slice on every executor', async () => {
    for (const { kind, ctx, scan } of made) {
      const udf = { ...weighted, params };
      const { value } = (await ctx.runUdf(scan, udf, { numPartitions: 4 })) as Numbers;
      expect([...(value?.data ?? [])], kind).toEqual(all(30, of));
    }
  });

  test('elements of the parameter are those of the view, as in LiberTEM', async () => {
    const { ctx, scan } = made[0] as (typeof made)[0];
    const udf = defineUdf({
      name: 'by parameter',
      params: { ...params, scale: 2 },
      buffers: { value: { kind: 'nav', dtype: 'f64', extraShape: [4] } },
      processFrame({ params: seen, aux, results }) {
        const { offsets, weights, scale } = seen as typeof seen & Record<'offsets' | 'weights', Float64Array>;
        results.value.set([(offsets[0] as number) * scale, offsets.length, offsets.data.length, weights.indexOf(3)]);
        if (offsets[1] !== aux.offsets[1] || offsets.kind !== 'nav') throw new Error('not the same');
      },
    });
    const { value } = await ctx.runUdf(scan, udf, { numPartitions: 4 });
    expect(value.data.filter((_, i) => i % 4 === 0)).toEqual(Float64Array.from(all(30, (f) => 2 * (6 * f + 1))));
    expect([...value.data.subarray(1, 4)]).toEqual([2, expect.any(Number), 3]);
  });

  test('validateUdf repeats or cuts what is for the positions of another scan', async () => {
    const udf = defineUdf({
      name: 'offset',
      params: { offsets: params.offsets },
      buffers: { value: { kind: 'nav', dtype: 'f64' } },
      processFrame({ frame, aux, results }) {
        results.value[0] = (frame[0] as number) - (aux.offsets[0] as number);
      },
    });
    expect((await validateUdf(udf)).pass).toBe(true);
    const few = auxData(new Float64Array(6), { kind: 'nav', dtype: 'f64', extraShape: [2] });
    expect((await validateUdf(udf.withParams({ offsets: few }))).pass).toBe(true);
  });

  test('of the whole scan, regardless of the region', async () => {
    const roi = all(30, (i) => (i % 7 === 2 ? 1 : 0));
    for (const { kind, ctx, scan } of made) {
      const { value } = (await ctx.runUdf(scan, { ...weighted, params }, { roi, numPartitions: 2 })) as Numbers;
      expect([...(value?.rawData ?? [])], kind).toEqual([2, 9, 16, 23].map(of));
    }
  });

  test('of the wrong size or type is refused', async () => {
    const { ctx, scan } = made[0] as (typeof made)[0];
    const short = auxData(new Float64Array(59), { kind: 'nav', dtype: 'f64', extraShape: [2] });
    const run = () => ctx.runUdf(scan, { ...weighted, params: { ...params, offsets: short } });
    await refused(run, 'Shape', 'offsets has 59', 'expected 60', 'the whole scan');
    await refused(async () => auxData(new Uint8Array(3) as never, { kind: 'sig', dtype: 'f32' }), 'Shape', 'f32');
  });
});

describe('mergeAll', () => {
  // The first frames of five partitions of six frames.
  const wanted = all(pixels, (p) => {
    const values = [0, 6, 12, 18, 24].map((f) => frames[f * pixels + p] as number);
    return values.sort((a, b) => a - b)[2] as number;
  });

  test('puts all parts together at once, on every executor', async () => {
    for (const { kind, ctx, scan } of made) {
      const { middle, first, parts } = (await ctx.runUdf(scan, median, { numPartitions: 5 })) as Numbers;
      expect([...(middle?.data ?? [])], kind).toEqual(wanted);
      expect([...(parts?.data ?? [])], kind).toEqual([5]);
      expect([...(first?.data ?? [])], kind).toEqual(all(30, (f) => frames[f * pixels]));
    }
  });

  test('of a UDF that also has merge is called only by delayed runs', async () => {
    const both = {
      ...median,
      merge({ dest, src }: { dest: Record<string, Float64Array>; src: Record<string, Float64Array> }) {
        dest.first?.set(src.first as Float64Array);
        if (dest.parts) dest.parts[0] = (dest.parts[0] as number) + 100;
      },
    };
    const [here, , later] = made.map(({ ctx, scan }) => ({ ctx, scan }));
    const merged = (await here?.ctx.runUdf(here.scan, both, { numPartitions: 5 })) as Numbers;
    expect([...(merged.parts?.data ?? [])]).toEqual([500]);
    const delayed = (await later?.ctx.runUdf(later.scan, both, { numPartitions: 5 })) as Numbers;
    expect([...(delayed.parts?.data ?? []), ...(delayed.middle?.data ?? [])]).toEqual([5, ...wanted]);
    expect([...(delayed.first?.data ?? [])]).toEqual([...(merged.first?.data ?? [])]);
  });

  test('the last partial results are complete; invalid options are refused', async () => {
    const { ctx, scan } = made[0] as (typeof made)[0];
    let last: number[] = [];
    for await (const { buffers, progress } of ctx.runUdfIter(scan, median, { numPartitions: 5 })) {
      last = [...((buffers[0] as Numbers).middle?.data ?? [])];
      if (progress.done < 5) expect(last).toEqual(Array(pixels).fill(0));
    }
    expect(last).toEqual(wanted);
    const stray = { ...median, mergeAll: () => ({ other: new Float64Array(1) }) };
    await refused(() => ctx.runUdf(scan, stray), 'Argument', 'mergeAll returns other', 'middle');
    const short = { ...median, mergeAll: () => ({ middle: new Float64Array(3) }) };
    await refused(() => ctx.runUdf(scan, short), 'Shape', 'Float64Array of 3', '80 numbers of f64');
  });
});
