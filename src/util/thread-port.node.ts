/** The port of a worker thread of Node. */
import type { Worker } from 'node:worker_threads';
import { EwaldError } from './errors.js';
import { fileReason, tooManyFiles } from './file-errors.js';
import type { WorkerPort } from './worker-port.js';

/** The port of a thread, which keeps the process alive only while it is held. */
export function threadPort(worker: Worker): WorkerPort {
  let ending = false;
  let why: Error | undefined;
  worker.unref();
  // The exit follows the last messages, which the error need not.
  worker.on('error', (error) => {
    if (tooManyFiles(error))
      why = new EwaldError('Load', `the worker could not be started: ${fileReason(error)}`, { cause: error });
    else why = error instanceof Error ? error : new EwaldError('Load', String(error));
  });
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as never),
    onMessage: (listener) => worker.on('message', listener),
    hold(alive) {
      if (alive) worker.ref();
      // The end of a worker is awaited: a reply that arrives meanwhile must not let the process exit before it.
      else if (!ending) worker.unref();
    },
    onFailure: (listener) =>
      worker.on('exit', (code) => {
        if (!ending) listener(why ?? new EwaldError('Load', `the worker exited unexpectedly with code ${code}`));
      }),
    async end() {
      ending = true;
      await worker.terminate();
    },
  };
}
