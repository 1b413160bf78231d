/** Cells that are apparent in a single image: the contract of a backend. */

import type { Op } from '../compute/backends/feature.js';
import type { Disposable } from '../util/resource.js';

/** How many cells an image may propose, 1 … 64. */
interface ProposalsDescriptor {
  readonly capacity: number;
}

/** Finds cells without a known cell; see cpp/indexing/isa/unknown.cpp. */
export interface ProposalsKernel extends Disposable {
  readonly bytes: number;
  /**
   * Cells that many of the spots ([n, 3], 1/angstrom) are consistent with, smallest first. Edges are between the given
   * lengths, in angstrom.
   */
  propose(spots: Float32Array, minLengthA: number, maxLengthA: number): Promise<Proposals>;
}

/** What an image proposes. */
export interface Proposals {
  /** [cells, 9]: rows a b c in angstrom, in some basis, laboratory frame. */
  readonly cells: Float32Array;
  /** Number of spots that each cell explains. */
  readonly explained: Uint32Array;
}

export type ProposalsOp = Op<ProposalsDescriptor, ProposalsKernel>;
