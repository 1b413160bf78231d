/** Large results over all frames are merged where they are computed: fewer are sent, with the same bits everywhere. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, type ResultBuffer, stddevUdf, sumSigUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinPartitions, type Partition, partsOf } from '../../src/udf/execution/partitions.js';
import { checkFrames } from '../../src/udf/execution/task.js';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { joinedDigest, joinedShape } from './digest.mjs';
import { highest } from './module.mjs';

const [height, width] = joinedShape.sigShape as [number, number];
const pixels = height * width;
const count = 72;
const context = { backend: 'wasm' } as const;
/** Numbers whose sum depends on the order of additions. */
const numbers = Float32Array.from({ length: count * pixels }, (_, i) => 1000 + ((i * 7919) % 10_007) / 97);
let folder: string;
let file: string;
let wanted: string;

describe('joined partitions', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewald-joined-'));
    file = join(folder, 'frames.raw');
    await writeFile(file, numbers);
    const ctx = new Context({ context });
    const steps: [number, number][] = [];
    wanted = await joinedDigest(ctx, file, steps);
    // Two partitions are merged at a time, for each of the two runs; progress counts partitions.
    expect(steps.length).toBe(count);
    expect(steps.slice(0, 2)).toEqual([
      [2, count],
      [4, count],
    ]);
    expect(steps.at(-1)).toEqual([count, count]);
    await ctx.close();
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('results are those of their definitions', { tags: 'all' }, async () => {
    const ctx = new Context({ context });
    const scan = await ctx.load(file, { format: 'raw', dtype: 'f32', ...joinedShape });
    const results = await ctx.runUdf(scan, [stddevUdf(), sumSigUdf(), highest], { numPartitions: count });
    const [stddev, sums, most] = results as unknown as Record<string, ResultBuffer<'f64'>>[];
    for (const p of [0, 1, 777, pixels - 1]) {
      const values = Array.from({ length: count }, (_, i) => numbers[i * pixels + p] as number);
      const mean = values.reduce((a, b) => a + b, 0) / count;
      const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / count);
      expect(stddev?.mean?.data[p]).toBeCloseTo(mean, 9);
      expect(stddev?.std?.data[p]).toBeCloseTo(std, 9);
      expect(most?.value?.data[p]).toBe(Math.max(...values));
    }
    expect(stddev?.numFrames?.data[0]).toBe(count);
    for (const i of [0, 1, 35, 71]) {
      const frame = numbers.subarray(i * pixels, (i + 1) * pixels);
      const sum = frame.reduce((a, b) => a + b, 0);
      expect((sums?.intensity?.data[i] as number) / sum).toBeCloseTo(1, 7);
    }
    await ctx.close();
  });

  test('a function that does not allow it is merged by partition', async () => {
    const ctx = new Context({ context });
    const scan = await ctx.load(file, { format: 'raw', dtype: 'f32', ...joinedShape });
    const { mergesParts: _, ...plain } = highest;
    const steps: number[] = [];
    for await (const { progress } of ctx.runUdfIter(scan, [stddevUdf(), plain], { numPartitions: count }))
      steps.push(progress.done);
    expect(steps).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    await ctx.close();
  });

  test('on two workers', { tags: 'nightly' }, async () => {
    const ctx = await Context.makeWith('workers', { cpus: 2, context });
    const steps: [number, number][] = [];
    expect(await joinedDigest(ctx, file, steps)).toBe(wanted);
    expect(steps.length).toBe(count);
    await ctx.close();
  });

  test.skipIf(!mpiPresent)('under mpirun', { tags: 'nightly' }, async () => {
    const { code, out, err } = await mpirun(2, new URL('./program.mjs', import.meta.url), file, 'joined');
    expect(code, err).toBe(0);
    expect(out).toBe(`${wanted}\n`);
  });

  test.skipIf(!natsPresent)('on a cluster', { tags: 'all' }, async () => {
    const server = await new NatsServer().start();
    const joined = new WorkerProcess(server.url, ['--allow-modules', '--jobs', '2']);
    try {
      await joined.joined();
      const ctx = await Context.connect(server.url);
      expect(await joinedDigest(ctx, file)).toBe(wanted);
      await ctx.close();
    } finally {
      joined.kill();
      await joined.ended();
      await server.stop();
    }
  });
});

/** Partitions of two positions, the first of which has no frame in every third one. */
const some = (count: number): Partition[] =>
  Array.from({ length: count }, (_, index) => {
    const first = 2 * index;
    if (index % 3 > 0)
      return {
        ...{ index, first, count: 2, runs: [{ file: first, count: 2 }], places: undefined },
        positions: Uint32Array.of(first, first + 1),
      };
    const positions = Uint32Array.of(first + 1);
    return { index, first, count: 2, runs: [{ file: first + 1, count: 1 }], places: Uint32Array.of(1), positions };
  });

test('joined partitions have the positions of their parts in order, and remain many', () => {
  for (const [partitions, bytes, parts] of [
    [63, 2 ** 30, 63],
    [64, 2 ** 20, 64],
    [64, 2 ** 21, 32],
    [256, 2 ** 21, 64],
    [256, 2 ** 30, 64],
    [256, 2 ** 18, 256],
    [1000, 2 ** 30, 143],
    [4096, 2 ** 30, 256],
    [0, 2 ** 30, 0],
  ] as const) {
    const given = some(partitions);
    const joined = joinPartitions(given, bytes);
    expect(joined.length, `${partitions} ${bytes}`).toBe(parts);
    expect(partsOf(joined)).toEqual(given);
    expect(joined.flatMap(({ positions }) => [...positions])).toEqual(given.flatMap(({ positions }) => [...positions]));
    for (const [i, { index, first, count, places, positions }] of joined.entries()) {
      expect(index).toBe(i);
      expect(Array.from(places ?? positions.keys(), (place) => first + place)).toEqual([...positions]);
      expect(first + count).toBe(joined[i + 1]?.first ?? 2 * partitions);
    }
  }
});

test('a task whose parts are not those of its partition is refused', () => {
  const [whole] = joinPartitions(some(64), 2 ** 30) as [Partition];
  const run = { meta: { nav: [128], sig: [4], datasetDtype: 'u16', frames: 128, roi: undefined } } as const;
  checkFrames({ partition: whole }, run);
  const refused = (partition: Partition, frames?: Uint16Array): void =>
    expect(() => checkFrames({ partition, ...(frames && { frames }) }, run)).toThrow(/the partition of a task/);
  const [part, ...rest] = whole.parts as [Partition, ...Partition[]];
  refused({ ...whole, parts: rest });
  refused({ ...whole, parts: [] });
  refused({ ...whole, parts: [{ ...part, positions: Uint32Array.of(128) }, ...rest] });
  refused({ ...whole, parts: [{ ...part, runs: [{ file: 0, count: 1e9 }] }, ...rest] });
  refused(whole, new Uint16Array(4 * whole.positions.length));
});
