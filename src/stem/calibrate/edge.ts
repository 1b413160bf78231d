/**
 * The edge of a foil or a particle that crosses the scan: along a straight line, as wide as the probe, the disk is moved
 * to one side. A parabola can follow such a strip, but it is no descan, and no part of the centre.
 */
import { leastSquares, lengths, type Moved, residuals, type Trend } from './trend.js';

/** A strip of the scan in which the disk is moved: at its middle by `shift` (y, x) pixels. */
export interface Edge {
  /** Direction (along the rows and columns of the scan) across the strip. */
  readonly across: readonly [u: number, v: number];
  /** Where its middle is in that direction, and its width (standard deviation), in halves of the scan. */
  readonly at: number;
  readonly width: number;
  readonly shift: readonly [y: number, x: number];
  /** The most (y, x) by which it, or a strip of another shape that explains nearly as much, moves the mean. */
  readonly mean: readonly [y: number, x: number];
}

/** The share, from 0 to 1, of the shift of a strip at a position with these terms. */
export function shareAt(
  { across, at, width }: Pick<Edge, 'across' | 'at' | 'width'>,
  [, u = 0, v = 0]: readonly number[],
): number {
  return Math.exp(-(((across[0] * u + across[1] * v - at) / width) ** 2 / 2));
}

/** By how much (y, x) an edge moves the disk at a position with these terms. */
export function edgeShift(edge: Edge, terms: readonly number[]): [y: number, x: number] {
  const share = shareAt(edge, terms);
  return [share * edge.shift[0], share * edge.shift[1]];
}

/** A shift without that of an edge. */
export function withoutEdge({ shift, terms }: Moved, edge: Edge): [y: number, x: number] {
  const [y, x] = edgeShift(edge, terms);
  return [shift[0] - y, shift[1] - x];
}

const directions = Array.from({ length: 18 }, (_, i): [number, number] => {
  return [Math.cos((Math.PI * i) / 18), Math.sin((Math.PI * i) / 18)];
});
const middles = Array.from({ length: 19 }, (_, i) => (i - 9) / 7);
/** Wider than the last, the strip is nearly the parabola itself, of any height. */
const widths = [0.15, 0.22, 0.32, 0.46, 0.66, 0.95];
/** The strips that are tried. */
export const strips: readonly Pick<Edge, 'across' | 'at' | 'width'>[] = directions.flatMap((across) =>
  middles.flatMap((at) => widths.map((width) => ({ across, at, width }))),
);
/** What strips leave that explain nearly as much as the best, as a share of what that leaves. */
const nearly = 1.05;
/**
 * Share of the deviations from a constant, plane or parabola that a strip leaves where it is believed instead: more than
 * that of a chance, and than that of a polynomial with more numbers.
 */
const believed = [0.65, 0.8, 1.1] as const;
/** Share of the motion over the scan that an edge leaves at most, beside a constant or a plane: it is most of it. */
const leavesAtMost = [0.6, 0.3] as const;
/**
 * Share of the same deviations up to which a strip is a possible explanation: of what seems to be a plane or a parabola,
 * and of the motion beside the trend itself, where chance leaves more.
 */
const possible = { instead: 1.5, beside: 0.8 } as const;

/** The mean deviation, of which few far blocks are no large part. */
const deviationOf = (off: readonly (readonly [number, number])[], weights: readonly number[]): number =>
  off.reduce((sum, [y, x], i) => sum + Math.sqrt(weights[i] as number) * Math.hypot(y, x), 0) / off.length;

/** The strip that leaves least beside a polynomial of `length` terms, and how much. */
function bestEdge(moved: readonly Moved[], weights: readonly number[], length: number) {
  const found: { readonly left: number; readonly edge: Omit<Edge, 'mean'>; readonly share: number }[] = [];
  for (const strip of strips) {
    const shares = moved.map(({ terms }) => shareAt(strip, terms));
    const withStrip = moved.map(({ shift, terms }, i) => ({
      shift,
      terms: [...terms.slice(0, length), shares[i] as number],
    }));
    const fit = leastSquares(withStrip, weights, length + 1);
    if (!fit) continue;
    const left = deviationOf(residuals(withStrip, fit.coefficients), weights);
    const share = shares.reduce((sum, one) => sum + one, 0) / shares.length;
    found.push({ left, edge: { ...strip, shift: fit.coefficients[length] as [number, number] }, share });
  }
  const [first, ...others] = found;
  if (!first) return undefined;
  const { left, edge } = others.reduce((best, one) => (one.left < best.left ? one : best), first);
  const alike = found.filter((one) => one.left <= nearly * left);
  const most = (part: 0 | 1): number =>
    alike.reduce((least, { edge: { shift }, share }) => Math.max(least, share * Math.abs(shift[part])), 0);
  return { left, edge: { ...edge, mean: [most(0), most(1)] as const } };
}

/** The edge that explains blocks better than their trend, or as well; beside a lower polynomial if that is enough. */
export function findEdge(
  moved: readonly Moved[],
  weights: readonly number[],
  { order, coefficients }: Trend,
): { readonly edge: Edge; readonly isCertain: boolean } | undefined {
  const deviation = deviationOf(residuals(moved, coefficients), weights);
  const still = leastSquares(moved, weights, 1);
  const all = still ? deviationOf(residuals(moved, still.coefficients), weights) : 0;
  let other: Edge | undefined;
  // A strip beside a parabola follows almost anything.
  for (const [i, length] of lengths.slice(0, Math.min(order, 1) + 1).entries()) {
    const best = bestEdge(moved, weights, length);
    if (!best) continue;
    const isMost = best.left <= (leavesAtMost[i] as number) * all;
    // Beside the trend itself a strip has more numbers than the trend alone, however many that has.
    if (isMost && best.left < (believed[order - i] as number) * deviation) return { edge: best.edge, isCertain: true };
    if (best.left < (i < order ? possible.instead : possible.beside) * deviation) other ??= best.edge;
  }
  return other && { edge: other, isCertain: false };
}
