/** What a backend that indexes has to provide. */

import type { Op } from '../compute/backends/feature.js';
import type { Disposable } from '../util/resource.js';

/** Sizes of an indexer: the fields of the layout's IndexerDescriptor, and the total number of spots of one run. */
export interface IndexingDescriptor {
  readonly fields: Readonly<Record<string, number>>;
  readonly batch: number;
  readonly maxBatchSpots: number;
  readonly maxInputCells: number;
  readonly maxOutputCells: number;
}

/** The images of a batch that are few spots of a small cell, and how far their spots are from nodes. */
export interface FewImages {
  /** The layout's FewParams. */
  readonly params: Uint8Array;
  /** [images] wavelength in angstrom; 0: an image that is searched in the other way. */
  readonly wavelengths: Float32Array;
}

/**
 * One batch, already validated. Inputs are read and outputs written before the promise settles; the arrays belong to
 * the caller.
 */
export interface IndexingBatch {
  /** Input: the structure of the layout's parameters. */
  readonly params: Uint8Array;
  /** Input: [spots, 3], reciprocal vectors in 1/Å, of all images one after the other. */
  readonly spots: Float32Array;
  /** Input: [images + 1]; image i has the spots offsets[i] … offsets[i + 1] − 1. */
  readonly offsets: Uint32Array;
  readonly images: number;
  /** Input: [cellCount, 3, 3], the vectors a, b, c of the known cells in Å. */
  readonly cells: Float32Array;
  readonly cellCount: number;
  /** Output: [images, maxOutputCells], the layout's structure of a found lattice. */
  readonly found: Uint8Array;
  /** Output: [images], the layout's structure of the result of an image. */
  readonly results: Uint8Array;
  /** Output: [spots], which lattice of its image a spot belongs to. */
  readonly assignment: Uint8Array;
  /** Input: images that are few spots of a small cell; the facade keeps them from kernels of this contract. */
  readonly few?: FewImages | undefined;
}

/** A planned indexer. */
export interface IndexingKernel extends Disposable {
  readonly bytes: number;
  /** Runs that may be in flight concurrently, default 1. */
  readonly atOnce?: number;
  /** Whether it skips non-finite spots and flags their image, so that the facade need not check every number. */
  readonly flagsNonFinite?: boolean;
  /** Whether `run` leaves the names of axes as the search took them, so that they remain to be decided on the CPU. */
  readonly leavesNames?: boolean;
  run(batch: IndexingBatch): Promise<void>;
  /**
   * Only names the axes of the lattices that a run elsewhere has found, as `run` does at its end; its outputs are both
   * read and written. Only on the CPU.
   */
  name?(batch: IndexingBatch): Promise<void>;
  /**
   * Records of a stage (a number of `enums.Stage`) of the first image of the latest run; for a plan with `debug`, after
   * a run.
   */
  stage?(stage: number): Promise<Uint8Array>;
}

/** Indexers of a backend. */
export type IndexingOp = Op<IndexingDescriptor, IndexingKernel>;
