/**
 * Executors within this process behave in the same way on this thread and on workers. Also tests the features and
 * failures that only workers have.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { devices } from 'ewald';
import { Executor, type RunOptions, spmd, type Task, type TaskResult } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refused } from '../support/refused.js';

const native = (await devices()).some(({ backend, available }) => backend === 'native' && available);
const module = new URL('./tasks.mjs', import.meta.url);
const task = (name: string, argument?: unknown, more: Partial<Task> = {}): Task => ({
  module,
  function: name,
  argument,
  ...more,
});
const all = async (executor: Executor, tasks: Iterable<Task> | AsyncIterable<Task>, options?: RunOptions) => {
  const results: TaskResult[] = [];
  for await (const result of executor.run(tasks, options)) results.push(result);
  return results;
};
const values = async (executor: Executor, tasks: Iterable<Task> | AsyncIterable<Task>, options?: RunOptions) =>
  (await all(executor, tasks, options)).map(({ value }) => value);

const kinds = { inline: () => Executor.inline(), workers: () => Executor.workers({ workers: 2 }) };

describe.each(Object.entries(kinds))('%s', (kind, make) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await make();
  });
  afterAll(() => executor.dispose());

  test('results are returned in order, each with its index', async () => {
    const results = await all(
      executor,
      [3, 1, 2].map((x) => task('square', x, { id: `n${x}` })),
    );
    expect(results.map(({ index, id, value, attempts }) => [index, id, value, attempts])).toEqual([
      [0, 'n3', 9, 1],
      [1, 'n1', 1, 1],
      [2, 'n2', 4, 1],
    ]);
  });

  test('a run that was read to its end cannot be read again', async () => {
    const results = executor.run([task('square', 3)]);
    for await (const { value } of results) expect(value).toBe(9);
    const again = async () => {
      for await (const _ of results);
    };
    await refused(again, 'Disposed', 'this run of tasks was iterated already; call run again');
  });

  test('every kind of value is sent there and back unchanged', async () => {
    const value = {
      a: [1, Number.NaN, -0, 2n ** 70n, undefined, null],
      m: new Map([[1, new Set(['x'])]]),
      d: new Date(5),
    };
    expect(await values(executor, [task('echo', value)])).toEqual([value]);
    const [bytes] = await values(executor, [task('moved', { floats: Float32Array.of(1, 2.5) }, {})]);
    expect(bytes).toEqual(Float32Array.of(2, 5));
  });

  test('a task that writes into its argument changes nothing here', async () => {
    const list = [1, 2];
    expect(await values(executor, [task('mutate', list), task('mutate', list)])).toEqual([3, 3]);
    expect(list).toEqual([1, 2]);
  });

  test('who writes into a result changes nothing in the module of the task', async () => {
    const [list] = (await values(executor, [task('constant')])) as number[][];
    (list as number[])[0] = 99;
    for (const again of await values(executor, [task('constant'), task('constant')])) expect(again).toEqual([7]);
  });

  test('transferred buffers are empty afterwards if no task is tried twice', async () => {
    const floats = Float32Array.of(1, 2);
    const given = task('moved', { floats }, { transfer: [floats.buffer] });
    expect(await values(executor, [given], { retries: 0 })).toEqual([Float32Array.of(2, 4)]);
    expect(floats.length).toBe(0);
  });

  test('the source is read no faster than the results', async () => {
    let drawn = 0;
    function* source() {
      for (;;) {
        drawn++;
        yield task('square', drawn);
      }
    }
    let read = 0;
    for await (const _ of executor.run(source(), { window: 5 })) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(drawn - read).toBeLessThanOrEqual(6);
      if (++read === 20) break;
    }
    expect(drawn).toBeLessThanOrEqual(26);
  });

  test('progress is reported up to the last task for every source', async () => {
    const seen: string[] = [];
    const onProgress = ({ done, total, failed }: { done: number; total: number | undefined; failed: number }) =>
      seen.push(`${done}/${total}/${failed}`);
    await all(executor, [task('square', 1), task('fail'), task('square', 2)], { onProgress, failures: 'yield' });
    expect(seen.at(-1)).toBe('3/3/1');
    expect(seen).toHaveLength(3);
  });

  test('an error of a task ends the run, or is its result', async () => {
    await expect(values(executor, [task('square', 2), task('fail')])).rejects.toThrow(
      expect.objectContaining({ name: 'TypeError', message: 'this task always fails' }),
    );
    const results = await all(executor, [task('fail'), task('square', 3)], { failures: 'yield' });
    expect(results[0]?.error?.message).toBe('this task always fails');
    expect(results[0]?.attempts).toBe(1);
    expect(results[1]?.value).toBe(9);
  });

  test('a signal ends a run, before it starts and while it runs, and the executor can still be used', async () => {
    await refused(() => values(executor, [task('echo', 1)], { signal: AbortSignal.abort() }), 'Aborted');
    const signal = AbortSignal.timeout(100);
    await refused(() => values(executor, [task('heed'), task('wait', 50)], { signal }), 'Aborted', 'by its signal');
    expect(await values(executor, [task('square', 4)])).toEqual([16]);
  });

  test('a source that throws ends the run with its error', async () => {
    async function* source() {
      yield task('echo', 1);
      throw new RangeError('the source broke');
    }
    await expect(values(executor, source())).rejects.toThrow('the source broke');
  });

  test('shared values are named by their content', async () => {
    const value = Float64Array.from({ length: 1000 }, (_, i) => i);
    const { hash } = await executor.share(value);
    expect(await executor.share(value.slice())).toEqual({ hash });
    const tasks = Array.from({ length: 8 }, () => task('sumOf', 'x', { inputs: { x: { hash } } }));
    expect(await values(executor, tasks)).toEqual(Array(8).fill(499500));
    expect(await values(executor, [task('isShared', 'x', { inputs: { x: { hash } } })])).toEqual([true]);
    // What is written after the call is in neither the hash nor the copy: workers summed numbers of another hash.
    const changed = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
    const sharing = executor.share(changed);
    changed.fill(0);
    expect(await values(executor, [task('sumOf', 'x', { inputs: { x: await sharing } })])).toEqual([500500]);
    const unknown = { hash: '0'.repeat(64) };
    await refused(
      () => values(executor, [task('sumOf', 'x', { inputs: { x: unknown } })]),
      'Argument',
      'no shared value',
    );
    await refused(
      () => values(executor, [task('sumOf', 'y', { inputs: { x: { hash } } })]),
      'Argument',
      'no input "y"',
    );
  });

  test('files are inputs, and a missing one is reported', async () => {
    const inputs = { x: { path: new URL(module).pathname } };
    expect((await values(executor, [task('sumOf', 'x', { inputs })]))[0]).toBeGreaterThan(10000);
    const missing = { x: { path: '/nowhere/at/all' } };
    await refused(() => values(executor, [task('sumOf', 'x', { inputs: missing })]), 'Load', '/nowhere/at/all');
  });

  test.each([
    [{ module: './tasks.mjs' }, 'registered name (pi, '],
    [{ module, function: 'missing' }, 'exports no function "missing"; it has '],
    [{ module, functoin: 'echo' }, 'did you mean "function"'],
    [{ module: 'file:///nowhere.mjs' }, 'does not load'],
    [{ module, function: 'echo', argument: () => 1 }, 'cannot be sent'],
    [{ module, inputs: { x: { hash: 'short' } } }, '64 hexadecimal digits'],
    [{ module, inputs: { x: {} } }, 'it has to be { path }, { url } or { hash }'],
    ['echo', 'expected an object'],
  ])('a bad task is refused: %j', async (bad, words) => {
    const error = await values(executor, [bad as Task]).catch((thrown) => thrown);
    expect(['Argument', 'Load']).toContain(error.tag);
    expect(error.message).toContain(words);
  });

  test('invalid options of a run are refused', async () => {
    await refused(() => values(executor, [], { windows: 2 } as never), 'Argument', 'did you mean "window"');
    await refused(() => values(executor, [], { window: 0 }), 'Argument', 'from 1 to 65536');
    await refused(() => values(executor, [], { taskTimeoutS: Number.NaN }), 'Argument', 'taskTimeoutS');
    await refused(() => values(executor, 5 as never), 'Argument', 'expected an array or an iterable of tasks');
  });

  test('a context is opened by the same rules as in the calling thread', async () => {
    const tasks = [0, 1, 2].map((i) => ({
      module: 'pi',
      function: 'count',
      argument: { points: 1e5, first: i * 1e5, seed: 7 },
    }));
    const hits = (await values(executor, tasks)) as bigint[];
    const whole = await values(executor, [{ ...tasks[0], argument: { points: 3e5, seed: 7 } } as Task]);
    expect(hits.reduce((sum, part) => sum + part)).toBe(whole[0]);
    const [info] = await executor.workers();
    expect(info?.backends.find(({ backend }) => backend === 'wasm')?.available).toBe(true);
    expect(info?.slots).toBe(kind === 'inline' ? 1 : 2);
  });
});

describe('workers', () => {
  test('a worker that dies is replaced; its task is tried again once, and then reported', { tags: 'all' }, async () => {
    const executor = await Executor.workers({ workers: 2 });
    const mark = join(tmpdir(), `ewald-executors-${randomUUID()}`);
    try {
      const [once, other] = await all(executor, [task('dieOnce', { mark, value: 5 }), task('square', 6)]);
      expect([once?.value, once?.attempts, other?.value]).toEqual([5, 2, 36]);
      await refused(() => values(executor, [task('die')]), 'Lost', 'task 0 was lost 2 times', 'code 3');
      await refused(() => values(executor, [task('die')], { retries: 0 }), 'Lost', 'lost once');
      expect(executor.slots).toBe(2);
      const tasks = Array.from({ length: 50 }, (_, i) => task(i % 10 === 3 ? 'die' : 'square', i));
      const results = await all(executor, tasks, { failures: 'yield', retries: 0 });
      expect(results.map(({ value, error }) => (error ? 'lost' : value))).toEqual(
        Array.from({ length: 50 }, (_, i) => (i % 10 === 3 ? 'lost' : i * i)),
      );
    } finally {
      await executor.dispose();
      rmSync(mark, { force: true });
    }
  });

  test.skipIf(!native)(
    'one worker per core computes on its own thread; fewer workers use the pool',
    { tags: 'all' },
    async () => {
      const context = { backend: 'native', strict: true } as const;
      const cores = availableParallelism();
      for (const [options, free] of [
        [{ workers: cores }, false],
        [{ workers: cores, threads: 2 }, true],
        ...(cores > 1 ? ([[{ workers: cores - 1 }, true]] as const) : []),
      ] as const) {
        const executor = await Executor.workers({ ...options, context });
        try {
          expect(await values(executor, [task('freeMeanwhile')]), JSON.stringify(options)).toEqual([free]);
        } finally {
          await executor.dispose();
        }
      }
    },
  );

  test.skipIf(!native)(
    'one rank per core computes on its own thread; fewer ranks use the pool',
    { tags: 'all' },
    async () => {
      const context = { backend: 'native', strict: true } as const;
      const cores = availableParallelism();
      for (const [options, free] of [
        [{ ranks: cores }, false],
        [{ ranks: cores, threads: 2 }, true],
        ...(cores > 1 ? ([[{ ranks: cores - 1 }, true]] as const) : []),
      ] as const)
        expect(await spmd(task('freeMeanwhile'), { ...options, context }), JSON.stringify(options)).toEqual(
          Array(options.ranks).fill(free),
        );
    },
  );

  test('a worker that never responds is ended and named', { tags: 'all' }, async () => {
    const executor = await Executor.workers({ workers: 1 });
    try {
      await refused(
        () => values(executor, [task('hang')], { taskTimeoutS: 0.3 }),
        'Lost',
        'within 0.3 s',
        'taskTimeoutS',
      );
      expect(await values(executor, [task('square', 2)])).toEqual([4]);
    } finally {
      await executor.dispose();
    }
  });

  test('the worker of a task that ignores its signal is ended, and the next run has a new one', {
    tags: 'all',
  }, async () => {
    const executor = await Executor.workers({ workers: 1 });
    try {
      await refused(() => values(executor, [task('hang')], { signal: AbortSignal.timeout(100) }), 'Aborted');
      expect(await values(executor, [task('square', 5)])).toEqual([25]);
    } finally {
      await executor.dispose();
    }
  });

  test('messages of a task itself are nobody’s, and end nothing', async () => {
    const executor = await Executor.workers({ workers: 1 });
    try {
      const messages = [null, 7, 'none', {}, { id: 'none', value: 1 }, { id: 0, progress: 1 }, { error: 1 }];
      const tasks = [task('shout', messages), task('square', 3), task('shout', messages), task('square', 4)];
      expect(await values(executor, tasks)).toEqual([messages.length, 9, messages.length, 16]);
    } finally {
      await executor.dispose();
    }
  });

  test('a worker script of another program is reported at the start', async () => {
    const script = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
    const worker = (source: string) => new URL(script(source));
    const posts = (message: string) =>
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', ({ id }) => ` +
      `parentPort.postMessage({ id, ${message} }));`;
    await refused(
      () => Executor.workers({ worker: worker('throw new Error("no such luck")') }),
      'Lost',
      'no such luck',
    );
    await refused(
      () => Executor.workers({ worker: worker(posts("call: 'host', value: { version: '9.9.9', build: 'abc' }")) }),
      'Load',
      'ewald 9.9.9, build abc',
    );
    await refused(() => Executor.workers({ worker: worker(posts('value: null')) }), 'Load', 'another version of ewald');
  });

  test('disposal ends active tasks; afterwards everything is refused', { tags: 'all' }, async () => {
    const executor = await Executor.workers({ workers: 1 });
    // It takes longer than any test is allowed to.
    const running = values(executor, [task('wait', 3_600_000)]);
    const told = refused(() => running, 'Disposed');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await executor.dispose();
    await told;
    await refused(() => values(executor, [task('echo')]), 'Disposed', 'workers executor');
    await executor.dispose();
  });

  test('invalid options are refused', async () => {
    await refused(() => Executor.workers({ workers: 0 }), 'Argument', 'from 1 to 1024');
    await refused(() => Executor.workers({ wokers: 1 } as never), 'Argument', 'did you mean "worker');
    await refused(() => Executor.workers({ modules: { pi: module } }), 'Argument', '"pi" is not a valid name');
    await refused(() => Executor.inline({ modules: { mine: './x.js' } }), 'Argument', 'absolute URL');
  });

  test('modules can be given names by the caller', async () => {
    const executor = await Executor.workers({ workers: 1, modules: { mine: module } });
    try {
      expect(await values(executor, [{ module: 'mine', function: 'square', argument: 3 }])).toEqual([9]);
    } finally {
      await executor.dispose();
    }
  });
});
