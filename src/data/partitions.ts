/** How a dataset is cut into tasks, and the check of a read: the same for every format. */
import { lengthOf } from '../base/buffers.js';
import { EwaldError } from '../base/errors.js';
import { shown } from '../base/options.js';
import type { Dataset, FrameRange } from './dataset.js';
import { allocateFrames, elementBytes, elements, type FrameArray } from './dtype.js';

type Sizes = Pick<Dataset, 'name' | 'frames' | 'frameLength' | 'dtype' | 'chunkFrames'>;

/** More tasks than any run has: a small file may claim any number of frames. */
const mostPartitions = 2 ** 22;

/** Runs of frames of about `bytes`, begun at whole chunks. */
export function partitionFrames(dataset: Sizes, bytes = 2 ** 25): FrameRange[] {
  if (typeof bytes !== 'number' || !(bytes > 0))
    throw new EwaldError('Argument', `partitions: bytes is ${shown(bytes)}; needed is a number above 0`);
  const { frames, chunkFrames } = dataset;
  const fit = Math.max(1, Math.floor(bytes / Math.max(1, dataset.frameLength * elementBytes(dataset.dtype))));
  const step = Math.max(chunkFrames, Math.floor(fit / chunkFrames) * chunkFrames);
  const count = Math.ceil(frames / step);
  if (count > mostPartitions)
    throw new EwaldError(
      'Limit',
      `${dataset.name}: ${frames} frames are ${count} partitions of ${bytes} bytes; at most ${mostPartitions} are made. ` +
        'Are there so many frames? Then give partitions a larger number of bytes',
      { detail: { frames, bytes, partitions: count } },
    );
  return Array.from({ length: count }, (_, i) => ({
    first: i * step,
    count: Math.min(step, frames - i * step),
  }));
}

/** Checks a read before anything is done; answers the memory it goes to, exactly as long as the frames. */
export function checkRead(dataset: Sizes, first: number, count: number, into: FrameArray | undefined): FrameArray {
  const { name, frames, frameLength, dtype } = dataset;
  for (const [what, value] of Object.entries({ first, count }))
    if (!Number.isInteger(value))
      throw new EwaldError('Argument', `${name}: ${what} is ${shown(value)}; needed is a whole number of frames`);
  if (first < 0 || count < 0 || first + count > frames)
    throw new EwaldError(
      'Argument',
      `${name}: frames ${first} … ${first + count - 1} are asked for; there are ${frames}, counted from 0`,
      { detail: { first, count, frames } },
    );
  const length = count * frameLength;
  if (into === undefined) return allocateFrames(dtype, length);
  const { array, numbers } = elements[dtype];
  if ((into as { [Symbol.toStringTag]?: string } | null)?.[Symbol.toStringTag] !== array.name)
    throw new EwaldError('Shape', `${name}: frames of ${dtype} are read into a ${array.name}, not ${shown(into)}`);
  const room = lengthOf(into);
  if (room < length * numbers)
    throw new EwaldError(
      'Shape',
      `${name}: ${count} frames of ${frameLength} ${dtype} need ${length * numbers} numbers; the array has ${room}`,
      { detail: { needed: length * numbers, length: room } },
    );
  return into.subarray(0, length * numbers);
}
