/**
 * One step of scaling and post-refinement: Gauss–Newton of each crystal's parameters against the merge of all others.
 * Crystals do not see each other within a step, so that any of them can be refined anywhere with the same result.
 */

import { median } from '../base/median.js';
import { type Fit, type Identified, mostOf, type Sums, weightOf } from './accumulate.js';
import {
  baseVariance,
  Excitation,
  lnFactor,
  lnRadius,
  lnScale,
  parameterCount,
  rotationX,
  rotationY,
  temperature,
} from './model.js';

/** What is refined, and from where. */
export interface RefinementStep {
  readonly radius: boolean;
  readonly rotations: boolean;
  /** Gauss–Newton steps a crystal. */
  readonly steps: number;
}

/** Standard deviations of the priors: ln G, B (Å²), ln r, rotations (radians); those of ln G and ln r about the median. */
const priorSigmas = [3, 10, 0.3, 6e-4, 6e-4] as const;
/** The farthest a step goes. */
const longest = [1, 10, 0.2, 5e-4, 5e-4] as const;
/** Cauchy's weights halve at so many sigmas. */
const cauchy = 3;
/** Marquardt's share of the diagonal. */
const damping = 1.01;
/** (Φ⁻¹(3/4))²: the square of a normal deviate is below it half the time. */
const medianOfSquare = 0.455;
/** Strong observations whose deviations are looked at for the proportional error, about: their median needs no more. */
const mostExcess = 2 ** 20;
/** A reflection whose reference is the crystal's own to more than this share says nothing about the crystal. */
const leastForeign = 1e-3;

const n = parameterCount;

/** What a step found out beside the parameters. */
export interface StepResult {
  /** Mean squared deviation of each crystal, each at most 25; 0 where nothing could be compared. */
  readonly deviation2: Float64Array;
  /** Observations that were compared. */
  readonly compared: Uint32Array;
  /**
   * What each strong observation says of the squared proportional error: the median of these is that of normal errors
   * beyond counting statistics.
   */
  readonly excess: Float64Array;
}

