/** The kernels of each finder on WebGPU in order, and the memory that they name; see wgsl/peaks. */
import blobs from '../../../../wgsl/peaks/blobs.wgsl';
import feet from '../../../../wgsl/peaks/feet.wgsl';
import limitsOfRings from '../../../../wgsl/peaks/limits.wgsl';
import seeds from '../../../../wgsl/peaks/seeds.wgsl';
import spotSeeds from '../../../../wgsl/peaks/spot_seeds.wgsl';
import spots from '../../../../wgsl/peaks/spots.wgsl';
import summits from '../../../../wgsl/peaks/summits.wgsl';
import windows from '../../../../wgsl/peaks/windows.wgsl';
import { peak, peaksRanges, peaksRing, peaksRun, peaksSummit } from '../../../compute/layout/peaks.js';
import { structBytes } from '../../../compute/layout/struct.js';
import type { FinderName, PeaksDescriptor } from '../../contract.js';

/** A kernel over a kind of work. */
export interface Pass {
  readonly source: string;
  readonly entry: string;
  /** What one workgroup processes: a ring, 64 pixels of a list, 64 of a row, or a seed. */
  readonly over: 'rings' | 'pixels' | 'rows' | 'seeds';
  /** Which of the run's uniform buffers it reads: those of dispersion differ in their stage. */
  readonly stage: number;
}

const windowsOf = (stage: number): Pass => ({ source: windows, entry: 'mark_pixels', over: 'rows', stage });
const ofSpots: readonly Pass[] = [
  { source: spotSeeds, entry: 'find_spot_seeds', over: 'pixels', stage: 0 },
  { source: spots, entry: 'measure_spots', over: 'seeds', stage: 0 },
];

/** The passes that a frame goes through. */
export const passes: Readonly<Record<FinderName, readonly Pass[]>> = {
  peakfinder8: [
    { source: limitsOfRings, entry: 'find_limits', over: 'rings', stage: 0 },
    { source: seeds, entry: 'find_seeds', over: 'pixels', stage: 0 },
    { source: blobs, entry: 'measure_blobs', over: 'seeds', stage: 0 },
  ],
  zaef: [
    { source: feet, entry: 'find_summits', over: 'pixels', stage: 0 },
    { source: summits, entry: 'measure_summits', over: 'seeds', stage: 0 },
  ],
  dispersion: [windowsOf(0), ...ofSpots],
  'dispersion-extended': [windowsOf(0), windowsOf(1), windowsOf(2), ...ofSpots],
};

/** Counts before the peaks: candidates, seeds, peaks, unused. */
export const header = 16;

/**
 * Capacity for seeds of peakfinder8, and for peaks. Blobs of peakfinder8 do not touch the border or each other; other
 * finders could find more in a frame that consists of peaks only, which is then rejected.
 */
const maxBlobs = (pixels: number): number => Math.ceil(pixels / 4);

/**
 * Capacity for peaks where a binding holds at most `bytes`: at the default limits 2 to 4 million, more than any frame
 * of data has.
 */
export const maxPeaks = (pixels: number, finder: FinderName, bytes: number): number =>
  Math.min(maxBlobs(pixels), Math.floor((bytes - header) / recordOf(finder)));

/** Size of a record in the list of a finder. */
export const recordOf = (finder: FinderName): number => structBytes(finder === 'zaef' ? peaksSummit : peak);

/** Largest number of good pixels in a window of dispersion. */
const maxOfWindow = (2 * peaksRanges.kernelSize.high + 1) ** 2;

/**
 * Bytes of everything the kernels name except the run, if rings list `ofRings` pixels in all and a frame has at most
 * `peaks`.
 */
export function bufferSizes(
  { finder, pixels, rings, bytesOfNumber, panels }: PeaksDescriptor,
  ofRings: number,
  peaks: number,
): Readonly<Record<string, number>> {
  return {
    run: structBytes(peaksRun),
    frame: pixels * bytesOfNumber,
    bad: pixels,
    places: 4 * pixels,
    first: 4 * (rings + 1),
    order: 4 * ofRings,
    keys: 4 * ofRings,
    // Without rings, if all pixels are bad, one is still needed for the binding.
    rings: Math.max(1, rings) * structBytes(peaksRing),
    candidates: 4 * ofRings,
    // Any pixel may be a summit.
    seeds: 4 * (finder === 'peakfinder8' ? maxBlobs(pixels) : pixels),
    owners: 4 * pixels,
    flags: 4 * pixels,
    most: 8 * (maxOfWindow + 1),
    panels: panels.byteLength,
    found: header + peaks * recordOf(finder),
    // These two belong to whoever sums rings.
    sums: 4,
    lost: 4,
  };
}
