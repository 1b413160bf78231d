/** What a room needs from its context to create a plan. */

import type { Logger } from '../../util/log.js';
import type { Disposable, Resource } from '../../util/resource.js';
import type { Backend } from '../backends/backend.js';
import type { Feature, Op } from '../backends/feature.js';
import type { BackendName } from '../backends/names.js';
import type { Work } from '../backends/work.js';
import type { Auditor } from './audit.js';

/** What plans need from their context. */
export interface Planner {
  readonly resource: Resource;
  readonly log: Logger;
  /** Set if results of this context are audited. */
  readonly auditor: Auditor | undefined;
  /** The backend that the user named, for work that is worthwhile on some backends only. */
  readonly named: BackendName | undefined;
  /** Whether a GPU is open, or the software device that was named. */
  readonly hasGpu: boolean;
  /** Whether a work takes least on this backend, or the user named it. */
  pays(work: Work, on: BackendName): Promise<boolean>;
  /** GPUs in whose memory this context has arrays: data there need not be copied. */
  readonly dataOn: DataPlaces;
  /**
   * Plans on the backend named, or where it pays (pays.ts), or on the first one; on the next if that does not support
   * the descriptor.
   */
  plan<O extends Op<never, Disposable>>(
    feature: Feature<O>,
    descriptor: DescriptorOf<O>,
    on?: BackendName,
  ): Promise<Planned<O>>;
}

/** Counts the arrays of a context by backend. */
export interface DataPlaces {
  readonly add: (backend: BackendName) => void;
  readonly remove: (backend: BackendName) => void;
}

/** A plan: its backend, and the op that created it. */
export interface Planned<O extends Op<never, Disposable>> {
  readonly backend: Backend;
  readonly op: O;
  readonly kernel: KernelOf<O>;
}
type DescriptorOf<O extends Op<never, Disposable>> = Parameters<O['plan']>[0];
type KernelOf<O extends Op<never, Disposable>> = Awaited<ReturnType<O['plan']>>;
