/**
 * One step of scaling and post-refinement: Gauss–Newton of each crystal's parameters against the merge of all others.
 * Crystals do not see each other within a step, so that any of them can be refined anywhere with the same result.
 */

import { median } from '../base/median.js';
import { blockAt, blocksOf, type Fit, type Identified, inOrder, type Pass, type Sums } from './accumulate.js';
import type { MergingKernel } from './contract.js';
import { lnRadius, lnScale, parameterCount } from './model.js';

/** What is refined, and from where. */
export interface RefinementStep {
  readonly radius: boolean;
  readonly rotations: boolean;
  /** Gauss–Newton steps a crystal. */
  readonly steps: number;
}

/** Strong observations whose deviations are looked at for the proportional error, about: their median needs no more. */
const mostExcess = 2 ** 20;

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
    every: Math.ceil(observations.count / mostExcess),
    // The priors of ln G and ln r are about their middles.
    centreScale: centreOf(fit, lnScale),
    centreRadius: centreOf(fit, lnRadius),
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
  return { deviation2, compared, excess: joined(excess) };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The middle of one parameter of the crystals that take part. */
function centreOf({ parameters, selected }: Fit, which: number): number {
  const values: number[] = [];
  for (let c = 0; c < selected.length; c++)
    if (selected[c] === 1) values.push(parameters[parameterCount * c + which] as number);
  return median(values);
}
