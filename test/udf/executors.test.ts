/**
 * The same run on every executor gives the same bytes. Also tests workers that die, UDFs that throw, and modules that
 * are sent.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Executor } from 'ewald/executors';
import { Context, type ResultBuffer, type Scan, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { refused } from '../support/refused.js';
import { digestOf, udfs, writeSparse } from './digest.mjs';
import { distance, golden, goldenFrames, navShape, sigShape } from './golden.js';
import { deadly, killer, thrower } from './module.mjs';

const context = { backend: 'wasm' } as const;
const raw = { format: 'raw', dtype: 'u16', sigShape, navShape } as const;
let folder: string;
let file: string;
let wanted: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-udf-'));
  file = join(folder, 'frames.raw');
  await writeFile(file, goldenFrames());
  await writeSparse(file);
  const ctx = new Context({ context });
  const results = await ctx.runUdf(await ctx.load(file, raw), udfs(), { numPartitions: 7 });
  wanted = await digestOf(ctx, file);
  // These bits agree with LiberTEM's results, so every run with the same bits does.
  const [sum, stddev, logsum] = results as Record<string, ResultBuffer<'f64'>>[];
  if (golden) {
    expect(distance(sum?.intensity?.data as Float64Array, golden.sum.intensity)).toBe(0);
    expect(distance(stddev?.std?.data as Float64Array, golden.stddev.std)).toBeLessThan(1e-12);
    expect(distance(logsum?.logsum?.data as Float64Array, golden.logsum.logsum)).toBeLessThan(2e-6);
  }
  // The order of partitions determines the last bits: with other partitions they must differ, otherwise this test could
  // not fail.
  expect(await digestOf(ctx, file, { numPartitions: 3 })).not.toBe(wanted);
  await ctx.close();
});
afterAll(() => rm(folder, { recursive: true }));

describe('the same bits', () => {
  test('on four workers', { tags: 'all' }, async () => {
    const ctx = await Context.makeWith('workers', { cpus: 4, context });
    expect(await digestOf(ctx, file)).toBe(wanted);
    await ctx.close();
  });

  test('as tasks on this thread, and delayed', { tags: 'all' }, async () => {
    const delayed = await Context.makeWith('delayed');
    const on = await Executor.workers({ workers: 2, context });
    const given = await Context.makeWith('delayed', { on });
    expect(await digestOf(given, file)).toBe(wanted);
    await given.close();
    await on.dispose();
    await delayed.close();
  });

  test('with frames that exist only in this thread', { tags: 'all' }, async () => {
    const ctx = await Context.makeWith('workers', { cpus: 2, context });
    const load = async (path: string, { syncOffset = 0 }: { readonly syncOffset?: number } = {}) =>
      path === file ? ctx.fromMemory(goldenFrames(), { sigShape, navShape, syncOffset }) : ctx.load(path);
    expect(await digestOf({ load, runUdf: ctx.runUdf.bind(ctx) } as unknown as Context, file)).toBe(wanted);
    await ctx.close();
  });

  // A killed process is detected after nine seconds, so the other tests run concurrently.
  test.each([2, 4])('under mpirun -n %i', { tags: 'all', concurrent: true, skip: !mpiPresent }, async (ranks) => {
    const { code, out, err } = await mpirun(ranks, new URL('./program.mjs', import.meta.url), file);
    expect(code, err).toBe(0);
    expect(out).toBe(`${wanted}\n`);
  });

  test('on four joined processes, one of them killed in its partition', {
    tags: 'all',
    concurrent: true,
    skip: !natsPresent,
  }, async () => {
    const server = await new NatsServer().start();
    const processes = Array.from({ length: 4 }, () => new WorkerProcess(server.url, ['--allow-modules']));
    try {
      await Promise.all(processes.map((joined) => joined.joined()));
      const ctx = await Context.connect(server.url);
      const marker = join(folder, 'killed');
      expect(await digestOf(ctx, file, {}, [{ ...killer, params: { marker } }])).toBe(wanted);
      const killed = Number(await readFile(marker, 'utf8'));
      const dead = processes.findIndex(({ pid }) => pid === killed);
      expect(dead).toBeGreaterThanOrEqual(0);
      await processes[dead]?.ended();
      await ctx.close();
    } finally {
      for (const joined of processes) joined.kill();
      await Promise.all(processes.map((joined) => joined.ended()));
      await server.stop();
    }
  });

  test('a worker that allows no modules refuses a function that is sent to it', {
    tags: 'all',
    concurrent: true,
    skip: !natsPresent,
  }, async () => {
    const server = await new NatsServer().start();
    const joined = new WorkerProcess(server.url);
    try {
      await joined.joined();
      const ctx = await Context.connect(server.url);
      await refused(() => digestOf(ctx, file), 'Unsupported', '--allow-modules');
      await ctx.close();
    } finally {
      joined.kill();
      await joined.ended();
      await server.stop();
    }
  });
});

test.skipIf(!natsPresent)(
  'a worker of a cluster that finds another file under the path refuses it',
  {
    tags: 'all',
  },
  async () => {
    const server = await new NatsServer().start();
    const joined = new WorkerProcess(server.url);
    try {
      await joined.joined();
      const ctx = await Context.connect(server.url);
      const path = join(folder, 'replaced.raw');
      await writeFile(path, goldenFrames());
      const { intensity } = await ctx.runUdf(await ctx.load(path, raw), sumUdf());
      expect(distance(intensity.data as Float64Array, golden?.sum.intensity ?? intensity.data)).toBe(0);
      const scan = await ctx.load(path, raw);
      // This context keeps the file that it has opened; the worker opens the new one for another function.
      await rm(path);
      await writeFile(
        path,
        goldenFrames().map((value) => value + 1),
      );
      await refused(() => ctx.runUdf(scan, sumSigUdf()), 'File', 'replaced.raw here has other frames', 'older copy');
      await ctx.close();
    } finally {
      joined.kill();
      await joined.ended();
      await server.stop();
    }
  },
);

describe('errors', () => {
  let ctx: Context;
  let scan: Scan;
  beforeAll(async () => {
    ctx = await Context.makeWith('workers', { cpus: 2, context });
    scan = await ctx.load(file, raw);
  });
  afterAll(() => ctx.close());

  test('the partition of a worker that dies is processed again', { tags: 'all' }, async () => {
    const marker = join(folder, 'marker');
    expect(await digestOf(ctx, file, {}, [{ ...deadly, params: { marker } }])).toBe(wanted);
    expect(await readFile(marker, 'utf8')).toBe('dead');
  });

  test('an error thrown by a function keeps its message and names the frame', async () => {
    await refused(() => ctx.runUdf(scan, thrower), 'Argument', 'thrower', 'frame 17', 'I cannot look at this');
    const here = new Context();
    const error = await here.runUdf(here.fromMemory(goldenFrames(), { sigShape, navShape }), thrower).catch((e) => e);
    expect(error.message).toContain('frame 17');
    expect(error.stack).toContain('module.mjs');
    expect(error.stack).toContain('look');
    await here.close();
  });

  test('a function without a module, and one that its module does not export', async () => {
    const { module: _, ...bare } = thrower;
    await refused(() => ctx.runUdf(scan, bare), 'Argument', 'import.meta.url');
    await refused(() => ctx.runUdf(scan, { ...thrower, name: 'nobody' }), 'Argument', 'nobody', 'exports no UDF');
  });
});
