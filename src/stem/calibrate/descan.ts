/** How the disk moves over the scan: a polynomial in the position, from sums of blocks of the scan. */
import { inverseOf, logDeterminant, times } from '../../util/linear.js';
import { maskOf } from '../../util/map-into.js';
import { median } from '../../util/median.js';
import { type DiskParameters, fitDisk, movedOnly } from './disk.js';
import { type Edge, edgeShift, findEdge, shareAt, withoutEdge } from './edge.js';
import type { Image } from './image.js';
import { edgeOfCounts, hasInterference } from './interference.js';
import { lengths, type Moved, polynomial, residuals, shiftAt, type Trend, trendMap } from './trend.js';

/** The sum of the frames of a block of the scan, and the means of the polynomials over its positions. */
export interface ScanBlock {
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

type MovedBlocks = (Moved & {
  readonly error: number;
  readonly place: readonly [number, number];
  /** How counts rise across the disk (y, x), and the errors of that. */
  readonly rise: readonly [number, number];
  readonly riseErrors: readonly [number, number];
  readonly misfit: number;
})[];

/** The blocks that have a disk: how far it is from that of the sum. */
function movedBlocks(blocks: readonly ScanBlock[], image: Image, good: Uint8Array, disk: DiskParameters) {
  const total = image.data.reduce((sum, value, i) => sum + (good[i] ? value : 0), 0);
  const radius = disk[2] as number;
  const moved: MovedBlocks = [];
  const side = Math.round(Math.sqrt(blocks.length));
  for (const [i, { sum, terms }] of blocks.entries()) {
    const share = sum.reduce((all, value, i) => all + (good[i] ? value : 0), 0) / total;
    if (!(share > 0)) continue;
    const start = disk.map((value, k) => (k === 4 || k === 5 || k === 10 ? value * share : value));
    const fit = fitDisk({ ...image, data: sum }, good, start, movedOnly);
    if (!fit) continue;
    const shift = [(fit.p[0] as number) - (disk[0] as number), (fit.p[1] as number) - (disk[1] as number)] as const;
    const errorOf = (parameter: number): number =>
      Math.sqrt((fit.noise[movedOnly.indexOf(parameter)] as number) * Math.max(1, fit.chi2));
    const error = Math.max(errorOf(0), errorOf(1));
    if (error < 0.2 * radius && Math.hypot(...shift) < radius)
      moved.push({
        ...{ shift, error, terms, place: [Math.floor(i / side), i % side] },
        ...{ rise: [fit.p[8] as number, fit.p[9] as number], riseErrors: [errorOf(8), errorOf(9)] },
        misfit: fit.chi2,
      });
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

/** Distances in blocks over which the fields of objects may be alike; 0 for fields of which each block has its own. */
const reaches = [0, 1, 2, 4];

/** Errors (y, x) of the coefficients of a fit, as a function of its number and of the direction. */
type Errors = (readonly [y: number, x: number])[];

/**
 * Errors of coefficients under the field of an object, which moves neighbouring blocks alike: those of a random field
 * with Matérn's correlation (1 + t) exp(−t) and the likeliest reach. Its likelihood is restricted to what the
 * polynomial does not explain (Patterson & Thompson): by residuals alone, a field of long reach would seem too small.
 */
function fieldErrors(moved: MovedBlocks, fit: NonNullable<ReturnType<typeof polynomial>>): Errors {
  const { coefficients, inverse, weights } = fit;
  const [n, length] = [moved.length, coefficients.length];
  const products = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (a[i] as number) * (b[i] as number);
    return sum;
  };
  const terms = coefficients.map((_, k) => moved.map((one) => one.terms[k] as number));
  // By how much a block that is moved by 1 moves each coefficient.
  const gains = coefficients.map((_, j) =>
    weights.map((weight, i) =>
      terms.reduce((sum, term, k) => sum + weight * (inverse[j * length + k] as number) * (term[i] as number), 0),
    ),
  );
  const best = [0, 1].map(() => ({ likelihood: Number.NEGATIVE_INFINITY, errors: [] as number[] }));
  for (const reach of reaches) {
    const correlation = correlations(moved, reach);
    const solve = inverseOf(correlation, n);
    if (!solve) continue;
    const solved = terms.map((term) => times(solve, term, n));
    const normal = Float64Array.from(terms.flatMap((term) => solved.map((other) => products(term, other))));
    const inner = inverseOf(normal, length);
    if (!inner) continue;
    const volume = logDeterminant(correlation, n) + logDeterminant(normal, length);
    const alike = gains.map((gain) => products(gain, times(correlation, gain, n)));
    for (const [part, found] of best.entries()) {
      const shifts = moved.map(({ shift }) => shift[part] as number);
      const pulled = Float64Array.from(solved, (one) => products(one, shifts));
      const explained = times(inner, pulled, length).reduce((sum, one, k) => sum + one * (pulled[k] as number), 0);
      const variance = Math.max(0, products(shifts, times(solve, shifts, n)) - explained) / (n - length);
      const likelihood = -(volume + (n - length) * Math.log(variance + 1e-300)) / 2;
      if (likelihood > found.likelihood)
        best[part] = { likelihood, errors: alike.map((share) => Math.sqrt(share * variance)) };
    }
  }
  return coefficients.map((_, j) => [0, 1].map((part) => best[part]?.errors[j] ?? Number.NaN) as never);
}

/** The correlations of a field of some reach between blocks, [blocks, blocks]. */
function correlations(moved: MovedBlocks, reach: number): Float64Array {
  return Float64Array.from(
    moved.flatMap(({ place }, i) =>
      moved.map((other, k) => {
        // A little more at the same place, so that there is an inverse.
        if (i === k) return 1 + 1e-6;
        if (reach === 0) return 0;
        const t = (Math.sqrt(3) * Math.hypot(place[0] - other.place[0], place[1] - other.place[1])) / reach;
        return (1 + t) * Math.exp(-t);
      }),
    ),
  );
}

/**
 * Errors above which a coefficient is descan; of 2800 coefficients of 230 simulated scans without descan, the largest
 * was 4.5 errors. Where there is descan, less is needed for its curvature.
 */
const [clearly, likely] = [5, 4];

/** The blocks with a disk and their weights, with the polynomial of these: a constant where nothing else is descan. */
function trendOf(moved: MovedBlocks, weights: readonly number[], nav: readonly [number, number]): Trend | undefined {
  const fits = lengths.flatMap((length) => polynomial(moved, weights, length) ?? []);
  if (fits.length < lengths.length) return undefined;
  const errors = fits.map((fit) => fieldErrors(moved, fit));
  const hasAbove = (order: 1 | 2, first: number, least: number): boolean =>
    (fits[order] as (typeof fits)[0]).coefficients.some((pair, j) =>
      pair.some(
        (value, part) => j >= first && Math.abs(value) > Math.max(0.02, least * (errors[order]?.[j]?.[part] as number)),
      ),
    );
  const moves = hasAbove(1, 1, clearly) || hasAbove(2, 1, clearly);
  const order = !moves ? 0 : hasAbove(2, lengths[1], likely) ? 2 : 1;
  const { coefficients } = fits[order] as (typeof fits)[0];
  const span = order === 0 ? 0 : spanOf(trendMap(coefficients, nav));
  return { order, coefficients, errors: errors[order] as Errors, span };
}

/** How the disk moves over a scan. */
export interface Motion {
  /** Without the edge of an object that crosses the scan, if that is certain. */
  readonly trend: Trend;
  readonly edge: Edge | undefined;
  /** What trend and edge leave. */
  readonly rest: Rest;
  /** An edge that may be what seems to be the trend, if the disk shows interference. */
  readonly otherwise: Edge | undefined;
  /** What an edge may move (y, x) in the mean that the disk shows, but no motion beside the trend. */
  readonly hidden: readonly [y: number, x: number] | undefined;
}

/** Undefined if fewer than 12 blocks have a disk. */
export function findTrend(
  blocks: readonly ScanBlock[],
  image: Image,
  good: Uint8Array,
  disk: DiskParameters,
  nav: readonly [number, number],
): Motion | undefined {
  const moved = movedBlocks(blocks, image, good, disk);
  if (moved.length < minBlocks) return undefined;
  const usual = median(moved.map(({ error }) => error));
  const weights = moved.map(({ error }) => 1 / (error * error + usual * usual));
  const whole = trendOf(moved, weights, nav);
  if (!whole) return undefined;
  const found = findEdge(moved, weights, whole);
  const edge = found?.isCertain ? found.edge : undefined;
  const beside = edge ? moved.map((one) => ({ ...one, shift: withoutEdge(one, edge) })) : moved;
  const trend = (edge && trendOf(beside, weights, nav)) ?? whole;
  const rest = restOf(
    residuals(beside, trend.coefficients),
    moved.map(({ error }) => error),
  );
  const otherwise = edge || !hasInterference(moved) ? undefined : found?.edge;
  // Beside a constant, and where it is most of a plane's motion, an edge is seen by what it moves.
  const isHidden = !otherwise && (edge ? trend.order > 0 : trend.order === 2);
  return { trend, edge, rest, otherwise, hidden: isHidden ? edgeOfCounts(moved, disk[2] as number) : undefined };
}

/** An image moved by (−dy, −dx) pixels, by bilinear interpolation; pixels from outside are 0. */
function movedBack({ height, width }: Image, from: Float64Array, dy: number, dx: number): Float64Array {
  const out = new Float64Array(from.length);
  const [wholeY, wholeX] = [Math.floor(dy), Math.floor(dx)];
  const [ty, tx] = [dy - wholeY, dx - wholeX];
  // Two rows with a border of zeros: where a row or a column is outside, nothing is there.
  const [upper, lower] = [new Float64Array(width + 1), new Float64Array(width + 1)];
  const [first, last] = [Math.max(0, wholeX), Math.min(width, wholeX + width + 1)];
  const fill = (row: Float64Array, y: number): void => {
    row.fill(0);
    if (y >= 0 && y < height && first < last)
      row.set(from.subarray(y * width + first, y * width + last), first - wholeX);
  };
  for (let y = 0; y < height; y++) {
    fill(upper, y + wholeY);
    fill(lower, y + wholeY + 1);
    for (let x = 0; x < width; x++)
      out[y * width + x] =
        (1 - ty) * ((1 - tx) * (upper[x] as number) + tx * (upper[x + 1] as number)) +
        ty * ((1 - tx) * (lower[x] as number) + tx * (lower[x + 1] as number));
  }
  return out;
}

/** Blocks with a disk that tell how it moves. */
const minBlocks = 12;
/** The share of the shift of an edge up to which a block has the disk of the beam, and not what the edge makes of it. */
const unmoved = 0.1;

/** The blocks that an edge leaves as they are; undefined if they are too few to tell the disk. */
export function besideEdge(blocks: readonly ScanBlock[], edge: Edge): ScanBlock[] | undefined {
  const some = blocks.filter(({ terms }) => shareAt(edge, terms) < unmoved);
  return some.length < minBlocks ? undefined : some;
}

/**
 * The sums of the blocks moved to where the disk is in the middle of the trend, beside any edge, with the pixels that
 * are good in all of them. Otherwise a plane of descan looks like an ellipse in the sum. Blocks on an edge are left out
 * if there are others enough.
 */
export function aligned(
  blocks: readonly ScanBlock[],
  image: Image,
  good: Uint8Array,
  { trend: { coefficients }, edge }: Motion,
): { image: Image; good: Uint8Array; parts: Float64Array[] } {
  const beside = edge && besideEdge(blocks, edge);
  const share = Float64Array.from(good);
  const [lit, data] = [new Float64Array(good.length).fill(1), new Float64Array(good.length)];
  const parts = blocks.map((block) => {
    const { sum, terms } = block;
    if (beside && !beside.includes(block)) return new Float64Array(good.length);
    const [[y, x], [v, u]] = [shiftAt(coefficients, terms), edge ? edgeShift(edge, terms) : [0, 0]];
    const [dy, dx] = [y + v - (coefficients[0]?.[0] as number), x + u - (coefficients[0]?.[1] as number)];
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
  return { image: { ...image, data }, good: maskOf(lit, (value) => value > 0.999), parts };
}
