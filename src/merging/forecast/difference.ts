/**
 * Whether the intensities of two states differ, such as pump on and off: products of the differences of different
 * groups of crystals, D_g · D_g'. Their mean is the squared difference whatever the sigmas are; products of single
 * observations are biased as soon as the scale in a weight has an error. A scale and a relative B of the states are
 * taken off first, since heating and volume are no signal. Differences within one state are controls: they have none,
 * and show how far significance scatters.
 */
import { Random } from '../../compute/random/random.js';
import { scaleOfPairs } from '../statistics/scale.js';
import { factorFor, gamma, poissonQuantile, ratesOf } from './draws.js';
import { type GroupSums, groupCount } from './group-sums.js';

/** Two states of the same reflections. */
export interface States {
  readonly q: Float64Array;
  readonly orbits: Float64Array;
  readonly sums: readonly [GroupSums, GroupSums];
}

/** A difference of two states. */
export interface Difference {
  /** Significance, in units of the scatter of the controls. */
  readonly sigmas: number;
  /** RMS relative difference; negative if the mean square is. */
  readonly relative: number;
  /** RMS relative difference that would have the wanted significance now. */
  readonly visible: number;
  /** Scale and relative B (Å²) of the second state onto the first one, which are taken off. */
  readonly scale: number;
  readonly relativeB: number;
  /** RMS significance of the controls, at least 1, and its mean: 1 and 0 without a fault. */
  readonly spread: number;
  readonly controlMean: number;
  /** Number of reflections on which it rests: as many equal ones would scatter alike. */
  readonly reflections: number;
  /** Significance that the error of the scale alone would have. */
  readonly sigmasOfScale: number;
  /** Number of groups with both states. */
  readonly groups: number;
}

interface Total {
  readonly n: Float64Array;
  readonly d: Float64Array;
  readonly m: Float64Array;
}

/** The sums of some groups together. */
function totalOf(sums: GroupSums, groups: readonly number[]): Total {
  const { unique } = sums;
  const [n, d, m] = [new Float64Array(unique), new Float64Array(unique), new Float64Array(unique)];
  for (const group of groups)
    for (let id = 0, at = group * unique; id < unique; id++, at++) {
      n[id] = (n[id] as number) + (sums.numerator[at] as number);
      d[id] = (d[id] as number) + (sums.information[at] as number);
      m[id] = (m[id] as number) + (sums.counts[at] as number);
    }
  return { n, d, m };
}

const allGroups = Array.from({ length: groupCount }, (_, group) => group);

interface Scale {
  readonly scale: number;
  readonly relativeB: number;
  /** The variance of the logarithm of the factor of a reflection with q²; infinite if too few reflections tell it. */
  readonly variance: (q2: number) => number;
}

/** Scale k and relative B of b onto a, from reflections that both have three times: a = k exp(−B q²/2) b. */
function scaleBetween(a: Total, b: Total, q: Float64Array): Scale {
  const pairs: { x: number; y: number; q2: number }[] = [];
  for (let id = 0; id < a.n.length; id++) {
    const [da, db] = [a.d[id] as number, b.d[id] as number];
    if ((a.m[id] as number) < 3 || (b.m[id] as number) < 3 || !(da > 0 && db > 0) || Number.isNaN(q[id])) continue;
    pairs.push({ x: (a.n[id] as number) / da, y: (b.n[id] as number) / db, q2: (q[id] as number) ** 2 });
  }
  const { scale, b: relativeB, bError, variance } = scaleOfPairs(pairs);
  if (!(bError > 0)) return { scale: 1, relativeB: 0, variance: () => Number.POSITIVE_INFINITY };
  return { scale, relativeB, variance };
}

/** A group of crystals in both states. */
interface PairOfGroups {
  readonly first: Total;
  readonly second: Total;
}

/** Σ ω S² of a difference with ω = I² / var(S²), and its variance without a difference, which is Σ ω I² of all parts. */
function productsOf(
  pairs: readonly PairOfGroups[],
  factor: (id: number) => number,
  weight: Float64Array,
): { sum: number; variance: number; parts: Float64Array } {
  let [sum, variance] = [0, 0];
  const parts = new Float64Array(weight.length);
  for (let id = 0; id < weight.length; id++) {
    const own = weight[id] as number;
    if (!(own > 0)) continue;
    const f = factor(id);
    let [w1, w2, wd, wd2, n] = [0, 0, 0, 0, 0];
    for (const { first, second } of pairs) {
      const [da, db] = [first.d[id] as number, second.d[id] as number];
      if (!(da > 0 && db > 0)) continue;
      const w = 1 / (1 / da + (f * f) / db);
      const off = w * ((first.n[id] as number) / da - (f * (second.n[id] as number)) / db);
      w1 += w;
      w2 += w * w;
      wd += off;
      wd2 += off * off;
      n++;
    }
    const products = w1 * w1 - w2;
    if (n < 2 || !(products > 0)) continue;
    // The mean of products of different groups is the squared difference; its variance without one is 2 / Σ w w'.
    const squared = (wd * wd - wd2) / products;
    const omega = (own * products) / 2;
    sum += omega * squared;
    parts[id] = omega * own;
    variance += omega * own;
  }
  return { sum, variance, parts };
}

/** The ways to divide the groups of one state into two, the first group in the first half. */
const divisions = allGroups
  .flatMap((a) => allGroups.map((b) => [0, a, b]))
  .filter(([, a = 0, b = 0]) => a > 0 && b > a);

