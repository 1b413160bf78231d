/**
 * The primitive interface of the fast feedback indexer's Python module: handles, packed arrays, everything in
 * reciprocal space.
 *
 * For people who bring scripts from there. `data` and `outputCells` are C-ordered (3, n) arrays of column vectors; the
 * functions return promises, handles are never used twice, and a released handle is an error. The search is
 * `exhaustive` with the module's defaults (every vector of a cell sampled, ifssr refinement), so scores are lower for
 * better cells. New code wants `ctx.indexer`.
 */

import type { ContextCore, ContextOptions } from '../../compute/context/context.js';
import { indexerRanges, thresholdRanges } from '../../compute/layout/indexing.js';
import { type Cell, reciprocal } from '../../crystal/cell.js';
import { checkedValue } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import type { Indexer } from '../indexer.js';
import type { IndexingMethods } from '../room.js';

/** Points of the module: there is no default to ask for by 0. */
const { zero: _zero, ...samplePoints } = thresholdRanges.samplePoints;

/** What is needed of a context. */
type IndexingContext = ContextCore & IndexingMethods;

/** Packed column vectors: C-ordered (3, n) numbers, or three rows. */
export type PackedVectors = Float32Array | Float64Array | readonly (ArrayLike<number> | readonly number[])[];

/** The three functions of the module. */
export interface Ffbidx {
  /**
   * Makes an indexer and gives its handle.
   *
   * `maxOutputCells` 1 … 1024 (default 32), `maxInputCells` 1 … 64 (default 1), `maxSpots` 6 … 4096 (default 300),
   * `numCandidateVectors` 1 … 1024 (default 32). The device is EWALD_DEVICE or INDEXER_GPU_DEVICE. Throws `Argument`.
   */
  indexer(
    maxOutputCells?: number,
    maxInputCells?: number,
    maxSpots?: number,
    numCandidateVectors?: number,
  ): Promise<number>;
  /**
   * Indexes one image: `[outputCells, scores]`, a C-ordered (3, 3N) array of reciprocal vectors a*, b*, c* as columns,
   * and N scores, best first: the search's candidates as they are, so N is `nOutputCells` wherever there are as many.
   * Near twins of one solution stand side by side, and nothing is judged against chance, as in the original.
   *
   * `data` is (3, 3 · nInputCells + S): first the known cells, then the spots, all reciprocal vectors in 1/angstrom.
   * `lengthThreshold` in angstrom, 0 … 10; `numSamplePoints` 32 … 65536 points on the half sphere. Throws `Argument`,
   * `Shape`, `Limit`, `Disposed`.
   */
  index(
    handle: number,
    lengthThreshold: number,
    numSamplePoints: number,
    nOutputCells: number,
    nInputCells: number,
    data: PackedVectors,
  ): Promise<[outputCells: Float32Array, scores: Float32Array]>;
  /** Releases the indexer and its memory; the handle is an error from then on. */
  release(handle: number): Promise<void>;
}

interface Entry {
  readonly context: IndexingContext;
  readonly indexer: Indexer;
  readonly maxOutputCells: number;
  readonly maxInputCells: number;
}

/**
 * The module's functions on a platform. Handles belong to the module as they do in the original: nothing else holds
 * state.
 */
export function makeFfbidx(createContext: (options?: ContextOptions) => Promise<IndexingContext>): Ffbidx {
  const entries = new Map<number, Entry>();
  let last = 0;
  const entryOf = (handle: number): Entry => {
    const entry = entries.get(handle);
    if (!entry)
      throw new EwaldError(
        'Disposed',
        `handle ${handle} ${handle > 0 && handle <= last ? 'was released' : 'was never given'}; create one with indexer()`,
      );
    return entry;
  };
  return {
    async indexer(maxOutputCells = 32, maxInputCells = 1, maxSpots = 300, numCandidateVectors = 32) {
      const context = await createContext();
      try {
        const indexer = await context.indexer({
          method: 'exhaustive',
          redundantComputations: true,
          maxOutputCells,
          maxInputCells,
          maxSpots,
          candidateVectors: numCandidateVectors,
          maxBatchSpots: 2 ** 18,
        });
        entries.set(++last, { context, indexer, maxOutputCells, maxInputCells });
        return last;
      } catch (error) {
        await context.dispose();
        throw error;
      }
    },

    async index(handle, lengthThreshold, numSamplePoints, nOutputCells, nInputCells, data) {
      const { indexer, maxOutputCells, maxInputCells } = entryOf(handle);
      checkedValue('index: lengthThreshold', lengthThreshold, {
        kind: 'number',
        range: thresholdRanges.lengthThreshold,
      });
      checkedValue('index: numSamplePoints', numSamplePoints, {
        kind: 'integer',
        range: { ...samplePoints, high: indexerRanges.maxSamplePoints.fallback },
      });
      limited('nOutputCells', nOutputCells, maxOutputCells);
      limited('nInputCells', nInputCells, maxInputCells);
      const vectors = unpack(data, nInputCells);
      const cells = Array.from({ length: nInputCells }, (_, i) =>
        reciprocal(vectors.slice(3 * i, 3 * i + 3) as unknown as Cell),
      );
      const result = await indexer.run({
        spots: vectors.slice(3 * nInputCells).flat(),
        cells,
        lengthThreshold,
        samplePoints: numSamplePoints,
        planeDistance: 0.1,
        // If a lattice were accepted, its twins among the candidates would be skipped.
        acceptLog10: thresholdRanges.acceptLog10.low,
      });
      const found = result.image(0).cells().slice(0, nOutputCells);
      const columns = found.flatMap((cell) => [...cell.reciprocal]);
      const outputCells = new Float32Array(columns.length * 3);
      columns.forEach((vector, j) => {
        vector.forEach((x, k) => {
          outputCells[k * columns.length + j] = x;
        });
      });
      return [outputCells, Float32Array.from(found, ({ score }) => score)];
    },

    async release(handle) {
      const { context } = entryOf(handle);
      entries.delete(handle);
      await context.dispose();
    },
  };
}

function limited(what: string, value: number, most: number): void {
  checkedValue(`index: ${what}`, value, { kind: 'integer', range: indexerRanges.maxOutputCells });
  if (value > most)
    throw new EwaldError(
      'Limit',
      `index: ${what} is ${value}, the indexer was created for ${most}; create one with more`,
    );
}

/** The column vectors of a packed array. */
function unpack(data: PackedVectors, nInputCells: number): number[][] {
  let at: (row: number, column: number) => number;
  let columns: number;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    if (data.length % 3 !== 0)
      throw new EwaldError('Shape', `index: data has ${data.length} numbers; expected a C-ordered (3, 3N+S) array`);
    columns = data.length / 3;
    at = (row, column) => data[row * columns + column] ?? Number.NaN;
  } else {
    if (!Array.isArray(data) || data.length !== 3 || data.some((row) => row.length !== data[0]?.length)) {
      throw new EwaldError(
        'Shape',
        `index: data has ${data?.length ?? 'no'} rows; expected three rows of the same length (x, y, z of 3N+S vectors)`,
      );
    }
    columns = data[0]?.length ?? 0;
    at = (row, column) => data[row]?.[column] ?? Number.NaN;
  }
  if (columns <= 3 * nInputCells) {
    throw new EwaldError(
      'Shape',
      `index: data has ${columns} vectors; expected ${3 * nInputCells} for ${nInputCells} known cells, and spots after them`,
    );
  }
  return Array.from({ length: columns }, (_, j) => [at(0, j), at(1, j), at(2, j)]);
}
