/**
 * Intermediate results of the stages of a search: sampled directions, candidate vectors, found and refined cells, as
 * records of one image.
 *
 * They are meant for tests and for finding out at which stage an image is lost; nothing is computed here.
 */

import { indexingEnums, stageCell, stagePick, stageSummary, stageVector } from '../compute/layout/indexing.js';
import { structBytes, wordOf } from '../compute/layout/struct.js';
import { type Cell, cellFrom, type Vector } from '../crystal/cell.js';
import { EwaldError } from '../util/errors.js';

/** A sampled direction that was accepted. */
export interface PickedDirection {
  /** Its index on the spiral, 0 … directions − 1. */
  readonly direction: number;
  /**
   * fast: spots near its planes; exhaustive: the score, that is, the mean distance minus one more than their number;
   * smaller is better.
   */
  readonly score: number;
}

/** A candidate for the sampled vector. */
export interface StageVector {
  /** Angstrom, laboratory frame. */
  readonly vector: Vector;
  /** fast: Σ max(0, 0.3² − d²) over the spots, d from the nearest plane in periods; exhaustive: 0. */
  readonly score: number;
}

/** A cell of the cell search. */
export interface SearchedCell {
  /** Rows a, b, c in angstrom, laboratory frame. */
  readonly cell: Cell;
  /**
   * fast: closeness Σ max(0, 0.06 − D²) over the 96 lowest-resolution spots; after refinement, the merit. exhaustive:
   * the score, that is, the mean distance minus one more than the number of good spots; after refinement, the distance
   * of the `refineMinSpots`-th nearest spot.
   */
  readonly score: number;
  /**
   * Spots within `nodeDistance` of a node, among those used by the search (fast: the 96 of lowest resolution); 0 after
   * refinement.
   */
  readonly count: number;
}

/** The stages of a search. */
export interface IndexingStages {
  /**
   * Length of the sampled vector in angstrom, and its row in the known cell; length 0 if there was no search and all
   * lists are empty.
   */
  readonly length: number;
  readonly row: number;
  /** Number of lowest-resolution spots on which the directions were counted. */
  readonly spots: number;
  /**
   * [directions] spots within `planeDistance` of a plane of the vector, for direction k of N: height 1 − (k + ½) / N,
   * azimuth k · π (3 − √5).
   */
  readonly counts: Uint32Array;
  /** Accepted directions: for fast in ascending order, for exhaustive best first. */
  readonly picked: readonly PickedDirection[];
  /** Candidate vectors after their refinement: fast best first, exhaustive in the order of `picked`. */
  readonly vectors: readonly StageVector[];
  /** Number of angles of a full turn in the cell search. */
  readonly angles: number;
  /** Cells that the cell search kept, best first. */
  readonly hits: readonly SearchedCell[];
  /** The same cells after refinement. */
  readonly cells: readonly SearchedCell[];
}

/** Reads every stage; `read` returns the records of one. */
export async function readStages(read: (stage: number) => Promise<Uint8Array>): Promise<IndexingStages> {
  const word = (name: string): number => summary.getUint32(4 * wordOf(stageSummary, name), true);
  const records = async (stage: keyof typeof indexingEnums.Stage, bytes: number): Promise<DataView> => {
    const found = await read(indexingEnums.Stage[stage]);
    if (found.length !== bytes)
      throw new EwaldError('Internal', `the records of stage ${stage} have ${found.length} bytes; expected ${bytes}`);
    return new DataView(found.buffer, found.byteOffset, found.byteLength);
  };
  const summary = await records('summary', structBytes(stageSummary));
  const list = async <T>(
    stage: 'picked' | 'vectors' | 'hits' | 'cells',
    bytes: number,
    one: (view: DataView, at: number) => T,
  ): Promise<T[]> => {
    const count = word(stage);
    const view = await records(stage, count * bytes);
    return Array.from({ length: count }, (_, i) => one(view, i * bytes));
  };
  const float = (view: DataView, at: number, place: number): number => view.getFloat32(at + 4 * place, true);
  const cell = (view: DataView, at: number): SearchedCell => ({
    cell: cellFrom(Array.from({ length: 9 }, (_, k) => float(view, at, k))),
    score: float(view, at, wordOf(stageCell, 'score')),
    count: view.getUint32(at + 4 * wordOf(stageCell, 'count'), true),
  });
  const directions = word('directions');
  const counts = await records('counts', 4 * directions);
  return {
    length: float(summary, 0, wordOf(stageSummary, 'length')),
    row: word('row'),
    spots: word('spots'),
    counts: Uint32Array.from({ length: directions }, (_, k) => counts.getUint32(4 * k, true)),
    picked: await list('picked', structBytes(stagePick), (view, at) => ({
      direction: view.getUint32(at, true),
      score: float(view, at, wordOf(stagePick, 'score')),
    })),
    vectors: await list('vectors', structBytes(stageVector), (view, at) => ({
      vector: [float(view, at, 0), float(view, at, 1), float(view, at, 2)],
      score: float(view, at, wordOf(stageVector, 'score')),
    })),
    angles: word('angles'),
    hits: await list('hits', structBytes(stageCell), cell),
    cells: await list('cells', structBytes(stageCell), cell),
  };
}
