/** The cell of one still by least squares of its rows, with the quantities of its covariance. */
import { type Cell, cellFrom, dot, reciprocal, type Vector, volume } from '../../../crystal/cell.js';
import { inverted, product } from '../../../crystal/strain.js';

/** The cell of one still. Cov(B_kα, B_lβ) = (B_k Σ B_lᵀ) (N⁻¹)_αβ with Σ = diag(across, across, along). */
export interface StillFit {
  readonly cell: Cell;
  /** N⁻¹, where N = Σ s sᵀ over the spots, in Å². */
  readonly spread: Cell;
  /** Variance of the spots about their nodes across the beam and along it, in Å⁻². */
  readonly across: number;
  readonly along: number;
}

/** Distance of a spot from its node, in indices, up to which it is used: at first and, round by round, at last. */
const [widest, narrowest, narrowing, rounds] = [0.18, 0.08, 0.7, 6];
/** Spots required for nine numbers and their errors. */
const fewestSpots = 12;

/**
 * Fits nine numbers to the spots ([n, 3], 1/Å) that lie near nodes of `start`: B = Y N⁻¹ with Y = Σ h sᵀ. Undefined if
 * too few do.
 */
export function fitStill(start: Cell, spots: ArrayLike<number>): StillFit | undefined {
  let cell = start;
  let spread: Cell | undefined;
  let used: { spot: Vector; index: Vector }[] = [];
  for (let round = 0; round < rounds; round++) {
    used = nearNodes(cell, spots, Math.max(narrowest, widest * narrowing ** round));
    const [n, y] = [new Float64Array(9), new Float64Array(9)];
    for (const { spot, index } of used)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++) {
          n[3 * i + j] = (n[3 * i + j] ?? 0) + (spot[i] ?? 0) * (spot[j] ?? 0);
          y[3 * i + j] = (y[3 * i + j] ?? 0) + (index[i] ?? 0) * (spot[j] ?? 0);
        }
    const normal = cellFrom(n);
    if (used.length < fewestSpots || !(volume(normal) > 0)) return undefined;
    spread = inverted(normal);
    cell = product(cellFrom(y), spread);
  }
  if (!spread || !(Math.abs(volume(cell)) > 0)) return undefined;
  const nodes = reciprocal(cell);
  let [across, along] = [0, 0];
  for (const { spot, index } of used) {
    const [x, y, z] = [0, 1, 2].map(
      (i) => (spot[i] ?? 0) - nodes.reduce((sum, edge, k) => sum + (index[k] ?? 0) * (edge[i] ?? 0), 0),
    ) as [number, number, number];
    across += x * x + y * y;
    along += z * z;
  }
  // Three parameters for each direction.
  const free = used.length - 3;
  return { cell, spread, across: across / 2 / free, along: along / free };
}

/** The spots within `limit` indices of a node, the origin excepted. */
function nearNodes(cell: Cell, spots: ArrayLike<number>, limit: number): { spot: Vector; index: Vector }[] {
  const found: { spot: Vector; index: Vector }[] = [];
  for (let i = 0; i + 2 < spots.length; i += 3) {
    const spot: Vector = [spots[i] ?? 0, spots[i + 1] ?? 0, spots[i + 2] ?? 0];
    const at = cell.map((edge) => dot(edge, spot)) as [number, number, number];
    const index = at.map(Math.round) as [number, number, number];
    if (index.every((h) => h === 0)) continue;
    if (Math.hypot(at[0] - index[0], at[1] - index[1], at[2] - index[2]) <= limit) found.push({ spot, index });
  }
  return found;
}
