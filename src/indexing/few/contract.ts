/** Few spots of small cells: what a backend has to provide; see cpp/indexing/README.md. */

import type { Op } from '../../compute/backends/feature.js';
import type { Disposable } from '../../util/resource.js';
import type { FewImages, IndexingBatch } from '../contract.js';

/** A planned search with few spots; one run at a time. */
export interface FewKernel extends Disposable {
  readonly bytes: number;
  /** Writes the outputs of the images that have a wavelength, and nothing of the others. */
  run(batch: Omit<IndexingBatch, 'params' | 'few'> & FewImages): Promise<void>;
}

/** Searches with few spots of a backend; `threads`: 0 takes one a core. */
export type FewOp = Op<{ readonly threads: number }, FewKernel>;
