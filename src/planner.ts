/** What a room needs from its context to plan something. */
import type { Auditor } from './audit.js';
import type { Backend, BackendName } from './backends/backend.js';
import type { WisdomStore } from './fft/wisdom.js';
import type { Logger } from './log.js';
import type { Resource } from './resource.js';

/** A feature of the contract: an optional member of Backend. */
export type Feature = 'pi' | 'indexing' | 'fft' | 'fftEngine' | 'array';

/** What plans need from their context. */
export interface Planner {
  readonly resource: Resource;
  readonly log: Logger;
  /** Set when results of this context are audited. */
  readonly auditor: Auditor | undefined;
  /** Choices of transforms that were measured. */
  readonly wisdom: WisdomStore;
  /** Plans on the first backend that supports the descriptor, or on the one named. */
  plan<F extends Feature>(
    feature: F,
    descriptor: DescriptorOf<F>,
    on?: BackendName,
  ): Promise<{ backend: Backend; kernel: KernelOf<F> }>;
}
type OpOf<F extends Feature> = NonNullable<Backend[F]>;
type DescriptorOf<F extends Feature> = Parameters<OpOf<F>['plan']>[0];
type KernelOf<F extends Feature> = Awaited<ReturnType<OpOf<F>['plan']>>;
