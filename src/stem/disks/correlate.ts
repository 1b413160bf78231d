/**
 * Disk finding in JavaScript and float64, for frames that the core does not accept, and for single images: the same
 * definitions as cpp/udf/isa/disks.cpp.
 */

import type { FoundDisks } from '../../udf/disks/contract.js';
import type { DiskCorrelation, DiskRefinement } from '../../udf/disks/finder.js';
import { type CheckedPattern, cropSize, patternExtent, patternMask } from '../../udf/disks/patterns.js';
import { inverse2d, spectrum2d, transform2d } from '../images/fourier.js';

type Picture = ArrayLike<number>;

/** A correlation: [rows, columns]. */
interface Correlation {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** ln(v − minimum + 1). */
export function logScaled(picture: Picture): Float64Array {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < picture.length; i++) if ((picture[i] as number) < least) least = picture[i] as number;
  const out = new Float64Array(picture.length);
  // Counts have few numbers, whose logarithms are computed once.
  const known = picture.length > 2 ** 16 ? new Float64Array(2 ** 14) : new Float64Array(0);
  for (let i = 0; i < known.length; i++) known[i] = Math.log(i + 1);
  for (let i = 0; i < out.length; i++) {
    const above = (picture[i] as number) - least;
    const whole = above | 0;
    out[i] = whole === above && whole < known.length ? (known[whole] as number) : Math.log(above + 1);
  }
  return out;
}

/** Sides of the windows in which an image is correlated with a pattern of this side, and the least that pays. */
const windowSide = (side: number): number => Math.max(64, 2 ** Math.ceil(Math.log2(5 * side)));

/** Multiplies complex numbers in place. */
function multiply(values: Float64Array, by: Float64Array): void {
  for (let i = 0; i < values.length; i += 2) {
    const [a, b] = [values[i] as number, values[i + 1] as number];
    const [c, d] = [by[i] as number, by[i + 1] as number];
    values[i] = a * c - b * d;
    values[i + 1] = a * d + b * c;
  }
}

/** Correlates images of one size with a pattern: in windows, which stay in the cache, if the pattern is small. */
export class Correlator {
  readonly #rows: number;
  readonly #columns: number;
  /** Side of the windows; 0 for whole images. */
  readonly #window: number;
  /** Sides of the pattern that the windows know. */
  readonly #sides: readonly [number, number];
  readonly #spectrum: Float64Array;

