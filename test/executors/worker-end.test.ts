/** The end of a worker thread keeps the process alive until it is complete. */
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { startNodeWorker } from '../../src/core/workers/start.node.js';

test('a reply that arrives while a worker ends does not let the process exit', async () => {
  const worker = new Worker('require("node:worker_threads").parentPort.on("message", () => {})', { eval: true });
  const unref = vi.spyOn(worker, 'unref');
  const port = startNodeWorker(() => worker);
  port.onReply(() => {});
  port.post({ id: 0, call: 'host' } as never, []);
  const started = unref.mock.calls.length;
  const ended = port.end();
  worker.emit('message', { id: 0, value: undefined });
  expect(unref.mock.calls.length).toBe(started);
  await ended;
});
