/**
 * The lengths that the spots of many images have together: of spots, and of sums and differences of two spots of an
 * image, each with its error. Where more of them agree than chance allows is a line of the powder of the unknown cell.
 */
import { dot, norm, type Vector } from '../../crystal/cell.js';
import { median } from '../../util/median.js';
import type { FewModel } from '../few/choice.js';
import { lengthError, type Scatter, scatterOf } from '../few/scatter.js';

/** Lengths are counted in bins of this width from here on, 1/Å. */
export const [firstLength, binWidth, bins] = [0.01, 2e-4, 5450];
/** Sums and differences of spots are used between these lengths, 1/Å: shorter ones are scatter, longer ones too many. */
const [shortestPair, longestPair] = [0.015, 0.6];
/** What a line of pairs counts, and what their lengths weigh, against spots. */
const [pairLine, pairWeight] = [0.6, 0.5];
export const weights = [1, pairWeight] as const;

/** Lengths with their errors, 1/Å. */
interface Lengths {
  readonly length: Float64Array;
  readonly error: Float64Array;
}

/** Lengths of one kind, how many are in each bin, and the error of a length by bin. */
export interface Counted extends Lengths {
  readonly counts: Float64Array;
  readonly errors: Float64Array;
}

/** A spot: its vector in 1/Å, its length with the error, and its scatter. */
interface Spot {
  readonly q: Vector;
  readonly length: number;
  readonly error: number;
  readonly scatter: Scatter;
}

/** The pooled lengths of images. */
export interface Pool {
  readonly spots: readonly (readonly Spot[])[];
  /** Of spots, and of sums and differences. */
  readonly kinds: readonly [Counted, Counted];
  /** By bin: how much more lengths there are than about it, as ln of the odds against chance. */
  readonly lines: Float64Array;
}

/** Pools images, [spots, 3] in 1/Å each. */
export function poolOf(images: readonly ArrayLike<number>[], wavelengthA: number, model: FewModel): Pool {
  const [single, pair]: [number[][], number[][]] = [
    [[], []],
    [[], []],
  ];
  const spots = images.map((image) => {
    const own: Spot[] = [];
    for (let i = 0; i + 2 < image.length; i += 3) {
      const q: Vector = [image[i] as number, image[i + 1] as number, image[i + 2] as number];
      const length = norm(q);
      if (!(length > 1e-6)) continue;
      const scatter = scatterOf(q, wavelengthA, model);
      own.push({ q, length, error: lengthError(q, length, scatter), scatter });
    }
    for (const [i, one] of own.entries()) {
      single[0]?.push(one.length);
      single[1]?.push(one.error);
      for (const other of own.slice(0, i)) for (const sign of [1, -1]) addPair(one, other, sign, pair);
    }
    return own;
  });
  const kinds = [counted(single), counted(pair)] as const;
  return { spots, kinds, lines: linesOf(kinds) };
}

/** Adds the length of the sum of two spots, or of their difference. */
function addPair(spot: Spot, other: Spot, sign: number, [lengths, errors]: number[][]): void {
  const at = (i: 0 | 1 | 2): number => spot.q[i] + sign * other.q[i];
  const q: Vector = [at(0), at(1), at(2)];
  const length = norm(q);
  if (!(length > shortestPair && length < longestPair)) return;
  const scatter = spot.scatter.map((x, i) => x + (other.scatter[i] as number));
  const along = lengthError(q, length, scatter as unknown as Scatter) ** 2;
  // Scatter across a short vector lengthens it.
  const across = (scatter[0] as number) + (scatter[3] as number) + (scatter[5] as number) - along;
  lengths?.push(Math.sqrt(Math.max(1e-6, length * length - across)));
  errors?.push(Math.sqrt(along + (across / 2 / length) ** 2));
}

export const binOf = (length: number): number => Math.floor((length - firstLength) / binWidth);
const lengthOf = (bin: number): number => firstLength + (bin + 0.5) * binWidth;

function counted([lengths = [], errors = []]: number[][]): Counted {
  const counts = new Float64Array(bins);
  for (const length of lengths) {
    const bin = binOf(length);
    if (bin >= 0 && bin < bins) counts[bin] = (counts[bin] as number) + 1;
  }
  return {
    length: Float64Array.from(lengths),
    error: Float64Array.from(errors),
    counts,
    errors: errorsByBin(lengths, errors),
  };
}

/** Ranges of lengths whose errors have a median, and fewest lengths of one. */
const [errorRanges, fewestOfRange] = [27, 5];

/** The error of a length by bin: medians of ranges, with lines between them. */
function errorsByBin(lengths: readonly number[], errors: readonly number[]): Float64Array {
  const step = (1.1 - 0.02) / errorRanges;
  const of: { lengths: number[]; errors: number[] }[] = Array.from({ length: errorRanges }, () => ({
    lengths: [],
    errors: [],
  }));
  for (const [i, length] of lengths.entries()) {
    const range = of[Math.floor((length - 0.02) / step)];
    range?.lengths.push(length);
    range?.errors.push(errors[i] as number);
  }
  const full = of.filter((range) => range.lengths.length >= fewestOfRange);
  const x = full.map((range) => range.lengths.reduce((sum, length) => sum + length, 0) / range.lengths.length);
  const y = full.map((range) => median(range.errors));
  if (x.length < 2) {
    x.splice(0, 2, 0, 1);
    y.splice(0, 2, median(errors), median(errors));
  }
  const width = binWidth ** 2 / 12;
  let at = 0;
  return Float64Array.from({ length: bins }, (_, bin) => {
    const length = lengthOf(bin);
    while (at < x.length - 2 && length > (x[at + 1] as number)) at++;
    const [from, to] = [x[at] as number, x[at + 1] as number];
    const part = Math.min(1, Math.max(0, (length - from) / (to - from)));
    return Math.sqrt(((1 - part) * (y[at] as number) + part * (y[at + 1] as number)) ** 2 + width);
  });
}

