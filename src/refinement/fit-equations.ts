/** The normal equations of a refinement: what the pairs say of its parameters, and what was known before. */

import { strainLength, strainPrior } from '../crystal/cell-strain.js';
import { Elimination, type Equations, type Normal, PairDerivatives } from './elimination.js';
import { parametersOf } from './fit-problem.js';
import type { FitState } from './fit-state.js';
import { milli, perUnit, sharedMotions } from './gauge.js';
import type { Plane } from './ray.js';
import type { Unit } from './units.js';

/**
 * Expected size of a unit's motion in pixels across the beam, pixels along the beam, and milliradians. These are weak
 * priors, of the size of mounting errors.
 */
const usual = { shift: 3, depth: 6, turn: 6 } as const;
/** The relative error of a mean length that is held. */
const heldSize = 1e-6;

/** The normal equations at the present state; rows of the matrix are the active parameters. */
export function normalEquations(state: FitState, active: readonly number[]): Normal {
  const { problem, ray, planes } = state;
  const row = new Int32Array(state.motion.length).fill(-1);
  for (const [i, p] of active.entries()) row[p] = i;
  const equations = new Elimination(active.length);
  const pair = new PairDerivatives(perUnit * problem.units.length);
  const perStrain = 1 / state.strain ** 2;
  const [perPx, perExcitation] = [1 / state.sigmaPx ** 2, 1 / state.sigmaExcitation ** 2];
  let at = 0;
  for (const crystal of problem.crystals) {
    const { count, panel, indices, lattice, frame, rows, beam } = crystal;
    ray.from(rows, beam);
    for (let i = 0; i < count; i++, at += 3) {
      const weight = state.weight(at);
      if (!(weight > 0)) continue;
      ray.meet(indices, 3 * i, planes[panel[i] as number] as Plane);
      ray.derive();
      derive(state, pair, panel[i] as number, row);
      for (let k = 0; k < 3; k++) pair.residual[k] = state.residuals[at + k] as number;
      pair.weights[0] = weight * perPx;
      pair.weights[1] = weight * perExcitation;
      equations.add(pair);
    }
    const own = parametersOf(problem, lattice);
    equations.addPrior(
      state.ownStrain(crystal),
      perStrain,
      own.map((p) => row[p] as number),
      frame,
    );
    equations.eliminate();
  }
  return equations.normal();
}

/** Sets the derivatives of the predictions of a pair; `row` contains the row of each parameter, −1 if it is fixed. */
function derive({ problem, ray }: FitState, into: PairDerivatives, panel: number, row: Int32Array): void {
  const { rows, shared, arm } = into;
  let count = 0;
  const chain = problem.chains[panel] as readonly number[];
  for (let i = 0; i < chain.length; i++) {
    const u = chain[i] as number;
    const { centre } = problem.units[u] as Unit;
    for (let k = 0; k < 3; k++) arm[k] = (ray.point[k] as number) - (centre[k] as number);
    // A shift of the panel moves the prediction on it in the opposite direction.
    const shift = -(problem.pixelM[u] as number) / ray.stretch;
    const turn = -milli / ray.stretch;
    for (let p = 0; p < perUnit; p++) {
      const at = row[perUnit * u + p] as number;
      if (at < 0) continue;
      rows[count] = at;
      shared[2 * count] = p < 3 ? shift * (ray.alongF[p] as number) : turn * turnAlong(p - 3, arm, ray.alongF);
      shared[2 * count + 1] = p < 3 ? shift * (ray.alongS[p] as number) : turn * turnAlong(p - 3, arm, ray.alongS);
      count++;
    }
  }
  into.count = count;
  ray.locals(into.own);
}

/** Adds the prior knowledge: units move little, and a motion that units share belongs to their parent. */
export function withPriors(
  { problem, motion }: FitState,
  { matrix, right }: Equations,
  active: readonly number[],
  keepsShared = false,
): Equations {
  const n = active.length;
  const all = Float64Array.from(matrix);
  const side = Float64Array.from(right);
  const size = (p: number): number => [usual.shift, usual.shift, usual.depth, usual.turn][Math.min(p, 3)] as number;
  for (const [l, { sizeError }] of problem.lattices.entries()) {
    const prior = strainPrior(problem.trusted ? heldSize : sizeError);
    const own = parametersOf(problem, l);
    for (const [k, p] of own.entries())
      for (const [m, q] of own.entries()) {
        const [i, j, weight] = [active.indexOf(p), active.indexOf(q), prior[k * strainLength + m] as number];
        all[i * n + j] = (all[i * n + j] as number) + weight;
        side[i] = (side[i] as number) - weight * (motion[q] as number);
      }
  }
  for (const [i, p] of active.entries()) {
    if (p >= perUnit * problem.units.length) break;
    const whole = p < perUnit ? 100 : 1;
    const weight = 1 / (whole * size(p % perUnit)) ** 2;
    all[i * n + i] = (all[i * n + i] as number) + weight;
    side[i] = (side[i] as number) - weight * (motion[p] as number);
  }
  for (const { mode } of sharedMotions(problem.parts, active)) {
    // Far stiffer than the pairs, but not so stiff that the matrix cannot be inverted.
    const stiffness = 1e4 * Math.max(...mode.map(([i]) => all[i * n + i] as number));
    let value = 0;
    if (!keepsShared) for (const [i, x] of mode) value += x * (motion[active[i] as number] as number);
    for (const [i, x] of mode) {
      side[i] = (side[i] as number) - stiffness * x * value;
      for (const [j, y] of mode) all[i * n + j] = (all[i * n + j] as number) + stiffness * x * y;
    }
  }
  return { matrix: all, right: side };
}

/** The component along a direction of what a rotation about an axis does to an arm: (axis × arm) · direction. */
function turnAlong(axis: number, arm: Float64Array, along: Float64Array): number {
  const next = (axis + 1) % 3;
  const last = (axis + 2) % 3;
  return (arm[next] as number) * (along[last] as number) - (arm[last] as number) * (along[next] as number);
}
