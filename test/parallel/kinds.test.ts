/** One list of tasks on every kind of executor gives the same bytes. Delayed graphs; tasks on ranks. */
import { compute, Delayed, delay, Executor } from 'ewald/executors';
import { beforeAll, describe, expect, test } from 'vitest';
import { mpiPresent, mpirun } from '../support/mpi.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { refused } from '../support/refused.js';
import { bits, digest, tasks } from './bits.mjs';

const context = { backend: 'wasm' } as const;
const program = new URL('./mpi-program.mjs', import.meta.url);
const module = new URL('./tasks.mjs', import.meta.url);
const task = (name: string, argument?: unknown) => ({ module, function: name, argument });

describe('the same bits', () => {
  let wanted: string;
  beforeAll(async () => {
    const executor = await Executor.inline({ context });
    wanted = await bits(executor);
    await executor.dispose();
    // Lattices were found in all four batches, so the compared bytes have content.
    expect(wanted).toMatch(/ 4$/);
  });

  test('on four workers', { tags: 'all' }, async () => {
    const executor = await Executor.workers({ workers: 4, context });
    expect(await bits(executor)).toBe(wanted);
    await executor.dispose();
  });

  test('delayed, and computed on workers', async () => {
    const delayed = await Executor.delayed();
    const workers = await Executor.workers({ workers: 2, context });
    const noted: unknown[] = [];
    for await (const { value } of delayed.run(tasks())) noted.push(value);
    expect(noted.every((value) => value instanceof Delayed)).toBe(true);
    expect(digest(await delayed.compute(noted, { on: workers }))).toBe(wanted);
    await workers.dispose();
    await delayed.dispose();
  });

  test.skipIf(!mpiPresent)('under mpirun -n 4, and alone', { tags: 'all' }, async () => {
    for (const ranks of [1, 4]) {
      const { code, out, err } = await mpirun(ranks, program, 'bits');
      expect(code, err).toBe(0);
      expect(out).toContain(`${wanted}\n`);
      expect(out).toContain(`disposed ${ranks}`);
    }
  });

  test.skipIf(!natsPresent)('on four joined processes', { tags: 'all' }, async () => {
    const server = await new NatsServer().start();
    const processes = Array.from({ length: 4 }, () => new WorkerProcess(server.url, ['--backend', 'wasm']));
    try {
      await Promise.all(processes.map((joined) => joined.joined()));
      const executor = await Executor.connect(server.url);
      expect(executor.slots).toBe(4);
      expect(await bits(executor)).toBe(wanted);
      await executor.dispose();
    } finally {
      for (const joined of processes) joined.kill();
      await Promise.all(processes.map((joined) => joined.ended()));
      await server.stop();
    }
  });
});

describe.skipIf(!mpiPresent)('mpi', () => {
  test('results, errors, shared values and large values are sent to rank 0', { tags: 'all' }, async () => {
    const { code, out, err } = await mpirun(3, program, 'behaviour');
    expect(code, err).toBe(0);
    expect(JSON.parse(out.split('\n').find((line) => line.startsWith('{')) ?? '')).toEqual({
      squares: true,
      workers: 2,
      failed: ['this task always fails', 9],
      shared: Array(6).fill(6.5),
      refused: ['Argument', 4],
      thrown: 'this task always fails',
      large: [3e6, 25],
      detected: ['rank 0', 'rank 1', 'rank 2'],
    });
  });

  test('results of a run with `everywhere` are sent to every rank, as are errors', { tags: 'all' }, async () => {
    const { code, out, err } = await mpirun(3, program, 'everywhere');
    expect(code, err).toBe(0);
    const thrown = 'this task always fails';
    const each = { values: [9, 16, 25], failed: [thrown, 9], first: [0], after: [36], thrown };
    expect(out.match(/\{.*?\}/g)?.map((line) => JSON.parse(line))).toEqual([each, each, each]);
  });

  test('a rank that dies ends the job, and is named', { tags: 'all' }, async () => {
    const { code, err } = await mpirun(3, program, 'die');
    // The result is null if the job had to be killed.
    expect(code).toBeGreaterThan(0);
    expect(err).toMatch(/rank 1\b.*(killed|signal 9)/is);
  });

  test('a rank that hangs ends the job, and is named', { tags: 'all' }, async () => {
    const { code, err } = await mpirun(2, program, 'hang');
    expect(code).toBeGreaterThan(0);
    expect(err).toContain('rank 1 did not answer within 0.5 s');
  });
});

describe('delayed', () => {
  test('shared dependencies are computed once, and first', async () => {
    const executor = await Executor.workers({ workers: 2 });
    try {
      const two = delay<number>(task('square', Math.SQRT2));
      const parts = [delay(task('square', two)), delay(task('echo', { a: [two, { b: 1 }] }))] as const;
      let done = 0;
      const [four, nested, list] = await compute([parts[0], parts[1], [two]], {
        on: executor,
        onProgress: (progress) => {
          done = progress.done;
        },
      });
      const value = Math.SQRT2 ** 2;
      expect([four, nested, list]).toEqual([value * value, { a: [value, { b: 1 }] }, [value]]);
      expect(done).toBe(3);
      await expect(compute([delay(task('square', delay(task('fail'))))], { on: executor })).rejects.toThrow(
        'this task always fails',
      );
    } finally {
      await executor.dispose();
    }
  });

  test('a chain of many tasks is computed', async () => {
    const executor = await Executor.inline();
    try {
      let last: unknown = 7;
      for (let i = 0; i < 8000; i++) last = delay(task('echo', last));
      expect(await compute([last], { on: executor })).toEqual([7]);
    } finally {
      await executor.dispose();
    }
  });

  test('a shared value is passed on, and invalid calls are refused', async () => {
    const delayed = await Executor.delayed();
    const inline = await Executor.inline();
    const { hash } = await delayed.share(Float64Array.of(1, 2));
    const noted = delayed.delay({ ...task('sumOf', 'x'), inputs: { x: { hash } } });
    expect(await delayed.compute([noted], { on: inline })).toEqual([3]);
    await refused(() => compute([], {} as never), 'Argument', 'on is not an executor');
    await refused(() => delay({ module: '' }), 'Argument', 'module is ""');
    await inline.dispose();
    await delayed.dispose();
  });
});
