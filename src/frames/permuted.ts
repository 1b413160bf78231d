/**
 * Arrays whose frames are not contiguous: the scan varies fastest (spectrum images, some DM4 files), or all axes are
 * reversed (Fortran order).
 *
 * Reading a frame scans the whole array; `ewald convert` rewrites the file frame by frame.
 */

import { swapBytes } from '../bytes/byte-order.js';
import type { ByteSource } from '../bytes/byte-source.js';
import { type DataType, elementBytes, numberBytes } from '../bytes/dtype.js';
import type { PlatformSignal } from '../util/globals.js';
import { littleEndianMachine } from '../util/number-bytes.js';
import { checkSignal } from '../util/options.js';
import { product } from '../util/product.js';
import type { DatasetShape, Note } from './dataset.js';

/** `navigation`: [signal…, navigation…] with each group in C order; `fortran`: the first axis varies fastest. */
export type PermutedOrder = 'navigation' | 'fortran';

/** A contiguous array whose axes are in another order. */
interface PermutedArray {
  readonly shape: DatasetShape;
  readonly dtype: DataType;
  readonly offset: number;
  readonly little: boolean;
  readonly order: PermutedOrder;
}

const slabBytes = 2 ** 22;

/** The remark on such an array. */
export const notContiguous: Note = {
  kind: 'warning',
  text: 'frames are not contiguous in this file, so each read scans all of it; ewald convert writes them in order',
};

/** Reads frames of such an array into their memory as bytes. */
export function permutedReader(source: ByteSource, layout: PermutedArray) {
  const { nav: navigation, sig: signal } = layout.shape;
  const width = elementBytes(layout.dtype);
  // Axes as stored, slowest first: their lengths and their strides in memory.
  const axes = [
    ...navigation.map((size, i) => ({ size, frames: step(navigation, i), elements: 0 })),
    ...signal.map((size, i) => ({ size, frames: 0, elements: step(signal, i) })),
  ];
  const inFile =
    layout.order === 'fortran'
      ? axes.reverse()
      : [...axes.slice(navigation.length), ...axes.slice(0, navigation.length)];
  const total = axes.reduce((n, { size }) => n * size, 1);
  return async (first: number, count: number, into: Uint8Array, signal: PlatformSignal | undefined): Promise<void> => {
    const index = new Array<number>(inFile.length).fill(0);
    const frameLength = product(layout.shape.sig);
    let frame = 0;
    let element = 0;
    const slab = Math.max(1, Math.floor(slabBytes / width));
    for (let done = 0; done < total; done += slab) {
      checkSignal(signal);
      const here = Math.min(slab, total - done);
      const bytes = await source.read(layout.offset + done * width, here * width, { signal });
      if (layout.little !== littleEndianMachine) swapBytes(bytes, numberBytes(layout.dtype), source);
      for (let i = 0; i < here; i++) {
        if (frame >= first && frame < first + count) {
          const to = ((frame - first) * frameLength + element) * width;
          for (let byte = 0; byte < width; byte++) into[to + byte] = bytes[i * width + byte] as number;
        }
        for (let axis = inFile.length - 1; axis >= 0; axis--) {
          const { size, frames, elements } = inFile[axis] as (typeof inFile)[number];
          frame += frames;
          element += elements;
          index[axis] = (index[axis] as number) + 1;
          if ((index[axis] as number) < size) break;
          index[axis] = 0;
          frame -= frames * size;
          element -= elements * size;
        }
      }
    }
  };
}

/** Stride of an axis in elements, in C order. */
const step = (shape: readonly number[], axis: number): number => product(shape.slice(axis + 1));
