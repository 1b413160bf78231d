/** Integration of a field of gradients, such as centres of mass: differential phase contrast, integrated (iCoM). */
import { expectsNumbers } from '../../base/arguments.js';
import { checkedOptions, row } from '../../base/call-options.js';
import { EwaldError } from '../../base/errors.js';
import { inverse2d, transform2d } from './fourier.js';

/** Options of `integrateField`. */
export interface IntegrateOptions {
  /**
   * Mirrors the field at the edges of the scan, so that it need not be periodic; default true. Otherwise a gradient
   * that differs between opposite edges gives a wave across the whole image.
   */
  readonly mirrored?: boolean | undefined;
}

/**
 * The image whose gradient is (y, x), up to a constant: its mean is 0. `y` and `x` are [rows, columns], the change per
 * position along each axis, such as `fieldY` and `fieldX` of `comUdf`; NaN counts as 0. Solved by Fourier transform
 * (Lazić, Bosch & Lazar, Ultramicroscopy 160, 265 (2016)): φ = F⁻¹[−i (k · ĝ) / (2π k²)].
 *
 * Throws `Shape` for arrays of other sizes.
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
  const { mirrored } = checkedOptions(what, options, { mirrored: row.on });
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
  const image = new Float64Array(2 * height * width);
  // Frequency in cycles a position; the highest of an even length has no sign, and no derivative.
  const frequency = (k: number, n: number): number => (2 * k === n ? 0 : (2 * k > n ? k - n : k) / n);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const [ky, kx] = [frequency(r, height), frequency(c, width)];
      const square = ky * ky + kx * kx;
      if (square === 0) continue;
      const [i, j] = [2 * (r * width + c), 2 * (((height - r) % height) * width + ((width - c) % width))];
      const [a, b, d, e] = [field[i], field[i + 1], field[j], field[j + 1]] as [number, number, number, number];
      // Spectra of the real fields y and x from that of y + i x.
      const [yRe, yIm, xRe, xIm] = [(a + d) / 2, (b - e) / 2, (b + e) / 2, (d - a) / 2];
      const scale = 1 / (2 * Math.PI * square);
      image[i] = (ky * yIm + kx * xIm) * scale;
      image[i + 1] = -(ky * yRe + kx * xRe) * scale;
    }
  inverse2d(image, height, width);
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[r * columns + c] = image[2 * (r * width + c)] as number;
  const mean = out.reduce((sum, value) => sum + value, 0) / out.length;
  return out.map((value) => value - mean);
}
