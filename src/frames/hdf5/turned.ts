/**
 * Reversed axes: some EMD files have the fastest axis of the scan last, and rosettasciio reads all of them that way. A
 * frame is then scattered over the array, so boxes with one row of the scan are read and transposed in memory.
 */

import { volume } from '../../hdf5/box.js';
import type { Hdf5Dataset } from '../../hdf5/dataset.js';
import { inOrder, reversedAxes } from '../axis-order.js';
import type { ReadMany } from './frame-readers.js';

/** A reader of frames that consist of the last `signalAxes` axes once the order of the array's axes is reversed. */
export function turnedReader(part: Hdf5Dataset, signalAxes: number): ReadMany {
  const rank = part.shape.length;
  const navigation = part.shape.slice(signalAxes).reverse();
  const signal = part.shape.slice(0, signalAxes);
  const { size } = part.type;
  const pixels = volume(signal);
  // In the file, the first axis of the scan is the last one, so frames of one row are along axis `signalAxes`.
  const row = navigation.at(-1) ?? 1;
  const readRow = async (first: number, count: number, into: Uint8Array, stop: AbortSignal | undefined) => {
    const place: number[] = [];
    for (let axis = navigation.length - 1, left = first; axis >= 0; axis--) {
      place.push(left % (navigation[axis] ?? 1));
      left = Math.floor(left / (navigation[axis] ?? 1));
    }
    const box = {
      start: [...signal.map(() => 0), ...place],
      count: [...signal, ...place.map((_, axis) => (axis === 0 ? count : 1))].slice(0, rank),
    };
    const bytes = await part.read(box, new Uint8Array(pixels * count * size), stop);
    // The data are read as [signal…, frame], and required as [frame, signal reversed…].
    inOrder(bytes, [count, ...signal.toReversed()], reversedAxes(signalAxes + 1), size, into);
  };
  return async (first, count, into, stop) => {
    for (let done = 0; done < count; ) {
      const here = Math.min(count - done, row - ((first + done) % row));
      await readRow(first + done, here, into.subarray(done * pixels * size, (done + here) * pixels * size), stop);
      done += here;
    }
  };
}
