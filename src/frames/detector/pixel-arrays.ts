/** Arrays with a number for each pixel that a geometry names: masks and maps of saturation. */

import { dtypeOf, type FrameArray } from '../../bytes/dtype.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { Dataset } from '../dataset.js';
import type { OpenOther } from './open-other.js';
import { moduleAxes, storedAxes } from './stacked.js';

/** Where an array is, and what it is called in messages. */
export interface NamedArray {
  readonly what: 'mask' | 'saturation map';
  readonly file: string;
  readonly path: string;
}

/** How an array is arranged. */
export interface PixelArrangement {
  /** Numbers of one frame, or of one module. */
  readonly length: number;
  /** Whether it describes a module by itself instead of a whole frame. */
  readonly ofModule: boolean;
  /** Whether it has numbers of its own for each frame. */
  readonly varies: boolean;
}

const product = (axes: readonly number[]): number => axes.reduce((n, axis) => n * axis, 1);

/**
 * How an array describes the pixels of a dataset, or of so many of its frames: one for all frames or one for each, of
 * whole frames or of a module. Throws `Shape` if it does neither.
 */
export function arrangementOf(
  { what, file, path }: NamedArray,
  array: Pick<Dataset, 'shape'>,
  dataset: Dataset,
  frames = dataset.frames,
): PixelArrangement {
  const axes = moduleAxes(dataset);
  const stored = storedAxes(dataset);
  const own = [...array.shape.nav, ...array.shape.sig];
  const all = product(own);
  const [rows = 1, columns = 1] = axes.slice(-2);
  // Modules may have an axis in one of both and be one below the other in the other; rows of another length are other
  // pixels.
  const endsLike = (pixels: readonly number[]): boolean => {
    const [m = 1, n = 1] = pixels.slice(-2);
    const [ownM = m, ownN = n] = own.slice(-2);
    return ownN === n && (ownM % m === 0 || m % ownM === 0);
  };
  const isInRows = own.length === 1 || endsLike(stored.frame) || endsLike(stored.module);
  const kinds = [
    [product(axes), false],
    [rows * columns, true],
  ] as const;
  for (const [length, ofModule] of isInRows ? kinds : []) {
    const count = all / length;
    const rank = ofModule ? 2 : axes.length;
    // An array of one frame belongs to that frame if it has an axis of frames, as in a file for each event.
    if (count === 1) return { length, ofModule, varies: frames === 1 && own.length > rank };
    if (Number.isInteger(count) && count >= frames && frames > 1) return { length, ofModule, varies: true };
  }
  const pixels = product(axes);
  throw new EwaldError(
    'Shape',
    `the ${what} ${path} of ${file} is ${own.join(' × ')}, ${all} numbers; a frame has ${pixels} pixels ` +
      `(${axes.join(' × ')}), and the file ${frames} ${frames === 1 ? 'frame' : 'frames'}; expected one ${what} for ` +
      `all frames${what === 'mask' ? ', or one for each' : ''}${own.at(-1) === rows && own.at(-2) === columns ? '; is it transposed?' : ''}`,
  );
}

/** Opens an array and hands it to `use`. Throws `Format` if there is no such array. */
export async function withArray<T>(
  { what, file, path }: NamedArray,
  openOther: OpenOther,
  use: (array: Dataset) => Promise<T>,
): Promise<T> {
  const array = await openOther(file, path).catch((cause) => {
    if (isEwaldError(cause, 'Aborted')) throw cause;
    throw new EwaldError(
      'Format',
      `the ${what} ${path} of ${file}, which the geometry names, cannot be read: ${messageOf(cause)}; to work ` +
        'without it, remove its lines from the geometry',
      { cause },
    );
  });
  try {
    return await use(array);
  } finally {
    await array.dispose();
  }
}

/** Reads `length` numbers from `first` on, as if the array had no axes; into `spare` if that fits. */
export async function readNumbers(
  array: Dataset,
  first: number,
  length: number,
  { signal, spare }: { readonly signal?: PlatformSignal | undefined; readonly spare?: FrameArray | undefined } = {},
): Promise<FrameArray> {
  const { frameLength } = array;
  const from = Math.floor(first / frameLength);
  const count = Math.ceil((first + length) / frameLength) - from;
  const fits = spare?.length === count * frameLength && dtypeOf(spare) === array.dtype;
  const read = await array.read(from, count, fits ? spare : undefined, { signal });
  const at = first - from * frameLength;
  return at === 0 && read.length === length ? read : (read.subarray(at, at + length) as FrameArray);
}
