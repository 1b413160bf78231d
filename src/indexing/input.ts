/** The input of an indexing run and its validation. */

import { asItIs, assertIntact } from '../util/buffers.js';
import type { Progress } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal, inspect, knownOptions, list } from '../util/options.js';
import { fewImages } from './few/choice.js';
import { type KnownCellsInput, knownCells } from './known-cells.js';
import { type IndexingThresholds, packThresholds, type Sizes, thresholdNames } from './parameters.js';
import { IndexingResult } from './result.js';

/** One batch of images. */
export interface IndexingInput extends IndexingThresholds {
  /** [spots, 3] reciprocal vectors of all images, concatenated, 1/angstrom, |q| = 1/d (no 2π), laboratory frame. */
  readonly spots: Float32Array | Float64Array | readonly number[];
  /** [images + 1] image i has the spots offsets[i] … offsets[i + 1] − 1; default: one image. */
  readonly offsets?: Uint32Array | readonly number[] | undefined;
  /**
   * Known cells: one `Cell`, several, or [cells, 3, 3] numbers; rows a b c in angstrom, any orientation, left- or
   * right-handed; or, with a centring, `{ parameters: [a, b, c, α, β, γ], centring: 'I' }`.
   */
  readonly cells: KnownCellsInput;
  /** A result of the same sizes to be overwritten instead of allocating a new one. */
  readonly into?: IndexingResult | undefined;
  /**
   * Aborts the run with `Aborted`, before it starts or between sections of about a tenth of a second; `into` is then
   * partly written. A single image is searched to its end.
   */
  readonly signal?: PlatformSignal | undefined;
  /** Called with the fraction of images done, 0 … 1, after each section. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const inputNames = ['spots', 'offsets', 'cells', 'into', 'signal', 'onProgress', ...thresholdNames];

/**
 * Validates a batch at the facade, before anything is computed; checks that its numbers are finite only if `scan` is
 * set. With `takesFew`, images of few spots of a small cell are told from the others. Throws `Argument`, `Shape` or
 * `Limit`.
 */
export function checkInput(sizes: Sizes, input: IndexingInput, scan: boolean, takesFew: boolean) {
  knownOptions('indexer.run', input, inputNames);
  checkSignal(input.signal);
  const spots = numbers('spots', input.spots);
  if (spots.length % 3 !== 0)
    throw new EwaldError('Shape', `spots has ${spots.length} numbers; expected three per spot (x y z)`);
  const count = spots.length / 3;
  const offsets = checkOffsets(input.offsets, count);
  const images = offsets.length - 1;
  if (images > sizes.batch)
    throw new EwaldError(
      'Limit',
      `the run has ${images} images, but the indexer was made for ${sizes.batch}; raise batch or split the run`,
    );
  if (count > sizes.maxBatchSpots) {
    throw new EwaldError(
      'Limit',
      `the run has ${count} spots, but the indexer was made for ${sizes.maxBatchSpots}; ` +
        'raise maxBatchSpots or split the run',
    );
  }
  if (scan && !allFinite(spots)) throw notFinite(spots, offsets);
  const known = knownCells(input.cells, sizes.maxInputCells);
  const cells = known.values;
  const params = packThresholds(sizes, input);
  const few =
    sizes.method === 'few' || takesFew ? fewImages({ sizes, input, params, known, spots, offsets }) : undefined;
  let result = input.into;
  if (result !== undefined) {
    if (!(result instanceof IndexingResult))
      throw new EwaldError('Argument', `into is ${inspect(result)}; expected an IndexingResult of an earlier run`);
    if (
      result.images !== images ||
      result.maxOutputCells !== sizes.maxOutputCells ||
      result.assignment.length !== count
    ) {
      throw new EwaldError(
        'Shape',
        `into holds ${result.images} images of ${result.maxOutputCells} cells and ${result.assignment.length} ` +
          `spots; this run has ${images}, ${sizes.maxOutputCells} and ${count}`,
      );
    }
  } else result = new IndexingResult(images, sizes.maxOutputCells, offsets);
  const { found, results, assignment } = result;
  const lengths = [found.length, results.length, assignment.length, result.offsets.length] as const;
  return {
    params,
    few,
    spots,
    offsets,
    images,
    cells,
    cellCount: cells.length / 9,
    found,
    results,
    assignment,
    result,
    /**
     * Called when the run starts, and no earlier: until then, spots and `into` belong to the caller. Throws `Shape`.
     */
    begin() {
      assertIntact('spots', spots, 3 * count, 'before the run began');
      assertOutputs(result, lengths, 'before the run began');
      result.offsets.set(offsets);
      result.known = known;
    },
    /** Called when the run has ended. Throws `Shape`. */
    end: () => assertOutputs(result, lengths, 'while the run was on'),
  };
}

/** Throws `Shape` if an array of a result was detached or shrunk. */
function assertOutputs(
  { found, results, assignment, offsets }: IndexingResult,
  lengths: readonly [number, number, number, number],
  when: string,
): void {
  assertIntact('found', found, lengths[0], when);
  assertIntact('results', results, lengths[1], when);
  assertIntact('assignment', assignment, lengths[2], when);
  assertIntact('the offsets of into', offsets, lengths[3], when);
}

/** The error that names the first non-finite number of a batch. */
export function notFinite(spots: Float32Array, offsets: Uint32Array): EwaldError {
  const bad = spots.findIndex((x) => !Number.isFinite(x));
  const [spot, image] = [Math.floor(bad / 3), offsets.findIndex((offset) => offset > bad / 3) - 1];
  return new EwaldError(
    'Argument',
    `spot ${spot} (image ${image}) holds ${spots[bad]}; spots must be finite numbers of 1/angstrom`,
    { detail: { spot, image } },
  );
}

/**
 * Whether all numbers are finite: x · 0 is 0 only for those, so one pass without branches is enough. Three sums,
 * because spots come in threes, so that no addition waits for the previous one.
 */
export function allFinite(values: ArrayLike<number>): boolean {
  const { length } = values;
  let [x, y, z] = [0, 0, 0];
  let i = 0;
  for (; i + 2 < length; i += 3) {
    x += (values[i] as number) * 0;
    y += (values[i + 1] as number) * 0;
    z += (values[i + 2] as number) * 0;
  }
  for (; i < length; i++) x += (values[i] as number) * 0;
  return x + y + z === 0;
}

function numbers(what: string, given: Float32Array | Float64Array | readonly number[]): Float32Array {
  if (given instanceof Float32Array) return asItIs(given);
  if (Array.isArray(given) || given instanceof Float64Array) return Float32Array.from(given as ArrayLike<number>);
  throw new EwaldError(
    'Shape',
    `${what} is ${inspect(given)}; expected a Float32Array, a Float64Array or an array of numbers`,
  );
}

/** Offsets, copied, because a run that waits for its turn must use the values it was given. */
function checkOffsets(wanted: Uint32Array | readonly number[] | undefined, spots: number): Uint32Array {
  if (wanted === undefined) return Uint32Array.of(0, spots);
  const given = wanted instanceof Uint32Array ? wanted.slice() : (list('offsets', wanted) ?? []);
  if (given.length < 2)
    throw new EwaldError(
      'Shape',
      `offsets has ${given.length} entries; expected one more than the number of images, at least 2`,
    );
  for (let i = 0; i < given.length; i++) {
    const [value, before] = [given[i] as number, i === 0 ? 0 : (given[i - 1] as number)];
    if (!Number.isInteger(value) || value < before || value > spots || (i === 0 && value !== 0)) {
      throw new EwaldError(
        'Shape',
        `offsets[${i}] is ${inspect(value)}; expected an integer from ${before} to ${i === 0 ? 0 : spots}: ` +
          'offsets start at 0 and never decrease',
      );
    }
  }
  const last = given[given.length - 1] as number;
  if (last !== spots) throw new EwaldError('Shape', `offsets end at ${last}, but there are ${spots} spots`);
  return given instanceof Uint32Array ? given : Uint32Array.from(given);
}
