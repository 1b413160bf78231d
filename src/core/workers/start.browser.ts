/** Starts ewald's worker in a browser. */

import { callback } from '../../base/callbacks.js';
import { EwaldError } from '../../base/errors.js';
import { inspect } from '../../base/options.js';
import type { WorkerPort } from '../../base/worker-port.js';
import type { WorkerSource } from '../backends/platform.js';

/** Starts the worker next to the bundle, or the given one. */
export function startBrowserWorker(source: WorkerSource | undefined): WorkerPort {
  const worker = make(source);
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    onReply: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
    onFailure: (listener) =>
      worker.addEventListener('error', (event) =>
        listener(
          new EwaldError(
            'Load',
            `the worker failed: ${event.message || 'its script could not be loaded'}; give createContext({ ` +
              'worker }) its URL',
          ),
        ),
      ),
    end: async () => worker.terminate(),
  };
}

function make(source: WorkerSource | undefined): Worker {
  if (typeof source === 'function') {
    const worker = callback('createContext: worker', source)();
    if (worker instanceof Worker) return worker;
    throw new EwaldError('Argument', `createContext: worker() returned ${inspect(worker)}; expected a Worker`);
  }
  // A literal, so that every bundler sees the worker; evaluated only when one is started.
  if (source === undefined) return new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module' });
  return new Worker(source, { type: 'module' });
}
