/** Determines the unknown cell of a run from the spots of its first frames. */

import { fewLimits } from '../../compute/layout/indexing.js';
import type { BravaisCandidate } from '../../crystal/bravais.js';
import { cellFromParameters } from '../../crystal/cell.js';
import { formatCellFile, type KnownCell } from '../../crystal/cell-file.js';
import { latticeName } from '../../crystal/lattice-name.js';
import { centringOfType } from '../../crystal/settings.js';
import type { CellSearchOptions, DeterminedCell } from '../../indexing/indexer.js';
import { fewestImages as fewestPooled } from '../../indexing/pooled/rule.js';
import type { PlatformSignal } from '../../util/globals.js';
import { median } from '../../util/median.js';
import type { OpenFrameSearcher, Plans } from '../frame-searcher.js';
import { searchAll } from '../search-all.js';
import { errorText, written } from './lattice-text.js';
import type { FirstFrames } from './tune.js';

/** Maximum number of frames searched for images with enough spots, and number of such images required. */
const [maxFrames, enoughImages] = [200, 30];
/** An image with fewer peaks does not determine a lattice well enough. */
export const fewestPeaks = 15;
/**
 * Images with fewer peaks determine a small cell together: how many of them are enough, how many at least take the place
 * of richer ones, and of how many frames they are looked for while most images are such.
 */
const fewSpots = { enough: 120, least: fewestPooled, maxFrames: 1000 } as const;

/** Spots of some frames, [spots, 3] in 1/Å each, and the number of frames searched for them. */
interface SpotImages {
  readonly spots: readonly Float32Array[];
  readonly frames: number;
  /** Whether most are few spots, which determine a small cell together. */
  readonly areFew?: boolean | undefined;
}

/**
 * The spots of the first frames that have enough of them. `searcher` must be planned without cells.
 *
 * Throws the error of reading if no frame can be read, and `Aborted`.
 */
export async function spotsOfFrames(
  searcher: OpenFrameSearcher,
  firstFrames: FirstFrames,
  { images = enoughImages, signal }: { readonly images?: number; readonly signal?: PlatformSignal | undefined },
): Promise<SpotImages> {
  const spots: Float32Array[] = [];
  const few: Float32Array[] = [];
  let [frames, failed] = [0, 0];
  let broken: unknown;
  const jobs = async function* () {
    for await (const { dataset, frames: numbers } of firstFrames(fewSpots.maxFrames))
      for (const frame of numbers)
        yield { dataset, frame, origin: { filename: dataset.name, event: frame, serial: frame } };
  };
  for await (const { result, error } of searchAll([searcher], jobs(), signal)) {
    frames++;
    if (error) failed++;
    broken ??= error;
    if (result && result.peaks.count >= fewestPeaks) spots.push(result.spots);
    else if (result && result.peaks.count >= fewLimits.leastSpots) few.push(result.spots);
    if (spots.length >= images || few.length >= fewSpots.enough) break;
    if (frames >= maxFrames && !(few.length > spots.length && few.length >= fewSpots.least)) break;
  }
  // Failing to read anything is not the same as finding nothing.
  if (failed === frames && broken !== undefined) throw broken;
  const areFew = few.length >= fewSpots.least && few.length > spots.length;
  return { spots: areFew ? [...spots, ...few] : spots, frames, areFew };
}

/** The lattice chosen for a determined cell. */
export const latticeOf = ({ bravais }: Pick<DeterminedCell, 'bravais'>): BravaisCandidate | undefined => bravais[0];

/** A lattice as a known cell, with its numbers as they are written. */
export function knownOf({ type, parameters }: BravaisCandidate): KnownCell {
  const [a, b, c, al, be, ga] = parameters.map(written) as unknown as BravaisCandidate['parameters'];
  return { cell: cellFromParameters(a, b, c, al, be, ga), centring: centringOfType(type) };
}

