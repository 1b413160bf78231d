/** Starts ewald's worker on Node. */
import { Worker } from 'node:worker_threads';
import type { WorkerSource } from '../backends/platform.js';
import { EwaldError } from '../errors.js';
import type { WorkerPort } from '../worker-port.js';

/** Starts the worker beside the bundle, or the one given; it never keeps the process alive by itself. */
export function startNodeWorker(source: WorkerSource | undefined): WorkerPort {
  const worker =
    typeof source === 'function'
      ? (source() as Worker)
      : new Worker(source ?? new URL('./worker.node.js', import.meta.url));
  let ending = false;
  let waiting = 0;
  worker.unref();
  return {
    post: (request, transfer) => {
      // What is asked keeps the process alive until it is answered.
      if (waiting++ === 0) worker.ref();
      worker.postMessage(request, transfer);
    },
    onReply: (listener) =>
      worker.on('message', (reply) => {
        if (--waiting === 0) worker.unref();
        listener(reply);
      }),
    onFailure: (listener) => {
      worker.on('error', (error) => listener(error instanceof Error ? error : new EwaldError('Load', String(error))));
      worker.on('exit', (code) => {
        if (!ending) listener(new EwaldError('Load', `the worker ended by itself with code ${code}`));
      });
    },
    end: async () => {
      ending = true;
      await worker.terminate();
    },
  };
}
