/** What is said of values that are no counts, or too low. */

import type { DataType } from '../../bytes/dtype.js';
import { ranges } from '../../frames/count-limits.js';
import type { Dataset } from '../../frames/dataset.js';
import { counted } from '../../util/amounts.js';
import type { NoCounts } from './frame-counts.js';
import type { Scan, SyncInfo } from './scan.js';

/**
 * The largest number of the type of some frames, if that is an integer and the file says nothing of it: a detector that is
 * saturated shows it, and one without a count.
 */
export function silentEnd({
  dtype,
  meta: { saturation, markers },
}: Pick<Dataset, 'dtype' | 'meta'>): number | undefined {
  const [, largest = Number.POSITIVE_INFINITY] = ranges[dtype] ?? [];
  const isTold = markers?.includes(largest) || (saturation !== undefined && saturation < largest);
  return Number.isFinite(largest) && !isTold ? largest : undefined;
}

type Counts = ArrayLike<number> & { indexOf(value: number): number };

/** How many pixels of some frames have the largest number of their type, if they have it. */
export function endTexts(dtype: DataType, frames: readonly Counts[], end: number | undefined): string[] {
  let most = 0;
  for (const frame of end === undefined ? [] : frames) {
    let found = 0;
    // Most frames have none, which a search tells in a fifth of the time.
    const first = frame.indexOf(end as number);
    for (let i = first < 0 ? frame.length : first; i < frame.length; i++) if (frame[i] === end) found++;
    most = Math.max(most, found);
  }
  if (most === 0) return [];
  return [
    `${counted(most, 'pixel')} of a frame ${most === 1 ? 'is' : 'are'} ${end}, the largest number of ${dtype}: saturated, ` +
      'or without a count, and what is summed from such pixels is wrong',
  ];
}

/** What a run replaced in single frames, how many overloads it has used, and whether its results are in doubt. */
export function countTexts({ counts, sync }: Scan): {
  readonly texts: readonly string[];
  readonly isDoubtful: boolean;
} {
  if (!counts) return { texts: [], isDoubtful: false };
  const { lost, overloads } = counts.replaced;
  const texts = [replacedText(counts.replaced, sync), overloadText(counts.most, counts.replaced, sync)].filter(
    (text) => text !== undefined,
  );
  return { texts, isDoubtful: lost > 0 || overloads > 0 };
}

/** How many overloads were used, values above `most`. */
export function overloadText(
  most: number | undefined,
  { overloads, overloaded, firstOverload }: Readonly<NoCounts>,
  { syncOffset }: Pick<SyncInfo, 'syncOffset'> = { syncOffset: 0 },
): string | undefined {
  if (overloads === 0) return undefined;
  return (
    `${counted(overloads, 'value')} in ${counted(overloaded, 'frame')} (first in frame ${firstOverload + syncOffset}) ` +
    `${overloads === 1 ? 'is an overload' : 'are overloads'}, above ${most}: such a pixel got more than it shows, and ` +
    'what is summed from it is too low'
  );
}

function replacedText(
  { values, lost, frames, first }: Readonly<NoCounts>,
  { syncOffset }: SyncInfo,
): string | undefined {
  if (values === 0) return undefined;
  return (
    `${counted(values, 'value')} in ${counted(frames, 'frame')} (first in frame ${first + syncOffset}) ` +
    `${values === 1 ? 'is no count and was' : 'are no counts and were'} replaced by the mean of neighbours` +
    (lost > 0 ? `; ${lost} without any neighbour ${lost === 1 ? 'is' : 'are'} 0, and results there are in doubt` : '')
  );
}
