/** How the disk moves over the scan: a polynomial in the position, from sums of blocks of the scan. */
import { inverseOf } from '../../base/linear.js';
import { median } from '../../base/median.js';
import { type DiskParameters, fitDisk, movedOnly } from './disk.js';
import { groupsOf, jackknife } from './disk-errors.js';
import type { Image } from './image.js';
import { lengths, shiftAt, type Trend, trendMap } from './trend.js';

/** The sum of the frames of a block of the scan, and the means of the polynomials over its positions. */
export interface Block {
  readonly sum: Float64Array;
  readonly terms: readonly number[];
}

/** Largest extent of a map along y or x. */
function spanOf(map: Float64Array): number {
  let [lowY, highY, lowX, highX] = [map[0], map[0], map[1], map[1]] as [number, number, number, number];
  for (let i = 0; i < map.length; i += 2) {
    const [y, x] = [map[i] as number, map[i + 1] as number];
    [lowY, highY, lowX, highX] = [Math.min(lowY, y), Math.max(highY, y), Math.min(lowX, x), Math.max(highX, x)];
  }
  return Math.max(highY - lowY, highX - lowX);
}

/** A shift somewhere in the scan. */
interface Moved {
  readonly shift: readonly [number, number];
  readonly terms: readonly number[];
}

/** The least-squares polynomial of some length; far points lose their weight (Tukey, 5 σ). */
export function polynomial(moved: readonly Moved[], weights: readonly number[], length: number) {
  let now = [...weights];
  const coefficients = Array.from({ length }, (): [number, number] => [0, 0]);
  let [inverse, scale] = [new Float64Array(0), 0];
  for (let round = 0; round < 15; round++) {
    const matrix = new Float64Array(length * length);
    for (const [i, { terms }] of moved.entries())
      for (let j = 0; j < length; j++)
        for (let k = 0; k < length; k++)
          matrix[j * length + k] =
            (matrix[j * length + k] as number) +
            (now[i] as number) * (terms[j] as number) * (terms[k] as number) +
            (j === k ? 1e-12 : 0);
    const found = inverseOf(matrix, length);
    if (!found) return undefined;
    inverse = found as typeof inverse;
    for (let j = 0; j < length; j++)
      for (const part of [0, 1] as const) {
        let sum = 0;
        for (const [i, { terms, shift }] of moved.entries())
          for (let k = 0; k < length; k++)
            sum += (inverse[j * length + k] as number) * (now[i] as number) * (terms[k] as number) * shift[part];
        (coefficients[j] as [number, number])[part] = sum;
      }
    const distances = residuals(moved, coefficients).map(
      ([y, x], i) => Math.hypot(y, x) * Math.sqrt(weights[i] as number),
    );
    scale = median(distances) / 1.1774 + 1e-12;
    now = weights.map((weight, i) => weight * (1 - Math.min(1, (distances[i] as number) / (5 * scale)) ** 2) ** 2);
  }
  return { coefficients, inverse, scale };
}

const residuals = (moved: readonly Moved[], coefficients: Trend['coefficients']): [number, number][] =>
  moved.map(({ shift, terms }) => {
    const [y, x] = shiftAt(coefficients, terms);
    return [shift[0] - y, shift[1] - x];
  });

/** Standard deviations above the median of a value of the F distribution (Wilson & Hilferty). */
function deviationOfF(f: number, few: number, many: number): number {
  const root = Math.cbrt(Math.max(f, 0));
  const [a, b] = [2 / (9 * few), 2 / (9 * many)];
  return ((1 - b) * root - (1 - a)) / Math.sqrt(b * root * root + a);
}

/** The blocks that have a disk: how far it is from that of the sum. */
function movedBlocks(blocks: readonly Block[], image: Image, good: Uint8Array, disk: DiskParameters) {
  const total = image.data.reduce((sum, value, i) => sum + (good[i] ? value : 0), 0);
  const radius = disk[2] as number;
  const moved: (Moved & { readonly error: number; readonly group: number })[] = [];
  const groups = groupsOf(blocks.length);
  for (const [i, { sum, terms }] of blocks.entries()) {
    const share = sum.reduce((all, value, i) => all + (good[i] ? value : 0), 0) / total;
    if (!(share > 0)) continue;
    const start = disk.map((value, k) => (k === 4 || k === 5 || k === 10 ? value * share : value));
    const fit = fitDisk({ ...image, data: sum }, good, start, movedOnly);
    if (!fit) continue;
    const shift = [(fit.p[0] as number) - (disk[0] as number), (fit.p[1] as number) - (disk[1] as number)] as const;
    const error = Math.sqrt(Math.max(fit.noise[0] as number, fit.noise[1] as number) * Math.max(1, fit.chi2));
    if (error < 0.2 * radius && Math.hypot(...shift) < radius)
      moved.push({ shift, error, terms, group: groups[i] as number });
  }
  return moved;
}

