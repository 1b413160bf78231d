/** Integration of a field of gradients, such as centres of mass: differential phase contrast, integrated (iCoM). */

import { checkedOptions, row } from '../../options/call-options.js';
import { filterRows } from '../../udf/shared-rows.js';
import { expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inverse2d, transform2d } from './fourier.js';

/** Options of `integrateField`. */
export interface IntegrateOptions {
  /**
   * Mirrors the field at the edges of the scan, so that it need not be periodic; default true. Otherwise a gradient
   * that differs between opposite edges gives a wave across the whole image.
   */
  readonly mirrored?: boolean | undefined;
  /** Frequency, in cycles a position, at which a Butterworth low pass has half of its height; none by default. */
  readonly qLowpass?: number | undefined;
  /** The same of a high pass, which removes what varies slowly over the scan. */
  readonly qHighpass?: number | undefined;
  /** Order n of both, 1 / (1 + (q / q₀)²ⁿ), as in py4DSTEM; default 2. */
  readonly butterworthOrder?: number | undefined;
}

/** Frequency in cycles a position; the highest of an even length has no sign, and no derivative. */
const cycles = (k: number, n: number): number => (2 * k > n ? k - n : k) / n;
const frequency = (k: number, n: number): number => (2 * k === n ? 0 : cycles(k, n));

/** What a filter keeps of a frequency, in cycles a position. */
function kept(
  q: number,
  {
    qLowpass = Number.POSITIVE_INFINITY,
    qHighpass = 0,
    butterworthOrder,
  }: Pick<IntegrateOptions, 'qLowpass' | 'qHighpass'> & { readonly butterworthOrder: number },
): number {
  const low = (limit: number): number => 1 / (1 + (q / limit) ** (2 * butterworthOrder));
  return low(qLowpass) * (qHighpass === 0 ? 1 : 1 - low(qHighpass));
}

/** The mean variance of an image whose gradient has independent errors of variance 1 along each axis. */
export function integrationNoise(shape: readonly number[], options: IntegrateOptions = {}): number {
  const { mirrored, ...filters } = checkedOptions('integrationNoise', options, { mirrored: row.on, ...filterRows });
  const [height, width] = shape.map((n) => (mirrored ? 2 * n : n)) as [number, number];
  let sum = 0;
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const square = frequency(r, height) ** 2 + frequency(c, width) ** 2;
      if (square === 0) continue;
      sum += kept(Math.hypot(cycles(r, height), cycles(c, width)), filters) ** 2 / (4 * Math.PI ** 2 * square);
    }
  return sum / (height * width);
}

/**
 * The image whose gradient is (y, x), up to a constant: its mean is 0. `y` and `x` are [rows, columns], the change per
 * position along each axis, such as `fieldY` and `fieldX` of `comUdf`; NaN counts as 0. Solved by Fourier transform
 * (Lazić, Bosch & Lazar, Ultramicroscopy 160, 265 (2016)): φ = F⁻¹[−i (k · ĝ) / (2π k²)], times the filters.
 *
 * Throws `Shape` for arrays of other sizes, `Argument` for filters below 0.
 */
export function integrateField(
  y: ArrayLike<number>,
  x: ArrayLike<number>,
  shape: readonly number[],
  options: IntegrateOptions = {},
): Float64Array {
  const what = 'integrateField';
  expectsNumbers(`${what}: y`, y);
  expectsNumbers(`${what}: x`, x);
  const { mirrored, ...filters } = checkedOptions(what, options, { mirrored: row.on, ...filterRows });
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || y.length !== rows * columns || x.length !== y.length)
    throw new EwaldError(
      'Shape',
      `${what}: y has ${y.length} numbers, x ${x.length}, the shape is [${shape}]; expected [rows, columns]`,
    );
  const [height, width] = mirrored ? [2 * rows, 2 * columns] : [rows, columns];
  const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
  // y is the real part and x the imaginary one; a mirrored component changes its sign across its own axis.
  const field = new Float64Array(2 * height * width);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const [below, right] = [r >= rows, c >= columns];
      const at = (below ? height - 1 - r : r) * columns + (right ? width - 1 - c : c);
      const i = 2 * (r * width + c);
      field[i] = (below ? -1 : 1) * finite(y[at] as number);
      field[i + 1] = (right ? -1 : 1) * finite(x[at] as number);
    }
  transform2d(field, height, width);
  const isFiltered = filters.qLowpass !== undefined || filters.qHighpass !== undefined;
  const image = new Float64Array(2 * height * width);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const [ky, kx] = [frequency(r, height), frequency(c, width)];
      const square = ky * ky + kx * kx;
      if (square === 0) continue;
      const [i, j] = [2 * (r * width + c), 2 * (((height - r) % height) * width + ((width - c) % width))];
      const [a, b, d, e] = [field[i], field[i + 1], field[j], field[j + 1]] as [number, number, number, number];
      // Spectra of the real fields y and x from that of y + i x.
      const [yRe, yIm, xRe, xIm] = [(a + d) / 2, (b - e) / 2, (b + e) / 2, (d - a) / 2];
      const share = isFiltered ? kept(Math.hypot(cycles(r, height), cycles(c, width)), filters) : 1;
      const scale = share / (2 * Math.PI * square);
      image[i] = (ky * yIm + kx * xIm) * scale;
      image[i + 1] = -(ky * yRe + kx * xRe) * scale;
    }
  inverse2d(image, height, width);
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[r * columns + c] = image[2 * (r * width + c)] as number;
  let sum = 0;
  for (let i = 0; i < out.length; i++) sum += out[i] as number;
  const mean = sum / out.length;
  for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) - mean;
  return out;
}
