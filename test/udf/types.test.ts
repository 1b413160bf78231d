/** Types of results follow from the declarations of buffers; the compiler checks this file (test/tsconfig.json). */
import { type AnyUdf, Context, comUdf, defineUdf, type ResultBuffer, sumSigUdf, type Udf } from 'ewald/udf';
import { expect, expectTypeOf, test } from 'vitest';

const counts = defineUdf({
  name: 'counts',
  params: { above: 3 },
  buffers: {
    count: { kind: 'nav', dtype: 'u32' },
    mean: { kind: 'sig', dtype: 'f32' },
    wave: { kind: 'nav', dtype: 'c64', extraShape: [2] },
    steps: { kind: 'single', dtype: 'f64', use: 'private' },
  },
  getTaskData: () => ({ factor: 2 }),
  processFrame({ results, params, task, coordinates }) {
    expectTypeOf(results.count).toEqualTypeOf<Uint32Array>();
    expectTypeOf(results.steps).toEqualTypeOf<Float64Array>();
    expectTypeOf(params.above).toEqualTypeOf<number>();
    expectTypeOf(task).toEqualTypeOf<{ factor: number }>();
    expectTypeOf(coordinates).toEqualTypeOf<Uint32Array>();
    results.count[0] = 1;
    results.mean = new Float32Array(4);
  },
  processSparse({ starts, pixels, count, results }) {
    expectTypeOf([starts, pixels]).toEqualTypeOf<Uint32Array[]>();
    expectTypeOf(count).toEqualTypeOf<number>();
    expectTypeOf(results.mean).toEqualTypeOf<Float32Array>();
  },
  merge({ dest, src }) {
    dest.count = src.count;
    // @ts-expect-error: what a partition has found is only read
    if (src.count.length === 0) src.count = dest.count;
  },
});

test('a run has the results that its function declares, without private ones', async () => {
  const ctx = new Context({ context: { backend: 'wasm' } });
  const scan = ctx.fromMemory(new Uint16Array(8), { navShape: [2], sigShape: [2, 2] });
  const found = await ctx.runUdf(scan, counts);
  expectTypeOf(found).toEqualTypeOf<{
    readonly count: ResultBuffer<'u32'>;
    readonly mean: ResultBuffer<'f32'>;
    readonly wave: ResultBuffer<'c64'>;
  }>();
  expectTypeOf(found.count.data).toEqualTypeOf<Uint32Array>();
  expectTypeOf(found.wave.data).toEqualTypeOf<Float32Array>();
  const [first, { intensity }] = await ctx.runUdf(scan, [counts, sumSigUdf()]);
  expectTypeOf(first).toEqualTypeOf<typeof found>();
  expectTypeOf(intensity.data).toEqualTypeOf<Float64Array>();
  for await (const { buffers, damage } of ctx.runUdfIter(scan, counts)) {
    expectTypeOf(buffers).toEqualTypeOf<readonly [typeof found]>();
    expectTypeOf(damage.data).toEqualTypeOf<Uint8Array>();
  }
  expectTypeOf(counts.withParams).parameter(0).toEqualTypeOf<Partial<{ above: number }>>();
  expectTypeOf(comUdf()).toExtend<AnyUdf>();
  expectTypeOf(Context.makeWith).parameter(0).toEqualTypeOf<'inline' | 'workers' | 'delayed' | 'mpi' | undefined>();
  // @ts-expect-error: private buffers are not returned
  expect(found.steps).toBeUndefined();
  // @ts-expect-error: another type of parameter
  expectTypeOf(counts.withParams({ above: 'three' })).toExtend<Udf>();
  expect([...found.count.data]).toEqual([1, 1]);
  const disk = await ctx.run(
    ctx.createComAnalysis(ctx.fromMemory(new Uint16Array(36), { navShape: [3, 3], sigShape: [2, 2] })),
  );
  expectTypeOf(disk.x.title).toEqualTypeOf<string>();
  // @ts-expect-error: no channel of this analysis
  expect(disk.intensity).toBeUndefined();
  await ctx.close();
});
