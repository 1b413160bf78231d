/** Refuses files whose transform needs more memory than there is, before anything is allocated. */

import { isSingle, type NpyHeader } from '../../frames/npy.js';
import { EwaldError } from '../../util/errors.js';
import type { Wish } from './wish.js';

const product = (shape: readonly number[]): number => shape.reduce((count, n) => count * n, 1);

/** Bytes as gigabytes, for messages. */
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e11 ? 1 : 0)} GB`;

/** Bytes of the array, and of what is held at least: its numbers, a copy where the plan takes other ones, the result. */
function bytesOf(header: NpyHeader, { plan, complexIn, complexOut, outShape }: Wish): { array: number; all: number } {
  const stored = isSingle(header) ? 4 : 8;
  const width = plan.precision === 'f32' ? 4 : 8;
  const array = header.numbers * stored;
  const isCopied = stored !== width || complexIn !== header.complex;
  const input = isCopied ? product(header.shape) * (complexIn ? 2 : 1) * width : 0;
  return { array, all: array + input + product(outShape) * (complexOut ? 2 : 1) * width };
}

/**
 * Throws `OutOfMemory` with the size of the file and what is needed, if one process of `ranks` cannot hold its part in
 * `memory` bytes; null if that is unknown.
 */
export function checkFits(
  name: string,
  header: NpyHeader,
  wish: Wish,
  { memory, ranks = 1 }: { readonly memory: number | null; readonly ranks?: number },
): void {
  const { array, all } = bytesOf(header, wish);
  const needed = Math.ceil(all / ranks);
  if (memory === null || needed <= memory) return;
  const each = ranks === 1 ? 'its transform' : `a rank of ${ranks}`;
  throw new EwaldError(
    'OutOfMemory',
    `${name} has ${gigabytes(array)} of numbers, and ${each} needs at least ${gigabytes(needed)} of memory, of which ` +
      `there are ${gigabytes(memory)}; run it on ${ranks === 1 ? 'ranks' : 'more ranks'} of several machines (mpirun ` +
      'ewald fft …), which hold a part each',
    { detail: { path: name, needed, memory } },
  );
}