/** Compares two states; `wanted` is the significance that `visible` is for. */
export function differenceOf({ q, sums: [first, second] }: States, wanted: number): Difference {
  const groups = allGroups.map((group) => ({ first: totalOf(first, [group]), second: totalOf(second, [group]) }));
  const [a, b] = [totalOf(first, allGroups), totalOf(second, allGroups)];
  const { scale, relativeB, variance: ofScale } = scaleBetween(a, b, q);
  // Relative differences of strong reflections are known best.
  const weight = new Float64Array(first.unique);
  for (let id = 0; id < weight.length; id++) {
    const information = (a.d[id] as number) + (b.d[id] as number);
    const intensity = ((a.n[id] as number) + (b.n[id] as number)) / information;
    const isSeen = (a.d[id] as number) > 0 && (b.d[id] as number) > 0 && (a.m[id] as number) + (b.m[id] as number) >= 4;
    if (!isSeen || !(intensity > 0) || Number.isNaN(q[id])) continue;
    const variance = 1 / (a.d[id] as number) + 1 / (b.d[id] as number);
    weight[id] = intensity ** 2 / (1 + variance / Math.max(intensity, 1e-3) ** 2);
  }
  const factor = (id: number): number => scale * Math.exp((-relativeB * (q[id] as number) ** 2) / 2);
  const { sum, variance, parts } = productsOf(groups, factor, weight);
  const controls = (['first', 'second'] as const).flatMap((state) =>
    divisions.map((half) => {
      const rest = allGroups.filter((group) => !half.includes(group));
      const pairs = half.map((group, i) => ({
        first: (groups[group] as PairOfGroups)[state],
        second: (groups[rest[i] as number] as PairOfGroups)[state],
      }));
      const control = productsOf(pairs, () => 1, weight);
      return control.sum / Math.sqrt(control.variance);
    }),
  );
  const judged = controls.filter(Number.isFinite);
  const spread = Math.max(1, Math.sqrt(judged.reduce((total, z) => total + z * z, 0) / judged.length));
  const squares = parts.reduce((total, part) => total + part * part, 0);
  const falsely = parts.reduce(
    (total, part, id) => (part > 0 ? total + part * ofScale((q[id] as number) ** 2) : total),
    0,
  );
  const squared = sum / variance;
  const deviation = Math.sqrt(variance);
  return {
    sigmas: sum / deviation / spread,
    relative: Math.sign(squared) * Math.sqrt(Math.abs(squared)),
    visible: Math.sqrt((wanted * spread) / deviation),
    scale,
    relativeB,
    spread,
    controlMean: judged.reduce((total, z) => total + z, 0) / judged.length,
    reflections: squares > 0 ? variance ** 2 / squares : 0,
    sigmasOfScale: falsely / deviation / spread,
    groups: groups.filter((pair) => pair.first.m.some((n) => n > 0) && pair.second.m.some((n) => n > 0)).length,
  };
}

/** Reflections drawn for the numbers of pairs, and the factors of the crystals at which they are drawn. */
const [draws, stepOfFactor] = [800, 1 / 4];

/**
 * The factor of the crystals at which a relative difference is visible that is `ratio` times smaller than now: it falls
 * as the fourth root of the pairs of groups, with numbers of observations by Poisson.
 */
export function sensitivityOf({ q, orbits, sums }: States): (ratio: number) => number {
  const random = new Random(1, 0xd1ff);
  const members = [...q.keys()].filter((id) => !Number.isNaN(q[id]));
  const own = Float64Array.from(members, (id) => orbits[id] as number);
  const rates = sums.map((sum) => {
    const { m } = totalOf(sum, allGroups);
    return ratesOf({ counts: members.map((id) => m[id] ?? 0), orbits: own });
  });
  const extra = Math.min(...rates.map((rate) => rate.extra));
  const drawn = Float64Array.from(
    { length: draws },
    () => (own[random.below(own.length)] as number) * gamma(random, extra),
  );
  const uniforms = Float64Array.from({ length: 2 * groupCount * draws }, () => random.uniform());
  const number = (state: 0 | 1, at: number, rate: number): number =>
    poissonQuantile(uniforms[at] as number, ((rates[state]?.mean ?? 0) * rate) / groupCount);
  const pairsWith = (factor: number): number => {
    let total = 0;
    for (let i = 0; i < draws; i++) {
      const rate = factor * (drawn[i] as number);
      let [w1, w2] = [0, 0];
      for (let group = 0; group < groupCount; group++) {
        const at = 2 * (groupCount * i + group);
        const [x, y] = [number(0, at, rate), number(1, at + 1, rate)];
        const w = x > 0 && y > 0 ? (x * y) / (x + y) : 0;
        w1 += w;
        w2 += w * w;
      }
      total += w1 * w1 - w2;
    }
    return total;
  };
  const known = new Map<number, number>();
  const atStep = (step: number): number => {
    const pairs = known.get(step) ?? pairsWith(Math.exp(step * stepOfFactor));
    known.set(step, pairs);
    return pairs;
  };
  const pairsAt = (factor: number): number => {
    const place = Math.log(factor) / stepOfFactor;
    const [low, high] = [atStep(Math.floor(place)), atStep(Math.floor(place) + 1)];
    return low > 0 ? low * (high / low) ** (place - Math.floor(place)) : 0;
  };
  const now = pairsAt(1);
  return (ratio) => (now > 0 ? factorFor((factor) => (pairsAt(factor) / now) ** 0.25, ratio) : Number.NaN);
}
