/** A Bragg vector map by its definition, in float64: every disk of the oracle spreads over the pixels near it. */
import { type DisksProblem, disksOf } from './disks.js';

/** Where the direct beam is, and what distorts the pattern: M = 1 + [[e1, e2], [e2, −e1]] in x and y. */
interface BraggTruth {
  readonly centre: readonly [y: number, x: number];
  readonly e1: number;
  readonly e2: number;
  readonly sampling: number;
}

/** The map, whose middle is the direct beam. */
export function braggOf(problem: DisksProblem, { centre, e1, e2, sampling }: BraggTruth): Float64Array {
  const { refineds, heights } = disksOf(problem);
  const [rows, columns] = [Math.ceil(problem.height * sampling), Math.ceil(problem.width * sampling)];
  const map = new Float64Array(rows * columns);
  const tent = (distance: number): number => Math.max(0, 1 - Math.abs(distance));
  for (const [d, value] of heights.entries()) {
    const [dy, dx] = [0, 1].map((k) => (refineds[2 * d + k] as number) - (centre[k] as number)) as [number, number];
    // M q = d, by Cramer's rule.
    const determinant = (1 + e1) * (1 - e1) - e2 * e2;
    const [qx, qy] = [(dx * (1 - e1) - e2 * dy) / determinant, ((1 + e1) * dy - e2 * dx) / determinant];
    for (let i = 0; i < map.length; i++) {
      const [y, x] = [Math.floor(i / columns) - Math.floor(rows / 2), (i % columns) - Math.floor(columns / 2)];
      map[i] = (map[i] as number) + value * tent(y - qy * sampling) * tent(x - qx * sampling);
    }
  }
  return map;
}
