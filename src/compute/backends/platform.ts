/** Differences between browsers and Node: the available backends, the environment, and how workers are started. */

import type { PlatformUrl } from '../../util/globals.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type { BackendLoader } from './backend.js';
import type { FurtherKernels } from './feature.js';

/** The user's replacement for the default worker: a URL, or a function that creates a worker. */
export type WorkerSource = string | PlatformUrl | (() => unknown);

/** The platform that a context is created for. */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** Loaders in order of preference. */
  readonly loaders: readonly BackendLoader[];
  /** Cores of the machine; absent if unknown, which counts as one. */
  readonly cores?: number;
  /** Kernels of backends that only this platform has. */
  readonly kernels: readonly FurtherKernels[];
  /** An environment variable; undefined on platforms without them. */
  env(name: string): string | undefined;
  startWorker(source: WorkerSource | undefined): WorkerPort;
}
