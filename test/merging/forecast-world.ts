/**
 * Observations of stills after scaling, for forecasts of a merge: Wilson intensities, partialities with errors, scales
 * and B that are known nearly, counting and background; special reflections and preferred orientation.
 */
import { poissonQuantile } from '../../src/merging/forecast/draws.js';
import { GroupSums, groupCount } from '../../src/merging/forecast/group-sums.js';
import type { ForecastData } from '../../src/merging/forecast/shells.js';
import { shellEdges } from '../../src/merging/statistics/statistics.js';

/** A fast generator (xorshift128, Marsaglia 2003): a simulation draws 10⁷ numbers. */
export class Quick {
  #a: number;
  #b = 362436069;
  #c = 521288629;
  #d = 88675123;
  constructor(seed: number) {
    this.#a = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
    for (let i = 0; i < 32; i++) this.uniform();
  }
  uniform(): number {
    const t = this.#a ^ (this.#a << 11);
    [this.#a, this.#b, this.#c] = [this.#b, this.#c, this.#d];
    this.#d = this.#d ^ (this.#d >>> 19) ^ t ^ (t >>> 8);
    return ((this.#d >>> 0) + 0.5) / 2 ** 32;
  }
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}

export interface WorldOptions {
  readonly unique?: number;
  readonly dMin?: number;
  readonly observations?: number;
  readonly photons?: number;
  readonly background?: number;
  /** Relative difference of `share` of the reflections in the state "on". */
  readonly delta?: number;
  readonly share?: number;
  readonly preferred?: number;
  /** Share of the reflections that no crystal shows. */
  readonly blind?: number;
}

/** Crystals to add. */
interface Crystals {
  readonly isOn?: boolean;
  /** Factor of all scales of crystal number c. */
  readonly quality?: (c: number) => number;
  /** Receives Σ w g² of the outer half of each crystal. */
  readonly onCrystal?: (outer: number) => void;
}

export class World {
  readonly random: Quick;
  readonly q: Float64Array;
  readonly orbits: Float64Array;
  readonly intensity: Float64Array;
  readonly on: Float64Array;
  readonly edges: readonly number[];
  readonly #cumulated: Float64Array;
  readonly #options: Required<WorldOptions>;
  readonly #sample: { ids: number[]; information: number[]; halves: number[] } = {
    ids: [],
    information: [],
    halves: [],
  };

  constructor(seed: number, options: WorldOptions = {}) {
    const all = {
      unique: 6000,
      dMin: 1.8,
      observations: 150,
      photons: 80,
      background: 25,
      delta: 0,
      share: 0.5,
      preferred: 0.25,
      blind: 0,
      ...options,
    };
    this.#options = all;
    const r = new Quick(seed);
    this.random = r;
    const { unique, dMin } = all;
    const [low, high] = [1 / 20, 1 / dMin];
    const draw = (of: () => number): Float64Array => Float64Array.from({ length: unique }, of);
    this.q = draw(() => Math.cbrt(r.uniform() * (high ** 3 - low ** 3) + low ** 3)).sort();
    this.intensity = this.q.map((q) => {
      const bumps = 1 + 0.6 * Math.exp(-(((q - 0.22) / 0.05) ** 2)) - 0.3 * Math.exp(-(((q - 0.16) / 0.04) ** 2));
      const mean = all.photons * Math.exp(-13 * q * q) * bumps;
      return mean * (r.uniform() < 0.08 ? r.normal() ** 2 : -Math.log(r.uniform()));
    });
    this.orbits = draw(() => (r.uniform() < 0.08 ? 0.5 : 1));
    const rates = this.orbits.map((orbit) =>
      r.uniform() < all.blind ? 0 : orbit * Math.exp(all.preferred * r.normal()),
    );
    let sum = 0;
    this.#cumulated = rates.map((rate) => (sum += rate));
    for (let i = 0; i < unique; i++) this.#cumulated[i] = (this.#cumulated[i] as number) / sum;
    this.on = this.intensity.map((x) =>
      r.uniform() < all.share ? x * (1 + (r.uniform() < 0.5 ? all.delta : -all.delta)) : x,
    );
    this.edges = shellEdges(low, high * (1 + 1e-9), 10);
  }

  sums(): GroupSums {
    return new GroupSums(this.q.length);
  }

  #reflection(): number {
    const u = this.random.uniform();
    let [low, high] = [0, this.#cumulated.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cumulated[middle] as number) < u) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds crystals to sums. */
  add(sums: GroupSums, count: number, { isOn = false, quality = () => 1, onCrystal }: Crystals = {}): void {
    const { random: r, q } = this;
    const { background, observations } = this.#options;
    const intensity = isOn ? this.on : this.intensity;
    for (let n = 0; n < count; n++) {
      const c = sums.crystals++;
      const [lnScale, b] = [0.5 * r.normal(), 5 * r.normal()];
      const [scaleError, bError] = [0.03 * r.normal(), 0.7 * r.normal()];
      let outer = 0;
      for (let m = poissonQuantile(r.uniform(), observations); m > 0; m--) {
        const id = this.#reflection();
        const [truth, q2] = [intensity[id] as number, (q[id] as number) ** 2];
        const excitation = 4.4 * (r.uniform() - 0.5);
        const g = quality(c) * Math.exp(lnScale - (b * q2) / 2 - (excitation * excitation) / 2);
        const seen = g * truth * Math.exp(0.1 * r.normal()) + r.normal() * Math.sqrt(background + g * truth);
        const fitted = g * Math.exp(scaleError - bError * q2);
        const expected = fitted * (this.intensity[id] as number);
        const w = 1 / (background + expected + (0.105 * expected) ** 2);
        sums.add(c % groupCount, id, w * fitted * seen, w * fitted * fitted);
        if (c % 3 === 0 && this.#sample.ids.length < 2 ** 16) {
          this.#sample.ids.push(id);
          this.#sample.information.push(w * fitted * fitted);
          this.#sample.halves.push(c % 2);
        }
        if (id > q.length / 2) outer += w * fitted * fitted;
      }
      onCrystal?.(outer);
    }
  }

  data(...sums: readonly GroupSums[]): ForecastData {
    const { q, orbits } = this;
    return {
      crystals: sums.reduce((sum, { crystals }) => sum + crystals, 0),
      q,
      orbits,
      sums,
      sample: {
        ids: Uint32Array.from(this.#sample.ids),
        information: Float64Array.from(this.#sample.information),
        halves: Uint8Array.from(this.#sample.halves),
      },
    };
  }
}
