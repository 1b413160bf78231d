/**
 * Fourier transforms of single images, in float64 and of any sides; those of many frames are faster by `ctx.fft`.
 */
import { expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { mapInto } from '../../util/map-into.js';
import { lanes, transformLines, workLength } from './lines.js';

/** The work arrays of transforms along both axes. */
const workFor = (height: number, width: number): readonly [Float64Array, Float64Array] => {
  const length = Math.max(workLength(height), workLength(width));
  return [new Float64Array(length), new Float64Array(length)];
};

/** Transforms the columns of [height, width] complex numbers in place. */
function transformColumns(data: Float64Array, height: number, width: number, work: ReturnType<typeof workFor>): void {
  for (let x = 0; x < width; x += lanes) {
    const count = Math.min(lanes, width - x);
    const [block, other] = work;
    for (let y = 0, to = 0; y < height; y++) {
      const from = 2 * (y * width + x);
      for (let i = from; i < from + 2 * count; i++) block[to++] = data[i] as number;
    }
    const found = transformLines(block, other, height, count);
    for (let y = 0, from = 0; y < height; y++) {
      const to = 2 * (y * width + x);
      for (let i = to; i < to + 2 * count; i++) data[i] = found[from++] as number;
    }
  }
}

/** The forward transform of a complex image, [height, width] interleaved, in place and unscaled. */
export function transform2d(data: Float64Array, height: number, width: number): void {
  const work = workFor(height, width);
  const [block, other] = work;
  for (let y = 0; y < height; y += lanes) {
    const count = Math.min(lanes, height - y);
    for (let l = 0; l < count; l++)
      for (let x = 0, from = 2 * (y + l) * width, to = 2 * l; x < width; x++, from += 2, to += 2 * count) {
        block[to] = data[from] as number;
        block[to + 1] = data[from + 1] as number;
      }
    const found = transformLines(block, other, width, count);
    for (let l = 0; l < count; l++)
      for (let x = 0, to = 2 * (y + l) * width, from = 2 * l; x < width; x++, to += 2, from += 2 * count) {
        data[to] = found[from] as number;
        data[to + 1] = found[from + 1] as number;
      }
  }
  transformColumns(data, height, width, work);
}

/** Complex numbers of a row of the half spectrum of a real image. */
export const halfOf = (width: number): number => (width >> 1) + 1;

/**
 * The spectrum of a real image, [height, halfOf(width)] complex and interleaved: columns of frequencies from 0 to half the
 * width. The others are the conjugates of their opposites. Two rows are transformed as one complex row.
 */
export function halfSpectrum2d(picture: ArrayLike<number>, height: number, width: number): Float64Array {
  const half = halfOf(width);
  const out = new Float64Array(2 * height * half);
  const work = workFor(height, width);
  const [block, other] = work;
  for (let y = 0; y < height; y += 2 * lanes) {
    const rows = Math.min(2 * lanes, height - y);
    const count = (rows + 1) >> 1;
    if (rows % 2 === 1) for (let at = 2 * count - 1; at < 2 * count * width; at += 2 * count) block[at] = 0;
    for (let row = 0; row < rows; row++)
      for (let x = 0, from = (y + row) * width, to = row; x < width; x++, from++, to += 2 * count)
        block[to] = picture[from] as number;
    const found = transformLines(block, other, width, count);
    for (let row = 0; row < rows; row += 2)
      for (let x = 0, to = 2 * (y + row) * half; x < half; x++, to += 2) {
        const [a, b] = [x * 2 * count + row, (x === 0 ? 0 : width - x) * 2 * count + row];
        const [ar, ai, br, bi] = [found[a], found[a + 1], found[b], found[b + 1]] as [number, number, number, number];
        out[to] = (ar + br) / 2;
        out[to + 1] = (ai - bi) / 2;
        if (row + 1 === rows) continue;
        out[to + 2 * half] = (ai + bi) / 2;
        out[to + 2 * half + 1] = (br - ar) / 2;
      }
  }
  transformColumns(out, height, half, work);
  return out;
}

/** The inverse transform of a complex image, in place and divided by the number of pixels. */
export function inverse2d(data: Float64Array, height: number, width: number): void {
  // The forward transform of the conjugate is the conjugate of the backward one.
  for (let i = 1; i < data.length; i += 2) data[i] = -(data[i] as number);
  transform2d(data, height, width);
  const pixels = height * width;
  for (let i = 0; i < data.length; i += 2) {
    data[i] = (data[i] as number) / pixels;
    data[i + 1] = -(data[i + 1] as number) / pixels;
  }
}

/** The spectrum of a real image, [height, width] complex and interleaved, frequency 0 in the corner. */
export const spectrum2d = (picture: ArrayLike<number>, height: number, width: number): Float64Array =>
  wholeSpectrum(halfSpectrum2d(picture, height, width), [height, width], [0, 0]);

/** All frequencies of a half spectrum, moved by [down, right]. */
function wholeSpectrum(
  half: Float64Array,
  [height, width]: readonly [number, number],
  [down, right]: readonly [number, number],
): Float64Array {
  const out = new Float64Array(2 * height * width);
  const columns = halfOf(width);
  for (let y = 0; y < height; y++) {
    const to = ((y + down) % height) * width;
    const opposite = (y === 0 ? 0 : height - y) * columns;
    for (let x = 0, from = 2 * y * columns; x < columns; x++, from += 2) {
      const at = 2 * (x + right < width ? to + x + right : to + x + right - width);
      out[at] = half[from] as number;
      out[at + 1] = half[from + 1] as number;
    }
    for (let x = columns, from = 2 * (opposite + width - columns); x < width; x++, from -= 2) {
      const at = 2 * (x + right < width ? to + x + right : to + x + right - width);
      out[at] = half[from] as number;
      out[at + 1] = -(half[from + 1] as number);
    }
  }
  return out;
}

/** √(re² + im²). Math.hypot, which takes five times as long, is left to what would overflow or vanish. */
export function magnitude(re: number, im: number): number {
  const square = re * re + im * im;
  return square > 1e-280 && square < 1e300 ? Math.sqrt(square) : Math.hypot(re, im);
}

/** |spectrum| with frequency 0 in the middle (floor of half the length). */
export function shiftedMagnitude(picture: ArrayLike<number>, height: number, width: number): Float64Array {
  const half = halfSpectrum2d(picture, height, width);
  const columns = halfOf(width);
  const out = new Float64Array(height * width);
  const [down, right] = [height >> 1, width >> 1];
  for (let y = 0; y < height; y++) {
    const row = ((y + down) % height) * width;
    const opposite = (((height - y) % height) + down) % height;
    for (let x = 0, from = 2 * y * columns; x < columns; x++, from += 2) {
      const size = magnitude(half[from] as number, half[from + 1] as number);
      out[x + right < width ? row + x + right : row + x + right - width] = size;
      out[opposite * width + (right >= x ? right - x : width - x + right)] = size;
    }
  }
  return out;
}

/** log(|z| + 1) of the spectrum of a real image with frequency 0 in the middle, whose other half has the same numbers. */
export function logMagnitudes(spectrum: Float64Array, height: number, width: number): Float64Array {
  const logs = new Float64Array(height * width);
  const [down, right] = [height >> 1, width >> 1];
  for (let y = 0; y <= down; y++)
    for (let x = 0, at = y * width; x < width; x++, at++)
      logs[at] = Math.log(magnitude(spectrum[2 * at] as number, spectrum[2 * at + 1] as number) + 1);
  for (let y = down + 1; y < height; y++) {
    const opposite = (2 * down - y) * width;
    for (let x = 0; x < width; x++) {
      const over = 2 * right - x;
      logs[y * width + x] = logs[opposite + (over < width ? over : over - width)] as number;
    }
  }
  return logs;
}

/** The spectrum with frequency 0 in the middle, complex and interleaved. */
export const shiftedSpectrum = (picture: ArrayLike<number>, height: number, width: number): Float64Array =>
  wholeSpectrum(halfSpectrum2d(picture, height, width), [height, width], [height >> 1, width >> 1]);

/**
 * The absolute Fourier transform of an image, such as that of a virtual detector: [height, width], unscaled, with
 * frequency 0 at [floor(height / 2), floor(width / 2)]. NaN counts as 0. In float64, for sizes of any factors.
 *
 * Throws `Shape` if the image does not have height · width numbers.
 */
export function fourierMagnitude(image: ArrayLike<number>, shape: readonly number[]): Float64Array {
  expectsNumbers('fourierMagnitude: the image', image);
  expectsNumbers('fourierMagnitude: the shape', shape);
  const [height = 0, width = 0] = shape;
  if (shape.length !== 2 || height * width !== image.length)
    throw new EwaldError(
      'Shape',
      `fourierMagnitude: the image has ${image.length} numbers, the shape is [${shape}]; expected [height, width]`,
    );
  const finite = mapInto(new Float64Array(image.length), image, (value) => (Number.isNaN(value) ? 0 : value));
  return shiftedMagnitude(finite, height, width);
}
