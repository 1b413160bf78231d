/** Leaves pixels without a count out of the runs of a scan. */

import type { FrameArray } from '../../bytes/dtype.js';
import { countLimitsOf, hasNoCounts, neverCounting, noCountTexts, telling } from '../../frames/count-limits.js';
import type { Dataset, Note, ReadFramesOptions } from '../../frames/dataset.js';
import { framesInMemory } from '../../frames/formats/memory.js';
import { counted } from '../../util/amounts.js';
import { isEwaldError } from '../../util/errors.js';
import { endTexts, silentEnd } from './count-texts.js';
import { noneSoFar } from './frame-counts.js';
import type { Scan } from './scan.js';

/**
 * A scan whose runs leave out the values that its file declares to be no counts; as it is if they are kept. Some frames of
 * a file `isFile` are looked at, whatever it declares.
 */
export async function withCounts<S extends Scan>(
  scan: S,
  keep: boolean,
  options: ReadFramesOptions = {},
  isFile = true,
): Promise<S> {
  if (keep) return keeping(scan);
  const { dataset } = scan;
  const limits = countLimitsOf(dataset);
  const hasGaps = limits !== undefined && hasNoCounts(limits, dataset.dtype);
  const end = isFile ? silentEnd(dataset) : undefined;
  const frames: FrameArray[] = [];
  if (!hasGaps && end === undefined) return leavingOut(scan, frames);
  for (const frame of telling(dataset.frames)) {
    const read = await readable(dataset, frame, options);
    if (read) frames.push(read);
    if (frames.length === 0) break;
    // Without any in the first frame, no pixel is without a count in all of them; later ones are searched once, together.
    if (end === undefined && frames.length === 1 && countless(scan, frames) === undefined) break;
  }
  return atItsEnd(hasGaps ? leavingOut(scan, frames) : scan, frames, end);
}

/** The same for frames in memory. */
export function withCountsInMemory(scan: Scan, keep: boolean): Scan {
  if (keep) return keeping(scan);
  const { dataset } = scan;
  const data = framesInMemory(dataset);
  if (!data) return scan;
  const { frameLength, frames } = dataset;
  const at = (frame: number) => data.subarray(frame * frameLength, (frame + 1) * frameLength) as FrameArray;
  const some = telling(frames).map(at);
  return atItsEnd(leavingOut(scan, some), some, silentEnd(dataset));
}

/** A scan with a word on pixels that have the largest number of their type. */
function atItsEnd<S extends Scan>(scan: S, frames: readonly FrameArray[], end: number | undefined): S {
  const said = endTexts(scan.dtype, frames as readonly Uint16Array[], end);
  const notes = said.map((text): Note => ({ kind: 'warning', text, option: 'keepNoCount' }));
  return notes.length === 0 ? scan : { ...scan, notes: [...scan.notes, ...notes] };
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

/** A frame; undefined if it cannot be read, which the run reports. */
async function readable(dataset: Dataset, frame: number, options: ReadFramesOptions): Promise<FrameArray | undefined> {
  try {
    return await dataset.read(frame, 1, undefined, options);
  } catch (error) {
    if (isEwaldError(error) && error.tag !== 'Aborted') return undefined;
    throw error;
  }
}
