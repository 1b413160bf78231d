/** Cycles of merging and refinement of one set of crystals: all of them, or one half. */
import { median } from '../base/median.js';
import { accumulate, type Fit, type Identified, merged, mostOf, type Sums } from './accumulate.js';
import type { Observations } from './columns.js';
import type { MergingKernel } from './contract.js';
import { Excitation, lnRadius, lnScale, parameterCount, temperature } from './model.js';
import { type RefinementStep, refine } from './refine.js';

/** What a fit goes through. */
export interface Cycles {
  readonly cycles: number;
  readonly radius: boolean;
  readonly rotations: boolean;
}

/** A fit that has run. */
export interface Fitted {
  readonly fit: Fit;
  readonly model: Float64Array;
  readonly sums: Sums;
  /** Root mean squared deviation of each crystal in units of what is expected, 0 where nothing was compared. */
  readonly deviations: Float64Array;
}

/** Relative error of an intensity before anything is known of it, and the least and the most it may come out as. */
const proportional = { first: 0.15, least: 0.02, most: 0.6 } as const;
const roundsPerMerge = 3;
const stepsPerCycle = 2;
/** Radius and orientation are refined from the second cycle on, and need one more to be seen. */
const leastCycles = 3;
/** Cycles end when a merge differs from the one before, scale apart, by less than this share of its intensities. */
const settled = 1e-3;

/** The common radius to begin with: root mean squared excitation error of strong observations, 1/Å. */
export function commonRadius(observations: Observations, part: Uint8Array): number {
  const { intensity, sigma, offsets, crystals, profileRadii } = observations;
  const excitation = new Excitation(mostOf(observations));
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
  // Hardly a strong observation: half of what the indexing needed, which is known to be too wide.
  const stated = profileRadii.filter((r) => r > 0);
  return stated.length > 0 ? median(stated) / 2 : 1e-3;
}

/** A fit of the selected crystals at its beginning. */
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

/** Merges and refines in turn. `onCycle` is told the number of cycles done. */
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
    // Scales first: a radius fitted to unscaled intensities follows them.
    const step: RefinementStep = {
      radius: radius && cycle > 0,
      rotations: rotations && cycle > 0,
      steps: stepsPerCycle,
    };
    const { deviation2, compared, excess } = await refine(kernel, data, fit, model, sums, step);
    const shift = centreScales(fit);
    const factor = Math.exp(shift);
    // A new array: kernels keep what they have been given.
    model = model.map((x) => x * factor);
    weighCrystals(fit, deviation2, compared);
    if (excess.length > 200)
      fit.proportional2 = Math.max(proportional.least ** 2, Math.min(proportional.most ** 2, median(excess)));
    deviations = deviation2.map(Math.sqrt);
    const before = model;
    ({ model, sums } = await mergeRounds(kernel, data, fit, model));
    await onCycle(cycle + 1);
    if (cycle >= leastCycles - 1 && changeOf(before, model, sums) < settled) break;
  }
  return { fit, model, sums, deviations };
}

/** Sine of the angle between two merges as vectors, weighted by the information: 0 where one is a multiple of the other. */
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

/** Weights depend on the merge and the merge on the weights: a few rounds of each. */
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

/** Scales are relative: their mean logarithm and their mean B are 0. Gives the mean logarithm taken off. */
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

/** A crystal that deviates more than most counts less. */
function weighCrystals({ weights, selected }: Fit, deviation2: Float64Array, compared: Uint32Array): void {
  const known = deviation2.filter((_, c) => selected[c] === 1 && (compared[c] as number) > 0);
  const middle = median(known);
  for (let c = 0; c < weights.length; c++)
    weights[c] = middle > 0 && (compared[c] as number) > 0 ? 1 / Math.max(1, (deviation2[c] as number) / middle) : 1;
}
