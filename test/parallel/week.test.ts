/** The life of a cluster: workers that leave, runs that compete, are listed and cancelled, and state for monitoring. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Executor, type RunOptions, type Task } from 'ewald/executors';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encode } from '../../src/parallel/codec.js';
import { readBeacon, readFromWorker } from '../../src/parallel/nats/wire.js';
import { ewald } from '../support/cli.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { refused } from '../support/refused.js';

const tasks = new URL('./tasks.mjs', import.meta.url).pathname;
const task = (name: string, argument?: unknown): Task => ({ module: 'mine', function: name, argument });
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((done) => setTimeout(done, 5));
};

describe.skipIf(!natsPresent)('a week of a cluster', () => {
  let server: NatsServer;
  const folder = mkdtempSync(join(tmpdir(), 'ewald-week-'));
  const processes: WorkerProcess[] = [];
  const executors: Executor[] = [];
  const worker = (...args: string[]): Promise<WorkerProcess> => {
    const started = new WorkerProcess(server.url, ['--module', `mine=${tasks}`, ...args]);
    processes.push(started);
    return started.joined();
  };
  const connected = async (options = {}): Promise<Executor> => {
    const executor = await Executor.connect(server.url, { modules: ['mine'], ...options });
    executors.push(executor);
    return executor;
  };
  const all = async (executor: Executor, list: Iterable<Task>, options: RunOptions = {}) => {
    const found: { index: number; value: unknown; attempts: number }[] = [];
    for await (const { index, value, attempts } of executor.run(list, options)) found.push({ index, value, attempts });
    return found;
  };
  beforeAll(async () => {
    server = await new NatsServer().start();
  });
  afterEach(async () => {
    for (const executor of executors.splice(0)) await executor.dispose();
    for (const started of processes.splice(0)) {
      started.kill();
      await started.ended();
    }
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['SIGTERM', []],
    ['a lifetime', ['--lifetime', '1']],
  ] as const)(
    'after %s a worker finishes its tasks, hands the others back, and leaves',
    { tags: 'all' },
    async (what, args) => {
      const [first] = await Promise.all([worker(...args, '--name', 'first'), worker('--name', 'second')]);
      const executor = await connected();
      const list = Array.from({ length: 30 }, (_, i) => task('slowSquare', { ms: 150, value: i }));
      const running = all(executor, list);
      if (what === 'SIGTERM') {
        await new Promise((done) => setTimeout(done, 500));
        first.kill('SIGTERM');
      }
      const found = await running;
      expect(found.map(({ value }) => value)).toEqual(list.map((_, i) => i * i));
      // A task that was returned does not count as lost.
      expect(found.filter(({ attempts }) => attempts > 1)).toEqual([]);
      expect(await first.ended()).toBe(what === 'SIGTERM' ? 143 : 0);
      if (what !== 'SIGTERM') expect(first.out).toContain('leaves after its lifetime of 1 s');
    },
  );

  test('a worker with a lifetime beyond the longest timer stays', async () => {
    const long = await worker('--lifetime', '1e8', '--name', 'long');
    const executor = await connected({ workerTimeoutS: 5 });
    expect((await all(executor, [task('slowSquare', { ms: 300, value: 7 })])).map(({ value }) => value)).toEqual([49]);
    expect(long.out).not.toContain('after its lifetime');
  });

  test('slots are shared by weight', { tags: 'nightly' }, async () => {
    await worker('--jobs', '4');
    const [light, heavy] = [await connected(), await connected({ weight: 3 })];
    const done = { light: 0, heavy: 0 };
    const control = new AbortController();
    const count = async (executor: Executor, name: keyof typeof done): Promise<void> => {
      const list = Array.from({ length: 1000 }, (_, i) => task('slowSquare', { ms: 100, value: i }));
      for await (const _ of executor.run(list, { ordered: false, signal: control.signal })) {
        // Counted from the start of the second.
        if (done.light + done.heavy > 0 || name === 'light') done[name]++;
        if (done.light + done.heavy >= 80) control.abort();
      }
    };
    const ends = await Promise.allSettled([count(light, 'light'), count(heavy, 'heavy')]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(done.heavy / done.light).toBeGreaterThan(1.7);
    expect(done.heavy / done.light).toBeLessThan(5);
  });

  test('a run whose needs no worker meets says what is missing', { tags: 'nightly' }, async () => {
    await worker('--max-memory', '1GB');
    const some = async (options: object): Promise<unknown> =>
      (await all(await connected({ workerTimeoutS: 1, ...options }), [task('square', 3)]))[0]?.value;
    expect(await some({ needMemory: 5e8 })).toBe(9);
    await refused(() => some({ needMemory: 2e9 }), 'Lost', 'with 2.00 GB of memory', 'there are workers');
    await refused(() => some({ needGpu: true }), 'Lost', 'with a GPU');
    await refused(() => some({ weight: 0 }), 'Argument', 'weight is 0');
  });

  test('runs are listed with what they wait for, and cancelled', { tags: 'nightly' }, async () => {
    const executor = await connected();
    const at = ['--connect', server.url];
    const running = all(executor, [task('wait', 3e5), task('wait', 3e5)]).catch((error) => error);
    const listed = async (): Promise<Record<string, unknown>[]> =>
      JSON.parse((await ewald(['cluster', ...at, '--runs', '--json'])).out);
    expect(await listed()).toMatchObject([{ waiting: 2, held: 0, done: 0, weight: 1, waits: /a worker of ewald/ }]);
    await worker('--name', 'one');
    let [run = {}] = await listed();
    for (; run.held === 0; [run = {}] = await listed());
    expect(run).toMatchObject({ waiting: 0, held: 2, waits: 'running tasks' });
    const text = (await ewald(['cluster', ...at])).out;
    expect(text).toMatch(/one +1 +1 +1 /);
    expect(text).toContain(`${run.run}`);
    const unknown = await ewald(['cluster', ...at, '--cancel', 'nosuchrun']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('there is no run "nosuchrun"')]);
    const cancelled = await ewald(['cluster', ...at, '--cancel', `${run.run}`]);
    expect(cancelled.code, cancelled.err).toBe(0);
    expect(await running).toMatchObject({ tag: 'Aborted', message: /cancelled by ewald cluster on / });
    expect((await ewald(['cluster', ...at, '--runs'])).out).toContain('no client has a run');
  });

  test('a run of frames that is cancelled fails, and no earlier stream stands where its own would', {
    tags: 'all',
    timeout: 120_000,
  }, async () => {
    const in_ = { cwd: folder };
    const made = 'simulate frames -o six --images 6 --size 700,700 --symmetry 4/mmm --seed 1'.split(' ');
    expect((await ewald(made, in_)).code).toBe(0);
    const how = '-g six/run.geom -p six/run.cell --threshold 20 --min-snr 5 -o run.stream'.split(' ');
    const index = ['index', 'six/run.h5', ...how];
    const stream = join(folder, 'run.stream');
    const chunks = (file: string): number => readFileSync(file, 'utf8').split('Begin chunk').length - 1;
    expect((await ewald([...index, '--backend', 'wasm', '-j', '1'], in_)).code).toBe(0);
    processes.push(await new WorkerProcess(server.url).joined());
    // Waits for further frames when all have been searched.
    const running = ewald([...index, '--executor', server.url, '--follow', '--frames', '2:'], in_);
    const at = ['cluster', '--connect', server.url];
    const listed = async () => JSON.parse((await ewald([...at, '--runs', '--json'])).out)[0] ?? { done: 0 };
    let run = await listed();
    for (; run.done === 0; run = await listed());
    expect((await ewald([...at, '--cancel', run.run])).code).toBe(0);
    const { code, err } = await running;
    expect([code, err]).toEqual([1, expect.stringMatching(/cancelled by ewald cluster on /)]);
    // Its own four frames stand there, or nothing, and not the six of before.
    expect(existsSync(stream) ? chunks(stream) : 0).toBeLessThanOrEqual(4);
  });

  test('the list shows which worker is slow, and which one leaves', { tags: 'all' }, async () => {
    const paces = { first: '20', second: '20', third: '500' };
    for (const [name, PACE] of Object.entries(paces))
      processes.push(new WorkerProcess(server.url, ['--module', `mine=${tasks}`, '--name', name], { PACE }));
    await Promise.all(processes.map((one) => one.joined()));
    const executor = await connected();
    await all(
      executor,
      Array.from({ length: 60 }, () => task('paced')),
    );
    const line = async (name: string): Promise<string> =>
      (await ewald(['cluster', '--connect', server.url])).out.split('\n').find((one) => one.startsWith(name)) ?? '';
    expect(await line('third')).toMatch(/ slow$/);
    expect(await line('first')).not.toMatch(/ slow/);
    const [mark, release] = ['mark', 'release'].map((name) => join(folder, name)) as [string, string];
    for (const one of processes.splice(0, 2)) one.kill();
    const held = all(executor, [task('heldSquare', { mark, release, value: 3 })]);
    await until(() => existsSync(mark));
    processes[0]?.kill('SIGTERM');
    await expect.poll(() => line('third'), { timeout: 60_000 }).toMatch(/ leaves$/);
    writeFileSync(release, '');
    expect((await held).map(({ value }) => value)).toEqual([9]);
    expect(await processes[0]?.ended()).toBe(143);
  });

  test('a worker answers /health and /metrics', { tags: 'all' }, async () => {
    const started = new WorkerProcess(server.url, ['--module', `mine=${tasks}`, '--status', '0', '--name', 'seen']);
    processes.push(started);
    await until(() => /state of the worker is at http/.test(started.err));
    const [address = ''] = /http\S+/.exec(started.err) ?? [];
    await all(await connected(), [task('square', 3)]);
    expect(await (await fetch(address)).json()).toMatchObject({ healthy: true, name: 'seen', done: 1, failed: 0 });
    const metrics = await (await fetch(address.replace('/health', '/metrics'))).text();
    expect(metrics).toMatch(/^ewald_worker_slots 1$/m);
    expect(metrics).toMatch(/^# TYPE ewald_worker_done_total counter\newald_worker_done_total 1$/m);
    expect((await fetch(address.replace(/\?.*/, ''))).status).toBe(403);
  });

  test('a name without a host fails at once; a host without a server is waited for', async () => {
    await refused(() => Executor.connect('nats://no-such-host.invalid'), 'Argument', 'cannot be resolved');
    const events: string[] = [];
    const onEvent = (event: string): void => void events.push(event);
    await refused(
      () => Executor.connect('nats://127.0.0.1:9', { serverTimeoutS: 1, onEvent }),
      'Lost',
      'no NATS server',
    );
    expect(events).toEqual([expect.stringMatching(/waiting for it for 1 s/)]);
  });
});

const beacon = {
  ...{ run: 'r', build: 'b', over: false, epoch: 0, waiting: 1, room: 1, weight: 1 },
  ...{ needs: { gpu: false, memory: 0 }, client: 'c', held: 0, done: 0, waits: 'w' },
};

test('the state of a run that cannot be used is refused', () => {
  expect(readBeacon(encode(beacon))).toEqual(beacon);
  for (const wrong of [{ weight: 0 }, { weight: Number.NaN }, { weight: 1e9 }, { needs: 'gpu' }, { needs: { gpu: 1 } }])
    expect(() => readBeacon(encode({ ...beacon, ...wrong })), JSON.stringify(wrong)).toThrow(/cannot be used/);
  // What is shown to people cannot steer their terminal.
  expect(readBeacon(encode({ ...beacon, waits: '\u001b[2J' })).waits).toBe('\\u{1b}[2J');
  expect(() => readFromWorker(encode({ cancel: 1 }))).toThrow(/its cancel is not text/);
});
