/** The kernels of each finder on WebGPU, in their order, and the memory that they name; see wgsl/peaks. */
import blobs from '../../../../wgsl/peaks/blobs.wgsl';
import feet from '../../../../wgsl/peaks/feet.wgsl';
import limitsOfRings from '../../../../wgsl/peaks/limits.wgsl';
import seeds from '../../../../wgsl/peaks/seeds.wgsl';
import spotSeeds from '../../../../wgsl/peaks/spot_seeds.wgsl';
import spots from '../../../../wgsl/peaks/spots.wgsl';
import summits from '../../../../wgsl/peaks/summits.wgsl';
import windows from '../../../../wgsl/peaks/windows.wgsl';
import { peak, peaksRanges, peaksRing, peaksRun, peaksSummit } from '../../../layout/peaks.js';
import { sizeOf } from '../../../layout/struct.js';
import type { FinderName, PeaksDescriptor } from '../../contract.js';

/** A kernel over work of some kind. */
export interface Pass {
  readonly source: string;
  readonly entry: string;
  /** What a workgroup takes: a ring, 64 pixels of a list, 64 of a row, or a seed. */
  readonly over: 'rings' | 'pixels' | 'rows' | 'seeds';
  /** Which of the run's buffers it reads: those of dispersion differ in their stage. */
  readonly stage: number;
}

const windowsOf = (stage: number): Pass => ({ source: windows, entry: 'mark_pixels', over: 'rows', stage });
const ofSpots: readonly Pass[] = [
  { source: spotSeeds, entry: 'find_spot_seeds', over: 'pixels', stage: 0 },
  { source: spots, entry: 'measure_spots', over: 'seeds', stage: 0 },
];

/** What a frame goes through. */
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

/** Counts before the peaks: candidates, seeds, peaks, nothing. */
export const header = 16;

/**
 * Peaks there is room for. Blobs of peakfinder8 are off the border, and no two of them touch; other finders could find more
 * in a frame that is all peaks, which is then refused.
 */
export const mostPeaks = (pixels: number): number => Math.ceil(pixels / 4);

/** What stands in the list of a finder. */
export const recordOf = (finder: FinderName): number => sizeOf(finder === 'zaef' ? peaksSummit : peak);

/** Good pixels of a window of dispersion, at most. */
export const mostOfWindow = (2 * peaksRanges.kernelSize.high + 1) ** 2;

/** Bytes of what the kernels name, the run aside, where a ring lists `ofRings` pixels in all. */
export function bytesOf(
  { finder, pixels, rings, bytesOfNumber, panels }: PeaksDescriptor,
  ofRings: number,
): Readonly<Record<string, number>> {
  return {
    run: sizeOf(peaksRun),
    frame: pixels * bytesOfNumber,
    bad: pixels,
    places: 4 * pixels,
    first: 4 * (rings + 1),
    order: 4 * ofRings,
    keys: 4 * ofRings,
    // Without a ring, where all pixels are bad, there still has to be one to bind.
    rings: Math.max(1, rings) * sizeOf(peaksRing),
    candidates: 4 * ofRings,
    // Any pixel may be a summit.
    seeds: 4 * (finder === 'peakfinder8' ? mostPeaks(pixels) : pixels),
    owners: 4 * pixels,
    flags: 4 * pixels,
    most: 8 * (mostOfWindow + 1),
    panels: panels.byteLength,
    found: header + mostPeaks(pixels) * recordOf(finder),
  };
}
