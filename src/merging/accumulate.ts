/**
 * Sums over observations by unique reflection. Every sum is taken crystal by crystal within blocks of 256 crystals, and
 * the blocks are added in their order: whoever computes the blocks, the result is the same to the last bit.
 */
import type { Observations } from './columns.js';
import { baseVariance, Excitation, lnFactor, type NoiseModel, parameterCount, rotationX, rotationY } from './model.js';

/** Crystals that are summed before they are added to the total. */
export const blockSize = 256;

/** What takes part in a merge, and what is believed of it. */
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

/** Sums a unique reflection. */
export interface Sums {
  /** Σ w g I */
  readonly numerator: Float64Array;
  /** Σ w g² */
  readonly information: Float64Array;
}

/** Where Tukey's biweight reaches 0, in sigmas. */
export const tukey = 6;

export const mostOf = ({ offsets, crystals }: Observations): number => {
  let most = 0;
  for (let c = 0; c < crystals; c++) most = Math.max(most, (offsets[c + 1] as number) - (offsets[c] as number));
  return most;
};

/** The sums of one block, kept apart until they are added to the total. */
export class Block {
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

  /** Where the sums of a unique reflection begin. */
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
 * Calls `each` for every selected crystal, block by block, and gives the totals, `columns` of them a unique reflection.
 */
export function summed(
  unique: number,
  selected: Uint8Array,
  columns: number,
  each: (crystal: number, block: Block) => void,
): Float64Array {
  const total = new Float64Array(unique * columns);
  const block = new Block(unique, columns, total);
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

/** The weighted sums of a merge; `model` gives the variances and the deviations, undefined: the stated sigmas alone. */
export function accumulate(data: Identified, fit: Fit, model: Float64Array | undefined): Sums {
  const { observations, ids, noise, unique } = data;
  const { intensity, sigma, offsets } = observations;
  const excitation = new Excitation(mostOf(observations));
  const both = summed(unique, fit.selected, 2, (c, block) => {
    const offset = parameterCount * c;
    excitation.of(
      observations,
      c,
      fit.parameters[offset + rotationX] as number,
      fit.parameters[offset + rotationY] as number,
    );
    const crystal = fit.weights[c] as number;
    const first = offsets[c] as number;
    const { sums } = block;
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      const id = ids[i] as number;
      const g = Math.exp(lnFactor(noise.partiality, fit.parameters, offset, excitation, i - first));
      const [observed, error] = [intensity[i] as number, sigma[i] as number];
      const w = model
        ? crystal * weightOf(observed, error, g * (model[id] as number), fit.proportional2, noise.gain)
        : crystal / (error * error);
      const at = block.at(id);
      sums[at] = (sums[at] as number) + w * g * observed;
      sums[at + 1] = (sums[at + 1] as number) + w * g * g;
    }
  });
  const numerator = new Float64Array(unique);
  const information = new Float64Array(unique);
  for (let id = 0; id < unique; id++) {
    numerator[id] = both[2 * id] as number;
    information[id] = both[2 * id + 1] as number;
  }
  return { numerator, information };
}

/** Σ w g I / Σ w g², 0 where nothing was measured. */
export function merged({ numerator, information }: Sums): Float64Array {
  return numerator.map((sum, id) => {
    const weight = information[id] as number;
    return weight > 0 ? sum / weight : 0;
  });
}

/** What a merge says of each unique reflection besides its intensity. */
export interface Spread {
  /** Observations that carry weight. */
  readonly counts: Float64Array;
  /** Σ w g² */
  readonly information: Float64Array;
  /** Σ (w g²)²: with `information`, how many observations these are worth. */
  readonly information2: Float64Array;
  /** Σ w (I − g I_h)² */
  readonly deviation2: Float64Array;
}

/** Counts, information and deviations of observations from the merged intensities. */
export function spread(data: Identified, fit: Fit, model: Float64Array): Spread {
  const { observations, ids, noise, unique } = data;
  const { intensity, sigma, offsets } = observations;
  const excitation = new Excitation(mostOf(observations));
  const all = summed(unique, fit.selected, 4, (c, block) => {
    const offset = parameterCount * c;
    excitation.of(
      observations,
      c,
      fit.parameters[offset + rotationX] as number,
      fit.parameters[offset + rotationY] as number,
    );
    const crystal = fit.weights[c] as number;
    const first = offsets[c] as number;
    const { sums } = block;
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      const id = ids[i] as number;
      const g = Math.exp(lnFactor(noise.partiality, fit.parameters, offset, excitation, i - first));
      const observed = intensity[i] as number;
      const expected = g * (model[id] as number);
      const w = crystal * weightOf(observed, sigma[i] as number, expected, fit.proportional2, noise.gain);
      if (w === 0) continue;
      const at = block.at(id);
      sums[at] = (sums[at] as number) + 1;
      sums[at + 1] = (sums[at + 1] as number) + w * g * g;
      sums[at + 2] = (sums[at + 2] as number) + w * g * g * (w * g * g);
      sums[at + 3] = (sums[at + 3] as number) + w * (observed - expected) * (observed - expected);
    }
  });
  const column = (n: number): Float64Array =>
    Float64Array.from({ length: unique }, (_, id) => all[4 * id + n] as number);
  return { counts: column(0), information: column(1), information2: column(2), deviation2: column(3) };
}

/** Plain sums: observations, Σ I and Σ I². */
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
  const mean = Float64Array.from(counts, (n, id) => (n > 0 ? (first[2 * id + 1] as number) / n : 0));
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
  const sigma = Float64Array.from(counts, (n, id) => (n > 0 ? Math.sqrt(second[id] as number) / n : 0));
  return { counts, mean, sigma };
}