/** Refines all selected crystals of `fit` in place. `model` and `sums` are those of the latest merge. */
export function refine(
  data: Identified,
  fit: Fit,
  model: Float64Array,
  sums: Sums,
  { radius, rotations, steps }: RefinementStep,
): StepResult {
  const { observations, ids, noise } = data;
  const { intensity, sigma, offsets, crystals } = observations;
  const most = mostOf(observations);
  const excitation = new Excitation(most);
  const [reference, variance, base] = [0, 0, 0].map(() => new Float64Array(most)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const centre = [centreOf(fit, lnScale), 0, centreOf(fit, lnRadius), 0, 0];
  const on = [lnScale, temperature, ...(radius ? [lnRadius] : []), ...(rotations ? [rotationX, rotationY] : [])];
  const deviation2 = new Float64Array(crystals);
  const compared = new Uint32Array(crystals);
  const excess: number[] = [];
  const every = Math.ceil(observations.count / mostExcess);
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  const slope = new Float64Array(n);
  const { parameters, weights, proportional2 } = fit;
  const place = (offset: number, c: number): void =>
    excitation.of(observations, c, parameters[offset + rotationX] as number, parameters[offset + rotationY] as number);

  for (let c = 0; c < crystals; c++) {
    if (fit.selected[c] !== 1) continue;
    const offset = n * c;
    const first = offsets[c] as number;
    const size = (offsets[c + 1] as number) - first;
    place(offset, c);
    for (let at = 0; at < size; at++) {
      const id = ids[first + at] as number;
      const [observed, error] = [intensity[first + at] as number, sigma[first + at] as number];
      const g = Math.exp(lnFactor(noise.partiality, parameters, offset, excitation, at));
      const w =
        (weights[c] as number) * weightOf(observed, error, g * (model[id] as number), proportional2, noise.gain);
      const whole = sums.information[id] as number;
      const foreign = whole - w * g * g;
      const value = ((sums.numerator[id] as number) - w * g * observed) / foreign;
      reference[at] = foreign > leastForeign * whole && value > 0 ? value : 0;
      variance[at] = 1 / Math.max(foreign, 1e-12);
      base[at] = baseVariance(observed, error, noise.gain);
    }
    for (let step = 0; step < steps; step++) {
      const last = step === steps - 1;
      if (step > 0) place(offset, c);
      const r2 = Math.exp(2 * (parameters[offset + lnRadius] as number));
      matrix.fill(0);
      right.fill(0);
      let total = 0;
      let count = 0;
      for (let at = 0; at < size; at++) {
        const i = reference[at] as number;
        if (i === 0) continue;
        const g = Math.exp(lnFactor(noise.partiality, parameters, offset, excitation, at));
        const m = g * i;
        const beyond = (base[at] as number) + noise.gain * m + g * g * (variance[at] as number);
        const v = beyond + proportional2 * m * m;
        const d = (intensity[first + at] as number) - m;
        const z2 = (d * d) / v;
        const w = 1 / v / (1 + z2 / (cauchy * cauchy));
        const e = excitation.error[at] as number;
        const wide = r2 + (excitation.spread2[at] as number);
        slope[0] = m;
        slope[1] = -0.5 * m * (excitation.q2[at] as number);
        if (noise.partiality !== 'none') {
          const share = noise.partiality === 'xsphere' ? 1 - r2 / wide : 0;
          slope[2] = m * (((e * e) / wide) * (r2 / wide) + share);
          slope[3] = (-m * e * (excitation.byX[at] as number)) / wide;
          slope[4] = (-m * e * (excitation.byY[at] as number)) / wide;
        }
        for (const j of on) {
          const wj = w * (slope[j] as number);
          right[j] = (right[j] as number) + wj * d;
          for (const p of on) {
            if (p > j) break;
            matrix[n * j + p] = (matrix[n * j + p] as number) + wj * (slope[p] as number);
          }
        }
        total += Math.min(z2, 25);
        count++;
        if (last && c % every === 0 && m * m > 9 * (sigma[first + at] as number) ** 2)
          excess.push(((d * d) / medianOfSquare - beyond) / (m * m));
      }
      for (const j of on) {
        const prior = 1 / (priorSigmas[j] as number) ** 2;
        right[j] = (right[j] as number) - prior * ((parameters[offset + j] as number) - (centre[j] ?? 0));
        matrix[n * j + j] = (matrix[n * j + j] as number) * damping + prior;
      }
      solveSymmetric(matrix, right, on);
      for (const j of on) {
        const bound = longest[j] as number;
        parameters[offset + j] =
          (parameters[offset + j] as number) + Math.max(-bound, Math.min(bound, right[j] as number));
      }
      deviation2[c] = count > 0 ? total / count : 0;
      compared[c] = count;
    }
  }
  return { deviation2, compared, excess: Float64Array.from(excess) };
}

/** The middle of one parameter of the crystals that take part. */
function centreOf({ parameters, selected }: Fit, which: number): number {
  const values: number[] = [];
  for (let c = 0; c < selected.length; c++) if (selected[c] === 1) values.push(parameters[n * c + which] as number);
  return median(values);
}

/** Solves for the parameters `on` by Cholesky's decomposition, in place: the priors make the matrix positive definite. */
function solveSymmetric(matrix: Float64Array, right: Float64Array, on: readonly number[]): void {
  const at = (i: number, j: number): number => matrix[n * i + j] as number;
  for (const [row, j] of on.entries()) {
    for (const p of on.slice(0, row + 1)) {
      let sum = at(j, p);
      for (const q of on) {
        if (q >= p) break;
        sum -= at(j, q) * at(p, q);
      }
      matrix[n * j + p] = p === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / at(p, p);
    }
  }
  for (const j of on) {
    let sum = right[j] as number;
    for (const q of on) {
      if (q >= j) break;
      sum -= at(j, q) * (right[q] as number);
    }
    right[j] = sum / at(j, j);
  }
  for (const j of [...on].reverse()) {
    let sum = right[j] as number;
    for (const q of on) if (q > j) sum -= at(q, j) * (right[q] as number);
    right[j] = sum / at(j, j);
  }
}
