// @module-tag all: nats-server.
/** A permission that the server refuses is an error of the command that needs it, with who lacks what. */
import { Executor, joinCluster, listCluster } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { NatsServer, natsPresent } from '../support/nats.js';

const user = (name: string, publish: readonly string[], subscribe: readonly string[]): string =>
  `{ user: ${name}, password: x, permissions: { publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} } }`;
const all = ['>'];
const config = `authorization { users: [
  ${user('mute', ['_INBOX.>'], all)}
  ${user('deaf', all, ['_INBOX.>'])}
  ${user('asks', ['ewald.*.ping'], all)}
  ${user('worker', ['ewald.*.who', 'ewald.*.run.*', 'ewald.*.value.*', '_INBOX.>'], all)}
  ${user('full', all, all)}
] }`;

describe.skipIf(!natsPresent)('permissions', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await new NatsServer(config).start();
  });
  afterAll(() => server?.stop());
  const at = (name: string): string => server.url.replace('//', `//${name}:x@`);
  const lacks = (name: string, what: string): RegExp =>
    new RegExp(`the user "${name}" at nats://127\\.0\\.0\\.1:\\d+ lacks a permission .*: to ${what}; add it`);

  test.for([
    ['worker', 'deaf', 'subscribe to "ewald\\.ewald\\.(ping|runs|worker\\.\\*)"'],
    ['worker', 'mute', 'publish to "ewald\\.ewald\\.who"'],
    ['cluster', 'mute', 'publish to "ewald\\.ewald\\.(ping|who)"'],
    ['cluster', 'deaf', 'subscribe to "ewald\\.ewald\\.runs"'],
  ] as const)('ewald %s as %s ends with what it lacks', async ([command, name, what]) => {
    const { code, out, err } = await ewald([command, '--connect', at(name)], { env: { EWALD_BACKEND: 'wasm' } });
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(lacks(name, what))]);
  });

  test('a run of a client that may not tell of it ends', async () => {
    const executor = await Executor.connect(at('asks'), { modules: ['mine'] });
    const run = async (): Promise<void> => {
      for await (const _ of executor.run([{ module: 'mine', function: 'square', argument: 1 }]));
    };
    await expect(run()).rejects.toMatchObject({
      tag: 'Argument',
      message: expect.stringMatching(lacks('asks', 'publish to "ewald\\.ewald\\.runs"')),
    });
    await executor.dispose();
  });

  test('a worker needs no permission to count the others', async () => {
    const worker = await joinCluster(at('worker'), { workers: 1, context: { backend: 'wasm' }, name: 'alone' });
    expect((await listCluster(at('full'))).map(({ name }) => name)).toEqual(['alone']);
    await worker.leave();
  });

  test('a client without workers says what it waits for', async () => {
    const events: string[] = [];
    const executor = await Executor.connect(at('full'), {
      modules: ['mine'],
      workerTimeoutS: 4,
      onEvent: (event) => events.push(event),
    });
    const run = async (): Promise<void> => {
      for await (const _ of executor.run([{ module: 'mine', function: 'square', argument: 1 }]));
    };
    await expect(run()).rejects.toMatchObject({ tag: 'Lost' });
    expect(events).toEqual([
      expect.stringMatching(
        /^waiting for a worker of ewald .* on nats:.*, for 4 s; start one with ewald worker --connect/,
      ),
    ]);
    await executor.dispose();
  });
});
