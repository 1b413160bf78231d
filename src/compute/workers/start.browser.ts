/** Starts ewald's worker in a browser. */

import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { webWorkerPort } from '../../util/web-port.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type { WorkerSource } from '../backends/platform.js';

/** Starts the worker next to the bundle, or the given one. */
export function startBrowserWorker(source: WorkerSource | undefined): WorkerPort {
  return webWorkerPort(make(source), (_, reason = 'its script could not be loaded') => {
    return new EwaldError('Load', `the worker failed: ${reason}; give createContext({ worker }) its URL`);
  });
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
