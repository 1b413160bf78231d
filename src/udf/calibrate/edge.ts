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
}

/** The share, from 0 to 1, of the shift of a strip at a position with these terms. */
export function shareAt({ across, at, width }: Omit<Edge, 'shift'>, [, u = 0, v = 0]: readonly number[]): number {
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
const widths = [0.15, 0.22, 0.32, 0.46, 0.66];
/**
 * Share of the deviations from a constant, plane or parabola that a strip leaves where it is believed instead: more than
 * that of a chance, and than that of a polynomial with more numbers.
 */
const believed = [0.65, 0.8, 1.1] as const;
/** Share of the motion over the scan that an edge leaves at most, beside a constant or a plane: it is most of it. */
const leavesAtMost = [0.6, 0.3] as const;
/** Beyond it, a strip is no explanation of what seems to be a plane or a parabola. */
const possible = 1.5;

/** The mean deviation, of which few far blocks are no large part. */
const deviationOf = (off: readonly (readonly [number, number])[], weights: readonly number[]): number =>
  off.reduce((sum, [y, x], i) => sum + Math.sqrt(weights[i] as number) * Math.hypot(y, x), 0) / off.length;

/** The strip that leaves least beside a polynomial of `length` terms, and how much. */
function bestEdge(moved: readonly Moved[], weights: readonly number[], length: number) {
  let best: { readonly left: number; readonly edge: Edge } | undefined;
  for (const across of directions)
    for (const at of middles)
      for (const width of widths) {
        const strip = { across, at, width };
        const withStrip = moved.map(({ shift, terms }) => ({
          shift,
          terms: [...terms.slice(0, length), shareAt(strip, terms)],
        }));
        const found = leastSquares(withStrip, weights, length + 1);
        if (!found) continue;
        const left = deviationOf(residuals(withStrip, found.coefficients), weights);
        if (left < (best?.left ?? Number.POSITIVE_INFINITY))
          best = { left, edge: { ...strip, shift: found.coefficients[length] as [number, number] } };
      }
  return best;
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
    if (!best || best.left > (leavesAtMost[i] as number) * all) continue;
    // Beside the trend itself a strip has more numbers than the trend alone, however many that has.
    if (best.left < (believed[order - i] as number) * deviation) return { edge: best.edge, isCertain: true };
    if (i < order && best.left < possible * deviation) other ??= best.edge;
  }
  return other && { edge: other, isCertain: false };
}
