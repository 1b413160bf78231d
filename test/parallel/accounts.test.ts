/** The server's configuration in docs/cluster.md: each user can do what its part requires, and nothing else. */
import { readFileSync } from 'node:fs';
import { connect } from '@nats-io/transport-node';
import { Executor, type TaskResult } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { NatsServer, natsPresent, WorkerProcess } from '../support/nats.js';
import { refused } from '../support/refused.js';

const guide = readFileSync(new URL('../../docs/cluster.md', import.meta.url), 'utf8');
const [, config = ''] = /```conf\n([\s\S]*?)```/.exec(guide) ?? [];
const users = ['worker', 'client', 'watcher', 'guest_worker', 'guest'];
const tasks = new URL('./tasks.mjs', import.meta.url).pathname;

describe.skipIf(!natsPresent)('accounts of a server', () => {
  let server: NatsServer;
  let worker: WorkerProcess;
  const at = (user: string): string => server.url.replace('//', `//${user.replace('_', '-')}:${user}@`);
  beforeAll(async () => {
    for (const user of users) process.env[`${user.toUpperCase()}_PASSWORD`] = user;
    server = await new NatsServer(config.replace(/^port: 4222\n/, '')).start();
    worker = await new WorkerProcess(at('worker'), ['--module', `mine=${tasks}`, '--name', 'ours']).joined();
  });
  afterAll(async () => {
    worker?.kill();
    await worker?.ended();
    await server?.stop();
  });

  test('tasks, values in pieces, results in pieces and lists pass', { tags: 'all' }, async () => {
    const executor = await Executor.connect(at('client'), { modules: ['mine'] });
    const { hash } = await executor.share(new Uint8Array(2e6).fill(3));
    const list = [
      { module: 'mine', function: 'sumOf', argument: 'x', inputs: { x: { hash } } },
      { module: 'mine', function: 'allocate', argument: 2e6 },
      { module: 'mine', function: 'size', argument: new Uint8Array(1e6) },
    ];
    const found: TaskResult[] = [];
    for await (const result of executor.run(list)) found.push(result);
    const [sum, bytes, size] = found.map(({ value }) => value);
    expect([sum, (bytes as Uint8Array).length, size]).toEqual([6e6, 2e6, 1e6]);
    const listed = await ewald(['cluster', '--connect', at('watcher')]);
    expect([listed.code, listed.out]).toEqual([0, expect.stringContaining('ours')]);
    await executor.dispose();
  });

  test('accounts do not see each other', { tags: 'all' }, async () => {
    const guest = await Executor.connect(at('guest'), { modules: ['mine'], workerTimeoutS: 1 });
    expect(guest.slots).toBe(0);
    const run = async (): Promise<void> => {
      for await (const _ of guest.run([{ module: 'mine', function: 'square', argument: 3 }]));
    };
    await refused(run, 'Lost', 'no worker of ewald');
    await guest.dispose();
  });

  test.each([
    ['worker', 'ewald.ewald.worker.abc'],
    ['worker', 'ewald.ewald.runs'],
    ['client', 'ewald.ewald.run.abc'],
    ['client', '_INBOX.abc'],
    ['watcher', 'ewald.ewald.worker.abc'],
    ['watcher', 'ewald.ewald.value.abc'],
  ])('the %s may not publish to %s', async (user, subject) => {
    const connection = await connect({ servers: server.url, user, pass: user });
    const refusal = (async () => {
      for await (const { type, error } of connection.status() as AsyncIterable<{ type: string; error?: Error }>)
        if (type === 'error') return String(error?.message);
      return 'no refusal';
    })();
    connection.publish(subject, 'x');
    expect(await refusal).toMatch(/permissions violation.*publish/i);
    await connection.close();
  });
});
