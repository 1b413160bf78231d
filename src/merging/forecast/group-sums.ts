/**
 * The sums of a merge from which its future is forecast: for each unique reflection and each of six groups of crystals
 * Σ w g I, Σ w g² and their number. Three groups make a half, with scales of its own: crystals that were fitted to both
 * halves would make these alike. Products of different groups show a difference of two
 * states without the sigmas, and without the bias of a ratio Σn/Σd whose weights have errors.
 */
import type { Observations } from '../collection/observations.js';
import { type Fit, type Identified, maxReflections, weightOf } from '../fit/accumulate.js';
import { dealIntoGroups, halvesOf } from '../fit/halves.js';
import type { Merge } from '../fit/merges.js';
import { Excitation, lnFactor, type Partiality, parameterCount, rotationX, rotationY } from '../fit/model.js';

/** Number of groups of crystals; groups of the same parity make a half. */
export const groupCount = 6;
/** Most observations whose information is kept as a sample. */
const maxSampled = 2 ** 16;

/** The sums of one state, `[groups][unique]`. */
export class GroupSums {
  readonly unique: number;
  /** Σ w g I */
  readonly numerator: Float64Array;
  /** Σ w g² */
  readonly information: Float64Array;
  readonly counts: Uint32Array;
  crystals = 0;

  constructor(unique: number) {
    this.unique = unique;
    this.numerator = new Float64Array(groupCount * unique);
    this.information = new Float64Array(groupCount * unique);
    this.counts = new Uint32Array(groupCount * unique);
  }

  /** Adds an observation: n = w g I and d = w g². */
  add(group: number, id: number, n: number, d: number): void {
    const at = group * this.unique + id;
    this.numerator[at] = (this.numerator[at] as number) + n;
    this.information[at] = (this.information[at] as number) + d;
    this.counts[at] = (this.counts[at] as number) + 1;
  }
}

/** Information of single observations, a sample that is even over the run. */
export interface InformationSample {
  readonly ids: Uint32Array;
  readonly information: Float64Array;
  /** The half of the crystals that each is of. */
  readonly halves: Uint8Array;
}

/** What a pass over the observations finds. */
export interface Grouped {
  /** One for each state. */
  readonly sums: readonly GroupSums[];
  readonly sample: InformationSample;
  /** Σ w g² of each crystal over its reflections beyond `outerQ`; NaN for crystals that took no part. */
  readonly outer: Float64Array;
}

/** The merge of a half, and the factor of each of its intensities. */
interface HalfMerge {
  readonly merge: Merge;
  readonly factor: Float64Array;
}

/** What is grouped. */
export interface Grouping {
  /** All crystals of the merge, from which the halves follow, and those of each state. */
  readonly part: Uint8Array;
  readonly states: readonly Uint8Array[];
  /** The merges of the halves, and by what their intensities are multiplied to be those of the whole. */
  readonly halves: readonly [HalfMerge, HalfMerge];
  /** 1/d beyond which a reflection counts for `outer`, and 1/d of each reflection. */
  readonly outerQ: number;
  readonly q: Float64Array;
}

/** Sums the selected crystals by groups, with the parameters and the intensities of their half of the merge. */
export function groupSums(data: Identified, grouping: Grouping): Grouped {
  const { observations, ids, noise, unique } = data;
  const { offsets, crystals } = observations;
  const { part, states, halves, q, outerQ } = grouping;
  const sums = states.map(() => new GroupSums(unique));
  const halfOf = halvesOf(observations, part);
  const groups = states.map((selected) => groupsOf(observations, selected, halfOf));
  const outer = new Float64Array(crystals).fill(Number.NaN);
  const sample = sampler(observations, states);
  const weighers = halves.map(({ merge }) => new Weigher(data, merge.fit as Fit, merge.intensity));
  for (let c = 0; c < crystals; c++) {
    const state = states.findIndex((selected) => selected[c] === 1);
    const into = sums[state];
    const half = halfOf[c] as 0 | 1;
    const weigher = weighers[half];
    if (!into || !weigher) continue;
    const group = groups[state]?.[c] as number;
    const { factor } = halves[half];
    into.crystals++;
    weigher.crystal(c);
    let far = 0;
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
      const id = ids[i] as number;
      const [ownN, ownD] = weigher.observation(i, noise.partiality);
      const f = factor[id] as number;
      const [n, d] = [ownN / f, ownD / (f * f)];
      if (!(d > 0)) continue;
      into.add(group, id, n, d);
      sample.add(id, d, half);
      if ((q[id] as number) > outerQ) far += d;
    }
    outer[c] = far;
  }
  return { sums, sample: sample.taken(), outer };
}

/** The group of each crystal: even ones in the first half, odd ones in the second. */
function groupsOf(observations: Observations, selected: Uint8Array, halfOf: Uint8Array): Uint8Array {
  const [first, second] = [0, 1].map((half) =>
    dealIntoGroups(
      observations,
      selected.map((on, c) => (halfOf[c] === half ? on : 0)),
      groupCount / 2,
    ),
  ) as [Uint8Array, Uint8Array];
  return halfOf.map((half, c) => 2 * ((half === 0 ? first : second)[c] as number) + half);
}

/** Keeps each n-th observation. */
function sampler({ offsets, crystals }: Observations, states: readonly Uint8Array[]) {
  let total = 0;
  for (let c = 0; c < crystals; c++)
    if (states.some((selected) => selected[c] === 1)) total += (offsets[c + 1] as number) - (offsets[c] as number);
  const every = Math.max(1, Math.ceil(total / maxSampled));
  const ids = new Uint32Array(Math.ceil(total / every));
  const information = new Float64Array(ids.length);
  const halves = new Uint8Array(ids.length);
  let [seen, kept] = [0, 0];
  return {
    add(id: number, d: number, half: 0 | 1): void {
      if (seen++ % every !== 0) return;
      ids[kept] = id;
      halves[kept] = half;
      information[kept++] = d;
    },
    taken: (): InformationSample => ({
      ids: ids.subarray(0, kept),
      information: information.subarray(0, kept),
      halves: halves.subarray(0, kept),
    }),
  };
}

/** Weights of observations as the merge has them. */
class Weigher {
  readonly #data: Identified;
  readonly #fit: Fit;
  readonly #intensity: Float64Array;
  readonly #excitation: Excitation;
  #crystal = 0;

  constructor(data: Identified, fit: Fit, intensity: Float64Array) {
    this.#data = data;
    this.#fit = fit;
    this.#intensity = intensity;
    this.#excitation = new Excitation(maxReflections(data.observations));
  }

  crystal(c: number): void {
    const { parameters } = this.#fit;
    const at = parameterCount * c;
    this.#crystal = c;
    this.#excitation.of(this.#data.observations, c, parameters[at + rotationX] ?? 0, parameters[at + rotationY] ?? 0);
  }

  /** w g I and w g² of an observation of the crystal. */
  observation(i: number, partiality: Partiality): readonly [number, number] {
    const { observations, ids, noise } = this.#data;
    const { parameters, weights, proportional2 } = this.#fit;
    const c = this.#crystal;
    const at = i - (observations.offsets[c] as number);
    const g = Math.exp(lnFactor(partiality, parameters, parameterCount * c, this.#excitation, at));
    const value = observations.intensity[i] as number;
    const expected = g * (this.#intensity[ids[i] as number] as number);
    const weight =
      (weights[c] as number) * weightOf(value, observations.sigma[i] as number, expected, proportional2, noise.gain);
    return [weight * g * value, weight * g * g];
  }
}
