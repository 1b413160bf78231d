/** Hot and dead pixels, and gaps between modules, from the sum of all frames. */
import { median } from '../../util/median.js';
import { around, type Image, pixelsOf } from './image.js';

/** Pixels without a usable count, as flat indices. */
export interface BadPixels {
  /** Brighter than any feature of a pattern can be beside its neighbours. */
  readonly hot: readonly number[];
  /** Nearly without counts among neighbours that have them. */
  readonly dead: readonly number[];
  /** In rows and columns without counts between, or beside, rows and columns that have them. */
  readonly gap: readonly number[];
  /** Not a finite number in some frame. */
  readonly invalid: readonly number[];
}

/** Widest gap between two modules. */
const widestGap = 16;

/** Counts of a row that lie beside one without any, for a gap between the two. */
const minBeside = 100;

/** The sum of each row or column, 0 if at most two pixels have counts, and whether most have many. */
interface Lines {
  readonly sums: Float64Array;
  readonly full: Uint8Array;
}

/** Rows and columns, in one pass over the image. */
function linesOf({ data, height, width }: Image): readonly [rows: Lines, columns: Lines] {
  const [rowSums, rowLit] = [new Float64Array(height), new Uint32Array(height)];
  const [columnSums, columnLit] = [new Float64Array(width), new Uint32Array(width)];
  for (let y = 0, i = 0; y < height; y++) {
    let [sum, lit] = [0, 0];
    for (let x = 0; x < width; x++, i++) {
      const value = data[i] as number;
      if (value > 0) {
        lit++;
        columnLit[x] = (columnLit[x] as number) + 1;
      }
      // Neither NaN nor infinite.
      if (value - value !== 0) continue;
      sum += value;
      columnSums[x] = (columnSums[x] as number) + value;
    }
    rowSums[y] = sum;
    rowLit[y] = lit;
  }
  const lines = (sums: Float64Array, lits: Uint32Array, length: number): Lines => {
    const full = new Uint8Array(sums.length);
    for (const [line, sum] of sums.entries()) {
      const lit = lits[line] as number;
      if (lit <= 2) sums[line] = 0;
      full[line] = Number(lit > 0.5 * length && sum > 30 * length);
    }
    return { sums, full };
  };
  return [lines(rowSums, rowLit, width), lines(columnSums, columnLit, height)];
}

/**
 * Lines without counts between others with at least 100; a hot pixel may lie in one. Those at an edge of the frame are a
 * gap, however many there are, if the line beside them has counts in most of its pixels: no pattern ends so.
 */
function gapsAmong({ sums, full }: Lines): number[] {
  const lines = sums.length;
  const found: number[] = [];
  for (let first = 0; first < lines; first++) {
    let end = first;
    while (end < lines && sums[end] === 0) end++;
    const sides = [first - 1, end].filter((line) => line >= 0 && line < lines);
    const isGap =
      sides.length === 2
        ? end - first <= widestGap && sides.every((line) => (sums[line] as number) > minBeside)
        : sides.some((line) => full[line]);
    if (isGap) for (let line = first; line < end; line++) found.push(line);
    first = Math.max(first, end);
  }
  return found;
}

/** Whether a row or column has at most two pixels with counts; most images have none, and need no sums of their lines. */
function hasDarkLine({ data, height, width }: Image): boolean {
  // Neither NaN nor infinite.
  const isLit = (value: number): boolean => value > 0 && value - value === 0;
  for (let y = 0; y < height; y++) {
    let lit = 0;
    for (let i = y * width, end = i + width; i < end && lit <= 2; i++) if (isLit(data[i] as number)) lit++;
    if (lit <= 2) return true;
  }
  const lit = new Uint8Array(width);
  let left = width;
  for (let y = 0; y < height && left > 0; y++)
    for (let x = 0, i = y * width; x < width; x++, i++) {
      if ((lit[x] as number) > 2 || !isLit(data[i] as number)) continue;
      lit[x] = (lit[x] as number) + 1;
      if (lit[x] === 3) left--;
    }
  return left > 0;
}

