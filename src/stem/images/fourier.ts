/**
 * Fourier transforms of single images, in float64 and of any sides; those of many frames are faster by `ctx.fft`.
 */
import { computedInParts } from '../../udf/functions/in-parts.js';
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
export function spectrum2d(picture: ArrayLike<number>, height: number, width: number): Float64Array {
  const out = new Float64Array(2 * height * width);
  writeSpectrum(halfSpectrum2d(picture, height, width), { height, width, down: 0, right: 0 }, 0, out);
  return out;
}

/** The sides of an image, and the place of its frequency 0. */
interface Placed {
  readonly height: number;
  readonly width: number;
  readonly down: number;
  readonly right: number;
}

/** Frequency 0 in the middle: the floor of half the length. */
const inMiddle = (height: number, width: number): Placed => ({ height, width, down: height >> 1, right: width >> 1 });

/** Of each row of `out`, from the number `from` on, where it begins, its row of a half spectrum, and the opposite one. */
function* rowsOf({ height, down }: Placed, row: number, from: number, out: Float64Array) {
  for (let at = 0, y = from / row; at < out.length; at += row, y++) {
    const own = (y + height - down) % height;
    yield { at, own, opposite: (height - own) % height };
  }
}

/** Writes rows of all frequencies of a half spectrum, complex and interleaved; `from` is the first number of a row. */
function writeSpectrum(half: Float64Array, placed: Placed, from: number, out: Float64Array): void {
  const { width, right } = placed;
  const columns = halfOf(width);
  for (const { at, own, opposite } of rowsOf(placed, 2 * width, from, out)) {
    for (let x = 0, i = 2 * own * columns; x < columns; x++, i += 2) {
      const to = at + 2 * (x + right < width ? x + right : x + right - width);
      out[to] = half[i] as number;
      out[to + 1] = half[i + 1] as number;
    }
    for (let x = columns, i = 2 * (opposite * columns + width - columns); x < width; x++, i -= 2) {
      const to = at + 2 * (x + right < width ? x + right : x + right - width);
      out[to] = half[i] as number;
      out[to + 1] = -(half[i + 1] as number);
    }
  }
}

/** The same of one real number for each frequency, which its opposite has as well. */
function writeSizes(sizes: Float64Array, placed: Placed, from: number, out: Float64Array): void {
  const { width, right } = placed;
  const columns = halfOf(width);
  for (const { at, own, opposite } of rowsOf(placed, width, from, out)) {
    out.set(sizes.subarray(own * columns, own * columns + width - right), at + right);
    for (let x = 1, i = opposite * columns + 1; x <= right; x++, i++) out[at + right - x] = sizes[i] as number;
    // Frequencies that are their own opposites along x have one number in both rows.
    const one = Math.max(own, opposite) * columns;
    out[at + right] = sizes[one] as number;
    if (2 * right === width) out[at] = sizes[one + right] as number;
  }
}

/** √(re² + im²). Math.hypot, which takes five times as long, is left to what would overflow or vanish. */
export function magnitude(re: number, im: number): number {
  const square = re * re + im * im;
  return square > 1e-280 && square < 1e300 ? Math.sqrt(square) : Math.hypot(re, im);
}

/** The spectrum of a real image with frequency 0 in the middle; what is computed of it first is kept for the others. */
export class MiddleSpectrum {
  readonly #picture: () => ArrayLike<number>;
  readonly #placed: Placed;
  #half: Float64Array | undefined;
  #unread: Set<string>;

  /** `wanted` are those that will be read, after which nothing is kept. */
  constructor(
    picture: () => ArrayLike<number>,
    [height, width]: readonly [number, number],
    wanted: readonly ('magnitude' | 'logs' | 'complex')[],
  ) {
    this.#picture = picture;
    this.#placed = inMiddle(height, width);
    this.#unread = new Set(wanted);
  }

  /** |z|, [height, width]. */
  get magnitude() {
    return this.#sizes('magnitude', magnitude);
  }

  /** log(|z| + 1), [height, width]. */
  get logs() {
    return this.#sizes('logs', (re, im) => Math.log(magnitude(re, im) + 1));
  }

  /** The spectrum itself, complex and interleaved. */
  get complex() {
    const { height, width } = this.#placed;
    const length = 2 * height * width;
    return computedInParts(length, (from, out) => {
      writeSpectrum(this.#spectrum(), this.#placed, from, out);
      if (from + out.length === length) this.#wasRead('complex');
    });
  }

  #sizes(name: string, of: (re: number, im: number) => number) {
    const { height, width } = this.#placed;
    const length = height * width;
    let sizes: Float64Array | undefined;
    return computedInParts(length, (from, out) => {
      sizes ??= sizesOf(this.#spectrum(), of);
      writeSizes(sizes, this.#placed, from, out);
      if (from + out.length < length) return;
      sizes = undefined;
      this.#wasRead(name);
    });
  }

  #spectrum(): Float64Array {
    const { height, width } = this.#placed;
    this.#half ??= halfSpectrum2d(this.#picture(), height, width);
    return this.#half;
  }

  #wasRead(name: string): void {
    this.#unread.delete(name);
    if (this.#unread.size === 0) this.#half = undefined;
  }
}

/** A number for each complex one. */
function sizesOf(spectrum: Float64Array, of: (re: number, im: number) => number): Float64Array {
  const sizes = new Float64Array(spectrum.length / 2);
  for (let i = 0; i < sizes.length; i++) sizes[i] = of(spectrum[2 * i] as number, spectrum[2 * i + 1] as number);
  return sizes;
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
  return new MiddleSpectrum(() => finite, [height, width], ['magnitude']).magnitude();
}
