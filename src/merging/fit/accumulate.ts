/**
 * Sums over observations by unique reflection. Every sum is taken crystal by crystal within blocks of `blockSize`
 * crystals, and the blocks are added in their order: the result is the same to the last bit wherever the blocks are
 * computed.
 */

import { mergingConstants, mergingPass, partialities } from '../../compute/layout/merging.js';
import { pack } from '../../compute/layout/struct.js';
import { mapInto } from '../../util/map-into.js';
import type { Observations } from '../collection/observations.js';
import type { MergingBlock, MergingKernel } from '../contract.js';
import { baseVariance, type NoiseModel } from './model.js';

/** Number of crystals per block, which are summed before they are added to the total. */
const blockSize = 1024;

/** The crystals that take part in a merge, and the current estimates of their parameters and weights. */
export interface Fit {
  /** [crystals][5] */
  readonly parameters: Float64Array;
  /** Weight of each crystal, 0 … 1. */
  readonly weights: Float64Array;
  /** Crystals that take part: 1 or 0. */
  readonly selected: Uint8Array;
  /** Square of the error that is proportional to the intensity. */
  proportional2: number;
}

/** Columns with the unique reflection of each observation. */
export interface Identified {
  readonly observations: Observations;
  readonly ids: Uint32Array;
  readonly unique: number;
  readonly noise: NoiseModel;
}

/** The sums of each unique reflection. */
export interface Sums {
  /** Σ w g I */
  readonly numerator: Float64Array;
  /** Σ w g² */
  readonly information: Float64Array;
}

const tukey = mergingConstants.mergingTukey;

export const maxReflections = ({ offsets, crystals }: Observations): number => {
  let most = 0;
  for (let c = 0; c < crystals; c++) most = Math.max(most, (offsets[c + 1] as number) - (offsets[c] as number));
  return most;
};

/** The sums of one block, kept apart until they are added to the total. */
export class BlockSums {
  readonly #part: Float64Array;
  readonly #total: Float64Array;
  readonly #columns: number;
  readonly #seen: Uint8Array;
  readonly #touched: Uint32Array;
  #count = 0;

  constructor(unique: number, columns: number, total: Float64Array) {
    this.#part = new Float64Array(unique * columns);
    this.#total = total;
    this.#columns = columns;
    this.#seen = new Uint8Array(unique);
    this.#touched = new Uint32Array(unique);
  }

  /** Index at which the sums of a unique reflection begin. */
  at(id: number): number {
    if (this.#seen[id] === 0) {
      this.#seen[id] = 1;
      this.#touched[this.#count++] = id;
    }
    return id * this.#columns;
  }

  get sums(): Float64Array {
    return this.#part;
  }

  flush(): void {
    for (let t = 0; t < this.#count; t++) {
      const id = this.#touched[t] as number;
      this.#seen[id] = 0;
      for (let at = id * this.#columns; at < (id + 1) * this.#columns; at++) {
        this.#total[at] = (this.#total[at] as number) + (this.#part[at] as number);
        this.#part[at] = 0;
      }
    }
    this.#count = 0;
  }
}

/**
 * Calls `each` for every selected crystal, block by block, and returns the totals: `columns` numbers per unique
 * reflection.
 */
export function summed(
  unique: number,
  selected: Uint8Array,
  columns: number,
  each: (crystal: number, block: BlockSums) => void,
): Float64Array {
  const total = new Float64Array(unique * columns);
  const block = new BlockSums(unique, columns, total);
  for (let begin = 0; begin < selected.length; begin += blockSize) {
    const end = Math.min(begin + blockSize, selected.length);
    for (let c = begin; c < end; c++) if (selected[c] === 1) each(c, block);
    block.flush();
  }
  return total;
}

/** Weight of an observation against a model: inverse variance, and Tukey's biweight of its deviation. */
export function weightOf(
  intensity: number,
  sigma: number,
  expected: number,
  proportional2: number,
  gain: number,
): number {
  const m = Math.max(expected, 0);
  const variance = baseVariance(intensity, sigma, gain) + gain * m + proportional2 * m * m;
  const z2 = ((intensity - expected) * (intensity - expected)) / variance / (tukey * tukey);
  return z2 >= 1 ? 0 : ((1 - z2) * (1 - z2)) / variance;
}

/** The first crystal of each block of a merge. */
export function blocksOf({ crystals }: Observations): number[] {
  return Array.from({ length: Math.ceil(crystals / blockSize) }, (_, block) => block * blockSize);
}

/** Sizes of the largest block. */
export function largestBlock(observations: Observations): { crystals: number; observations: number } {
  const { offsets, crystals } = observations;
  let most = 0;
  for (const first of blocksOf(observations)) {
    const end = Math.min(first + blockSize, crystals);
    most = Math.max(most, (offsets[end] as number) - (offsets[first] as number));
  }
  return { crystals: Math.min(blockSize, crystals), observations: most };
}

/** The parameters of a pass over a block, in addition to the block's columns. */
export interface Pass {
  readonly width?: 2 | 4;
  readonly radius?: boolean;
  readonly rotations?: boolean;
  readonly steps?: number;
  readonly every?: number;
  readonly centreScale?: number;
  readonly centreRadius?: number;
}

