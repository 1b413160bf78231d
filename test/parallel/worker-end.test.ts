/** Worker threads keep the process alive only while they are needed, and what they sent is heard before their end. */
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { startNodeWorker } from '../../src/compute/workers/start.node.js';
import { errorFromPlain } from '../../src/util/errors.js';
import { Caller } from '../../src/util/port-calls.js';

interface OneCall {
  readonly host: { readonly options: undefined; readonly value: unknown };
}

const startThread = (code: string): Worker =>
  new Worker(`const { parentPort } = require('node:worker_threads'); ${code}`, { eval: true });

test('a reply that arrives while a worker ends does not let the process exit', async () => {
  const worker = startThread('parentPort.on("message", () => {})');
  const unref = vi.spyOn(worker, 'unref');
  const port = startNodeWorker(() => worker);
  const reply = new Caller<OneCall>(port, errorFromPlain).ask('host', undefined);
  const started = unref.mock.calls.length;
  const ended = port.end();
  worker.emit('message', { id: 0, value: 7 });
  expect(await reply).toBe(7);
  expect(unref.mock.calls.length).toBe(started);
  await ended;
});

test('the replies of a worker that dies arrive before the reason of its death', async () => {
  const port = startNodeWorker(() =>
    startThread(`parentPort.on('message', ({ id }) => {
      for (let i = 0; i < 1000; i++) parentPort.postMessage({ id: i, value: new Uint8Array(1e4) });
      throw new Error('struck');
    })`),
  );
  const heard: unknown[] = [];
  port.onMessage((message) => heard.push((message as { id: number }).id));
  const why = new Promise((resolve) => port.onFailure(resolve));
  port.post({ id: 0 });
  expect(await why).toMatchObject({ message: 'struck' });
  expect(heard).toEqual(Array.from({ length: 1000 }, (_, i) => i));
});
