/** Arrays of .npy files that have a number for each position of a scan, or for each pixel of its frames. */

import type { NpyArray } from '../../frames/npy.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { readImageFile } from './image-file.node.js';

/**
 * Refuses an array with other axes than the scan or the frame, above all one that is transposed: it has as many numbers.
 * Axes of one do not count, and a flat array has no order of axes to mistake. Throws `Shape`.
 */
export function checkNpyShape(flag: string, file: string, found: readonly number[], expected: readonly number[]): void {
  const [own, wanted] = [found, expected].map((shape) => shape.filter((n) => n !== 1)) as [number[], number[]];
  if (own.length < 2 || wanted.length < 2 || own.join() === wanted.join()) return;
  const isTransposed = own.toReversed().join() === wanted.join();
  throw new EwaldError(
    'Shape',
    `${flag}: ${file} is [${found.join(', ')}]; expected [${expected.join(', ')}]` +
      (isTransposed ? '; is it transposed?' : ''),
  );
}

/** The numbers of a .npy file, a TIFF or PNG with this shape, or flat; `flag` is its name in messages. Throws `Shape`, `File`, `Format`. */
export async function readShapedNpy(
  flag: string,
  file: string,
  expected: readonly number[],
  signal: PlatformSignal,
): Promise<NpyArray['data']> {
  const { shape, data } = await readImageFile(file, signal);
  checkNpyShape(flag, file, shape, expected);
  return data;
}
