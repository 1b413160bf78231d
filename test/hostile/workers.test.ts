/** Workers that never reply, workers named by strings, and requests that arrive while a context opens. */
import { createContext, devices } from 'ewald';
import { expect, it } from 'vitest';
import { WorkerClient } from '../../src/compute/workers/client.js';
import { serve } from '../../src/context/serve.js';
import type { WorkerPort } from '../../src/util/worker-port.js';
import { refused } from '../support/refused.js';

it('a worker that never responds is terminated, and waiting requests are rejected', async () => {
  const limit = WorkerClient.startLimit;
  WorkerClient.startLimit = 50;
  try {
    let ended = 0;
    const port: WorkerPort = {
      post: () => {},
      onMessage: () => {},
      onFailure: () => {},
      end: async () => void ended++,
    };
    const client = new WorkerClient(port);
    await refused(() => client.ask('pi', { points: 1 }), 'Load', 'did not answer within 0.05 s');
    await refused(() => client.ask('pi', { points: 1 }), 'Load', 'did not answer');
    expect(ended).toBe(1);
  } finally {
    WorkerClient.startLimit = limit;
  }
});

/** A worker whose contexts `create` makes: sends requests, and returns as many replies. */
function served(create: (options?: object) => Promise<never>) {
  const replies: Record<string, unknown>[] = [];
  let hear = (_: unknown): void => {};
  const onMessage = (listener: (message: unknown) => void) => {
    hear = listener;
  };
  serve({ post: (reply) => void replies.push(reply as (typeof replies)[0]), onMessage }, create);
  return async (...requests: unknown[]) => {
    for (const request of requests) hear(request);
    await expect.poll(() => replies).toHaveLength(requests.length);
    return replies;
  };
}

it('requests are answered in order: those after an open use the context it opens', async () => {
  const calls: string[] = [];
  const create = async (options?: object): Promise<never> => {
    const { backend } = options as { backend: string };
    await new Promise((resolve) => setTimeout(resolve, backend === 'native' ? 30 : 0));
    calls.push(backend);
    const plan = { run: async () => backend, dispose: async () => {} };
    return { backends: [], pi: async () => plan, dispose: async () => {} } as never;
  };
  const replies = await served(create)(
    { id: 0, call: 'open', options: { backend: 'native' } },
    { id: 1, call: 'pi', options: { points: 1 } },
  );
  expect(calls).toEqual(['native']);
  expect(replies.map(({ value, error }) => value ?? error)).toEqual([[], 'native']);
});

it.each(['', 'constructor', 'PI', 7])(
  'a call %j that a worker does not have is refused with those it has',
  async (call) => {
    const replies = await served(async () => expect.fail())({ id: 3, call, options: {} });
    const known = 'alive, open, close, pi, index, kernel, batch';
    const message = `the worker has no call ${JSON.stringify(call)}; expected one of ${known}`;
    expect(replies).toEqual([{ id: 3, error: expect.objectContaining({ tag: 'Argument', message }) }]);
  },
);

it('a batch before its kernel is refused, and a worker that opened nothing can be closed', async () => {
  const replies = await served(async () => expect.fail())(
    { id: 1, call: 'batch', options: { images: 1, offsets: new Uint32Array(2) } },
    { id: 2, call: 'close' },
  );
  expect(replies).toEqual([
    { id: 1, error: expect.objectContaining({ tag: 'Internal', message: 'a batch came before its kernel' }) },
    { id: 2, call: 'close', value: null },
  ]);
});

it('a worker may be specified by a file URL as a string; a missing one is reported', async ({ skip }) => {
  if (!(await devices()).find(({ backend }) => backend === 'native')?.available) skip('absent: native');
  const worker = new URL('../../dist/worker.node.js', import.meta.url).href;
  const ctx = await createContext({ backend: 'native', strict: true, audit: 1, worker, log: { level: 'error' } });
  await (await ctx.pi()).run({ points: 1000 });
  const report = ctx.audit;
  await ctx.dispose();
  expect(report).toMatchObject({ drawn: 1, agreed: 1, unchecked: 0 });
  const lines: string[] = [];
  const log = { level: 'warn' as const, sink: (_: string, line: string) => void lines.push(line) };
  const other = await createContext({ backend: 'native', strict: true, audit: 1, worker: 'file:///nowhere.js', log });
  await (await other.pi()).run({ points: 1000 });
  await other.dispose();
  expect(lines.join()).toContain('not checked');
});
