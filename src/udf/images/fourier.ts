/**
 * A small Fourier transform for single frames within a UDF, in float64 and of any length; the fast one is `ctx.fft`.
 */
import { expectsNumbers } from '../../base/arguments.js';
import { EwaldError } from '../../base/errors.js';
import { mapInto } from '../../base/map-into.js';

/** Cosine and sine of −2πk / n, k < n / 2, for the lengths that were transformed last. */
const rootsOf = new Map<number, Float64Array>();

function roots(n: number): Float64Array {
  const known = rootsOf.get(n);
  if (known) return known;
  if (rootsOf.size >= 4) rootsOf.clear();
  const found = new Float64Array(n);
  for (let k = 0; k < n / 2; k++) {
    const angle = (-2 * Math.PI * k) / n;
    found[2 * k] = Math.cos(angle);
    found[2 * k + 1] = Math.sin(angle);
  }
  rootsOf.set(n, found);
  return found;
}

/** In place, interleaved, forward, unscaled: powers of two by radix 2, other lengths as a convolution (Bluestein). */
function transform(data: Float64Array, n: number): void {
  if ((n & (n - 1)) !== 0) {
    chirp(data, n);
    return;
  }
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j)
      for (const k of [0, 1]) {
        const kept = data[2 * i + k] as number;
        data[2 * i + k] = data[2 * j + k] as number;
        data[2 * j + k] = kept;
      }
  }
  const table = roots(n);
  for (let length = 2; length <= n; length *= 2) {
    const half = length / 2;
    const step = (2 * n) / length;
    for (let k = 0; k < half; k++) {
      const [c, s] = [table[k * step] as number, table[k * step + 1] as number];
      for (let i = k; i < n; i += length) {
        const [a, b] = [2 * i, 2 * (i + half)];
        const re = (data[b] as number) * c - (data[b + 1] as number) * s;
        const im = (data[b] as number) * s + (data[b + 1] as number) * c;
        data[b] = (data[a] as number) - re;
        data[b + 1] = (data[a + 1] as number) - im;
        data[a] = (data[a] as number) + re;
        data[a + 1] = (data[a + 1] as number) + im;
      }
    }
  }
}

function chirp(data: Float64Array, n: number): void {
  let m = 1;
  while (m < 2 * n - 1) m *= 2;
  // k² modulo 2n keeps the angle exact.
  const angle = (k: number): number => (Math.PI * ((k * k) % (2 * n))) / n;
  const a = new Float64Array(2 * m);
  const b = new Float64Array(2 * m);
  for (let k = 0; k < n; k++) {
    const [c, s] = [Math.cos(angle(k)), Math.sin(angle(k))];
    const [re, im] = [data[2 * k] as number, data[2 * k + 1] as number];
    a.set([re * c + im * s, im * c - re * s], 2 * k);
    b.set([c, s], 2 * k);
    if (k > 0) b.set([c, s], 2 * (m - k));
  }
  transform(a, m);
  transform(b, m);
  for (let k = 0; k < m; k++) {
    const [ar, ai, br, bi] = [a[2 * k], a[2 * k + 1], b[2 * k], b[2 * k + 1]] as [number, number, number, number];
    // Conjugated, so that the forward transform acts as the inverse.
    a.set([ar * br - ai * bi, -(ar * bi + ai * br)], 2 * k);
  }
  transform(a, m);
  for (let k = 0; k < n; k++) {
    const [c, s] = [Math.cos(angle(k)), Math.sin(angle(k))];
    const [re, im] = [(a[2 * k] as number) / m, -(a[2 * k + 1] as number) / m];
    data.set([re * c + im * s, im * c - re * s], 2 * k);
  }
}

/** The forward transform of a complex image, [height, width] interleaved, in place and unscaled. */
export function transform2d(data: Float64Array, height: number, width: number): void {
  for (let y = 0; y < height; y++) transform(data.subarray(2 * y * width, 2 * (y + 1) * width), width);
  const column = new Float64Array(2 * height);
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = 2 * x; y < height; y++, at += 2 * width) {
      column[2 * y] = data[at] as number;
      column[2 * y + 1] = data[at + 1] as number;
    }
    transform(column, height);
    for (let y = 0, at = 2 * x; y < height; y++, at += 2 * width) {
      data[at] = column[2 * y] as number;
      data[at + 1] = column[2 * y + 1] as number;
    }
  }
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
export function spectrum2d(picture: ArrayLike<number>, height: number, width: number): Float64Array {
  const out = new Float64Array(2 * height * width);
  for (let i = 0; i < height * width; i++) out[2 * i] = picture[i] as number;
  transform2d(out, height, width);
  return out;
}

/** Moves frequency 0 from the corner to the middle (floor of half the length). */
function shiftToMiddle(values: Float64Array, height: number, width: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      out[((y + Math.floor(height / 2)) % height) * width + ((x + Math.floor(width / 2)) % width)] = values[
        y * width + x
      ] as number;
  return out;
}

/** |spectrum| with frequency 0 in the middle. */
export function shiftedMagnitude(picture: ArrayLike<number>, height: number, width: number): Float64Array {
  const spectrum = spectrum2d(picture, height, width);
  const size = new Float64Array(height * width);
  for (let i = 0; i < size.length; i++) size[i] = Math.hypot(spectrum[2 * i] as number, spectrum[2 * i + 1] as number);
  return shiftToMiddle(size, height, width);
}

/** The spectrum with frequency 0 in the middle, complex and interleaved. */
export function shiftedSpectrum(picture: ArrayLike<number>, height: number, width: number): Float64Array {
  const spectrum = spectrum2d(picture, height, width);
  const [re, im] = [0, 1].map((part) =>
    shiftToMiddle(
      Float64Array.from({ length: height * width }, (_, i) => spectrum[2 * i + part] as number),
      height,
      width,
    ),
  ) as [Float64Array, Float64Array];
  return spectrum.map((_, i) => (i % 2 === 0 ? re : im)[i >> 1] as number);
}

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