/** The CrystFEL .cell file of the best lattice, with its standard errors and what is doubtful in comments. */
export function cellFileOf(
  { bravais: [best], errors }: Pick<DeterminedCell, 'bravais' | 'errors'>,
  doubt?: string,
): string {
  if (!best) return '';
  const known = knownOf(best);
  const { lattice, uniqueAxis } = latticeName(known);
  const text = formatCellFile(known, lattice, uniqueAxis as 'a' | 'b' | 'c' | undefined);
  const comments = [
    ...(doubt === undefined ? [] : [`; doubtful: ${doubt}`]),
    ...(errors ? [`; standard errors: ${errorText(errors)}`] : []),
  ];
  return comments.length === 0 ? text : text.replace('\n', () => `\n${comments.join('\n')}\n`);
}

/** The cell determined from the first frames. */
export interface FoundCell {
  /** Undefined if no cell explains the spots beyond chance. */
  readonly cell: KnownCell | undefined;
  readonly lattice: BravaisCandidate | undefined;
  /** Standard errors of the lattice's parameters, and its rivals with their odds, as in `DeterminedCell`. */
  readonly errors: DeterminedCell['errors'];
  readonly rivals: DeterminedCell['rivals'];
  /** Number of images it was determined from, and of frames searched for them. */
  readonly images: number;
  readonly frames: number;
  /** Why the cell may be longer than the searched range; undefined if there is no sign of it. */
  readonly doubt: string | undefined;
}

/** Default for the longest edge searched for, in Å, as in `determineCell`. */
const longestCell = 1000;

/**
 * Explains why the cell must be longer than `maxLengthA`: the spots are closer together than a shorter cell allows. The
 * nearest neighbour of a spot is at least one edge of the reciprocal cell away; half of the spots of half of the images
 * have one closer than the shortest edge only if the cell is longer.
 */
export function cellDoubt(images: readonly Float32Array[], maxLengthA: number): string | undefined {
  const nearest = median(images.map(nearestSpots));
  if (!(nearest > 0) || 1 / nearest <= maxLengthA) return undefined;
  return (
    `half of the spots have another one within ${nearest.toFixed(5)} 1/Å, as of a cell ` +
    `of ${(1 / nearest).toFixed(0)} Å or longer, ` +
    `but edges up to ${maxLengthA} Å were looked for; a larger maxLengthA ` +
    `(--max-length ${Math.min(1000, 50 * Math.ceil(2 / nearest / 50))}) looks further`
  );
}

/** Maximum number of spots of an image that are examined. */
const maxSpots = 1000;

/** The median distance between a spot and its nearest neighbour, 1/Å. */
function nearestSpots(spots: Float32Array): number {
  const count = Math.min(maxSpots, spots.length / 3);
  const distances: number[] = [];
  for (let i = 0; i < count; i++) {
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const [x, y, z] = [0, 1, 2].map((axis) => (spots[3 * i + axis] ?? 0) - (spots[3 * j + axis] ?? 0));
      least = Math.min(least, Math.hypot(x ?? 0, y ?? 0, z ?? 0));
    }
    distances.push(least);
  }
  return distances.length > 1 ? median(distances) : 0;
}

/** Determines the cell of a run. Throws the errors of `spotsOfFrames` and `determineCell`. */
export async function unknownCell(
  context: Plans,
  searcher: OpenFrameSearcher,
  firstFrames: FirstFrames,
  options: CellSearchOptions,
): Promise<FoundCell> {
  return cellOfSpots(context, await spotsOfFrames(searcher, firstFrames, { signal: options.signal }), options);
}

/** Determines the cell of images of spots, ignoring those with too few. Throws the errors of `determineCell`. */
export async function cellOfSpots(
  context: Plans,
  { spots: images, frames, areFew }: SpotImages,
  options: CellSearchOptions,
): Promise<FoundCell> {
  const spots = areFew ? images : images.filter(({ length }) => length >= 3 * fewestPeaks).slice(0, enoughImages);
  const { maxLengthA = longestCell } = options;
  const counts = { images: spots.length, frames, doubt: cellDoubt(spots, maxLengthA) };
  if (spots.length === 0) return { cell: undefined, lattice: undefined, errors: undefined, rivals: [], ...counts };
  const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
  try {
    const [best] = await indexer.determineCell(spots, options);
    const lattice = best && latticeOf(best);
    const { errors, rivals = [] } = best ?? {};
    return { cell: lattice && knownOf(lattice), lattice, errors, rivals, ...counts };
  } finally {
    await indexer.dispose();
  }
}
