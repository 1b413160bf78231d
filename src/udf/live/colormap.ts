/**
 * Colour maps of images: one similar to cividis and suitable for colour-blind readers, and a colour wheel for
 * directions; with limits that ignore single bright pixels.
 */
import { expects, expectsNumbers } from '../../util/arguments.js';
import type { Own } from '../../util/globals.js';
import { select } from '../../util/median.js';

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

/** Steps of the table of colours from which images of more pixels are painted: more than 8 bits show. */
const steps = 4096;

/** The colours of all steps, as RGBA bytes. */
function tableOf(colour: (share: number) => readonly [number, number, number]): Uint8Array {
  const bytes = new Uint8Array(4 * (steps + 1)).fill(255);
  for (let i = 0; i <= steps; i++) bytes.set(colour(i / steps), 4 * i);
  return bytes;
}

/** Numbers in the colours of their share of the range between limits, as RGBA bytes; NaN is transparent. */
export function painted(
  values: ArrayLike<number>,
  [low, high]: readonly [number, number],
  colour: (share: number) => readonly [number, number, number],
): Own<Uint8ClampedArray> {
  const out = new Uint32Array(values.length);
  const scale = 1 / (high - low || 1);
  const bytes = new Uint8Array(out.buffer);
  const table = values.length > steps ? new Uint32Array(tableOf(colour).buffer) : undefined;
  for (let i = 0; i < values.length; i++) {
    const share = Math.max(0, Math.min(1, ((values[i] as number) - low) * scale));
    if (Number.isNaN(share)) continue;
    if (table) out[i] = table[Math.round(steps * share)] as number;
    else bytes.set([...colour(share), 255], 4 * i);
  }
  return new Uint8ClampedArray(out.buffer);
}

/** The finite numbers that are the least, the most, and a thousandth of all away from each. */
interface Ends {
  readonly least: number;
  readonly low: number;
  readonly high: number;
  readonly most: number;
}

/** The ends of some numbers; undefined if none is finite. */
export function endsOf(data: ArrayLike<number>): Ends | undefined {
  let [count, least, most] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) continue;
    count++;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (count === 0) return undefined;
  const rank = (share: number): number => Math.min(count - 1, Math.floor(share * count));
  const [low, high] = ranked(data, [least, most], [rank(0.001), rank(0.999)]);
  return { least, low: low as number, high: high as number, most };
}

/** The finite numbers at some ranks: those of the bins that hold the ranks are put in order, not all. */
function ranked(data: ArrayLike<number>, [least, most]: readonly [number, number], ranks: readonly number[]): number[] {
  // Halves, since the range of two finite numbers may not be finite.
  const scale = least === most ? 0 : (bins - 1) / (most / 2 - least / 2);
  const binOf = (value: number): number => Math.floor((value / 2 - least / 2) * scale);
  const counts = new Uint32Array(bins);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) continue;
    const bin = binOf(value);
    counts[bin] = (counts[bin] as number) + 1;
  }
  return ranks.map((rank) => {
    let [bin, before] = [0, 0];
    while (before + (counts[bin] as number) <= rank) before += counts[bin++] as number;
    const some = new Float64Array(counts[bin] as number);
    let at = 0;
    for (let i = 0; i < data.length; i++) {
      const value = data[i] as number;
      if (Number.isFinite(value) && binOf(value) === bin) some[at++] = value;
    }
    select(some, rank - before);
    return some[rank - before] as number;
  });
}
const bins = 2 ** 14;

/** Limits of numbers with these ends. */
export function limitsOf({ least, low, high, most }: Ends): readonly [number, number] {
  const range = high - low;
  const bounds: [number, number] = [low - least > 10 * range ? low : least, most - high > 10 * range ? high : most];
  return bounds[0] === bounds[1] ? [bounds[0], bounds[0] + 1] : bounds;
}

/** Whether numbers between limits are of both signs, and are shown about zero. */
export const isAboutZero = ([low, high]: readonly [number, number]): boolean =>
  low < 0 && high > 0 && Math.min(-low, high) >= 0.1 * Math.max(-low, high);

/** Limits that exclude a thousandth at either end if the excluded values are far outliers. */
export function robustLimits(data: ArrayLike<number>): readonly [number, number] {
  expectsNumbers('robustLimits: the data', data);
  const ends = endsOf(data);
  return ends ? limitsOf(ends) : [0, 1];
}

/** The logarithms of numbers that are shifted so that `least` is 1. */
export function logarithms(data: ArrayLike<number>, least: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = Math.log((data[i] as number) - least + 1);
  return out;
}

/** The ends of the logarithms of numbers, which are in the same order. */
export function logEndsOf({ least, low, high, most }: Ends): Ends {
  const [a, b, c, d] = logarithms([least, low, high, most], least) as unknown as [number, number, number, number];
  return { least: a, low: b, high: c, most: d };
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
  const ends = log || !limits ? endsOf(data) : undefined;
  const values = log ? logarithms(data, ends?.least ?? 0) : data;
  const range = limits ?? (ends ? limitsOf(log ? logEndsOf(ends) : ends) : [0, 1]);
  return painted(values, range, colourOf);
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
    for (let k = 0; k < 3; k++) out[4 * i + k] = 255 * bright * (0.5 + 0.5 * Math.cos(angle - (k * 2 * Math.PI) / 3));
    out[4 * i + 3] = 255;
  }
  return out;
}
