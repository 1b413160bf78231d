/** The cell of a run that nobody knows yet, determined from the spots of its first frames. */

import type { PlatformSignal } from '../base/globals.js';
import type { BravaisCandidate } from '../crystal/bravais.js';
import { cellFromParameters } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { Centring } from '../crystal/centring.js';
import type { CellSearchOptions, DeterminedCell } from '../indexing/indexer.js';
import type { FrameSearcherMethods, Plans } from './frame-searcher.js';
import { searchAll } from './search-all.js';
import type { FirstFrames } from './tune.js';

/** Frames that are searched for images with enough spots, and how many such images there have to be. */
const [mostFrames, enoughImages] = [200, 30];
/** An image with fewer peaks says too little of a lattice. */
export const fewestPeaks = 15;
/** A symmetry is taken where it bends the cell by no more than this: lengths relative, angles in radians. */
const mostBent = 0.005;

/** Spots of some frames, [spots, 3] in 1/Å each, and how many frames were searched for them. */
export interface SpotImages {
  readonly spots: Float32Array[];
  readonly frames: number;
}

/**
 * Spots of the first frames that have enough of them. `searcher` has no cells.
 *
 * Throws what reading does where no frame can be read, and `Aborted`.
 */
export async function spotsOfFrames(
  searcher: FrameSearcherMethods,
  firstFrames: FirstFrames,
  { images = enoughImages, signal }: { readonly images?: number; readonly signal?: PlatformSignal | undefined },
): Promise<SpotImages> {
  const spots: Float32Array[] = [];
  let [frames, failed] = [0, 0];
  let broken: unknown;
  const jobs = async function* () {
    for await (const { dataset, frames: numbers } of firstFrames(mostFrames))
      for (const frame of numbers)
        yield { dataset, frame, origin: { filename: dataset.name, event: frame, serial: frame } };
  };
  for await (const { result, error } of searchAll([searcher], jobs(), signal)) {
    frames++;
    if (error) failed++;
    broken ??= error;
    if (result && result.peaks.count >= fewestPeaks) spots.push(result.spots);
    if (spots.length >= images) break;
  }
  // Nothing could be read at all, which is not the same as nothing found.
  if (failed === frames && broken !== undefined) throw broken;
  return { spots, frames };
}

/** Of the lattices that fit a cell, the one of the highest symmetry that hardly bends it. */
export const latticeOf = ({ bravais }: Pick<DeterminedCell, 'bravais'>): BravaisCandidate | undefined =>
  bravais.find(({ distortion }) => distortion < mostBent) ?? bravais.at(-1);

/** A lattice as a known cell, its numbers as they are written. */
export function knownOf({ type, parameters }: BravaisCandidate): KnownCell {
  const [a, b, c, al, be, ga] = parameters.map((x) =>
    Number(x.toFixed(2)),
  ) as unknown as BravaisCandidate['parameters'];
  // hR comes in hexagonal axes.
  const centring = type === 'hR' ? 'H' : type[1] === 'S' ? 'C' : (type[1] as Centring);
  return { cell: cellFromParameters(a, b, c, al, be, ga), centring };
}

/** What the first frames say of the cell. */
export interface FoundCell {
  /** Undefined where no cell explains the spots beyond chance. */
  readonly cell: KnownCell | undefined;
  readonly lattice: BravaisCandidate | undefined;
  /** Images that it was determined from, and frames that were searched for them. */
  readonly images: number;
  readonly frames: number;
}

/** Determines the cell of a run. Throws what `spotsOfFrames` and `determineCell` do. */
export async function unknownCell(
  context: Plans,
  searcher: FrameSearcherMethods,
  firstFrames: FirstFrames,
  options: CellSearchOptions,
): Promise<FoundCell> {
  const { spots, frames } = await spotsOfFrames(searcher, firstFrames, { signal: options.signal });
  const counts = { images: spots.length, frames };
  if (spots.length === 0) return { cell: undefined, lattice: undefined, ...counts };
  const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
  try {
    const [best] = await indexer.determineCell(spots, options);
    const lattice = best && latticeOf(best);
    return { cell: lattice && knownOf(lattice), lattice, ...counts };
  } finally {
    await indexer.dispose();
  }
}
