/** Starts ewald's worker on Node. */
import { Worker } from 'node:worker_threads';
import { EwaldError } from './errors.js';
import type { WorkerPort, WorkerSource } from './platform.js';

/** Starts the worker beside the bundle, or the one given; it never keeps the process alive by itself. */
export function startNodeWorker(source: WorkerSource | undefined): WorkerPort {
  const worker = typeof source === 'function' ? (source() as Worker) : new Worker(source ?? new URL('./worker.node.js', import.meta.url));
  let ending = false;
  worker.unref();
  return {
    post: (request) => {
      worker.ref();
      worker.postMessage(request);
    },
    onReply: (listener) =>
      worker.on('message', (reply) => {
        worker.unref();
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
