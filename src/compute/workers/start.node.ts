/** Starts ewald's worker on Node. */

import { Worker } from 'node:worker_threads';
import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { fileReason } from '../../util/file-errors.js';
import { inspect } from '../../util/options.js';
import { threadPort } from '../../util/thread-port.node.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type { WorkerSource } from '../backends/platform.js';

/** Starts the worker next to the bundle, or the given one; only while it is asked does it keep the process alive. */
export const startNodeWorker = (source: WorkerSource | undefined): WorkerPort => threadPort(make(source));

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
