/** Strain by its definition, in float64: disks of the oracle, a lattice by normal equations, and its change. */
import { median, solve } from '../numbers.js';
import { type DisksProblem, disksOf } from './disks.js';

/** Disks, and the lattice whose points they are. */
export interface StrainProblem extends DisksProblem {
  /** Indices (i, j) of each disk. */
  readonly indices: readonly (readonly [number, number])[];
}

/** Maps, one number per frame. */
export interface StrainTruth {
  readonly eyy: number[];
  readonly exx: number[];
  readonly exy: number[];
  readonly theta: number[];
}

/** The strain of all frames relative to their median. */
export function strainOf(problem: StrainProblem): StrainTruth {
  const { frames, indices } = problem;
  const { refineds, elevations } = disksOf(problem);
  const disks = indices.length;
  // Columns (a, b) of each frame, as [[ay, by], [ax, bx]].
  const lattices = Array.from({ length: frames }, (_, f) =>
    [0, 1].map((axis) => {
      const m = [0, 1, 2].map(() => [0, 0, 0]);
      const v = [0, 0, 0];
      for (const [d, [i, j]] of indices.entries()) {
        const weight = elevations[f * disks + d] as number;
        const row = [1, i, j];
        for (const [r, a] of row.entries()) {
          for (const [c, b] of row.entries())
            (m[r] as number[])[c] = ((m[r] as number[])[c] as number) + weight * a * b;
          v[r] = (v[r] as number) + weight * a * (refineds[2 * (f * disks + d) + axis] as number);
        }
      }
      return solve(m, v).slice(1);
    }),
  );
  const entry = (lattice: readonly (readonly number[])[], r: number, c: number): number =>
    (lattice[r] as number[])[c] as number;
  const middle = [0, 1].map((r) => [0, 1].map((c) => median(lattices.map((lattice) => entry(lattice, r, c)))));
  const determinant = entry(middle, 0, 0) * entry(middle, 1, 1) - entry(middle, 0, 1) * entry(middle, 1, 0);
  const inverse = [
    [entry(middle, 1, 1) / determinant, -entry(middle, 0, 1) / determinant],
    [-entry(middle, 1, 0) / determinant, entry(middle, 0, 0) / determinant],
  ];
  const truth: StrainTruth = { eyy: [], exx: [], exy: [], theta: [] };
  for (const lattice of lattices) {
    const beta = (r: number, c: number): number =>
      entry(lattice, r, 0) * entry(inverse, 0, c) + entry(lattice, r, 1) * entry(inverse, 1, c);
    // The deformation of the sample, F = β⁻ᵀ = V R, in the order y, x; V² = F Fᵀ, and √ of a 2 × 2 matrix is in closed form.
    const size = beta(0, 0) * beta(1, 1) - beta(0, 1) * beta(1, 0);
    const [yy, yx, xy, xx] = [beta(1, 1), -beta(1, 0), -beta(0, 1), beta(0, 0)].map((x) => x / size) as [
      number,
      number,
      number,
      number,
    ];
    const [p, q, r, root] = [yy * yy + yx * yx, xx * xx + xy * xy, yy * xy + yx * xx, Math.abs(yy * xx - yx * xy)];
    const trace = Math.sqrt(p + q + 2 * root);
    truth.eyy.push((p + root) / trace - 1);
    truth.exx.push((q + root) / trace - 1);
    truth.exy.push(r / trace);
    truth.theta.push(Math.atan2(yx - xy, yy + xx));
  }
  return truth;
}