/** The pixels of gaps between modules, rows first. */
export function gapsOf(image: Image): number[] {
  if (!hasDarkLine(image)) return [];
  const { height, width } = image;
  const [rows, columns] = linesOf(image).map(gapsAmong) as [number[], number[]];
  const found: number[] = [];
  for (const y of rows) for (let x = 0; x < width; x++) found.push(y * width + x);
  const isGap = new Uint8Array(rows.length > 0 ? height : 0);
  for (const y of rows) isGap[y] = 1;
  for (const x of columns) for (let y = 0; y < height; y++) if (!isGap[y]) found.push(y * width + x);
  return found;
}

/** Whether a neighbour of a pixel is masked. */
function hasMasked(image: Image, masked: Uint8Array, i: number): boolean {
  let found = false;
  around(image, i, 1, (k) => {
    if (masked[k]) found = true;
  });
  return found;
}

/**
 * The variance of pixels of which a background was subtracted, from what they differ from the pixel before; 0 for
 * counts, whose variance is their mean.
 */
function varianceOf({ data }: Image): number {
  let hasNegative = false;
  for (let i = 0; i < data.length && !hasNegative; i++) hasNegative = (data[i] as number) < 0;
  if (!hasNegative) return 0;
  const steps: number[] = [];
  for (let i = 1; i < data.length; i++) {
    const step = Math.abs((data[i] as number) - (data[i - 1] as number));
    if (Number.isFinite(step)) steps.push(step);
  }
  return (1.4826 * median(steps)) ** 2 / 2;
}

/** Share of the parts of a scan in which a hot pixel is above its neighbours; features of patterns come and go. */
const maxParts = 0.75;

/** Whether a pixel is brighter than its neighbours in most parts of a scan. */
function staysHot(image: Image, parts: readonly Float64Array[], masked: Uint8Array, i: number): boolean {
  const hot = parts.filter((part) => {
    let top = 0;
    around(image, i, 1, (k) => {
      if (k !== i && !masked[k]) top = Math.max(top, part[k] as number);
    });
    return (part[i] as number) > 1.2 * top;
  });
  return hot.length >= maxParts * parts.length;
}

/** Whether the brightest neighbour of a pixel is itself brighter than all but that pixel: two bad pixels that touch. */
function hasBrightPair(image: Image, masked: Uint8Array, i: number, times: number): boolean {
  const { data } = image;
  let pair = -1;
  around(image, i, 1, (k) => {
    if (k !== i && !masked[k] && !((data[pair] as number) >= (data[k] as number))) pair = k;
  });
  let next = 0;
  around(image, pair, 1, (k) => {
    if (k !== pair && k !== i && !masked[k]) next = Math.max(next, data[k] as number);
  });
  return (data[pair] as number) > times * next;
}

/**
 * Whether a pixel within the frame is neither hot nor dead by the largest two of its eight neighbours, of which all are
 * good: nearly all pixels are, and need none of the finer comparisons.
 */
function isUsual({ data, width }: Image, masked: Uint8Array, i: number, deviation: number): boolean {
  let top = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  for (let row = i - width; row <= i + width; row += width)
    for (let k = row - 1; k <= row + 1; k++) {
      if (k === i) continue;
      if (masked[k]) return false;
      const value = data[k] as number;
      if (value > top) {
        second = top;
        top = value;
      } else if (value > second) second = value;
    }
  const value = data[i] as number;
  if (value > 1.5 * top || value > 4 * second) return false;
  return top <= 30 + 12 * deviation || value >= 0.01 * top + 3 * deviation;
}

/** A part of an image: rows and columns, [first, end). */
export type ImageWindow = readonly [top: number, bottom: number, left: number, right: number];

/** The largest of each pixel, those above and below it, and `least`; infinite beside masked ones. */
function columnTops({ data, width }: Image, masked: Uint8Array, y: number, least: number, tops: Float64Array): void {
  for (let x = 0, i = y * width; x < width; x++, i++) {
    if (masked[i - width] || masked[i] || masked[i + width]) {
      tops[x] = Number.POSITIVE_INFINITY;
      continue;
    }
    const above = data[i - width] as number;
    const value = data[i] as number;
    const below = data[i + width] as number;
    // Which of three is the largest is noise, which processors do not foresee.
    if (above <= least && value <= least && below <= least) tops[x] = least;
    else tops[x] = Math.max(above, value, below);
  }
}

