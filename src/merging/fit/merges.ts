/** One merge of some crystals: the plain mean, or a fit with its intensities and standard deviations. */

import type { MergingKernel } from '../contract.js';
import type { CheckedMerge } from '../options.js';
import { type Fit, type Identified, plainSums, spread } from './accumulate.js';
import { freshFit, mergeRounds, runFit } from './fit.js';
import { mergedSigmas } from './sigmas.js';

/** The merge of a data set, and of its halves. */
export interface MergedSet {
  readonly name: string;
  readonly merges: readonly [Merge, Merge, Merge];
}

/** One merge of some crystals. */
export interface Merge {
  /** Undefined for a plain mean. */
  readonly fit: Fit | undefined;
  readonly intensity: Float64Array;
  readonly sigma: Float64Array;
  readonly counts: Float64Array;
  readonly information: Float64Array;
  /** Kish's effective number of observations of each reflection. */
  readonly effective: Float64Array;
  readonly parameters: Float64Array;
  readonly deviations: Float64Array;
}

/** Merges the selected crystals. `onCycle` receives the number of completed cycles. */
export async function mergeOf(
  kernel: MergingKernel,
  data: Identified,
  selected: Uint8Array,
  { model, iterations }: CheckedMerge,
  radius: number,
  onCycle: (done: number) => Promise<void>,
): Promise<Merge> {
  const { crystals } = data.observations;
  if (model === 'mean') {
    const { counts, mean, sigma } = plainSums(data, selected);
    const fit = freshFit(crystals, selected, radius);
    return {
      fit: undefined,
      intensity: mean,
      sigma,
      counts,
      information: counts,
      effective: counts,
      parameters: fit.parameters,
      deviations: new Float64Array(crystals),
    };
  }
  const partial = model !== 'unity';
  const {
    fit,
    model: intensity,
    deviations,
  } = await runFit(
    kernel,
    data,
    freshFit(crystals, selected, radius),
    { cycles: iterations, radius: partial, rotations: partial },
    onCycle,
  );
  return mergeWith(kernel, data, fit, intensity, deviations);
}

async function mergeWith(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  intensity: Float64Array,
  deviations: Float64Array,
): Promise<Merge> {
  const found = await spread(kernel, data, fit, intensity);
  return {
    fit,
    intensity,
    sigma: mergedSigmas(found, intensity),
    counts: found.counts,
    information: found.information,
    effective: found.information.map((sum, id) => (sum > 0 ? (sum * sum) / (found.information2[id] as number) : 0)),
    parameters: fit.parameters,
    deviations,
  };
}

/** Merges some of the crystals with the parameters that were found for all of them. */
export async function mergeOfSome(
  kernel: MergingKernel,
  data: Identified,
  whole: Merge,
  selected: Uint8Array,
): Promise<Merge> {
  if (whole.fit) {
    const fit = { ...whole.fit, selected };
    const { model } = await mergeRounds(kernel, data, fit, whole.intensity);
    return mergeWith(kernel, data, fit, model, whole.deviations);
  }
  const { counts, mean, sigma } = plainSums(data, selected);
  return { ...whole, counts, intensity: mean, sigma, information: counts, effective: counts };
}
