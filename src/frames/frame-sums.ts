/** Sums of frames, by which a file that is being written is recognised: frames that are there stay as they are. */

import { bytesOfArray } from '../bytes/dtype.js';
import { crc32 } from '../util/crc32.js';
import type { Dataset } from './dataset.js';

/** Some frames of a file: their numbers and sums of their bytes. */
export type FrameSums = readonly (readonly [frame: number, sum: number])[];

/** The sum of a frame. Throws what reading it throws. */
export async function sumOfFrame(dataset: Dataset, frame: number): Promise<number> {
  const numbers = await dataset.read(frame, 1);
  return crc32(bytesOfArray(numbers));
}

/** The sum of a frame; undefined if it cannot be read. */
const sumOfReadable = (dataset: Dataset, frame: number): Promise<number | undefined> =>
  sumOfFrame(dataset, frame).catch(() => undefined);

/** The sums of the first and the last frame, by default as far as they can be read. */
export async function sumsOfEnds(
  dataset: Dataset,
  sumOf: (dataset: Dataset, frame: number) => Promise<number | undefined> = sumOfReadable,
): Promise<FrameSums> {
  const last = dataset.frames - 1;
  const sums: [frame: number, sum: number][] = [];
  for (const frame of last < 0 ? [] : new Set([0, last])) {
    const sum = await sumOf(dataset, frame);
    if (sum !== undefined) sums.push([frame, sum]);
  }
  return sums;
}

/** Whether a file has these frames, as far as they can be read: one that cannot is reported when it is needed. */
export async function hasFrames(dataset: Dataset, seen: FrameSums): Promise<boolean> {
  for (const [frame, sum] of seen) {
    const now = frame < dataset.frames ? await sumOfReadable(dataset, frame) : undefined;
    if (now !== undefined && now !== sum) return false;
  }
  return true;
}