/** The block that begins at crystal `first`; its columns are views, not copies. */
export function blockAt(
  { observations, ids, noise, unique }: Identified,
  fit: Fit,
  model: Float64Array | undefined,
  first: number,
  { width = 2, radius = false, rotations = false, steps = 1, every = 0, centreScale = 0, centreRadius = 0 }: Pass,
): MergingBlock {
  const { offsets, h, k, l, intensity, sigma, reciprocal, wavelengths, bandwidths } = observations;
  const end = Math.min(first + blockSize, observations.crystals);
  const [from, to] = [offsets[first] as number, offsets[end] as number];
  const n = mergingConstants.mergingParameters;
  return {
    pass: pack(mergingPass, {
      crystals: end - first,
      observations: to - from,
      unique,
      partiality: partialities[noise.partiality],
      width,
      radius: Number(radius),
      rotations: Number(rotations),
      steps,
      first,
      every,
    }),
    numbers: Float64Array.of(noise.gain, fit.proportional2, centreScale, centreRadius),
    columns: [
      ...[h, k, l, intensity, sigma, ids].map((column) => column.subarray(from, to)),
      offsets.subarray(first, end + 1).map((offset) => offset - from),
      reciprocal.subarray(9 * first, 9 * end),
      wavelengths.subarray(first, end),
      bandwidths.subarray(first, end),
    ],
    parameters: fit.parameters.subarray(n * first, n * end),
    weights: fit.weights.subarray(first, end),
    selected: fit.selected.subarray(first, end),
    model,
  };
}

/** Calls `work` for each block, with `atOnce` blocks in progress at a time, and `take` for the results in order. */
export async function inOrder<T>(
  blocks: readonly number[],
  atOnce: number,
  work: (first: number) => Promise<T>,
  take: (result: T, first: number) => void,
): Promise<void> {
  const under: Promise<T>[] = [];
  let started = 0;
  for (const first of blocks) {
    while (started < blocks.length && under.length < atOnce) {
      const result = work(blocks[started++] as number);
      // The results are awaited in order; without this, one that fails earlier would be an unhandled rejection.
      result.catch(() => {});
      under.push(result);
    }
    take(await (under.shift() as Promise<T>), first);
  }
}

/** The sums over all blocks: `width` numbers for each unique reflection. */
async function totals(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  model: Float64Array | undefined,
  width: 2 | 4,
): Promise<Float64Array> {
  const total = new Float64Array(data.unique * width);
  const spare: Float64Array[] = [];
  await inOrder(
    blocksOf(data.observations),
    kernel.atOnce,
    async (first) => {
      const sums = spare.pop() ?? new Float64Array(total.length);
      await kernel.sum(blockAt(data, fit, model, first, { width }), sums);
      return sums;
    },
    (sums) => {
      for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (sums[i] as number);
      spare.push(sums);
    },
  );
  return total;
}

const columnOf = (all: Float64Array, width: number, n: number): Float64Array => {
  const column = new Float64Array(all.length / width);
  for (let id = 0; id < column.length; id++) column[id] = all[width * id + n] as number;
  return column;
};

/**
 * The weighted sums of a merge; variances and deviations follow from `model`, or from the stated sigmas if undefined.
 */
export async function accumulate(
  kernel: MergingKernel,
  data: Identified,
  fit: Fit,
  model: Float64Array | undefined,
): Promise<Sums> {
  const both = await totals(kernel, data, fit, model, 2);
  return { numerator: columnOf(both, 2, 0), information: columnOf(both, 2, 1) };
}

/** Σ w g I / Σ w g², 0 where nothing was measured. */
export function merged({ numerator, information }: Sums): Float64Array {
  return numerator.map((sum, id) => {
    const weight = information[id] as number;
    return weight > 0 ? sum / weight : 0;
  });
}

/** The results of a merge for each unique reflection in addition to its intensity. */
export interface Spread {
  /** Number of observations with a weight above 0. */
  readonly counts: Float64Array;
  /** Σ w g² */
  readonly information: Float64Array;
  /** Σ (w g²)², which together with `information` gives the effective number of observations. */
  readonly information2: Float64Array;
  /** Σ w (I − g I_h)² */
  readonly deviation2: Float64Array;
}

/** Counts, information and deviations of observations from the merged intensities. */
export async function spread(kernel: MergingKernel, data: Identified, fit: Fit, model: Float64Array): Promise<Spread> {
  const all = await totals(kernel, data, fit, model, 4);
  const [counts, information, information2, deviation2] = [0, 1, 2, 3].map((n) => columnOf(all, 4, n)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { counts, information, information2, deviation2 };
}

/** Unweighted sums: the number of observations, Σ I and Σ I². */
export function plainSums(
  data: Identified,
  selected: Uint8Array,
): { counts: Float64Array; mean: Float64Array; sigma: Float64Array } {
  const { observations, ids, unique } = data;
  const { intensity, offsets } = observations;
  const first = summed(unique, selected, 2, (c, block) => {
    const { sums } = block;
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
      const at = block.at(ids[i] as number);
      sums[at] = (sums[at] as number) + 1;
      sums[at + 1] = (sums[at + 1] as number) + (intensity[i] as number);
    }
  });
  const counts = Float64Array.from({ length: unique }, (_, id) => first[2 * id] as number);
  const mean = mapInto(new Float64Array(counts.length), counts, (n, id) =>
    n > 0 ? (first[2 * id + 1] as number) / n : 0,
  );
  const second = summed(unique, selected, 1, (c, block) => {
    const { sums } = block;
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
      const id = ids[i] as number;
      const at = block.at(id);
      const d = (intensity[i] as number) - (mean[id] as number);
      sums[at] = (sums[at] as number) + d * d;
    }
  });
  // The spread of the observations over √n, as process_hkl writes it: σ² = Σ (I − <I>)² / n².
  const sigma = mapInto(new Float64Array(counts.length), counts, (n, id) =>
    n > 0 ? Math.sqrt(second[id] as number) / n : 0,
  );
  return { counts, mean, sigma };
}
