/** Cycles of merging and refinement of one set of crystals: all of them, or one half. */
import { median } from '../../util/median.js';
import type { Observations } from '../collection/observations.js';
import type { MergingKernel } from '../contract.js';
import { accumulate, type Fit, type Identified, maxReflections, merged, type Sums } from './accumulate.js';
import { Excitation, lnRadius, lnScale, parameterCount, temperature } from './model.js';
import { type RefinementStep, refine } from './refine.js';

/** The observations and options of a fit. */
export interface Cycles {
  readonly cycles: number;
  readonly radius: boolean;
  readonly rotations: boolean;
}

/** A completed fit. */
export interface Fitted {
  readonly fit: Fit;
  readonly model: Float64Array;
  readonly sums: Sums;
  /** RMS deviation of each crystal in units of the expected deviation; 0 if no observation was compared. */
  readonly deviations: Float64Array;
}

/** Proportional error of intensities: the initial value, and the limits of the estimate. */
const proportional = { first: 0.15, least: 0.02, most: 0.6 } as const;
const roundsPerMerge = 3;
const stepsPerCycle = 2;
/** Radius and orientation are refined from the second cycle on, which affects the merge of the third. */
const minCycles = 3;
/** Cycles end when the relative change of the merged intensities, apart from their scale, is below this. */
const settled = 1e-3;

/** The initial common radius: RMS excitation error of strong observations, 1/Å. */
export function commonRadius(observations: Observations, part: Uint8Array): number {
  const { intensity, sigma, offsets, crystals, profileRadii } = observations;
  const excitation = new Excitation(maxReflections(observations));
  let [sum, count] = [0, 0];
  for (let c = 0; c < crystals; c++) {
    if (part[c] !== 1) continue;
    excitation.of(observations, c, 0, 0);
    const first = offsets[c] as number;
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      if (!((intensity[i] as number) > 5 * (sigma[i] as number))) continue;
      sum += (excitation.error[i - first] as number) ** 2;
      count++;
    }
  }
  if (count >= 20) return Math.max(Math.sqrt(sum / count), 1e-6);
  // With hardly any strong observation: half of the radius stated by the indexing, which is known to be too wide.
  const stated = profileRadii.filter((r) => r > 0);
  return stated.length > 0 ? median(stated) / 2 : 1e-3;
}

/** The initial state of a fit of the selected crystals. */
export function freshFit(crystals: number, selected: Uint8Array, radius: number): Fit {
  const parameters = new Float64Array(parameterCount * crystals);
  for (let c = 0; c < crystals; c++) parameters[parameterCount * c + lnRadius] = Math.log(radius);
  return {
    parameters,
    weights: new Float64Array(crystals).fill(1),
    selected,
    proportional2: proportional.first ** 2,
  };
}

/** Merges and refines in turn. `onCycle` receives the number of completed cycles. */
export async function runFit(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  { cycles, radius, rotations }: Cycles,
  onCycle: (done: number) => Promise<void> | void = () => {},
): Promise<Fitted> {
  let { model, sums } = await mergeRounds(kernel, data, fit, undefined);
  let deviations = new Float64Array(fit.selected.length);
  for (let cycle = 0; cycle < cycles; cycle++) {
    // Scales are refined first: a radius fitted to unscaled intensities would compensate for the missing scales.
    const step: RefinementStep = {
      radius: radius && cycle > 0,
      rotations: rotations && cycle > 0,
      steps: stepsPerCycle,
    };
    const { deviation2, compared, excess } = await refine(kernel, data, fit, model, sums, step);
    const shift = centreScales(fit);
    const factor = Math.exp(shift);
    // A new array is made, since kernels keep the arrays that they receive.
    model = model.map((x) => x * factor);
    weighCrystals(fit, deviation2, compared);
    if (excess.length > 200)
      fit.proportional2 = Math.max(proportional.least ** 2, Math.min(proportional.most ** 2, median(excess)));
    deviations = deviation2.map(Math.sqrt);
    const before = model;
    ({ model, sums } = await mergeRounds(kernel, data, fit, model));
    await onCycle(cycle + 1);
    if (cycle >= minCycles - 1 && changeOf(before, model, sums) < settled) break;
  }
  return { fit, model, sums, deviations };
}

/** Sine of the angle between two merges as vectors, weighted by the information; 0 for multiples. */
function changeOf(before: Float64Array, after: Float64Array, { information }: Sums): number {
  let [xx, yy, xy] = [0, 0, 0];
  for (let id = 0; id < after.length; id++) {
    const [w, x, y] = [information[id] as number, before[id] as number, after[id] as number];
    xx += w * x * x;
    yy += w * y * y;
    xy += w * x * y;
  }
  return xx > 0 && yy > 0 ? Math.sqrt(Math.max(0, 1 - (xy * xy) / (xx * yy))) : 0;
}

/** Weights depend on the merge and the merge on the weights, so both are computed alternately a few times. */
export async function mergeRounds(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  first: Float64Array | undefined,
): Promise<{ model: Float64Array; sums: Sums }> {
  let model = first;
  let sums = await accumulate(kernel, data, fit, model);
  model = merged(sums);
  for (let round = 1; round < roundsPerMerge; round++) {
    sums = await accumulate(kernel, data, fit, model);
    model = merged(sums);
  }
  return { model, sums };
}

/** Makes scales relative: their mean logarithm and mean B become 0. Returns the mean logarithm subtracted. */
function centreScales({ parameters, selected }: Fit): number {
  const means = [lnScale, temperature].map((which) => {
    let [sum, count] = [0, 0];
    for (let c = 0; c < selected.length; c++) {
      if (selected[c] !== 1) continue;
      sum += parameters[parameterCount * c + which] as number;
      count++;
    }
    const mean = count > 0 ? sum / count : 0;
    for (let c = 0; c < selected.length; c++) {
      const at = parameterCount * c + which;
      parameters[at] = (parameters[at] as number) - mean;
    }
    return mean;
  });
  return means[0] ?? 0;
}

/** Lowers the weight of crystals that deviate more than most. */
function weighCrystals({ weights, selected }: Fit, deviation2: Float64Array, compared: Uint32Array): void {
  const known = deviation2.filter((_, c) => selected[c] === 1 && (compared[c] as number) > 0);
  const middle = median(known);
  for (let c = 0; c < weights.length; c++)
    weights[c] = middle > 0 && (compared[c] as number) > 0 ? 1 / Math.max(1, (deviation2[c] as number) / middle) : 1;
}