/** A line is as wide as so many errors on each side; it is compared with a window so many times as wide. */
const [lineErrors, windowLines] = [1.6, 12];

/** n ln(n/μ) − n + μ for the n lengths at each bin, where μ are those expected from the bins about it. */
function linesOf(kinds: readonly [Counted, Counted]): Float64Array {
  const found = new Float64Array(bins);
  for (const [kind, { counts, errors }] of kinds.entries()) {
    const sums = new Float64Array(bins + 1);
    for (let bin = 0; bin < bins; bin++) sums[bin + 1] = (sums[bin] as number) + (counts[bin] as number);
    const within = (bin: number, half: number): [count: number, bins: number] => {
      const [from, to] = [Math.max(0, bin - half), Math.min(bins, bin + half + 1)];
      return [(sums[to] as number) - (sums[from] as number), to - from];
    };
    for (let bin = 0; bin < bins; bin++) {
      const half = Math.max(1, Math.round((lineErrors * (errors[bin] as number)) / binWidth));
      const wide = Math.max(windowLines * half, Math.floor((0.06 * lengthOf(bin)) / binWidth) + 60);
      const [n] = within(bin, half);
      const [all, of] = within(bin, wide);
      const expected = Math.max(0.05, (all * (2 * half + 1)) / of);
      if (n > expected)
        found[bin] = (found[bin] as number) + (kind === 0 ? 1 : pairLine) * (n * Math.log(n / expected) - n + expected);
    }
  }
  return found;
}

/** Widths in bins: of the smoothing of lines, and of the window whose mean is taken off them. */
const [smoothing, meanWindow] = [2, 50];

/** The lines less their mean about each bin, so that a node without a line costs something. */
export function aboveMean(lines: Float64Array): Float64Array {
  return lines.map((line, bin) => {
    let [sum, n] = [0, 0];
    for (let i = Math.max(0, bin - meanWindow); i <= Math.min(bins - 1, bin + meanWindow); i++, n++)
      sum += lines[i] as number;
    return line - sum / n;
  });
}

/** Lines that are stronger than `least` and shorter than `longest`, as lengths, the strongest first. */
export function strongLines({ lines, kinds }: Pool, least: number, longest: number): number[] {
  const reach = 3 * smoothing;
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-(((i - reach) / smoothing) ** 2) / 2));
  const norm = kernel.reduce((sum, x) => sum + x, 0);
  const smooth = lines.map((_, bin) => kernel.reduce((sum, x, i) => sum + x * (lines[bin + i - reach] ?? 0), 0) / norm);
  const peaks: number[] = [];
  for (let bin = 2; bin < bins - 2; bin++) {
    const here = smooth[bin] as number;
    if (here > least && lengthOf(bin) < longest && here >= (smooth[bin - 1] ?? 0) && here > (smooth[bin + 1] ?? 0))
      peaks.push(bin);
  }
  peaks.sort((p, q) => (smooth[q] as number) - (smooth[p] as number));
  const kept: number[] = [];
  for (const bin of peaks) {
    const apart = (2.2 * (kinds[0].errors[bin] as number)) / binWidth;
    if (kept.every((other) => Math.abs(bin - other) > apart)) kept.push(bin);
  }
  return kept.map((bin) => centreOf(kinds, bin));
}

/** The mean of the lengths at a line, each by its error. */
function centreOf(kinds: readonly [Counted, Counted], bin: number): number {
  const at = lengthOf(bin);
  let [sum, weight] = [0, 0];
  for (const [kind, { length, error, errors }] of kinds.entries())
    for (let i = 0; i < length.length; i++) {
      if (Math.abs((length[i] as number) - at) >= 2 * (errors[bin] as number)) continue;
      const w = (weights[kind] as number) / (error[i] as number) ** 2;
      sum += w * (length[i] as number);
      weight += w;
    }
  return weight > 0 ? sum / weight : at;
}

/** Dot products of vectors along two lines, by the numbers of these, as spots of one image show them. */
export function productsBySpots({ spots }: Pool, lines: readonly number[]): number[][][] {
  const found = lines.map(() => lines.map((): number[] => []));
  for (const image of spots) {
    const on = image.flatMap((spot) => {
      let nearest = -1;
      for (const [i, line] of lines.entries()) {
        const off = Math.abs(spot.length - line);
        if (off < 2.5 * spot.error && (nearest < 0 || off < Math.abs(spot.length - (lines[nearest] as number))))
          nearest = i;
      }
      return nearest < 0 ? [] : [{ spot, line: nearest }];
    });
    for (const [n, one] of on.entries())
      for (const other of on.slice(n + 1)) {
        const [i, j] = [Math.min(one.line, other.line), Math.max(one.line, other.line)];
        const [p, q] = [lines[i] as number, lines[j] as number];
        const product = (Math.abs(dot(one.spot.q, other.spot.q)) * p * q) / one.spot.length / other.spot.length;
        // Two spots of one line that are one vector, within errors.
        if (i === j && product > 0.97 * p * p) continue;
        found[i]?.[j]?.push(product);
      }
  }
  return found;
}
