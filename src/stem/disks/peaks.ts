/** Positions of disks in one image, such as the sum of all frames. */

import { checkedValue, row } from '../../options/call-options.js';
import { checkFits, checkPattern, type DiskPattern } from '../../udf/disks/patterns.js';
import { expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { upperMedian } from '../../util/median.js';
import { localMaxima } from '../images/local-maxima.js';
import { Correlator, logScaled } from './correlate.js';

/**
 * Positions (y, x) of the `most` highest maxima of the correlation of ln(image − minimum + 1) with a pattern, highest
 * first: the first step of blobfinder's `run_blobfinder`, on the sum of all frames. `distance` is the smallest number
 * of pixels between two of them; default 1, as there. `minHeight` is the smallest height above the median of the
 * correlation, relative to the highest maximum; default 0, which leaves out none, as there.
 *
 * Throws `Shape` for an image of another size, `Argument` if there is no maximum or the pattern does not fit.
 */
export function findDiskPeaks(
  image: ArrayLike<number>,
  shape: readonly [height: number, width: number],
  pattern: DiskPattern,
  most: number,
  distance = 1,
  minHeight = 0,
): Int32Array {
  const what = 'findDiskPeaks';
  expectsNumbers(`${what}: the image`, image);
  const [height = 0, width = 0] = shape ?? [];
  if (shape?.length !== 2 || image.length !== height * width)
    throw new EwaldError(
      'Shape',
      `${what}: the image has ${image.length} numbers, the shape is [${shape}]; expected [height, width]`,
    );
  checkedValue(`${what}: the number of peaks`, most, row.integer(1, 65536, 1));
  checkedValue(`${what}: the distance`, distance, row.integer(1, 65536, 1));
  checkedValue(`${what}: the smallest height`, minHeight, row.number(0, 1, 0));
  const checked = checkPattern(what, pattern);
  checkFits(what, checked, [height, width]);
  const finite = new Float64Array(image.length);
  for (let i = 0; i < finite.length; i++) if (Number.isFinite(image[i])) finite[i] = image[i] as number;
  const { values } = new Correlator(checked, height, width).of(logScaled(finite));
  const found = diskMaxima(values, [height, width], { distance, most, minHeight });
  if (found.length === 0)
    throw new EwaldError(
      'Argument',
      `${what}: the correlation with the pattern has no maximum, so there are no peaks; expected an image with disks`,
    );
  return Int32Array.from({ length: 2 * found.length }, (_, k) => {
    const pixel = found[k >> 1] as number;
    return k % 2 === 0 ? Math.floor(pixel / width) : pixel % width;
  });
}

/** The maxima of a correlation, as flat indices, highest first. */
export const diskMaxima = (
  values: Float64Array,
  [height, width]: readonly [number, number],
  { most, distance, minHeight }: { readonly most: number; readonly distance: number; readonly minHeight: number },
): number[] => aboveNoise(localMaxima(values, { width, height }, { distance, most }), values, minHeight);

/** Maxima, highest first, that rise above the median by a share of the highest. */
function aboveNoise(maxima: ArrayLike<number>, values: Float64Array, share: number): number[] {
  const all = Array.from(maxima);
  const [highest] = all;
  if (share === 0 || highest === undefined) return all;
  const median = upperMedian(values);
  const least = median + share * ((values[highest] as number) - median);
  return all.filter((pixel) => (values[pixel] as number) >= least);
}