  constructor(pattern: CheckedPattern, rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
    this.#sides = patternExtent(pattern, [rows, columns]);
    const side = windowSide(Math.max(...this.#sides));
    this.#window = 2 * side * side <= rows * columns ? side : 0;
    this.#spectrum =
      this.#window > 0 ? this.#ofWindow(pattern) : spectrum2d(patternMask(pattern, [rows, columns]), rows, columns);
  }

  #ofWindow(pattern: CheckedPattern): Float64Array {
    const [height, width] = this.#sides;
    const side = this.#window;
    const mask = patternMask(pattern, [height, width]);
    const placed = new Float64Array(side * side);
    for (let y = 0; y < height; y++) placed.set(mask.subarray(y * width, (y + 1) * width), y * side);
    return spectrum2d(placed, side, side);
  }

  /**
   * The cyclic convolution with the pattern, its middle on the pixel. Patterns are symmetric, so this is a correlation;
   * a template of the user acts turned by 180°, as in blobfinder.
   */
  of(picture: Picture): Correlation {
    const [rows, columns] = [this.#rows, this.#columns];
    if (this.#window > 0) return { rows, columns, values: this.#inWindows(picture) };
    const product = spectrum2d(picture, rows, columns);
    multiply(product, this.#spectrum);
    inverse2d(product, rows, columns);
    const values = new Float64Array(rows * columns);
    const [down, right] = [Math.floor(rows / 2), Math.floor(columns / 2)];
    for (let y = 0, at = 0; y < rows; y++) {
      const row = ((y + down) % rows) * columns;
      for (let x = 0; x < columns; x++, at++) values[at] = product[2 * (row + ((x + right) % columns))] as number;
    }
    return { rows, columns, values };
  }

  /** Overlapping windows, two of them as real and imaginary parts of one. */
  #inWindows(picture: Picture): Float64Array {
    const [rows, columns, side] = [this.#rows, this.#columns, this.#window];
    const [height, width] = this.#sides;
    const [down, across] = [side - height + 1, side - width + 1];
    const values = new Float64Array(rows * columns);
    const pair = new Float64Array(2 * side * side);
    const places: (readonly [top: number, left: number])[] = [];
    for (let top = 0; top < rows; top += down)
      for (let left = 0; left < columns; left += across) places.push([top, left]);
    for (let k = 0; k < places.length; k += 2) {
      const both = places.slice(k, k + 2);
      if (both.length === 1) pair.fill(0);
      for (const [part, [top, left]] of both.entries()) this.#read(picture, top, left, pair, part);
      transform2d(pair, side, side);
      multiply(pair, this.#spectrum);
      inverse2d(pair, side, side);
      for (const [part, [top, left]] of both.entries())
        for (let y = top; y < Math.min(rows, top + down); y++) {
          let from = 2 * ((y - top + height - 1) * side + width - 1) + part;
          const end = y * columns + Math.min(columns, left + across);
          for (let at = y * columns + left; at < end; at++, from += 2) values[at] = pair[from] as number;
        }
    }
    return values;
  }

  /** The pixels that a window of results from (top, left) on depends on; the image goes on at its opposite edge. */
  #read(picture: Picture, top: number, left: number, pair: Float64Array, part: number): void {
    const [rows, columns, side] = [this.#rows, this.#columns, this.#window];
    const [height, width] = this.#sides;
    const [first, before] = [top + (height >> 1) - height + 1 + rows, left + (width >> 1) - width + 1 + columns];
    for (let y = 0, to = part; y < side; y++) {
      const row = ((first + y) % rows) * columns;
      for (let x = 0, from = before % columns; x < side; x++, to += 2) {
        pair[to] = picture[row + from] as number;
        if (++from === columns) from = 0;
      }
    }
  }
}

/** Pixels of a square with (top, left) as its first pixel, 0 outside the image. */
function crop(picture: Picture, rows: number, columns: number, top: number, left: number, side: number): Float64Array {
  return Float64Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [top + Math.floor(i / side), left + (i % side)];
    return y >= 0 && x >= 0 && y < rows && x < columns ? (picture[y * columns + x] as number) : 0;
  });
}

/** How disks are found in JavaScript. */
export interface DiskJob {
  readonly pattern: CheckedPattern;
  readonly correlation: DiskCorrelation;
  readonly refine: DiskRefinement;
  readonly height: number;
  readonly width: number;
}

/** Finds the disks of one frame and writes them into the results, beginning with disk `first`. */
export function diskFrames({ pattern, correlation, refine, height, width }: DiskJob) {
  const half = cropSize(pattern);
  const side = 2 * half;
  const full = correlation === 'full';
  const correlator = full ? new Correlator(pattern, height, width) : new Correlator(pattern, side, side);
  return (frame: Picture, peaks: Int32Array, foundDisks: FoundDisks, first: number): void => {
    const whole = full && finite(frame) ? correlator.of(logScaled(frame)).values : undefined;
    for (let p = 0; p < peaks.length / 2; p++) {
      const [top, left] = [(peaks[2 * p] as number) - half, (peaks[2 * p + 1] as number) - half];
      let map: Float64Array | undefined;
      if (full) map = whole && crop(whole, height, width, top, left, side);
      else {
        const pixels = crop(frame, height, width, top, left, side);
        if (finite(pixels)) map = correlator.of(logScaled(pixels)).values;
      }
      const i = first + p;
      if (!map) {
        foundDisks.centers.set([top, left], 2 * i);
        foundDisks.refineds.fill(Number.NaN, 2 * i, 2 * i + 2);
        foundDisks.heights[i] = Number.NaN;
        foundDisks.elevations[i] = Number.NaN;
        continue;
      }
      const { y, x, fine, elevation } = evaluate(map, side, refine);
      foundDisks.centers.set([top + y, left + x], 2 * i);
      foundDisks.refineds.set([top + fine[0], left + fine[1]], 2 * i);
      foundDisks.heights[i] = map[y * side + x] as number;
      foundDisks.elevations[i] = elevation;
    }
  };
}

function finite(picture: Picture): boolean {
  for (let i = 0; i < picture.length; i++) if (!Number.isFinite(picture[i])) return false;
  return true;
}

/** The maximum of a correlation, refined, and its elevation. */
function evaluate(map: Float64Array, side: number, refine: DiskRefinement) {
  let best = 0;
  for (let i = 1; i < map.length; i++) if ((map[i] as number) > (map[best] as number)) best = i;
  const [y, x] = [Math.floor(best / side), best % side];
  const fine = refined(map, side, y, x, refine);
  let elevation = Number.POSITIVE_INFINITY;
  for (let i = 0; i < map.length; i++) {
    const [dy, dx] = [Math.floor(i / side) - fine[0], (i % side) - fine[1]];
    const distance = Math.sqrt(dy * dy + dx * dx);
    if (distance < 1.5) continue;
    elevation = Math.min(elevation, ((map[best] as number) - (map[i] as number)) / distance);
  }
  // With upsampling, elevation is measured from the centre of mass, as in blobfinder.
  return { y, x, fine: refine === 'dft' ? upsampled(map, side, y, x) : fine, elevation: Math.max(0, elevation) };
}

/** A maximum of an image, refined by the parabola through its neighbours. */
export const refinedAt = (
  image: Float64Array,
  [height, width]: readonly [number, number],
  y: number,
  x: number,
): [y: number, x: number] => {
  const vertex = (at: number, step: number): number => {
    const [before, middle, after] = [image[at - step], image[at], image[at + step]] as [number, number, number];
    const curvature = 4 * middle - 2 * before - 2 * after;
    return curvature > 0 ? (after - before) / curvature : 0;
  };
  const at = y * width + x;
  const isInside = y > 0 && x > 0 && y < height - 1 && x < width - 1;
  return isInside ? [y + vertex(at, width), x + vertex(at, 1)] : [y, x];
};

function refined(map: Float64Array, side: number, y: number, x: number, how: DiskRefinement): [number, number] {
  const at = (j: number, k: number): number => map[j * side + k] as number;
  const radius = Math.min(2, y, x, side - 1 - y, side - 1 - x);
  if (radius === 0) return [y, x];
  if (how === 'parabola') return refinedAt(map, [side, side], y, x);
  let least = at(y, x);
  for (let j = -radius; j <= radius; j++)
    for (let k = -radius; k <= radius; k++) least = Math.min(least, at(y + j, x + k));
  let [sum, sumY, sumX] = [0, 0, 0];
  for (let j = -radius; j <= radius; j++)
    for (let k = -radius; k <= radius; k++) {
      const value = at(y + j, x + k) - least;
      sum += value;
      sumY += value * j;
      sumX += value * k;
    }
  return sum > 0 ? [y + sumY / sum, x + sumX / sum] : [y, x];
}

const [upsampling, samples] = [20, 30];

/**
 * The largest magnitude of the map upsampled by 20, within 0.75 pixels of its maximum; along x only the frequencies
 * from 0 to half the side are summed, as in blobfinder, which upsamples the spectrum of a real transform.
 */
function upsampled(map: Float64Array, side: number, y: number, x: number): [number, number] {
  const spectrum = spectrum2d(map, side, side);
  const half = side / 2;
  const frequency = (k: number): number => (k < half ? k : k - side);
  const phases = (from: number, of: (k: number) => number): { re: Float64Array; im: Float64Array }[] =>
    Array.from({ length: samples }, (_, s) => {
      const angle = (2 * Math.PI * (from + (s - samples / 2) / upsampling)) / side;
      return {
        re: Float64Array.from({ length: side }, (_, k) => Math.cos(angle * of(k))),
        im: Float64Array.from({ length: side }, (_, k) => Math.sin(angle * of(k))),
      };
    });
  const rows = phases(x, (k) => k).map(({ re, im }) => {
    const out = { re: new Float64Array(side), im: new Float64Array(side) };
    for (let j = 0; j < side; j++)
      for (let k = 0; k <= half; k++) {
        const [a, b] = [spectrum[2 * (j * side + k)] as number, spectrum[2 * (j * side + k) + 1] as number];
        const [c, d] = [re[k] as number, im[k] as number];
        out.re[j] = (out.re[j] as number) + a * c - b * d;
        out.im[j] = (out.im[j] as number) + a * d + b * c;
      }
    return out;
  });
  let best = { magnitude: -1, y: 0, x: 0 };
  for (const [t, phase] of phases(y, frequency).entries())
    for (const [s, row] of rows.entries()) {
      let [re, im] = [0, 0];
      for (let j = 0; j < side; j++) {
        const [a, b] = [row.re[j] as number, row.im[j] as number];
        const [c, d] = [phase.re[j] as number, phase.im[j] as number];
        re += a * c - b * d;
        im += a * d + b * c;
      }
      const magnitude = re * re + im * im;
      if (magnitude > best.magnitude) best = { magnitude, y: t, x: s };
    }
  return [y + (best.y - samples / 2) / upsampling, x + (best.x - samples / 2) / upsampling];
}
