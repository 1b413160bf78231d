/** Solutions of the normal equations of a refinement, and their errors. */

import { inverseOf, submatrix, times } from '../util/linear.js';
import type { Equations, Share } from './elimination.js';
import { withPriors } from './fit-equations.js';
import type { FitState } from './fit-state.js';

/** Values of parameters, the inverse of their normal matrix, and how they respond to each crystal: H⁻¹ sᵢ. */
export interface Solution {
  readonly values: Float64Array;
  readonly inverse: Float64Array;
  readonly responses: readonly Float64Array[];
}

/**
 * The solution in which the parameters that are not kept are zero, and its covariances.
 */
export function solutionOf(
  state: FitState,
  active: readonly number[],
  kept: readonly number[],
  { matrix, right, shares = [] }: Equations & { readonly shares?: readonly Share[] },
  keepsShared = false,
): Solution {
  const [all, n] = [active.length, kept.length];
  const isKept = new Set(kept);
  const rows = active.flatMap((p, i) => (isKept.has(p) ? [i] : []));
  const gone = active.flatMap((p, i) => (isKept.has(p) ? [] : [i]));
  const side = Float64Array.from(rows, (row) => {
    let sum = right[row] as number;
    for (const i of gone) sum += (matrix[row * all + i] as number) * (state.motion[active[i] as number] as number);
    return sum;
  });
  const whole = withPriors(state, { matrix: submatrix(matrix, all, rows), right: side }, kept, keepsShared);
  const inverse = inverseOf(whole.matrix, n) ?? new Float64Array(n * n);
  const step = times(inverse, whole.right, n);
  return {
    values: step.map((x, i) => x + (state.motion[kept[i] as number] as number)),
    inverse,
    responses: responsesTo(shares, rows, [inverse, n, all]),
  };
}

/** The response of the kept parameters to what each crystal contributes; `rows` are theirs among all of them. */
function responsesTo(
  shares: readonly Share[],
  rows: readonly number[],
  [inverse, n, all]: readonly [Float64Array, number, number],
): Float64Array[] {
  const places = new Int32Array(all).fill(-1);
  for (const [i, row] of rows.entries()) places[row] = i;
  return shares.map((share) => {
    const response = new Float64Array(n);
    for (const [k, row] of share.rows.entries()) {
      const at = places[row] as number;
      if (at < 0) continue;
      const value = share.values[k] as number;
      for (let j = 0; j < n; j++) response[j] = (response[j] as number) + value * (inverse[at * n + j] as number);
    }
    return response;
  });
}

/** The covariance of some parameters derived from the scatter of the crystals' contributions: H⁻¹ S H⁻¹. */
export function spread({ responses }: Solution, rows: readonly number[]): Float64Array {
  const n = rows.length;
  const found = new Float64Array(n * n);
  const factor = responses.length / Math.max(1, responses.length - 1);
  for (const response of responses)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        found[i * n + j] =
          (found[i * n + j] as number) +
          factor * (response[rows[i] as number] as number) * (response[rows[j] as number] as number);
  return found;
}

/**
 * The covariance of some parameters: for each pair of them the larger, that of the fit or that of the scatter between
 * crystals.
 */
export function covariance(solution: Solution, rows: readonly number[]): Float64Array {
  const n = rows.length;
  const ofFit = submatrix(solution.inverse, solution.values.length, rows);
  const ofScatter = spread(solution, rows);
  const isSpread = rows.map((_, i) => (ofScatter[i * (n + 1)] as number) > (ofFit[i * (n + 1)] as number));
  return ofFit.map((x, at) => {
    const isLarger = isSpread[Math.floor(at / n)] && isSpread[at % n];
    return isLarger ? (ofScatter[at] as number) : x;
  });
}

/** The variance of a parameter. */
export const variance = (solution: Solution, row: number): number => covariance(solution, [row])[0] as number;
