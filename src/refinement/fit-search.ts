/** The search for the motions of a detector's parts: steps until they settle, fewer parameters, again. */

import { sizeErrorOfShape } from '../crystal/cell-strain.js';
import { solved } from '../util/linear.js';
import type { Normal } from './elimination.js';
import { normalEquations, withPriors } from './fit-equations.js';
import { heldVariance, significant } from './fit-judgement.js';
import { type FitProblem, parametersOf } from './fit-problem.js';
import { type Solution, solutionOf, variance } from './fit-solution.js';
import type { FitState } from './fit-state.js';
import { perUnit } from './gauge.js';

const rounds = 12;
/**
 * A fit has settled when the next step of the detector is a smaller part of its standard errors than this, that of the
 * crystals (root mean square, of nine parameters together), and the change of its scatter a smaller fraction.
 */
const [settledStep, settledCrystals, settledScatter] = [0.1, 0.4, 0.02];
/**
 * Peaks determine the distance if its error is smaller than this fraction of the one that the known cell leaves alone.
 */
const determined = 0.5;
/** The largest error of a known size that counts there: peaks that leave the distance less certain do not tell it. */
const largestSize = 5e-3;

/** A change of the distance in metres, and its standard error. */
export interface FreeDistance {
  readonly changeM: number;
  readonly errorM: number;
}

/** How a search has ended. */
interface Search {
  /** The parameters that are not zero, and the normal equations; none if they cannot be solved. */
  readonly active: readonly number[];
  readonly normal: Normal | undefined;
  readonly isDistanceKnown: boolean;
  readonly freeDistance: FreeDistance | undefined;
}

/** Fits all parameters, and again without those that are not significant, until all are. */
export function searched(state: FitState): Search {
  const { problem } = state;
  const candidates = problem.parts.flatMap(({ movable }, u) => movable.map((k) => perUnit * u + k));
  let active: readonly number[] = [...candidates, ...problem.ofCells];
  // The whole detector alone leaves little for many parts, whose equations take far longer.
  if (problem.units.length > 1) {
    approach(state, [...candidates.filter((p) => p < perUnit), ...problem.ofCells]);
    state.moveStrays();
  }
  let normal = settle(state, active);
  let solution = normal && solutionOf(state, active, active, normal);
  if (solution && doubtSizes(state, active, solution)) {
    normal = settle(state, active);
    solution = normal && solutionOf(state, active, active, normal);
  }
  const isDistanceKnown = solution !== undefined && knowsDistance(problem, active, solution);
  const freeDistance = solution && freeDistanceOf(state, active, solution);
  while (normal && solution) {
    const { kept, values } = significant(state, active, normal, solution);
    if (kept.length === active.length) break;
    normal = settleWithout(state, active, kept, normal, values);
    active = kept;
    solution = normal && solutionOf(state, active, active, normal);
  }
  return { active, normal, isDistanceKnown, freeDistance };
}

/** The residuals where the crystals alone are fitted, without moving the detector. The fit is lost. */
export function rmsUnmoved(state: FitState, begin: () => void): number {
  begin();
  approach(state, state.problem.ofCells);
  return state.rms();
}

/**
 * Repeats steps of the fit until the next is small beside its errors; returns the normal equations at the end.
 * Undefined if they cannot be solved. `first` is the change of the scatter by the step before, if there was one.
 */
function settle(state: FitState, active: readonly number[], first = 1): Normal | undefined {
  const n = active.length;
  let change = first;
  for (let round = 0; ; round++) {
    const normal = normalEquations(state, active);
    const { matrix, right } = withPriors(state, normal, active);
    const by = solved(matrix, right, n);
    if (!by) return undefined;
    // The square of the step in its standard errors.
    let square = 0;
    for (let i = 0; i < n; i++) square += (by[i] as number) * (right[i] as number);
    const isSettled = change < settledScatter && square < settledStep ** 2 && normal.ownStep < settledCrystals ** 2;
    if (round === rounds || isSettled) return normal;
    state.step(active, normal, by);
    change = state.rescale(normal.openStrain);
  }
}

/** Takes steps until the scatter has settled: crystals, or the whole detector, may still move within their errors. */
function approach(state: FitState, active: readonly number[]): void {
  for (let round = 0; round < rounds; round++) {
    const normal = normalEquations(state, active);
    const { matrix, right } = withPriors(state, normal, active);
    const by = solved(matrix, right, active.length);
    if (!by) return;
    state.step(active, normal, by);
    if (state.rescale(normal.openStrain) < settledScatter) return;
  }
}

/**
 * Settles with the parameters that are kept, from the values that the equations of all of them give these; the others
 * are zero.
 */
function settleWithout(
  state: FitState,
  active: readonly number[],
  kept: readonly number[],
  normal: Normal,
  values: Float64Array,
): Normal | undefined {
  const at = new Map(kept.map((p, i) => [p, values[i] as number]));
  const by = Float64Array.from(active, (p) => (at.get(p) ?? 0) - (state.motion[p] as number));
  state.step(active, normal, by);
  return settle(state, kept, state.rescale(normal.openStrain));
}

/**
 * Raises the errors of the sizes of known cells whose shape is wrong; returns whether there are any. A cell whose
 * shape is right fixes the distance as well as its digits do.
 */
function doubtSizes({ problem, motion }: FitState, active: readonly number[], solution: Solution): boolean {
  let isAny = false;
  for (const [l, lattice] of problem.lattices.entries()) {
    const own = parametersOf(problem, l);
    const variances = own.map((p) => variance(solution, active.indexOf(p)));
    const error = sizeErrorOfShape(
      own.map((p) => motion[p] as number),
      variances,
    );
    if (error <= lattice.sizeError) continue;
    lattice.sizeError = error;
    isAny = true;
  }
  return isAny;
}

/**
 * Whether the peaks, or a trusted cell, determine the distance. If the error of the distance is that of the size of
 * the cell, they are the same thing to the peaks.
 */
function knowsDistance(
  { trusted, lattices, pixelM, distanceM }: FitProblem,
  active: readonly number[],
  solution: Solution,
): boolean {
  const row = active.indexOf(2);
  if (row < 0) return false;
  if (trusted || lattices.length === 0) return true;
  const error = Math.sqrt(variance(solution, row));
  const size = Math.min(largestSize, ...lattices.map(({ sizeError }) => sizeError));
  return error * (pixelM[0] as number) < determined * size * distanceM;
}

/** The change of the distance in the present fit, and its error. */
function freeDistanceOf(
  { problem, motion }: FitState,
  active: readonly number[],
  solution: Solution,
): FreeDistance | undefined {
  const row = active.indexOf(2);
  if (row < 0) return undefined;
  const pixelM = problem.pixelM[0] as number;
  return {
    changeM: (motion[2] as number) * pixelM,
    errorM: Math.sqrt(variance(solution, row) + heldVariance(problem, 2)) * pixelM,
  };
}
