/**
 * Runs in which a process is killed, by executor.
 *
 * - A worker: tested here for threads and for NATS, with small results in nats.test.ts; under MPI it ends the job
 *   (kinds.test.ts).
 * - The client: tested here for NATS; it ends its own threads, and the job under MPI.
 * - The server of NATS, which is then started again: tested here, with small results in nats.test.ts.
 * - All of them in turn, for minutes: test/soak/cluster.mjs.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Executor, joinCluster, type RunOptions, type Task } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NatsServer, natsPresent } from '../support/nats.js';
import { refused } from '../support/refused.js';

const module = new URL('./tasks.mjs', import.meta.url);
const modules = { mine: module };
const task = (name: string, argument?: unknown, more: Partial<Task> = {}): Task => ({
  module: 'mine',
  function: name,
  argument,
  ...more,
});
const context = { backend: 'wasm' } as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const values = async (executor: Executor, tasks: Iterable<Task>, options?: RunOptions) => {
  const all: unknown[] = [];
  for await (const { value } of executor.run(tasks, options)) all.push(value);
  return all;
};

/** Size in bytes of a value that travels in pieces. */
const large = 2 ** 19;

/** Tasks with a large input, a large argument and a large result in rotation, and whether their results are correct. */
async function largeTasks(executor: Executor, count: number) {
  const { hash } = await executor.share(new Uint8Array(large).fill(3));
  const ones = new Uint8Array(large).fill(1);
  const make = (i: number): Task => {
    if (i % 3 === 0) return task('sumOf', 'x', { inputs: { x: { hash } } });
    return i % 3 === 1 ? task('grown', { bytes: ones, by: i }) : task('allocate', large + i);
  };
  const tasks = Array.from({ length: count }, (_, i) => make(i));
  const check = (index: number, value: unknown): void => {
    if (index % 3 === 0) expect(value).toBe(3 * large);
    else if (index % 3 === 1) expect([...new Set(value as Uint8Array)]).toEqual([1 + index]);
    else expect((value as Uint8Array).length).toBe(large + index);
  };
  return { tasks, check };
}

describe('a worker dies in the middle of a run with large results: each arrives once', { concurrent: true }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-faults-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const through = async (executor: Executor, die: Task) => {
    const { tasks, check } = await largeTasks(executor, 12);
    tasks.splice(3, 0, die);
    const seen: number[] = [];
    for await (const { index, value } of executor.run(tasks, { window: 6, ordered: false })) {
      seen.push(index);
      if (index === 3) expect(value).toBe('again');
      else check(index < 3 ? index : index - 1, value);
    }
    expect(seen.sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
  };

  test('workers', { tags: 'all' }, async () => {
    const executor = await Executor.workers({ workers: 2, context, modules });
    await through(executor, task('dieOnce', { mark: join(folder, 'workers'), value: 'again' }));
    await executor.dispose();
  });

  test.skipIf(!natsPresent)('nats, the thread of a worker', { tags: 'all' }, async () => {
    const server = await new NatsServer().start();
    const worker = await joinCluster(server.url, { workers: 2, context, modules });
    const executor = await Executor.connect(server.url, { modules: ['mine'] });
    try {
      await through(executor, task('dieOnce', { mark: join(folder, 'thread'), value: 'again' }));
    } finally {
      await executor.dispose();
      await worker.leave();
      await server.stop();
    }
  });
});

describe.skipIf(!natsPresent)('a cluster', { concurrent: true }, () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await new NatsServer().start();
  });
  afterAll(() => server?.stop());
  const joined = (cluster: string, more = {}) =>
    joinCluster(server.url, { cluster, workers: 1, context, modules, ...more });
  const connected = (cluster: string, more = {}) =>
    Executor.connect(server.url, { cluster, modules: ['mine'], ...more });

  test('a worker whose onEvent throws leaves, and says why', { tags: 'nightly' }, async () => {
    const onEvent = (): void => {
      throw new Error('enough');
    };
    const worker = await joined('events', { onEvent });
    const executor = await Executor.connect(server.url, { cluster: 'events', modules: ['other'] });
    const run = executor.run([{ module: 'other', function: 'unknown' }]);
    const ended = run.next().catch(() => undefined);
    try {
      await refused(() => worker.left, 'Argument', 'join: onEvent threw: enough');
    } finally {
      await executor.dispose();
      await ended;
    }
  });

  test('the server is killed and started again: large inputs, arguments and results arrive', {
    tags: 'nightly',
  }, async () => {
    const own = await new NatsServer().start();
    const worker = await joinCluster(own.url, { workers: 1, context, modules });
    const executor = await Executor.connect(own.url, { modules: ['mine'] });
    try {
      const { tasks, check } = await largeTasks(executor, 12);
      let back: Promise<unknown> | undefined;
      let count = 0;
      for await (const { index, value } of executor.run(tasks, { window: 6 })) {
        check(index, value);
        if (++count === 3) {
          await own.kill();
          back = pause(300).then(() => own.start());
        }
      }
      await back;
      expect(count).toBe(tasks.length);
    } finally {
      await executor.dispose();
      await worker.leave();
      await own.stop();
    }
  });

  test('a client is killed: its tasks are dropped, and workers are free for others', { tags: 'all' }, async () => {
    const log: string[] = [];
    const worker = await joined('client', { clientTimeoutS: 1, onEvent: (event: string) => log.push(event) });
    const executor = await connected('client');
    const script = fileURLToPath(new URL('./lonely-client.mjs', import.meta.url));
    const client = spawn(process.execPath, [script, server.url, 'client'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => client.stdout.once('data', resolve));
      client.kill('SIGKILL');
      expect(await values(executor, [task('square', 6)])).toEqual([36]);
      expect(log).toEqual([expect.stringMatching(/^dropped the tasks of run \w+: its client has been gone for 1 s/)]);
    } finally {
      client.kill('SIGKILL');
      await executor.dispose();
      await worker.leave();
    }
  });

  test('a client that aborts its run removes only its own tasks from the queue', { tags: 'nightly' }, async () => {
    const worker = await joined('abort');
    const [one, other] = await Promise.all([connected('abort'), connected('abort')]);
    const ending = new AbortController();
    const long = Array.from({ length: 8 }, (_, i) => task('announced', i));
    let behind: Promise<unknown[]> | undefined;
    const aborted = (async () => {
      for await (const _ of one.run(long, { signal: ending.signal })) {
        behind = values(other, [task('square', 6), task('allocate', large)]);
        // They are in the queue after the long ones.
        await pause(200);
        ending.abort();
      }
    })();
    await expect(aborted).rejects.toThrow('aborted');
    expect((await behind)?.[0]).toBe(36);
    await Promise.all([one.dispose(), other.dispose()]);
    await worker.leave();
  });

  test('a client that is done leaves no timer behind that would keep its process alive', { tags: 'all' }, async () => {
    const worker = await joined('timers');
    const script = fileURLToPath(new URL('./brief-client.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, server.url, 'timers']);
    expect(JSON.parse(stdout)).toEqual({ values: [36, 49], aborted: 'Aborted', timers: 0 });
    await worker.leave();
  });
});
