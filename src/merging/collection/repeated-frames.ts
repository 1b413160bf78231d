/** Frames whose crystals were collected more than once, such as those of two streams, or copies, of the same images. */
import { counted } from '../../util/amounts.js';
import { hash53 } from '../../util/hash53.js';
import { RepeatedFrames } from '../../util/repeated-frames.js';
import type { Observations } from './observations.js';

/** A remark on repeated measurements, and whether their number puts the merge in doubt. */
interface RepeatsRemark {
  readonly text: string;
  readonly isDoubtful: boolean;
}

/** Below this fraction of the crystals, repeated measurements hardly change a merge. */
const fewRepeats = 0.01;

/**
 * A remark on frames that are in several inputs, or in several places of one; undefined without any. The crystals of a
 * frame follow each other in a stream. `ends` has the number of crystals at the end of each input. Frames without a
 * name are not compared.
 */
export function repeatedFramesRemark(
  { crystals, filenames, events }: Observations,
  ends: readonly number[],
): RepeatsRemark | undefined {
  const boundaries = new Set(ends);
  const repeated = new RepeatedFrames();
  for (let c = 0; c < crystals; c++) {
    const [filename = '', event = ''] = [filenames[c], events[c]];
    const continues = filename === filenames[c - 1] && event === (events[c - 1] ?? '') && !boundaries.has(c);
    if (filename !== '' && !continues) repeated.add(filename, event);
  }
  const { count, first } = repeated;
  if (count === 0) return undefined;
  return {
    text:
      `${counted(count, 'frame')} ${count === 1 ? 'was' : 'were'} indexed more than once, the first of them ` +
      `${first}: the same image counts as several measurements, so that standard deviations are too small. ` +
      'Merge one indexing of each frame.',
    isDoubtful: count > fewRepeats * crystals,
  };
}

/**
 * A remark on crystals that are the same, bit by bit, under the names of different frames: orientation, indices and
 * intensities, which no two images share; undefined without any.
 */
export function copiedCrystalsRemark(observations: Observations): RepeatsRemark | undefined {
  const { crystals, reciprocal, offsets, intensity, filenames, events } = observations;
  const seen = new Map<number, number>();
  const nameOf = (c: number): string => `${filenames[c] ?? ''} ${events[c] ?? ''}`.trim();
  let copies = 0;
  let first: string | undefined;
  for (let c = 0; c < crystals; c++) {
    const begin = offsets[c] as number;
    const few = intensity.subarray(begin, Math.min(begin + 3, offsets[c + 1] as number));
    const key = hash53([], [...reciprocal.subarray(9 * c, 9 * c + 9), ...few]);
    const original = seen.get(key);
    if (original === undefined) seen.set(key, c);
    else if (nameOf(original) !== nameOf(c) && isSame(observations, original, c)) {
      copies++;
      first ??= `${nameOf(c)} of ${nameOf(original)}`;
    }
  }
  if (first === undefined) return undefined;
  return {
    text:
      `${copies} of ${crystals} crystals are copies of others under other names, bit by bit, the first of them ` +
      `${first}: the same image counts as several measurements, so that standard deviations are too small and CC1/2 ` +
      'is too large. Merge each image once.',
    isDoubtful: copies > fewRepeats * crystals,
  };
}

/** Whether two crystals have the same orientation and reflections. */
function isSame({ offsets, reciprocal, h, k, l, intensity }: Observations, a: number, b: number): boolean {
  for (let i = 0; i < 9; i++) if (reciprocal[9 * a + i] !== reciprocal[9 * b + i]) return false;
  const [from, other, end] = [offsets[a] as number, offsets[b] as number, offsets[a + 1] as number];
  const count = end - from;
  if (count === 0 || count !== (offsets[b + 1] as number) - other) return false;
  for (let i = 0; i < count; i++)
    for (const column of [intensity, h, k, l]) if (column[from + i] !== column[other + i]) return false;
  return true;
}
