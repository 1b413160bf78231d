/**
 * One step of scaling and post-refinement: Gauss–Newton of each crystal's parameters against the merge of all others.
 * Crystals are independent within a step, so that the result does not depend on where each one is refined.
 */

import { joined } from '../../util/joined.js';
import { median } from '../../util/median.js';
import type { MergingKernel } from '../contract.js';
import { blockAt, blocksOf, type Fit, type Identified, inOrder, type Pass, type Sums } from './accumulate.js';
import { lnRadius, lnScale, parameterCount } from './model.js';

/** Which parameters are refined, and in how many steps. */
export interface RefinementStep {
  readonly radius: boolean;
  readonly rotations: boolean;
  /** Gauss–Newton steps per crystal. */
  readonly steps: number;
}

/**
 * Approximate number of strong observations whose deviations are used for the proportional error; more would not make
 * their median noticeably more accurate.
 */
const maxExcess = 2 ** 20;

/** Results of a step besides the parameters. */
interface StepResult {
  /** Mean squared deviation of each crystal, each term limited to 25; 0 if no observation could be compared. */
  readonly deviation2: Float64Array;
  /** Number of compared observations of each crystal. */
  readonly compared: Uint32Array;
  /**
   * The squared proportional error according to each strong observation; the median describes normal errors beyond
   * counting statistics.
   */
  readonly excess: Float64Array;
}

/** Refines all selected crystals of `fit` in place. `model` and `sums` are those of the latest merge. */
export async function refine(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  model: Float64Array,
  { numerator, information }: Sums,
  step: RefinementStep,
): Promise<StepResult> {
  const { observations } = data;
  const { offsets, crystals } = observations;
  const pass: Pass = {
    ...step,
    every: Math.ceil(observations.count / maxExcess),
    // The priors of ln G and ln r are centred on their medians.
    centreScale: selectedCentre(fit, lnScale),
    centreRadius: selectedCentre(fit, lnRadius),
  };
  const deviation2 = new Float64Array(crystals);
  const compared = new Uint32Array(crystals);
  const excess: Float64Array[] = [];
  await inOrder(
    blocksOf(observations),
    kernel.atOnce,
    async (first) => {
      const block = blockAt(data, fit, model, first, pass);
      const end = first + block.selected.length;
      const found = new Float64Array((offsets[end] as number) - (offsets[first] as number));
      const written = await kernel.refine(block, {
        numerator,
        information,
        deviation2: deviation2.subarray(first, end),
        compared: compared.subarray(first, end),
        excess: found,
      });
      return found.slice(0, written);
    },
    (found) => excess.push(found),
  );
  return { deviation2, compared, excess: joined(Float64Array, excess) };
}

/** The median of one parameter over the crystals in use. */
function selectedCentre({ parameters, selected }: Fit, which: number): number {
  const values: number[] = [];
  for (let c = 0; c < selected.length; c++)
    if (selected[c] === 1) values.push(parameters[parameterCount * c + which] as number);
  return median(values);
}
