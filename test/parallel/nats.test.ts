/**
 * A cluster with a real nats-server and real worker processes: recovery from lost messages and workers, and refused
 * clients.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { Executor, joinCluster, listCluster, type RunOptions, type Task, type TaskResult } from 'ewald/executors';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encode } from '../../src/parallel/codec.js';
import { ewald } from '../support/cli.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { natsAccount } from '../support/nats-account.js';
import { refused } from '../support/refused.js';

const module = new URL('./tasks.mjs', import.meta.url);
const task = (name: string, argument?: unknown, more: Partial<Task> = {}): Task => ({
  module,
  function: name,
  argument,
  ...more,
});
const all = async (executor: Executor, tasks: Iterable<Task>, options?: RunOptions) => {
  const results: TaskResult[] = [];
  for await (const result of executor.run(tasks, options)) results.push(result);
  return results;
};
const values = async (executor: Executor, tasks: Iterable<Task>, options?: RunOptions) =>
  (await all(executor, tasks, options)).map(({ value }) => value);
const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, 1000 * n));

describe.skipIf(!natsPresent)('a cluster', () => {
  let server: NatsServer;
  const processes: WorkerProcess[] = [];
  const worker = async (...args: string[]) => {
    const started = new WorkerProcess(server.url, args);
    processes.push(started);
    return started.joined();
  };
  beforeAll(async () => {
    server = await new NatsServer().start();
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    for (const started of processes.splice(0)) {
      started.kill();
      await started.ended();
    }
  });
  const using = async <T>(work: (executor: Executor) => Promise<T>, options = {}): Promise<T> => {
    const executor = await Executor.connect(server.url, options);
    try {
      return await work(executor);
    } finally {
      await executor.dispose();
    }
  };

  test('workers join, are listed, run modules by name, and give the same results as this thread', {
    tags: 'all',
  }, async () => {
    await Promise.all([worker('--name', 'one'), worker('--name', 'two', '--module', `mine=${module.pathname}`)]);
    const listed = await ewald(['cluster', '--connect', server.url]);
    expect(listed.code, listed.err).toBe(0);
    expect(listed.out).toMatch(/one +1 +0 +0 +node +\d+\.\d+\.\d+ +.*wasm/);
    expect(listed.out).toContain('2 workers, 2 tasks at once');
    const json = JSON.parse((await ewald(['cluster', '--connect', server.url, '--json'])).out);
    expect(json.map(({ name }: { name: string }) => name)).toEqual(['one', 'two']);
    const tasks = Array.from({ length: 12 }, (_, i) => ({
      module: 'pi',
      function: 'count',
      argument: { points: 20_000, first: i * 20_000, seed: 3 },
    }));
    const inline = await Executor.inline({ context: { backend: 'wasm' } });
    const wanted = await values(inline, tasks);
    await inline.dispose();
    await using(async (executor) => {
      expect(executor.slots).toBe(2);
      const results = await all(executor, tasks);
      expect(results.map(({ value }) => value)).toEqual(wanted);
      expect(results.map(({ index }) => index)).toEqual(tasks.map((_, i) => i));
      // The other worker does not know the name and reports this when it receives the task.
      await refused(
        () => values(executor, [{ ...task('square', 3), module: 'theirs' }]),
        'Argument',
        'registered name',
      );
    });
  });

  test('modules are sent as source only if this is allowed', { tags: 'nightly' }, async () => {
    const strict = await worker('--name', 'strict');
    await using(async (executor) => {
      await refused(() => values(executor, [task('square', 3)]), 'Unsupported', 'strict', '--allow-modules');
      strict.kill();
      await strict.ended();
      await worker('--allow-modules');
      expect(await values(executor, [task('square', 3), task('square', 4)])).toEqual([9, 16]);
      const results = await all(executor, [task('fail'), task('square', 5)], { failures: 'yield' });
      expect([results[0]?.error?.name, results[0]?.error?.message]).toEqual(['TypeError', 'this task always fails']);
      expect(results[1]?.value).toBe(25);
      await refused(() => values(executor, [task('missing')]), 'Argument', 'exports no function "missing"');
    });
  });

  test('large arguments, results and shared values travel in pieces', { tags: 'nightly' }, async () => {
    await worker('--allow-modules');
    await using(async (executor) => {
      const floats = Float32Array.from({ length: 1_000_000 }, (_, i) => i % 1000);
      const [doubled] = (await values(executor, [task('moved', { floats })])) as [Float32Array];
      expect(doubled.every((x, i) => x === 2 * (floats[i] ?? 0))).toBe(true);
      const { hash } = await executor.share(floats);
      const inputs = { x: { hash } };
      expect(await values(executor, [task('sumOf', 'x', { inputs }), task('sumOf', 'x', { inputs })])).toEqual([
        499_500_000, 499_500_000,
      ]);
    });
  });

  test('a task goes to the worker that has its module, however many others lack it', { tags: 'nightly' }, async () => {
    await Promise.all([worker(), worker('--module', `mine=${module.pathname}`), worker('--name', 'third')]);
    await using(
      async (executor) => {
        const tasks = Array.from({ length: 8 }, (_, i) => ({ ...task('square', i), module: 'mine' }));
        expect(await values(executor, tasks)).toEqual(tasks.map((_, i) => i * i));
      },
      { modules: ['mine'] },
    );
  });

  test('kill -9 of a worker in the middle of a run neither loses nor duplicates anything', {
    tags: 'all',
  }, async () => {
    const [, doomed] = await Promise.all([worker('--allow-modules'), worker('--allow-modules')]);
    await using(async (executor) => {
      const tasks = Array.from({ length: 40 }, (_, i) => task('slowSquare', { ms: 100, value: i }));
      const seen: number[] = [];
      for await (const { index, value } of executor.run(tasks, { ordered: false })) {
        seen.push(index);
        expect(value).toBe(index * index);
        if (seen.length === 8) doomed?.kill('SIGKILL');
      }
      expect(seen.sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
    });
  });

  test('kill -9 and restart of the server in the middle of a run neither lose nor duplicate anything', {
    tags: 'all',
  }, async () => {
    const [first] = await Promise.all([worker('--allow-modules'), worker('--allow-modules')]);
    await using(async (executor) => {
      const tasks = Array.from({ length: 60 }, (_, i) => task('slowSquare', { ms: 100, value: i }));
      const seen: number[] = [];
      let back: Promise<unknown> | undefined;
      for await (const { index, value } of executor.run(tasks, { ordered: false })) {
        seen.push(index);
        expect(value).toBe(index * index);
        if (seen.length === 10) {
          await server.kill();
          back = seconds(1.5).then(() => server.start());
        }
      }
      await back;
      expect(seen.sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
      expect(first?.out).toContain('the server is gone');
      expect(first?.out).toContain('the server is back');
      expect(await values(executor, [task('square', 7)])).toEqual([49]);
    });
  });

  test('a signal ends a run in the client and in the worker', { tags: 'all' }, async () => {
    await worker('--allow-modules');
    await using(async (executor) => {
      // They take longer than any test is allowed to.
      const tasks = Array.from({ length: 100 }, () => task('wait', 3_600_000));
      await refused(() => values(executor, tasks, { signal: AbortSignal.timeout(1500) }), 'Aborted');
      // The worker is free again: tasks of the aborted run were removed from the queue.
      expect(await values(executor, [task('square', 6)])).toEqual([36]);
    });
  });

  test('a worker with several threads is replaced when a thread dies or hangs', { tags: 'nightly' }, async () => {
    await worker('--allow-modules');
    await using(async (executor) => {
      await refused(() => values(executor, [task('die')]), 'Lost', 'task 0 was lost 2 times');
      await refused(() => values(executor, [task('hang')], { taskTimeoutS: 0.5 }), 'Lost', 'within 0.5 s');
      expect(await values(executor, [task('square', 6)])).toEqual([36]);
    });
  });

  test('a task that takes more memory than its worker may have is lost, and the worker continues', {
    tags: 'nightly',
  }, async () => {
    const worker = await joinCluster(server.url, {
      ...{ cluster: 'memory', workers: 1, modules: { mine: module }, context: { backend: 'wasm' } },
      maxMemory: process.memoryUsage.rss() + 2 ** 29,
    });
    try {
      await using(
        async (executor) => {
          const hoard = { module: 'mine', function: 'hoard' };
          await expect(all(executor, [hoard], { retries: 0 })).rejects.toMatchObject({
            tag: 'OutOfMemory',
            message: expect.stringMatching(/lost once; the last time the process used .* its maxMemory is /),
          });
          expect(await values(executor, [{ module: 'mine', function: 'square', argument: 3 }])).toEqual([9]);
        },
        { cluster: 'memory', modules: ['mine'] },
      );
    } finally {
      await worker.leave();
    }
  });

  test('a cluster without workers is reported after a delay', { tags: 'all' }, async () => {
    await using((executor) => refused(() => values(executor, [task('square', 1)]), 'Lost', 'ewald worker --connect'), {
      workerTimeoutS: 1,
    });
  });

  test('Ctrl-C lets a worker finish and leave', { tags: 'all' }, async () => {
    const leaving = await worker('--allow-modules');
    const folder = mkdtempSync(join(tmpdir(), 'ewald-leaving-'));
    const [mark, release] = [join(folder, 'mark'), join(folder, 'release')];
    await using(async (executor) => {
      const results = values(executor, [task('heldSquare', { mark, release, value: 9 })]);
      await expect.poll(() => existsSync(mark), { timeout: 60_000 }).toBe(true);
      leaving.kill('SIGINT');
      writeFileSync(release, '');
      expect(await results).toEqual([81]);
      await leaving.ended();
      expect(await listCluster(server.url)).toEqual([]);
    });
    rmSync(folder, { recursive: true });
  });

  test('builds work side by side, and a client without workers of its own names those of others', {
    tags: 'nightly',
  }, async () => {
    const cluster = 'versions';
    const log: string[] = [];
    const onEvent = (event: string): unknown => log.push(event);
    const joined = await joinCluster(server.url, { workers: 1, cluster, name: 'present', onEvent });
    const { connect } = await import('@nats-io/transport-node');
    const connection = await connect({ servers: server.url });
    const heard = new Map<string, number>();
    connection.subscribe(`ewald.${cluster}.run.*`, {
      callback: (_, { subject }) => void heard.set(subject, (heard.get(subject) ?? 0) + 1),
    });
    const said = { weight: 1, needs: { gpu: false, memory: 0 }, client: 'c', held: 0, done: 0, waits: 'w' };
    const beacon = { over: false, epoch: 0, waiting: 1, room: 2 ** 20, ...said };
    for (const [run, build] of [
      ['theirs', '0123'],
      ['ours', joined.info.build],
    ])
      connection.publish(`ewald.${cluster}.runs`, encode({ ...beacon, run, build }));
    await expect.poll(() => heard.get(`ewald.${cluster}.run.ours`) ?? 0, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(heard.has(`ewald.${cluster}.run.theirs`)).toBe(false);
    await joined.leave();
    connection.subscribe(`ewald.${cluster}.ping`, {
      callback: (_, message) => void message.respond(encode({ ...joined.info, version: '0.0.9', build: '0123' })),
    });
    const executor = await Executor.connect(server.url, { cluster, workerTimeoutS: 1 });
    expect([executor.slots, (await executor.workers()).length]).toEqual([0, 1]);
    const [task] = [{ module: 'pi', function: 'count', argument: { points: 1000 } }];
    await refused(() => values(executor, [task]), 'Lost', 'there are workers of ewald 0.0.9, build 0123');
    await executor.dispose();
    await connection.close();
    expect(log).toEqual([]);
  });

  test('workers and clients may start before their server', { tags: 'nightly' }, async () => {
    const late = await new NatsServer().start();
    await late.kill();
    const early = new WorkerProcess(late.url, ['--allow-modules']);
    const events: string[] = [];
    const connecting = Executor.connect(late.url, { onEvent: (event: string) => void events.push(event) });
    try {
      await expect.poll(() => early.out, { timeout: 60_000 }).toContain('waiting for it');
      await late.start();
      await early.joined();
      const executor = await connecting;
      expect(await values(executor, [task('square', 3)])).toEqual([9]);
      await executor.dispose();
      expect(events).toEqual([expect.stringMatching(/^no NATS server answers at .*; waiting for it for 300 s$/)]);
    } finally {
      early.kill();
      await early.ended();
      await late.stop();
    }
  });
});

describe.skipIf(!natsPresent)('refusals', () => {
  test('a wrong token, and a missing one', { tags: 'nightly' }, async () => {
    const guarded = await new NatsServer('authorization { token: "secret" }').start();
    try {
      await refused(() => Executor.connect(guarded.url, { token: 'guess' }), 'Argument', 'rejected these credentials');
      await refused(() => Executor.connect(guarded.url), 'Argument', 'without credentials');
      const { code, err } = await ewald(['worker', '--connect', guarded.url, '--token', 'guess']);
      expect(code).toBe(2);
      expect(err).toContain('rejected ');
      expect((await ewald(['cluster', '--connect', guarded.url], { env: { EWALD_NATS_TOKEN: 'secret' } })).code).toBe(
        0,
      );
      // In the format of NATS tools; the output does not contain the token.
      const { code: seen, out } = await ewald(['cluster', '--connect', guarded.url.replace('//', '//secret@')]);
      expect([seen, out]).toEqual([
        0,
        `no worker has joined ${guarded.url}; start one with ewald worker --connect ${guarded.url}\n`,
      ]);
    } finally {
      await guarded.stop();
    }
  });

  test('credentials files: of a user, of a stranger, and an invalid one', { tags: 'nightly' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-creds-'));
    const { config, creds, stranger } = natsAccount();
    const written = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [user, other] = [written('user.creds', creds), written('other.creds', stranger)];
    const guarded = await new NatsServer(config).start();
    const worker = new WorkerProcess(guarded.url, ['--allow-modules', '--creds', user]);
    try {
      await worker.joined();
      // The path on Node, the text on any platform.
      for (const given of [user, creds]) {
        const executor = await Executor.connect(guarded.url, { creds: given });
        expect(await values(executor, [task('square', 3), task('square', 5)])).toEqual([9, 25]);
        await executor.dispose();
      }
      const listed = await ewald(['cluster', '--connect', guarded.url], { env: { EWALD_NATS_CREDS: user } });
      expect([listed.code, listed.out]).toEqual([0, expect.stringContaining('1')]);
      await refused(() => Executor.connect(guarded.url), 'Argument', 'without credentials');
      await refused(() => Executor.connect(guarded.url, { creds: other }), 'Argument', 'rejected these credentials');
      for (const [name, text] of [
        ['empty.creds', ''],
        ['seedless.creds', creds.replace(/^SU.*$/m, '')],
        ['a.cell', 'CrystFEL unit cell file version 1.0'],
      ] as const) {
        const { code, err } = await ewald(['cluster', '--connect', guarded.url, '--creds', written(name, text)]);
        expect([code, err]).toEqual([2, expect.stringMatching(/creds is ".*", which holds no credentials; expected/)]);
      }
      // Credentials do not appear in the output.
      const cut = creds.replace(/^ey.*$/m, '');
      const shown = await Executor.connect(guarded.url, { creds: cut }).catch((error) => String(error));
      expect(shown).toMatch(/creds holds no credentials/);
      expect(shown).not.toMatch(/\bSU[A-Z0-9]{8}/);
    } finally {
      worker.kill();
      await worker.ended();
      await guarded.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  // Every Debian with Node's certificate package has openssl; if it is missing, the test is reported as absent.
  const openssl = spawnSync('openssl', ['version']).status === 0;
  test.skipIf(!openssl)(
    openssl ? 'TLS: with the right authority, without one, and with a wrong one' : 'absent: openssl',
    { tags: 'all' },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'ewald-tls-'));
      const make = (name: string): string => {
        const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
        const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
        const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
        execFileSync('openssl', [...args, ...subject], { stdio: 'ignore' });
        return cert;
      };
      const [ca, other] = [make('server'), make('other')];
      const config = `tls { cert_file: "${ca}", key_file: "${join(folder, 'server.key')}", timeout: 5 }`;
      const guarded = await new NatsServer(`${config}\nauthorization { token: "secret" }`).start();
      const worker = new WorkerProcess(guarded.url, ['--allow-modules', '--tls-ca', ca, '--token', 'secret']);
      try {
        await worker.joined();
        const executor = await Executor.connect(guarded.url, { tls: { ca }, token: 'secret' });
        expect(await values(executor, [task('square', 3), task('square', 5)])).toEqual([9, 25]);
        await executor.dispose();
        await refused(() => Executor.connect(guarded.url, { token: 'secret' }), 'Argument', '--tls-ca');
        await refused(
          () => Executor.connect(guarded.url, { tls: { ca: other }, token: 'secret' }),
          'Argument',
          '--tls-ca',
        );
        await refused(
          () => Executor.connect(guarded.url, { tls: { ca }, token: 'no' }),
          'Argument',
          'rejected these credentials',
        );
        const listed = await ewald(['cluster', '--connect', guarded.url, '--tls-ca', ca, '--token', 'secret']);
        expect(listed.code, listed.err).toBe(0);
        // Commands that submit take the same options, and the token from the environment, where ps does not show it.
        const scan = join(folder, 'scan.npy');
        writeFileSync(scan, formatNpy({ shape: [2, 32, 32], data: new Float32Array(2048).fill(2), complex: false }));
        const geometry = join(folder, 'det.geom');
        const panel = ['min_fs = 0', 'max_fs = 31', 'min_ss = 0', 'max_ss = 31', 'corner_x = -16', 'corner_y = -16'];
        const beam = 'photon_energy = 9000\nclen = 0.1\nres = 10000\nadu_per_photon = 1\n';
        writeFileSync(geometry, `${beam}${panel.map((line) => `p/${line}\n`).join('')}p/fs = x\np/ss = y\n`);
        const env = { EWALD_NATS_TOKEN: 'secret', EWALD_BACKEND: 'wasm' };
        const there = ['--executor', guarded.url, '--tls-ca', ca];
        const [ran, indexed, without] = await Promise.all([
          ewald(['run', 'sumsig', scan, ...there, '--json'], { env }),
          ewald(['index', scan, '-g', geometry, '-p', 'none', ...there, '--json'], { env }),
          ewald(['run', 'sumsig', scan, '--executor', guarded.url], { env }),
        ]);
        expect([ran.code, ran.err]).toEqual([0, '']);
        expect(JSON.parse(ran.out).results).toMatchObject([{ min: 2048, max: 2048 }]);
        // None of these frames is a hit.
        expect(indexed.code, indexed.err).toBe(1);
        expect(indexed.out.trim().split('\n')).toHaveLength(2);
        expect([without.code, without.err]).toEqual([2, expect.stringContaining('--tls-ca')]);
        const missing = join(folder, 'none.pem');
        const { code, err } = await ewald(['cluster', '--connect', guarded.url, '--tls-ca', missing]);
        expect(code, err).not.toBe(0);
        expect(err).toContain('none.pem');
      } finally {
        worker.kill();
        await worker.ended();
        await guarded.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  test('no server, and a server that ends permanently', { tags: 'nightly' }, async () => {
    await refused(
      () => Executor.connect('nats://127.0.0.1:9', { serverTimeoutS: 1 }),
      'Lost',
      'start one with nats-server',
    );
    const server = await new NatsServer().start();
    const executor = await Executor.connect(server.url, { serverTimeoutS: 2 });
    const running = refused(() => values(executor, [task('square', 1)]), 'Lost', 'has not answered for 2 s');
    await seconds(0.5);
    await server.stop();
    await running;
    await executor.dispose();
  });
});

test('the memory of a worker is a number of bytes', async () => {
  await refused(() => joinCluster('nats://127.0.0.1:1', { maxMemory: 7 }), 'Argument', 'maxMemory is 7');
});

test('invalid addresses and options are refused', { tags: 'all' }, async () => {
  await refused(() => Executor.connect('localhost'), 'Argument', 'nats://host:4222');
  await refused(() => Executor.connect('nats://x', { tokn: 'x' } as never), 'Argument', 'did you mean "token"');
  await refused(() => Executor.connect('nats://x', { cluster: 'a b' }), 'Argument', 'letters, digits');
  await refused(() => Executor.connect('nats://x:99999'), 'Argument', 'nats://host:4222');
  await refused(() => Executor.connect('nats://x y'), 'Argument', 'nats://host:4222');
  await refused(() => joinCluster('nats://x', { workers: 0 }), 'Argument', 'from 1 to 1024');
  // No server listens at port 9: invalid arguments are reported before any connection is made.
  const at = ['--connect', 'nats://127.0.0.1:9'];
  const typed: [string[], string][] = [
    [[], '--connect nats://host:4222'],
    [[...at, '--backend', 'cda'], 'did you mean "cuda"'],
    [[...at, '--jobs', 'two'], '--jobs is "two"; expected an integer from 1 to 1024'],
    [[...at, '--module', 'mine=./no.mjs'], 'the file ./no.mjs does not exist'],
    [[...at, '--name', ' '], '--name is empty'],
    [[...at, '--tls-key', 'no.pem'], '--tls-key is "no.pem": the file does not exist'],
  ];
  await Promise.all(
    typed.map(async ([args, says]) => {
      const { code, err } = await ewald(['worker', ...args]);
      expect([code, err]).toEqual([2, expect.stringContaining(says)]);
    }),
  );
});
