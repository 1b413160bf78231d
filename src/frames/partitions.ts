/** Splits a dataset into tasks and checks the arguments of a read, for all formats. */

import {
  allocateFrames,
  arrayNames,
  elementBytes,
  elements,
  type FrameArray,
  type GivenArray,
  isArrayOf,
} from '../bytes/dtype.js';
import { framesText } from '../util/amounts.js';
import { lengthOf } from '../util/buffers.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import type { Dataset, FrameRange } from './dataset.js';

type Sizes = Pick<Dataset, 'name' | 'frames' | 'frameLength' | 'dtype' | 'chunkFrames'>;

/** Far more tasks than any run has; a small file may claim any number of frames. */
const maxPartitions = 2 ** 22;

/** Runs of frames of about `bytes` that start at whole chunks. */
export function partitionFrames(dataset: Sizes, bytes = 2 ** 25): FrameRange[] {
  if (typeof bytes !== 'number' || !(bytes > 0))
    throw new EwaldError('Argument', `partitions: bytes is ${inspect(bytes)}; expected a number above 0`);
  const { frames, chunkFrames } = dataset;
  const fit = Math.max(1, Math.floor(bytes / Math.max(1, dataset.frameLength * elementBytes(dataset.dtype))));
  const step = Math.max(chunkFrames, Math.floor(fit / chunkFrames) * chunkFrames);
  const count = Math.ceil(frames / step);
  if (count > maxPartitions)
    throw new EwaldError(
      'Limit',
      `${dataset.name}: ${frames} frames would be ${count} partitions of ${bytes} bytes; ` +
        `the limit is ${maxPartitions}. ` +
        'If the number of frames is right, pass a larger number of bytes to partitions',
      { detail: { frames, bytes, partitions: count } },
    );
  return Array.from({ length: count }, (_, i) => ({
    first: i * step,
    count: Math.min(step, frames - i * step),
  }));
}

/** Rejects frames outside the dataset. Throws `Argument`. */
export function checkRange({ name, frames }: Sizes, first: number, count: number): void {
  for (const [what, value] of Object.entries({ first, count }))
    if (!Number.isInteger(value))
      throw new EwaldError('Argument', `${name}: ${what} is ${inspect(value)}; expected a whole number of frames`);
  if (first < 0 || count < 0 || first + count > frames)
    throw new EwaldError(
      'Argument',
      `${name}: ${framesText(first, count)} ${count === 1 ? 'was' : 'were'} requested; the file has ${frames}, counted from 0`,
      { detail: { first, count, frames } },
    );
}

/** Checks a read before anything else is done; returns its destination, exactly as long as the frames. */
export function checkRead(dataset: Sizes, first: number, count: number, given: GivenArray | undefined): FrameArray {
  const into = given as FrameArray | undefined;
  const { name, frameLength, dtype } = dataset;
  checkRange(dataset, first, count);
  const length = count * frameLength;
  if (into === undefined) return allocateFrames(dtype, length);
  const { numbers } = elements[dtype];
  if (!isArrayOf(into, dtype))
    throw new EwaldError(
      'Shape',
      `${name}: frames of ${dtype} must be read into ${arrayNames(dtype)}, not ${inspect(into)}`,
    );
  const room = lengthOf(into);
  if (room < length * numbers)
    throw new EwaldError(
      'Shape',
      `${name}: ${count} frames of ${frameLength} ${dtype} need ${length * numbers} numbers; the array has ${room}`,
      { detail: { needed: length * numbers, length: room } },
    );
  return into.subarray(0, length * numbers);
}
