/** Starts ewald's worker on Node. */

import { Worker } from 'node:worker_threads';
import { callback } from '../../base/callbacks.js';
import { EwaldError } from '../../base/errors.js';
import { fileReason, tooManyFiles } from '../../base/file-errors.js';
import { inspect } from '../../base/options.js';
import type { WorkerPort } from '../../base/worker-port.js';
import type { WorkerSource } from '../backends/platform.js';

/** Starts the worker next to the bundle, or the given one; it never keeps the process alive by itself. */
export function startNodeWorker(source: WorkerSource | undefined): WorkerPort {
  const worker = make(source);
  let ending = false;
  let waiting = 0;
  worker.unref();
  return {
    post: (request, transfer) => {
      // A pending request keeps the process alive until it is answered.
      if (waiting++ === 0) worker.ref();
      worker.postMessage(request, transfer);
    },
    onReply: (listener) =>
      worker.on('message', (reply) => {
        // The end of a worker is awaited: a reply that arrives meanwhile must not let the process exit before it.
        if (--waiting === 0 && !ending) worker.unref();
        listener(reply);
      }),
    onFailure: (listener) => {
      worker.on('error', (error) => {
        if (tooManyFiles(error))
          listener(new EwaldError('Load', `the worker could not be started: ${fileReason(error)}`, { cause: error }));
        else listener(error instanceof Error ? error : new EwaldError('Load', String(error)));
      });
      worker.on('exit', (code) => {
        if (!ending) listener(new EwaldError('Load', `the worker exited unexpectedly with code ${code}`));
      });
    },
    end: async () => {
      ending = true;
      await worker.terminate();
    },
  };
}

function make(source: WorkerSource | undefined): Worker {
  try {
    const worker =
      typeof source === 'function'
        ? callback('createContext: worker', source)()
        : new Worker(placeOf(source) ?? new URL('./worker.node.js', import.meta.url));
    if (worker instanceof Worker) return worker;
    throw new EwaldError('Argument', `createContext: worker() returned ${inspect(worker)}; expected a Worker`);
  } catch (error) {
    if (error instanceof EwaldError) throw error;
    throw new EwaldError('Load', `the worker ${inspect(source)} could not be started: ${fileReason(error)}`, {
      cause: error,
    });
  }
}

/** Node accepts file URLs as objects only. */
const placeOf = (source: Exclude<WorkerSource, () => unknown> | undefined): string | URL | undefined =>
  typeof source === 'string' && source.startsWith('file:') ? new URL(source) : source;
