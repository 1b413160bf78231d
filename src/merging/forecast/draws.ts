/**
 * Random numbers of a forecast. They are the same for every number of crystals: a reflection that has many observations
 * now has many later, so that what is forecast rises smoothly and can be solved for.
 */
import { Random } from '../../compute/random/random.js';

/** The quantile of the normal distribution, to 4.5e-4. Abramowitz & Stegun 26.2.23. */
export function normalQuantile(u: number): number {
  const tail = Math.min(u, 1 - u);
  const t = Math.sqrt(-2 * Math.log(Math.max(tail, 1e-300)));
  const z =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t);
  return u < 0.5 ? -z : z;
}

/** Above this mean, numbers are taken from the normal distribution. */
const large = 60;

/** The least number whose Poisson probability up to it is at least `u`. */
export function poissonQuantile(u: number, mean: number): number {
  if (mean > large) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normalQuantile(u)));
  let n = 0;
  let term = Math.exp(-mean);
  let sum = term;
  while (sum < u && n < 4 * large) {
    term *= mean / ++n;
    sum += term;
  }
  return n;
}

/** A number of the gamma distribution with mean 1 and the given variance. Marsaglia & Tsang 2000. */
export function gamma(random: Random, variance: number): number {
  if (!(variance > 1e-3)) return 1;
  const shape = 1 / variance;
  // Below 1, a number of the next larger shape is reduced.
  const own = shape < 1 ? shape + 1 : shape;
  const d = own - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v <= 0) continue;
    if (Math.log(random.uniform()) >= x * x * 0.5 + d - d * v + d * Math.log(v)) continue;
    const value = shape < 1 ? d * v * random.uniform() ** (1 / shape) : d * v;
    return value / shape;
  }
}

/** Numbers of observations of the reflections of a shell so far. */
export interface ShellCounts {
  /** Observations of each reflection that is possible, and its share of the observations of a general one. */
  readonly counts: ArrayLike<number>;
  readonly orbits: ArrayLike<number>;
}

/** How the numbers of observations are distributed. */
export interface Rates {
  /** Mean number of observations of a general reflection. */
  readonly mean: number;
  /** 1/κ: the squared relative spread of the rates beyond Poisson's. */
  readonly extra: number;
}

/** The rate of observations of a shell, and how far its reflections differ in it: a negative binomial distribution. */
export function ratesOf({ counts, orbits }: ShellCounts): Rates {
  let [total, places] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    total += counts[i] as number;
    places += orbits[i] as number;
  }
  const mean = places > 0 ? total / places : 0;
  if (!(mean > 0)) return { mean: 0, extra: 0 };
  let [first, second, poisson, squares] = [0, 0, 0, 0];
  for (let i = 0; i < counts.length; i++) {
    const expected = mean * (orbits[i] as number);
    const off = (counts[i] as number) - expected;
    first += off;
    second += off * off;
    poisson += expected;
    squares += expected * expected;
  }
  const variance = second / counts.length - (first / counts.length) ** 2;
  return { mean, extra: Math.max(0, variance - poisson / counts.length) / (squares / counts.length) };
}

/** A shell at a later number of crystals. */
export interface ShellAt {
  /** Mean error variance of a half, over the reflections that count. */
  readonly variance: number;
  /** The share of the possible reflections that count. */
  readonly share: number;
  /** Mean √Σd over the reflections with two observations. */
  readonly rootInformation: number;
}

/** Observations of a half whose information is drawn one by one; those beyond have the mean. */
const drawnOneByOne = 48;

/** Factors of the crystals at which a shell is drawn. */
const stepOfFactor = 1 / 8;

/** Draws reflections of a shell: each is of a class, and its observations have the information of some of that class. */
export class ShellDraws {
  readonly #mean: number;
  readonly #count: number;
  readonly #rates: Float64Array;
  readonly #uniforms: Float64Array;
  /** Sums of the first 0, 1, 2, … observations of each half. */
  readonly #sums: Float64Array;
  readonly #usual: Float64Array;
  readonly #classes: number;
  readonly #known = new Map<number, ShellAt>();

