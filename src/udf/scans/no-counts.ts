/** Leaves pixels without a count out of the runs of a scan. */

import { countLimitsOf, neverCounting, noCountTexts, telling } from '../../frames/count-limits.js';
import type { Dataset, ReadFramesOptions } from '../../frames/dataset.js';
import type { FrameArray } from '../../frames/dtype.js';
import { framesInMemory } from '../../frames/formats/memory.js';
import { counted } from '../../util/amounts.js';
import { isEwaldError } from '../../util/errors.js';
import { noneSoFar } from './frame-counts.js';
import type { Scan } from './scan.js';

/** A scan whose runs leave out the values that its file declares to be no counts; as it is if they are kept. */
export async function withCounts<S extends Scan>(scan: S, keep: boolean, options: ReadFramesOptions = {}): Promise<S> {
  if (keep) return keeping(scan);
  const { dataset } = scan;
  if (!countLimitsOf(dataset)) return scan;
  const frames: FrameArray[] = [];
  for (const frame of telling(dataset.frames)) {
    const read = await readable(dataset, frame, options);
    if (read) frames.push(read);
    // Without any in the first frame, no pixel is without a count in all of them; later ones are searched once, together.
    if (frames.length === 0 || (frames.length === 1 && countless(scan, frames) === undefined)) break;
  }
  return leavingOut(scan, frames);
}

/** The same for frames in memory. */
export function withCountsInMemory(scan: Scan, keep: boolean): Scan {
  if (keep) return keeping(scan);
  const { dataset } = scan;
  const data = countLimitsOf(dataset) && framesInMemory(dataset);
  if (!data) return scan;
  const { frameLength, frames } = dataset;
  const at = (frame: number) => data.subarray(frame * frameLength, (frame + 1) * frameLength) as FrameArray;
  return leavingOut(scan, telling(frames).map(at));
}

/** A scan of which some frames are known. */
export function leavingOut<S extends Scan>(scan: S, frames: readonly FrameArray[]): S {
  const limits = countLimitsOf(scan.dataset);
  if (!limits) return scan;
  const counts = { ...limits, replaced: noneSoFar() };
  const without = countless(scan, frames);
  if (!without) return { ...scan, counts };
  const number = without.reduce((sum, is) => sum + is, 0);
  const { mask: own } = scan;
  const text =
    `${counted(number, 'pixel')} without a count (no count ${noCountTexts(scan.dataset.meta).join(', ')}) ` +
    `${number === 1 ? 'is' : 'are'} left out, like excluded pixels`;
  return {
    ...scan,
    counts,
    mask: own ? without.map((is, i) => (is || own[i] ? 1 : 0)) : without,
    notes: [...scan.notes, { kind: 'guess', text, option: 'keepNoCount' }],
  };
}

const keeping = <S extends Scan>(scan: S): S => ({
  ...scan,
  resident: (options = {}) => scan.resident({ ...options, keepNoCount: true }),
});

function countless({ dataset }: Scan, frames: readonly FrameArray[]): Uint8Array | undefined {
  const limits = countLimitsOf(dataset);
  return limits && neverCounting(frames, dataset.frameLength, limits);
}

/** A frame; undefined if it is damaged, which the run reports. */
async function readable(dataset: Dataset, frame: number, options: ReadFramesOptions): Promise<FrameArray | undefined> {
  try {
    return await dataset.read(frame, 1, undefined, options);
  } catch (error) {
    if (isEwaldError(error, 'Format') || isEwaldError(error, 'File')) return undefined;
    throw error;
  }
}

/** What a run replaced in single frames, and whether its results are in doubt. */
export function replacedText({
  counts,
  sync,
}: Scan): { readonly text: string; readonly isDoubtful: boolean } | undefined {
  const { values = 0, lost = 0, frames = 0, first = 0 } = counts?.replaced ?? {};
  if (values === 0) return undefined;
  const text =
    `${counted(values, 'value')} in ${counted(frames, 'frame')} (first in frame ${first + sync.syncOffset}) ` +
    `${values === 1 ? 'is no count and was' : 'are no counts and were'} replaced by the mean of neighbours` +
    (lost > 0 ? `; ${lost} without any neighbour ${lost === 1 ? 'is' : 'are'} 0, and results there are in doubt` : '');
  return { text, isDoubtful: lost > 0 };
}
