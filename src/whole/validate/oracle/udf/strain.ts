/** Strain by its definition, in float64: disks of the oracle, a lattice by normal equations, and its change. */
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

/** The solution of a symmetric system of three equations by Cramer's rule. */
function solve3(m: readonly (readonly number[])[], v: readonly number[]): [number, number, number] {
  const det = (a: readonly (readonly number[])[]): number => {
    const at = (i: number, j: number): number => (a[i] as number[])[j] as number;
    return (
      at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)) -
      at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0)) +
      at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0))
    );
  };
  const whole = det(m);
  return [0, 1, 2].map(
    (k) => det(m.map((row, i) => row.map((value, j) => (j === k ? (v[i] as number) : value)))) / whole,
  ) as [number, number, number];
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] as number) + (sorted[Math.floor(half)] as number)) / 2;
};

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
      return solve3(m, v).slice(1);
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
    truth.eyy.push(1 - beta(0, 0));
    truth.exx.push(1 - beta(1, 1));
    truth.exy.push(-(beta(0, 1) + beta(1, 0)) / 2);
    truth.theta.push((beta(0, 1) - beta(1, 0)) / 2);
  }
  return truth;
}
