/** What differs between a browser and Node: which backends there are, the environment, and how workers are started. */

import type { PlatformUrl } from '../base/globals.js';
import type { WorkerPort } from '../base/worker-port.js';
import type { BackendLoader } from './backend.js';
import type { FurtherKernels } from './feature.js';

/** What the user gave instead of the worker beside the bundle: a URL, or a function that makes a worker. */
export type WorkerSource = string | PlatformUrl | (() => unknown);

/** The surroundings a context is made for. */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** Loaders in the order of preference. */
  readonly loaders: readonly BackendLoader[];
  /** Kernels of backends that only this platform has. */
  readonly kernels: readonly FurtherKernels[];
  /** An environment variable; undefined where there are none. */
  env(name: string): string | undefined;
  startWorker(source: WorkerSource | undefined): WorkerPort;
}
