/** What a UDF prepares once per run, what it releases, and how it chooses its method and its tiles. */
import { Context, defineUdf } from 'ewald/udf';
import { describe, expect, onTestFinished, test } from 'vitest';
import { refused } from '../support/refused.js';
import { places, spectrum } from './prepared.mjs';

const navShape = [3, 4];
const sigShape = [6, 8];
const frames = Uint16Array.from({ length: 12 * 48 }, (_, i) => (i * 7919) % 997);

async function opened(kind: Parameters<typeof Context.makeWith>[0]): Promise<Context> {
  const ctx = await Context.makeWith(kind, kind === 'workers' ? { cpus: 2 } : {});
  onTestFinished(() => ctx.close());
  return ctx;
}
const scanOf = (ctx: Context) => ctx.fromMemory(frames, { navShape, sigShape });

/** Sum and first frequency along x of a frame, in float64. */
function powerOf(position: number, scale = 1): [number, number] {
  let [sum, re, im] = [0, 0, 0];
  for (let k = 0; k < 48; k++) {
    const value = frames[position * 48 + k] as number;
    const angle = (2 * Math.PI * (k % 8)) / 8;
    sum += value;
    re += value * Math.cos(angle);
    im -= value * Math.sin(angle);
  }
  return [scale * sum, scale * Math.hypot(re, im)];
}

describe.each(['inline', 'workers'] as const)('on %s', (kind) => {
  test('a prepared transform is called synchronously, and prepared again for other parameters', async () => {
    const ctx = await opened(kind);
    const run = ctx.runUdfIter(scanOf(ctx), spectrum, { numPartitions: 12 });
    await run.next();
    run.updateParameters([{ scale: 2 }]);
    let last: ArrayLike<number> = [];
    let done = 0;
    for await (const { buffers, progress } of run) {
      last = (buffers as unknown as [{ power: { rawData: Float64Array } }])[0].power.rawData;
      done = progress.done;
    }
    expect(done).toBe(12);
    const scales = Array.from({ length: 12 }, (_, i) => {
      const [sum, first] = powerOf(i);
      const scale = (last[2 * i] as number) / sum;
      expect(Math.abs((last[2 * i + 1] as number) / (scale * first) - 1)).toBeLessThan(1e-5);
      return Math.round(scale);
    });
    // Partitions that had begun keep the old parameters.
    expect(scales[0]).toBe(1);
    expect(scales[11]).toBe(2);
  });

  test.each([
    ['processFrame', undefined],
    ['processTile', 3],
    ['processPartition', 4],
  ])('getMethod chooses %s', async (by, tile) => {
    const ctx = await opened(kind);
    const udf = defineUdf(places).withParams({ by, depth: 3 });
    const { place, tiles } = (await ctx.runUdf(scanOf(ctx), udf, { numPartitions: 3 })) as unknown as Record<
      'place' | 'tiles',
      { rawData: ArrayLike<number> }
    >;
    expect(Array.from(place.rawData)).toEqual(Array.from({ length: 12 }, (_, i) => [Math.floor(i / 4), i % 4]).flat());
    const expected = tile === 3 ? [3, 3, 3, 1, 3, 3, 3, 1, 3, 3, 3, 1] : Array(12).fill(tile ?? 0);
    expect(Array.from(tiles.rawData)).toEqual(expected);
  });
});

test('coordinates are those of a region of interest', async () => {
  const ctx = await opened('inline');
  const roi = Uint8Array.from({ length: 12 }, (_, i) => Number(i % 5 === 2));
  const { place } = (await ctx.runUdf(scanOf(ctx), defineUdf(places), { roi })) as unknown as {
    place: { rawData: ArrayLike<number> };
  };
  expect(Array.from(place.rawData)).toEqual([0, 2, 1, 3]);
});

test('cleanup is called for each partition, also after an error, with what getTaskData made', async () => {
  const ctx = await opened('inline');
  const events: string[] = [];
  const udf = defineUdf({
    name: 'careful',
    params: { bad: -1 },
    buffers: { value: { kind: 'nav', dtype: 'f32' } },
    getTaskData({ meta }) {
      events.push(`open ${meta.partition.index}`);
      return { index: meta.partition.index };
    },
    processFrame({ position, params }) {
      if (position === params.bad) throw new Error('a bad frame');
    },
    cleanup({ task }) {
      events.push(`close ${task.index}`);
      if (task.index === 1) throw new Error('nothing to close');
    },
  });
  await refused(
    () => ctx.runUdf(scanOf(ctx), udf.withParams({ bad: 3 }), { numPartitions: 3 }),
    'Argument',
    'the UDF careful threw in frame 3: a bad frame',
  );
  expect(events).toEqual(['open 0', 'close 0']);
  await refused(
    () => ctx.runUdf(scanOf(ctx), udf, { numPartitions: 3 }),
    'Argument',
    'the UDF careful threw in cleanup: nothing to close',
  );
  // An error of a frame is not replaced by one of cleanup.
  await refused(
    () => ctx.runUdf(scanOf(ctx), udf.withParams({ bad: 5 }), { numPartitions: 3 }),
    'Argument',
    'threw in frame 5',
  );
});

test('an error of a result that does not exist lists those that do', async () => {
  const ctx = await opened('inline');
  const misspelt = (write: (results: Record<string, Float64Array>) => void) =>
    defineUdf({
      name: 'misspelt',
      buffers: { sum: { kind: 'nav', dtype: 'f64' }, count: { kind: 'nav', dtype: 'u32' } },
      processFrame: ({ results }) => write(results as never),
    });
  for (const udf of [
    misspelt((results) => {
      (results.sm as Float64Array)[0] = 1;
    }),
    misspelt((results) => {
      results.sm = new Float64Array(1);
    }),
  ])
    await refused(
      () => ctx.runUdf(scanOf(ctx), udf),
      'Argument',
      'the UDF misspelt threw in frame 0:',
      '; its results are sum, count',
    );
  const other = misspelt(() => {
    throw new TypeError('the frame is odd');
  });
  await expect(ctx.runUdf(scanOf(ctx), other)).rejects.toThrow(/the frame is odd$/);
});

test('an error in prepare and an unknown method name the UDF', async () => {
  const ctx = await opened('inline');
  const failing = { ...spectrum, prepare: async () => Promise.reject(new Error('no table')) };
  await refused(() => ctx.runUdf(scanOf(ctx), failing), 'Argument', 'the UDF spectrum threw in prepare: no table');
  await refused(
    () => ctx.runUdf(scanOf(ctx), defineUdf(places).withParams({ by: 'processRow' })),
    'Argument',
    'the UDF places: getMethod returned "processRow"; expected one of the methods that it defines, processTile, ' +
      'processFrame, processPartition',
  );
});

test('a dry run prepares as well, and prepared transforms end with the run', async () => {
  const ctx = await opened('inline');
  const plans: { now: { forward(input: Float32Array): unknown } | undefined }[] = [];
  const keeping = {
    ...spectrum,
    async prepare(scope: never) {
      const prepared = await spectrum.prepare(scope);
      plans.push(prepared.plan);
      return prepared;
    },
  };
  const { power } = (await ctx.dryRun(scanOf(ctx), keeping)) as unknown as { power: { rawData: Float64Array } };
  expect(power.rawData[0]).toBe(48);
  await ctx.runUdf(scanOf(ctx), keeping, { numPartitions: 4 });
  expect(plans.length).toBe(2);
  for (const { now } of plans) await refused(() => now?.forward(new Float32Array(48)), 'Disposed', 'disposed');
});