/** The pixels that are good and not usual, from which bad ones are chosen. */
function unusual(
  image: Image,
  masked: Uint8Array,
  variance: number,
  [top, bottom, left, right]: ImageWindow,
): number[] {
  const { data, height, width } = image;
  const deviation = Math.sqrt(variance);
  const least = 30 + 12 * deviation;
  const found: number[] = [];
  const tops = new Float64Array(width);
  for (let y = top; y < bottom; y++) {
    const isEdge = y === 0 || y === height - 1;
    if (!isEdge) columnTops(image, masked, y, least, tops);
    for (let x = left, i = y * width + left; x < right; x++, i++) {
      if (masked[i]) continue;
      if (isEdge || x === 0 || x === width - 1) {
        found.push(i);
        continue;
      }
      // What the pixels to both sides and the largest of the nine tell is enough for nearly all.
      const value = data[i] as number;
      const before = data[i - 1] as number;
      const after = data[i + 1] as number;
      const a = tops[x - 1] as number;
      const b = tops[x] as number;
      const c = tops[x + 1] as number;
      const most = a > b ? (a > c ? a : c) : b > c ? b : c;
      // A hot pixel is 8 errors above the brightest other one or 12 above the second, of one count at least.
      const isDim =
        (value - before <= 8 && value - after <= 8) ||
        (value <= 1.5 * (before > after ? before : after) && value <= 4 * (before > after ? after : before));
      if (isDim && (most <= least || value >= 0.01 * most + 3 * deviation)) continue;
      if (!isUsual(image, masked, i, deviation)) found.push(i);
    }
  }
  return found;
}

/**
 * The bad pixels of a sum of counts, or of gain times counts, and of its parts. A pixel is compared with those of its
 * eight neighbours that are good, so that neighbours of a gap are not compared with its zeros. Pixels that the run has
 * excluded are a gap, whatever was put in their place. With `within`, hot and dead ones are those of a part of the image.
 */
export function findBadPixels(
  image: Image,
  parts: readonly Float64Array[] = [],
  excluded: Uint8Array = new Uint8Array(),
  within: ImageWindow = [0, image.height, 0, image.width],
): BadPixels {
  const { data } = image;
  const gap = excluded.some(Boolean) ? [...new Set([...gapsOf(image), ...pixelsOf(excluded)])] : gapsOf(image);
  const masked = new Uint8Array(data.length);
  const invalid: number[] = [];
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    masked[i] = 1;
    invalid.push(i);
  }
  for (const i of gap) masked[i] = 1;
  const [hot, dead]: [number[], number[]] = [[], []];
  const near: number[] = [];
  const variance = varianceOf(image);
  for (const i of unusual(image, masked, variance, within)) {
    near.length = 0;
    around(image, i, 1, (k) => k !== i && !masked[k] && near.push(data[k] as number));
    if (near.length < 3) continue;
    // What is bright beside it may lie behind a gap.
    const beside = near.length < 8 && hasMasked(image, masked, i);
    if (beside) around(image, i, 4, (k) => k !== i && !masked[k] && near.push(data[k] as number));
    near.sort((a, b) => a - b);
    const value = data[i] as number;
    const [top = 0, second = 0, third = 0, middle = 0] = [
      near.at(-1),
      near.at(-2),
      near[Math.min(2, near.length - 1)],
      near[near.length >> 1],
    ];
    // A dark line passes through two neighbours, of which one may lie behind the edge of the frame.
    const darkest = near[near.length < 8 ? 0 : 1] as number;
    const above = (other: number, sigmas: number): boolean =>
      value - other > sigmas * Math.sqrt(variance + Math.max(other, 1));
    // No feature is sharper than the detector: half as bright again as every neighbour, or two that touch.
    // At the edge of the frame, few neighbours tell what a pattern has there.
    const [least, most] = near.length < 8 ? [3, 12] : [1.5, 4];
    if (value > least * top && above(top, 8) && value > 3 * middle && staysHot(image, parts, masked, i)) hot.push(i);
    else if (value > most * second && above(second, 12) && hasBrightPair(image, masked, i, most)) hot.push(i);
    // All but two neighbours are lit alike, so that the edge of a disk is not dead; minima of patterns are lines.
    else if (
      !beside &&
      value < 0.01 * third + 3 * Math.sqrt(variance) &&
      darkest > 0.1 * third &&
      third > 30 + 12 * Math.sqrt(variance) &&
      third > 0.4 * middle &&
      near.length > 4
    )
      dead.push(i);
  }
  return { hot, dead, gap, invalid };
}
