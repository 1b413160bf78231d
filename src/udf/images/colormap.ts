/**
 * Colour maps of images: one similar to cividis and suitable for colour-blind readers, and a colour wheel for
 * directions; with limits that ignore single bright pixels.
 */
import { expects, expectsNumbers } from '../../base/arguments.js';
import type { Own } from '../../base/globals.js';

/**
 * Points of a map from dark blue through grey to yellow: lightness rises evenly, and red never appears next to green.
 */
const points: readonly (readonly [number, number, number])[] = [
  [0, 32, 76],
  [0, 48, 110],
  [57, 72, 107],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [166, 157, 117],
  [196, 181, 108],
  [228, 207, 91],
  [255, 234, 70],
];

/** Colour of a number from 0 to 1. */
export function colourOf(value: number): readonly [number, number, number] {
  expects(typeof value === 'number', 'colourOf: the value', value, 'a number from 0 to 1');
  const at = Math.max(0, Math.min(1, value)) * (points.length - 1);
  const low = Math.min(points.length - 2, Math.floor(at));
  const [a, b] = [points[low], points[low + 1]] as [readonly number[], readonly number[]];
  const mix = (k: number): number => Math.round((a[k] as number) + (at - low) * ((b[k] as number) - (a[k] as number)));
  return [mix(0), mix(1), mix(2)];
}

/** Limits that exclude a thousandth at either end if the excluded values are far outliers. */
export function robustLimits(data: ArrayLike<number>): readonly [number, number] {
  expectsNumbers('robustLimits: the data', data);
  const finite = Float64Array.from(data as ArrayLike<number>).filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  finite.sort();
  const at = (share: number): number =>
    finite[Math.min(finite.length - 1, Math.floor(share * finite.length))] as number;
  const [low, high] = [at(0.001), at(0.999)];
  const [least, most] = [finite[0] as number, finite.at(-1) as number];
  const range = high - low;
  const bounds: [number, number] = [low - least > 10 * range ? low : least, most - high > 10 * range ? high : most];
  return bounds[0] === bounds[1] ? [bounds[0], bounds[0] + 1] : bounds;
}

/** An image as RGBA bytes; NaN is transparent. `log` maps the logarithm, shifted so that the minimum is 1. */
export function toRgba(
  data: ArrayLike<number>,
  {
    log = false,
    limits,
  }: { readonly log?: boolean | undefined; readonly limits?: readonly [number, number] | undefined } = {},
): Own<Uint8ClampedArray> {
  expectsNumbers('toRgba: the data', data);
  let values = data;
  if (log) {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < data.length; i++)
      least = Math.min(least, Number.isFinite(data[i] as number) ? (data[i] as number) : least);
    values = Float64Array.from(data, (value) => Math.log(value - least + 1));
  }
  const [low, high] = limits ?? robustLimits(values);
  const out = new Uint8ClampedArray(4 * values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    out.set([...colourOf((value - low) / (high - low)), 255], 4 * i);
  }
  return out;
}

/** Lengths of vectors (y, x). */
const lengthsOf = (vectors: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: vectors.length / 2 }, (_, i) =>
    Math.hypot(vectors[2 * i] as number, vectors[2 * i + 1] as number),
  );

/** The length of the vectors that have the full colour unless another one is given. */
export const fullLength = (vectors: ArrayLike<number>): number => robustLimits(lengthsOf(vectors))[1];

/** Vectors (y, x) as colours: the direction is the hue, the length the lightness, which is full from `most` on. */
export function vectorsToRgba(
  vectors: ArrayLike<number>,
  { most: given }: { readonly most?: number | undefined } = {},
): Own<Uint8ClampedArray> {
  expectsNumbers('vectorsToRgba: the vectors', vectors);
  expects(
    vectors.length % 2 === 0,
    'vectorsToRgba: the count of numbers',
    vectors.length,
    'even: y and x of each vector',
  );
  const n = vectors.length / 2;
  const lengths = lengthsOf(vectors);
  const most = given ?? robustLimits(lengths)[1];
  const out = new Uint8ClampedArray(4 * n);
  for (let i = 0; i < n; i++) {
    const length = lengths[i] as number;
    if (Number.isNaN(length)) continue;
    const angle = Math.atan2(vectors[2 * i] as number, vectors[2 * i + 1] as number);
    const bright = Math.min(1, length / most);
    // Three cosines a third of a turn apart: a colour wheel without edges.
    const part = (k: number): number => 255 * bright * (0.5 + 0.5 * Math.cos(angle - (k * 2 * Math.PI) / 3));
    out.set([part(0), part(1), part(2), 255], 4 * i);
  }
  return out;
}