/** What blocks move beside their trend, beyond the noise of their counts. */
export interface Rest {
  /** Standard deviations along x, y and the two diagonals, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly up: number;
  readonly down: number;
}

function restOf(off: readonly [number, number][], errors: readonly number[]): Rest {
  const noise = errors.reduce((sum, error) => sum + error * error, 0) / errors.length;
  // The fit of a block may have taken another disk.
  const deviation = (along: (y: number, x: number) => number): number =>
    Math.sqrt(Math.max(0, (1.4826 * median(off.map(([y, x]) => Math.abs(along(y, x))))) ** 2 - noise));
  return {
    x: deviation((_, x) => x),
    y: deviation((y) => y),
    up: deviation((y, x) => (x + y) * Math.SQRT1_2),
    down: deviation((y, x) => (x - y) * Math.SQRT1_2),
  };
}

/** Errors (y, x) of coefficients by a jackknife over groups of neighbouring blocks, which an object may move alike. */
function groupErrors(moved: ReturnType<typeof movedBlocks>, weights: readonly number[], length: number) {
  const without = [...new Set(moved.map(({ group }) => group))].flatMap((left) => {
    const kept = [...moved.keys()].filter((i) => moved[i]?.group !== left);
    const fit = polynomial(
      kept.map((i) => moved[i] as Moved),
      kept.map((i) => weights[i] as number),
      length,
    );
    return fit ? [Float64Array.from(fit.coefficients.flat())] : [];
  });
  const variances = without.length > 1 ? jackknife(without) : new Float64Array(2 * length);
  return Array.from({ length }, (_, j) => [variances[2 * j], variances[2 * j + 1]].map((v) => Math.sqrt(v as number)));
}

/**
 * The polynomial of the lowest order that the blocks do not contradict, and what it leaves: a higher one needs an F
 * test at 1e-3, and a coefficient above 0.02 pixels and 4 of its errors. Undefined if fewer than 12 blocks have a disk.
 */
export function findTrend(
  blocks: readonly Block[],
  image: Image,
  good: Uint8Array,
  disk: DiskParameters,
  nav: readonly [number, number],
): { readonly trend: Trend; readonly rest: Rest } | undefined {
  const moved = movedBlocks(blocks, image, good, disk);
  if (moved.length < 12) return undefined;
  const usual = median(moved.map(({ error }) => error));
  const weights = moved.map(({ error }) => 1 / (error * error + usual * usual));
  const fits = lengths.flatMap((length) => polynomial(moved, weights, length) ?? []);
  if (fits.length < lengths.length) return undefined;
  const of = (order: number) => fits[order] as (typeof fits)[0];
  const most = (5 * of(2).scale) ** 2;
  const squares = fits.map(({ coefficients }) =>
    residuals(moved, coefficients).reduce(
      (sum, pair, i) => pair.reduce((part, off) => part + Math.min(off * off * (weights[i] as number), most), sum),
      0,
    ),
  );
  const grouped = lengths.map((length) => groupErrors(moved, weights, length)) as [number[][], number[][], number[][]];
  let order: 0 | 1 | 2 = 0;
  const steps = [
    [0, 1],
    [1, 2],
    [0, 2],
  ] as const;
  for (const [low, high] of steps) {
    if (low < order) continue;
    const few = 2 * (lengths[high] - lengths[low]);
    const many = 2 * (moved.length - lengths[high]);
    const [a, b] = [squares[low] as number, squares[high] as number];
    const clear = of(high).coefficients.some((pair, j) =>
      pair.some((value, k) => j > 0 && Math.abs(value) > Math.max(0.02, 4 * (grouped[high][j]?.[k] as number))),
    );
    if (clear && deviationOfF((a - b) / few / (b / many + 1e-30), few, many) > 3.09) order = high;
  }
  const { coefficients, inverse } = of(order);
  const length = lengths[order];
  const spread = Math.max(1, (squares[order] as number) / (2 * (moved.length - length)));
  const errors = coefficients.map((_, j) => {
    const error = Math.sqrt((inverse[j * length + j] as number) * spread);
    const [y, x] = grouped[order][j] as [number, number];
    return [Math.max(error, y), Math.max(error, x)] as const;
  });
  const trend = { order, coefficients, errors, span: order === 0 ? 0 : spanOf(trendMap(coefficients, nav)) };
  const rest = restOf(
    residuals(moved, coefficients),
    moved.map(({ error }) => error),
  );
  return { trend, rest };
}

/** An image moved by (−dy, −dx) pixels, by bilinear interpolation; pixels from outside are 0. */
function movedBack({ height, width }: Image, from: Float64Array, dy: number, dx: number): Float64Array {
  const out = new Float64Array(from.length);
  const [wholeY, wholeX] = [Math.floor(dy), Math.floor(dx)];
  const [ty, tx] = [dy - wholeY, dx - wholeX];
  const at = (y: number, x: number): number =>
    y < 0 || x < 0 || y >= height || x >= width ? 0 : (from[y * width + x] as number);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [v, u] = [y + wholeY, x + wholeX];
      out[y * width + x] =
        (1 - ty) * ((1 - tx) * at(v, u) + tx * at(v, u + 1)) + ty * ((1 - tx) * at(v + 1, u) + tx * at(v + 1, u + 1));
    }
  return out;
}

/**
 * The sums of the blocks moved to where the disk is in the middle of the trend, with the pixels that are good in all
 * of them. Otherwise a plane of descan looks like an ellipse in the sum.
 */
export function aligned(
  blocks: readonly Block[],
  image: Image,
  good: Uint8Array,
  { coefficients }: Pick<Trend, 'coefficients'>,
): { image: Image; good: Uint8Array; parts: Float64Array[] } {
  const share = Float64Array.from(good);
  const [lit, data] = [new Float64Array(good.length).fill(1), new Float64Array(good.length)];
  const parts = blocks.map(({ sum, terms }) => {
    const [y, x] = shiftAt(coefficients, terms);
    const [dy, dx] = [y - (coefficients[0]?.[0] as number), x - (coefficients[0]?.[1] as number)];
    const there = movedBack(image, share, dy, dx);
    const part = movedBack(
      image,
      sum.map((value, i) => (good[i] ? value : 0)),
      dy,
      dx,
    );
    for (let i = 0; i < part.length; i++) {
      lit[i] = Math.min(lit[i] as number, there[i] as number);
      data[i] = (data[i] as number) + (part[i] as number);
    }
    return part;
  });
  return { image: { ...image, data }, good: Uint8Array.from(lit, (value) => (value > 0.999 ? 1 : 0)), parts };
}