  constructor(shell: ShellCounts, classes: readonly Float64Array[], { draws = 1200, seed = 1 } = {}) {
    const random = new Random(seed, 0x5e11);
    const { mean, extra } = ratesOf(shell);
    this.#mean = mean;
    this.#count = draws;
    this.#rates = Float64Array.from(
      { length: draws },
      () => (shell.orbits[random.below(shell.orbits.length)] as number) * gamma(random, extra),
    );
    this.#uniforms = Float64Array.from({ length: 2 * draws }, () => random.uniform());
    this.#classes = classes.length;
    this.#usual = Float64Array.from(classes, (own) => own.reduce((sum, d) => sum + d, 0) / own.length);
    const wide = drawnOneByOne + 1;
    this.#sums = new Float64Array(2 * draws * wide);
    for (let row = 0; row < 2 * draws; row++) {
      const own = classes[this.#classOf(row)] as Float64Array;
      for (let n = 1; n < wide; n++)
        this.#sums[row * wide + n] =
          (this.#sums[row * wide + n - 1] as number) + (own[random.below(own.length)] as number);
    }
  }

  /** Both halves of a reflection have its class. */
  #classOf(row: number): number {
    return (row >> 1) % this.#classes;
  }

  #information(row: number, n: number): number {
    const drawn = Math.min(n, drawnOneByOne);
    return (
      (this.#sums[row * (drawnOneByOne + 1) + drawn] as number) +
      (n - drawn) * (this.#usual[this.#classOf(row)] as number)
    );
  }

  /** The shell with `factor` times as many crystals, between steps of an eighth in the logarithm of the factor. */
  at(factor: number): ShellAt {
    const place = Math.log(factor) / stepOfFactor;
    const step = Math.floor(place);
    const [low, high, share] = [this.#step(step), this.#step(step + 1), place - step];
    const between = (a: number, b: number): number =>
      a > 0 && b < Number.POSITIVE_INFINITY && a < Number.POSITIVE_INFINITY
        ? Math.exp(Math.log(a) + share * (Math.log(b) - Math.log(a)))
        : a;
    return {
      variance: between(low.variance, high.variance),
      share: low.share + share * (high.share - low.share),
      rootInformation: between(low.rootInformation, high.rootInformation),
    };
  }

  #step(step: number): ShellAt {
    const known = this.#known.get(step) ?? this.#drawn(Math.exp(step * stepOfFactor));
    this.#known.set(step, known);
    return known;
  }

  #drawn(factor: number): ShellAt {
    const half = (this.#mean * factor) / 2;
    const [a, b] = [new Float64Array(this.#count), new Float64Array(this.#count)];
    let [roots, measured] = [0, 0];
    const both: number[] = [];
    for (let i = 0; i < this.#count; i++) {
      const mean = half * (this.#rates[i] as number);
      const m = poissonQuantile(this.#uniforms[2 * i] as number, mean);
      const n = poissonQuantile(this.#uniforms[2 * i + 1] as number, mean);
      const [x, y] = [this.#information(2 * i, m), this.#information(2 * i + 1, n)];
      if (m + n >= 2) {
        roots += Math.sqrt(x + y);
        measured++;
      }
      if (m < 2 || n < 2) continue;
      a[i] = x;
      b[i] = y;
      both.push(i);
    }
    const kept = wellInformed(both, (i) => Math.min(a[i] as number, b[i] as number));
    const variance = kept.reduce((sum, i) => sum + 1 / (a[i] as number) + 1 / (b[i] as number), 0) / (2 * kept.length);
    return {
      variance: kept.length > 0 ? variance : Number.POSITIVE_INFINITY,
      share: kept.length / this.#count,
      rootInformation: measured > 0 ? roots / measured : 0,
    };
  }
}

/** Those whose information is above a tenth of the median: the few with hardly any would decide a mean variance. */
export function wellInformed(members: readonly number[], informationOf: (i: number) => number): number[] {
  const sorted = Float64Array.from(members, informationOf).sort();
  const half = sorted.length >> 1;
  const middle = sorted.length % 2 === 1 ? sorted[half] : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
  return members.filter((i) => informationOf(i) > 0.1 * (middle ?? 0));
}

/** How far a bisection looks, relative to the crystals so far; with much fewer, hardly any reflection would count. */
const [minFactor, maxFactor] = [1 / 2, 1000] as const;

/** The least factor at which a rising function reaches a target, by bisection of its logarithm; infinite if it never does. */
export function factorFor(rising: (factor: number) => number, target: number): number {
  let [low, high] = [Math.log(minFactor), Math.log(maxFactor)];
  if (!(rising(maxFactor) >= target)) return Number.POSITIVE_INFINITY;
  for (let step = 0; step < 32; step++) {
    const middle = (low + high) / 2;
    if (rising(Math.exp(middle)) >= target) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}
