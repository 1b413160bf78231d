/**
 * Twin tests that know the noise. The L-test is compared with draws of Wilson's law that have the same errors, since plain
 * noise lowers ⟨|L|⟩ as twinning does, and a selection of strong reflections lowers it far more. Padilla & Yeates 2003; Yeates
 * 1988; Britton 1972.
 */

import { Random } from '../../compute/random/random.js';
import { type Indices, representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { type Operation, product } from '../../crystal/symmetry/matrices.js';
import { evenly } from '../../util/evenly.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indexTable } from '../statistics/index-table.js';
import { fewestRatios, indicesOf, lTestSteps } from '../statistics/statistics.js';
import { type ExpectedIntensities, type ListSubject, usable } from './expected.js';
import { twinLaws } from './twin-laws.js';

/** ⟨|L|⟩ and ⟨L²⟩ of some pairs; NaN for fewer than a hundred. */
export interface LMoments {
  readonly meanAbs: number;
  readonly meanSquare: number;
}

/** What the statistics of acentric reflections, or of centric ones where all are, say about twinning. */
export interface TwinStatistics {
  /** Whether the reflections are centric: those of a crystal whose stated space group has an inversion. */
  readonly isCentric: boolean;
  readonly pairs: number;
  readonly measured: LMoments;
  /** The same of untwinned crystals and of perfect twins with the errors of this list: means of draws. */
  readonly untwinned: LMoments;
  readonly perfect: LMoments;
  /** Cumulative shares of |L| at 0.05, 0.1 … 1: measured, untwinned, perfect twin. */
  readonly curves: {
    readonly at: readonly number[];
    readonly measured: readonly number[];
    readonly untwinned: readonly number[];
    readonly perfect: readonly number[];
  };
  /** Twin fraction, 0 … 0.5, and its standard error; NaN with fewer than a hundred pairs, and where they tell nothing of it. */
  readonly fraction: number;
  readonly error: number;
  /**
   * ⟨I² − σ²⟩/⟨I⟩²: 2 of untwinned crystals, 1.5 of perfect twins, and of centric reflections 3 and 2; NaN for fewer than fifty.
   */
  readonly secondMoment: number;
  /** Its standard error. */
  readonly secondMomentError: number;
  /** The same by resolution, in blocks of as many reflections each. */
  readonly moments: readonly { readonly inverseD: number; readonly value: number; readonly error: number }[];
}

/** Pairs beyond which expectations are drawn from some of them: their own error is then far below that of the data. */
const mostDrawn = 8000;
const noMoments: LMoments = { meanAbs: Number.NaN, meanSquare: Number.NaN };
const sets = 12;
const fractions = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
const curveAt = Array.from({ length: 20 }, (_, i) => (i + 1) / 20);

/** ⟨I²⟩/⟨I⟩² from which on it is rather that of centric reflections. */
const likeCentric = 2.3;
/** Standard deviation of |L| of one pair. */
const scatterOfL = 0.29;
/** By how much, and by how many errors, ⟨|L|⟩ is above that of acentric reflections; that of centric ones is by .14. */
const [leastOff, mostErrors] = [0.05, 5];

/**
 * Whether intensities that are taken as acentric vary as centric ones do: by the second moment, or by ⟨|L|⟩, which
 * translations within the cell hardly change.
 */
export function areLikeCentric({
  isCentric,
  pairs,
  measured,
  untwinned,
  secondMoment,
  secondMomentError,
}: TwinStatistics): boolean {
  if (isCentric) return false;
  const off = measured.meanAbs - untwinned.meanAbs;
  return (
    secondMoment - 3 * secondMomentError > likeCentric ||
    (off > leastOff && off > (mostErrors * scatterOfL) / Math.sqrt(pairs))
  );
}

/** Whether an operation leaves a reflection where it is. */
const isFixed = ([h, k, l]: Indices, m: Operation): boolean =>
  h * (m[0] as number) + k * (m[3] as number) + l * (m[6] as number) === h &&
  h * (m[1] as number) + k * (m[4] as number) + l * (m[7] as number) === k &&
  h * (m[2] as number) + k * (m[5] as number) + l * (m[8] as number) === l;

/** Pairs of reflections near each other, by their places in the list; see `lTestSteps`. */
function neighbours(list: ReflectionList, subject: ListSubject, of: ExpectedIntensities): [number, number][] {
  const { group, centring } = subject;
  const steps = lTestSteps(centring);
  // What a law leaves where it is has no partner, and is as of one crystal in any twin.
  const fixing = twinLaws(subject).flatMap((law) => group.operations.map((operation) => product(law, operation)));
  const isOwnMate = (indices: Indices): boolean => fixing.some((m) => isFixed(indices, m));
  const used = Uint8Array.from(list.sigma, (_, i) => Number(usable(list, of, i) && !isOwnMate(indicesOf(list, i))));
  const isUsed = (i: number): boolean => used[i] === 1;
  const place = indexTable(list, isUsed);
  const pairs: [number, number][] = [];
  for (let i = 0; i < list.count; i++) {
    if (!isUsed(i)) continue;
    const [h, k, l] = indicesOf(list, i);
    for (const [dh, dk, dl] of steps) {
      const j = place(representative([h + dh, k + dk, l + dl], group));
      if (j !== undefined && j !== i) pairs.push([i, j]);
    }
  }
  return pairs;
}

/** |L| of the pairs of which both are positive. */
function ratios(pairs: readonly (readonly [number, number])[], value: (i: number) => number): Float64Array {
  const out = new Float64Array(pairs.length);
  let count = 0;
  for (const pair of pairs) {
    const a = value(pair[0]);
    const b = value(pair[1]);
    if (a > 0 && b > 0) out[count++] = Math.abs(a - b) / (a + b);
  }
  return out.subarray(0, count);
}

function momentsOf(values: Float64Array): LMoments {
  let [sum, squares] = [0, 0];
  for (const x of values) {
    sum += x;
    squares += x * x;
  }
  return { meanAbs: sum / values.length, meanSquare: squares / values.length };
}

const cumulative = (values: Float64Array): number[] => {
  const sorted = Float64Array.from(values).sort();
  let at = 0;
  return curveAt.map((limit) => {
    while (at < sorted.length && (sorted[at] as number) <= limit) at++;
    return at / sorted.length;
  });
};

/** The twin tests of a list that need no law. */
export function twinStatistics(list: ReflectionList, subject: ListSubject, of: ExpectedIntensities): TwinStatistics {
  const pairs = neighbours(list, subject, of);
  // E² and its error, so that the fall-off with resolution is in no moment.
  const relative = (i: number): number => (list.intensity[i] as number) / (of.expected[i] as number);
  const values = ratios(pairs, relative);
  const enough = values.length >= fewestRatios;
  const measured = momentsOf(values);
  const moment = secondMomentOf(list, of, measurable(list, of));
  const some = evenly(pairs, mostDrawn);
  const random = new Random(1, 0);
  const draws = drawn(list, of, some, random);
  const none = draws[0] as Drawn;
  const perfect = draws[draws.length - 1] as Drawn;
  // The scatter of a set of draws is that of so many pairs; the data have all of them.
  const share = Math.sqrt(some.length / Math.max(1, pairs.length));
  return {
    isCentric: of.isCentrosymmetric,
    pairs: values.length,
    measured: enough ? measured : noMoments,
    untwinned: enough ? none.moments : noMoments,
    perfect: enough ? perfect.moments : noMoments,
    curves: {
      at: curveAt,
      measured: enough ? cumulative(values) : curveAt.map(() => Number.NaN),
      untwinned: none.curve,
      perfect: perfect.curve,
    },
    ...(enough
      ? posteriorOf(measured.meanAbs, draws, share, {
          moment,
          isCentric: of.isCentrosymmetric,
          hasLaw: twinLaws(subject).length > 0,
        })
      : undecided),
    secondMoment: moment.value,
    secondMomentError: moment.error,
    moments: momentsByResolution(list, of),
  };
}

interface Drawn {
  readonly moments: LMoments;
  /** Standard deviation of ⟨|L|⟩ from set to set. */
  readonly scatter: number;
  readonly curve: readonly number[];
}

/**
 * How variances grow with the square of normalised intensities, 1 + `growth` x: from the weaker and the stronger half. Draws in
 * which weak reflections had the errors of strong ones would look more twinned than the list.
 */
function growthOf(all: readonly (readonly [square: number, variance: number])[]): number {
  const sorted = [...all].sort(([a], [b]) => a - b);
  const half = sorted.length >> 1;
  const mean = (some: readonly (readonly [number, number])[], at: 0 | 1): number =>
    some.reduce((sum, one) => sum + one[at], 0) / some.length;
  const [weak, strong] = [sorted.slice(0, half), sorted.slice(half)];
  const slope = (mean(strong, 1) - mean(weak, 1)) / (mean(strong, 0) - mean(weak, 0));
  const least = mean(weak, 1) - slope * mean(weak, 0);
  return slope > 0 && least > 0 ? slope / least : 0;
}

/**
 * Pairs as they would be with each twin fraction: Wilson's law for both twins, and the errors of the list. All fractions
 * share the random numbers, so that their expectations differ by the fraction alone.
 */
function drawn(
  list: ReflectionList,
  { expected, isCentrosymmetric }: ExpectedIntensities,
  pairs: readonly (readonly [number, number])[],
  random: Random,
): Drawn[] {
  const wilson = (): number => (isCentrosymmetric ? random.normal() ** 2 : -Math.log(random.uniform()));
  const members = [...new Set(pairs.flat())];
  const relative = (column: Float64Array, i: number): number => (column[i] as number) / (expected[i] as number);
  const positive = (i: number): number => Math.max(0, relative(list.intensity, i));
  const growth = growthOf(members.map((i) => [positive(i) ** 2, relative(list.sigma, i) ** 2]));
  const own = new Float64Array(list.count);
  const [first, second, noise] = [own, own, own].map(() => new Float64Array(members.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const results: LMoments[][] = fractions.map(() => []);
  const curves: number[][] = [];
  for (let set = 0; set < sets; set++) {
    for (const [n, i] of members.entries()) {
      first[n] = wilson();
      second[n] = wilson();
      // The error that a reflection of no intensity would have.
      noise[n] = (relative(list.sigma, i) / Math.sqrt(1 + growth * positive(i) ** 2)) * random.normal();
    }
    for (const [at, fraction] of fractions.entries()) {
      for (const [n, i] of members.entries()) {
        const z = (1 - fraction) * (first[n] as number) + fraction * (second[n] as number);
        own[i] = z + (noise[n] as number) * Math.sqrt(1 + growth * z * z);
      }
      const all = ratios(pairs, (i) => own[i] as number);
      results[at]?.push(momentsOf(all));
      if (set === 0) curves.push(cumulative(all));
    }
  }
  return results.map((moments, at) => {
    const mean = (of: (one: LMoments) => number): number => moments.reduce((sum, moment) => sum + of(moment), 0) / sets;
    const meanAbs = mean((one) => one.meanAbs);
    const variance = moments.reduce((sum, moment) => sum + (moment.meanAbs - meanAbs) ** 2, 0) / (sets - 1);
    return {
      moments: { meanAbs, meanSquare: mean((one) => one.meanSquare) },
      scatter: Math.sqrt(variance),
      curve: curves[at] as number[],
    };
  });
}

interface Moment {
  readonly value: number;
  readonly error: number;
}

/** Blocks of a picture, and fewest reflections of one. */
const [mostBlocks, fewestInBlock] = [12, 50];

/** Reflections whose errors are not larger than intensities: beyond, there is noise alone. */
function measurable(list: ReflectionList, of: ExpectedIntensities): number[] {
  const found: number[] = [];
  for (let i = 0; i < list.count; i++)
    if (usable(list, of, i) && (list.sigma[i] as number) <= (of.expected[i] as number)) found.push(i);
  return found;
}

function momentsByResolution(list: ReflectionList, of: ExpectedIntensities): TwinStatistics['moments'] {
  const used = measurable(list, of).sort((a, b) => (of.inverse[a] as number) - (of.inverse[b] as number));
  const blocks = Math.min(mostBlocks, Math.floor(used.length / fewestInBlock));
  return Array.from({ length: blocks }, (_, block) => {
    const [from, to] = [block, block + 1].map((at) => Math.floor((at * used.length) / blocks)) as [number, number];
    const some = used.slice(from, to);
    const inverseD = some.reduce((sum, i) => sum + (of.inverse[i] as number), 0) / some.length;
    return { inverseD, ...secondMomentOf(list, of, some) };
  });
}

/**
 * ⟨I² − σ²⟩/⟨I⟩², in units of Σ: the square of a noisy intensity is too large by its variance. Its error is that of a gamma
 * distribution with this moment, as single crystals and twins have: where squares are large the mean is large as well, and what
 * few large intensities say of their own scatter is too little.
 */
function secondMomentOf(list: ReflectionList, { expected }: ExpectedIntensities, some: readonly number[]): Moment {
  const n = some.length;
  if (n < fewestInBlock) return { value: Number.NaN, error: Number.NaN };
  let [sum, squares, noises] = [0, 0, 0];
  for (const i of some) {
    const [x, noise] = [list.intensity, list.sigma].map(
      (column) => (column[i] as number) / (expected[i] as number),
    ) as [number, number];
    sum += x;
    squares += x ** 2 - noise ** 2;
  }
  const mean = sum / n;
  const measured = squares / n / mean ** 2;
  // A ratio to a squared mean is too small by the variance of the mean.
  const value = measured * (1 + Math.max(0, measured - 1) / n);
  const variance = Math.max(0, value - 1);
  for (const i of some) {
    const noise = ((list.sigma[i] as number) / (expected[i] as number) / mean) ** 2;
    noises += 4 * noise * variance * value + 2 * noise ** 2;
  }
  return { value, error: Math.sqrt((2 * variance ** 2 * value) / n + noises / n ** 2) };
}

/** A twin fraction and its standard error. */
interface Estimate {
  readonly fraction: number;
  readonly error: number;
}

const undecided: Estimate = { fraction: Number.NaN, error: Number.NaN };
/** Error beyond which a fraction says nothing: that of any number between 0 and .5 is .144. */
const largestError = 0.1;
/** What the means by resolution add to the scatter of draws, as 370 drawn lists have it. */
const ofMeans = 1.1;
/** Fraction from which on the second moment takes part: it has few extreme reflections in it, and says less near 0. */
const momentFrom = 0.4;
const grid = Array.from({ length: 2001 }, (_, n) => n / 4000);

/**
 * Mean and standard deviation of the fractions with which the measured ⟨|L|⟩ agrees, each between 0 and .5 being as probable as
 * any other beforehand: near .5 it hardly changes with the fraction, and beyond 0 there is none. The second moment of a twin is
 * 1 + v (1 − 2α + 2α²), with the variance v of untwinned intensities: 1, and 2 of centric ones.
 */
function posteriorOf(
  measured: number,
  draws: readonly Drawn[],
  share: number,
  { moment, isCentric, hasLaw }: { readonly moment: Moment; readonly isCentric: boolean; readonly hasLaw: boolean },
): Estimate {
  const between = (of: (one: Drawn) => number, fraction: number): number => {
    const at = Math.min(fractions.length - 2, Math.floor(10 * fraction));
    const [low, high] = [of(draws[at] as Drawn), of(draws[at + 1] as Drawn)];
    return low + (10 * fraction - at) * (high - low);
  };
  // Twelve sets tell a scatter to a fifth: that of all fractions is one.
  const scatter = (ofMeans * share * draws.reduce((sum, draw) => sum + draw.scatter, 0)) / draws.length;
  // A list that a law of the lattice twins has both mates of a pair: those of a perfect twin are one.
  const ofMates = (fraction: number): number => (hasLaw ? 1 / (fraction ** 2 + (1 - fraction) ** 2) : 1);
  const chi2 = (fraction: number): number => {
    const off = (measured - between((one) => one.moments.meanAbs, fraction)) / scatter;
    return off ** 2 / ofMates(fraction) + Math.log(ofMates(fraction));
  };
  const ofMoment = (fraction: number): number =>
    (moment.value - 1 - (isCentric ? 2 : 1) * (1 - 2 * fraction + 2 * fraction ** 2)) / moment.error;
  const first = meanOf(chi2);
  const hasMoment = first.fraction > momentFrom && moment.error > 0;
  const mean = hasMoment ? meanOf((fraction) => chi2(fraction) + ofMoment(fraction) ** 2 / ofMates(fraction)) : first;
  return mean.error < largestError ? mean : undecided;
}

/** Mean and standard deviation of a fraction with this χ². */
function meanOf(chi2: (fraction: number) => number): Estimate {
  const all = grid.map(chi2);
  const least = Math.min(...all);
  const weights = all.map((one) => Math.exp((least - one) / 2));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const mean = (of: (fraction: number) => number): number =>
    weights.reduce((sum, w, n) => sum + w * of(grid[n] as number), 0) / total;
  const fraction = mean((x) => x);
  return { fraction, error: Math.sqrt(mean((x) => (x - fraction) ** 2)) };
}
