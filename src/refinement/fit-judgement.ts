/** Which motions of a detector are significant; the others are none. */

import { inverseOf, submatrix, times } from '../util/linear.js';
import type { Normal } from './elimination.js';
import { blocks, type FitProblem } from './fit-problem.js';
import { type Solution, solutionOf, spread } from './fit-solution.js';
import type { FitState } from './fit-state.js';
import { type GaugedPart, milli, perUnit, withMostStill } from './gauge.js';

/**
 * Motions that change predictions by fewer pixels than this do not justify another geometry: for the whole detector,
 * and for a part.
 */
const [minWhole, minPart] = [0.1, 0.05];
/** The share of right detectors of which any part may move. */
const wrongParts = 0.01;

/** Parameters of a unit that are accepted or rejected together, the first of their kind, and their rows. */
interface ParameterBlock {
  readonly u: number;
  readonly first: number;
  readonly members: readonly number[];
  readonly rows: readonly number[];
}

/**
 * Determines which parameters are significant. Half of the doubtful ones are removed at a time, and the others are
 * updated in the linear approximation.
 */
export function significant(
  state: FitState,
  active: readonly number[],
  normal: Normal,
  first: Solution,
): { kept: readonly number[]; values: Float64Array } {
  let kept = active;
  for (let solution = first; ; solution = solutionOf(state, active, kept, normal)) {
    const likely = withMostStill(state.problem.parts, kept, solution.values);
    let leaving = doubtful(state, kept, likely, solution);
    if (leaving.size === 0) leaving = unsupported(state, active, kept, normal);
    if (leaving.size === 0) return { kept, values: solution.values };
    kept = kept.filter((p) => !leaving.has(p));
  }
}

/**
 * The parameters with which half of the crystals do not fit better at the values that the other half gives them, all
 * others being fitted again: with the values v, those u of the other half and the inverse covariance F, χ² changes by
 * (v − u)ᵀ F (v − u) − vᵀ F v. The strains of the crystals are fitted as well, with their prior: residuals alone hide
 * a wrong distance in them.
 */
function unsupported(
  state: FitState,
  active: readonly number[],
  kept: readonly number[],
  { halves }: Normal,
): Set<number> {
  const n = kept.length;
  const fits = halves.map((half) => solutionOf(state, active, kept, half));
  const leaving = new Set<number>();
  for (const { rows, members } of blocksOf(state.problem, kept)) {
    const values = fits.map((fit) => rows.map((row) => fit.values[row] as number));
    const isBetter = fits.every(({ inverse }, half) => {
      const own = inverseOf(submatrix(inverse, n, rows), rows.length);
      const [v, u] = [values[half] as number[], values[1 - half] as number[]];
      // uᵀ F (2 v − u)
      const by =
        own &&
        times(
          own,
          Float64Array.from(v, (x, i) => 2 * x - (u[i] as number)),
          rows.length,
        );
      return by !== undefined && u.reduce((sum, x, i) => sum + x * (by[i] as number), 0) > 0;
    });
    if (!isBetter) for (const p of members) leaving.add(p);
  }
  return leaving;
}

/** The parameters of units that are accepted or rejected together, with their rows among those that are kept. */
function blocksOf({ units }: FitProblem, kept: readonly number[]): ParameterBlock[] {
  const at = new Map(kept.map((p, i) => [p, i]));
  return units.flatMap((_, u) =>
    blocks.flatMap((block) => {
      const members = block.map((p) => perUnit * u + p).filter((p) => at.has(p));
      return members.length === 0
        ? []
        : [{ u, first: block[0], members, rows: members.map((p) => at.get(p) as number) }];
    }),
  );
}

/** The most doubtful half of the doubtful parameters. */
function doubtful(
  { problem }: FitState,
  kept: readonly number[],
  values: Float64Array,
  solution: Solution,
): Set<number> {
  const n = kept.length;
  const found: { readonly members: readonly number[]; readonly square: number }[] = [];
  for (const { u, first, members, rows } of blocksOf(problem, kept)) {
    const own = rows.map((row) => values[row] as number);
    const limits = limitsOf(problem, u, members.length);
    const ofSize = heldVariance(problem, members[0] as number);
    const squares = [submatrix(solution.inverse, n, rows), spread(solution, rows)].map((covariance, i) => {
      const inverse = inverseOf(ofSize > 0 ? covariance.map((x) => x + ofSize) : covariance, rows.length);
      if (!inverse) return Number.POSITIVE_INFINITY;
      const by = times(inverse, own, rows.length);
      return own.reduce((sum, x, i) => sum + x * (by[i] as number), 0) / (limits[i] as number);
    });
    const square = Math.min(...squares);
    const isSmall = effectPx(problem, u, first, own) < (u === 0 ? minWhole : minPart);
    if (isSmall || !(square > 1)) found.push({ members, square: isSmall ? 0 : square });
  }
  found.sort((a, b) => a.square - b.square);
  return new Set(found.slice(0, Math.ceil(found.length / 2)).flatMap(({ members }) => members));
}

/**
 * The squares of the errors, that of the fit and that of the scatter between crystals, within which a motion is none.
 * Of all parts together one moves by chance in a hundred detectors at most, however many of them are left (Bonferroni);
 * the scatter of few crystals is uncertain itself (Hotelling's T², whose tail is a power of the level). The whole
 * detector is one part: three errors, more with few crystals.
 */
function limitsOf(problem: FitProblem, u: number, parameters: number): readonly [ofFit: number, ofScatter: number] {
  if (u === 0) return [9, 9 * (1 + 5 / problem.crystals.length) ** 2];
  const level = wrongParts / problem.tested;
  const freedom = (problem.crystalsOn[u] as number) - parameters;
  const ofScatter = freedom > 0 ? (freedom + parameters - 1) * (level ** (-2 / freedom) - 1) : Number.POSITIVE_INFINITY;
  return [-2 * Math.log(level), ofScatter];
}

/** The number of pixels by which a motion changes predictions. */
function effectPx(problem: FitProblem, u: number, first: number, values: readonly number[]): number {
  const size = Math.hypot(...values);
  const distance = problem.distanceM;
  const [radius, { spread, pixelM: pixel }] = [problem.radius[u] as number, problem.parts[u] as GaugedPart];
  if (first === 0) return size;
  if (first === 2) return (size * radius) / distance;
  return ((size * milli * spread) / pixel) * (first === 5 ? 1 : radius / distance);
}

/** The variance of the distance, in its parameter's unit, that is the one of the sizes which are held. */
export function heldVariance({ trusted, lattices, distanceM, pixelM }: FitProblem, parameter: number): number {
  if (!trusted || parameter !== 2) return 0;
  const size = Math.max(...lattices.map(({ sizeError }) => sizeError), 0);
  return ((size * distanceM) / (pixelM[0] as number)) ** 2;
}
