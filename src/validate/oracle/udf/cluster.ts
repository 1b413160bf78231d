/**
 * Cluster analysis by its definition, in float64: local maxima are determined pixel by pixel, sums of squares are
 * computed from all members, and nothing is kept from one union to the next.
 */

/** A scan and the parameters of its clusters. */
export interface ClusterProblem {
  /** [positions, pixels] */
  readonly data: ArrayLike<number>;
  readonly nav: readonly [rows: number, columns: number];
  readonly sig: readonly [height: number, width: number];
  readonly nPeaks: number;
  readonly minDistance: number;
  readonly clusters: number;
  /** Pixels that are used; default: all. */
  readonly inside?: (y: number, x: number) => boolean;
  /** Positions that exist; default: all. */
  readonly there?: (position: number) => boolean;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The cluster of each position, numbered from 1, that of the first position; NaN for positions that do not exist. */
export function clustersOf(problem: ClusterProblem): number[] {
  const { data, nav, sig, nPeaks, minDistance, clusters, inside = () => true, there = () => true } = problem;
  const [[rows, columns], [height, width]] = [nav, sig];
  const pixels = height * width;
  const all = Array.from({ length: rows * columns }, (_, i) => i).filter(there);
  const at = (i: number, p: number): number => data[i * pixels + p] as number;
  const std = Array.from({ length: pixels }, (_, p) => {
    if (!inside(Math.floor(p / width), p % width)) return 0;
    const middle = mean(all.map((i) => at(i, p)));
    return Math.sqrt(mean(all.map((i) => (at(i, p) - middle) ** 2)));
  });
  const high = [...std.keys()].filter((p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    const edge = Math.min(y, x, height - 1 - y, width - 1 - x);
    const near = [...std.keys()].filter(
      (q) => Math.abs(Math.floor(q / width) - y) <= minDistance && Math.abs((q % width) - x) <= minDistance,
    );
    return edge >= minDistance && (std[p] as number) > 0 && near.every((q) => (std[q] as number) <= (std[p] as number));
  });
  const chosen = high.sort((p, q) => (std[q] as number) - (std[p] as number)).slice(0, nPeaks);
  const sizes = chosen.map((p) => mean(all.map((i) => Math.abs(at(i, p)))));
  const feature = (i: number, k: number): number => at(i, chosen[k] as number) / (sizes[k] as number);
  const squares = (members: readonly number[]): number =>
    chosen.reduce((total, _, k) => {
      const values = members.map((i) => feature(i, k));
      const middle = mean(values);
      return total + values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
    }, 0);
  const touch = (a: readonly number[], b: readonly number[]): boolean =>
    a.some((i) =>
      b.some(
        (j) =>
          Math.abs(Math.floor(i / columns) - Math.floor(j / columns)) + Math.abs((i % columns) - (j % columns)) === 1,
      ),
    );
  let groups = all.map((i) => [i]);
  while (groups.length > clusters) {
    let best: { cost: number; a: number[]; b: number[] } | undefined;
    for (const [k, a] of groups.entries())
      for (const b of groups.slice(k + 1)) {
        if (!touch(a, b)) continue;
        const cost = squares([...a, ...b]) - squares(a) - squares(b);
        if (!best || cost < best.cost) best = { cost, a, b };
      }
    const { a, b } = best as NonNullable<typeof best>;
    groups = [...groups.filter((group) => group !== a && group !== b), [...a, ...b]];
  }
  groups.sort((a, b) => Math.min(...a) - Math.min(...b));
  return Array.from({ length: rows * columns }, (_, i) => {
    const k = groups.findIndex((group) => group.includes(i));
    return k < 0 ? Number.NaN : k + 1;
  });
}
