/**
 * Forecasts of a shell: how CC1/2, I/σ and completeness change with the number of crystals.
 *
 * CC1/2 is s²/(s² + ν). The noise ν of a half with N crystals is the mean of 1/Σd over reflections whose numbers of
 * observations follow from Poisson's distribution with rates that vary (negative binomial), each with the information
 * of observations that were made, by the rule by which reflections count now. The usual law 1/CC − 1 ~ 1/N leaves out
 * that reflections with few observations enter as fast as others improve. s² comes from the covariance of the halves
 * and from the mean intensities of all shells (Wilson 1949).
 */
import { correlation } from '../../util/correlation.js';
import { factorFor, type Rates, ratesOf, ShellDraws } from './draws.js';
import { fewestPairsOfHalves, type HalfSums, type ShellNow, type Shells } from './shells.js';

/** What is known of a quantity as a function of the crystals, relative to those so far. */
export interface ShellForecast {
  /** The value now, and its error. */
  readonly value: number;
  readonly error: number;
  /** The value with `factor` times the crystals; `sigmas` errors of the forecast better or worse than the likeliest. */
  at(factor: number, sigmas: number): number;
  /** Observations of a general reflection now. */
  readonly observations: number;
  /** The factor at which the target is reached. */
  factor(target: number, sigmas: number): number;
  /** The value that is never exceeded; 1 or infinite without a limit. */
  readonly ceiling: number;
}

/** Relative errors: of the signal from other shells, of the noise from other shells, of the forecast in any case. */
const [ofWilson, ofUsual, atLeast] = [0.15, 0.2, 0.12];
/**
 * The error of the signal from other shells that ranges state. With that by which it is weighted, which gives the best
 * forecasts, two of three ranges of a CC1/2 of .5 held the truth in 120 simulated runs; with this one, four of five.
 */
const ofWilsonStated = 0.3;
/** The relative error of a forecast I/σ beyond that of the present one: with it three of four ranges hold the truth. */
const ofSnr = 0.075;

/** By how much the intensities of a shell vary, and the relative error of that. */
function signalOf({ halves, shells, meanIntensity, relativeVariance }: Shells, shell: number, kept: readonly number[]) {
  const mean = meanIntensity[shell] ?? 0;
  const smooth = relativeVariance * mean * mean;
  const pairs = kept.length;
  const members = shells[shell]?.members.length ?? 0;
  // Exponentially distributed intensities have a fourth moment of nine; a shell has its own variance by chance.
  const byChance = 8 / Math.max(8, members);
  const [ofSmooth, stated] = [Math.sqrt(ofWilson ** 2 + byChance), Math.sqrt(ofWilsonStated ** 2 + byChance)];
  if (pairs < fewestPairsOfHalves) return { signal: smooth, error: stated };
  const { covariance, noise } = momentsOf(halves, kept);
  if (!(covariance > 0)) return { signal: smooth, error: stated };
  // The reflections that count are some of those that will.
  const others = 1 - pairs / members;
  const own = (8 * others * covariance ** 2 + 2 * covariance * noise + 2 * noise ** 2) / pairs;
  const ofAll = (ofSmooth * smooth) ** 2;
  if (!(ofAll > 0)) return { signal: covariance, error: Math.sqrt(own) / covariance };
  const variance = 1 / (1 / own + 1 / ofAll);
  const signal = variance * (covariance / own + smooth / ofAll);
  return { signal, error: (variance * Math.hypot(1 / Math.sqrt(own), (stated * smooth) / ofAll)) / signal };
}

/** Covariance of the halves, and the mean variance of one of them. */
function momentsOf({ half }: HalfSums, kept: readonly number[]): { covariance: number; noise: number } {
  let [x, y, xy, squares] = [0, 0, 0, 0];
  for (const id of kept) {
    const [a, b] = [half(0, id), half(1, id)];
    x += a;
    y += b;
    xy += a * b;
    squares += (a - b) ** 2;
  }
  const n = kept.length;
  return { covariance: (xy - (x * y) / n) / (n - 1), noise: squares / n / 2 };
}

/** The noise in units of what is expected, from a shell's own pairs and from the other shells, and its relative error. */
function scatterFrom({ usualScatter }: Shells, own: number, error: number): { scatter: number; error: number } {
  if (!Number.isFinite(error)) return { scatter: usualScatter, error: ofUsual };
  const [weight, ofOthers] = [1 / error ** 2, 1 / ofUsual ** 2];
  const ln = (weight * Math.log(own) + ofOthers * Math.log(usualScatter)) / (weight + ofOthers);
  return { scatter: Math.exp(ln), error: 1 / Math.sqrt(weight + ofOthers) };
}

/** CC1/2 of the reflections of a shell with two observations in each half. */
export function ccHalfForecast(all: Shells, shell: number): ShellForecast {
  const now = all.shells[shell] as ShellNow;
  const { halves } = all;
  const { kept } = now;
  const value = correlation(
    kept.map((id) => halves.half(0, id)),
    kept.map((id) => halves.half(1, id)),
  );
  const draws = new ShellDraws(now, now.sample);
  const { signal, error: ofSignal } = signalOf(all, shell, kept);
  const expected = draws.at(1).variance;
  const noise = Number.isFinite(expected) && momentsOf(halves, kept).noise / expected;
  // Squares of differences scatter by twice as much as those of normal numbers.
  const ofNoise = kept.length < fewestPairsOfHalves ? Number.POSITIVE_INFINITY : 2 / Math.sqrt(kept.length);
  const { scatter, error: ofScatter } = scatterFrom(all, noise || all.usualScatter, ofNoise);
  const relative = Math.hypot(ofSignal, ofScatter, atLeast);
  const at = (factor: number, sigmas: number): number =>
    signal / (signal + scatter * Math.exp(-sigmas * relative) * draws.at(factor).variance);
  return {
    value,
    error: (1 - value * value) / Math.sqrt(Math.max(1, kept.length - 3)),
    at,
    observations: ratesOf(now).mean,
    factor: (target, sigmas) => factorFor((factor) => at(factor, sigmas), target),
    ceiling: 1,
  };
}

/** Mean I/σ of the reflections of a shell with two observations: it grows as the mean of √Σd. */
export function snrForecast(all: Shells, shell: number): ShellForecast {
  const now = all.shells[shell] as ShellNow;
  const { halves } = all;
  const { scatter, error: ofScatter } = scatterFrom(all, now.scatter, now.scatterError);
  const ratios = Array.from(now.members)
    .filter((id) => halves.count(id) >= 2)
    .map((id) => halves.intensity(id) * Math.sqrt(halves.informationOf(id) / scatter));
  const value = ratios.reduce((a, b) => a + b, 0) / ratios.length;
  const spread = ratios.reduce((sum, x) => sum + (x - value) ** 2, 0) / ratios.length;
  // σ is the root of the scatter.
  const error = Math.hypot(Math.sqrt(spread / ratios.length), (value * ofScatter) / 2);
  const draws = new ShellDraws(now, now.sample);
  const here = draws.at(1).rootInformation;
  const relative = Math.hypot(error / Math.max(value, error), ofSnr);
  const at = (factor: number, sigmas: number): number =>
    (value * Math.exp(sigmas * relative) * draws.at(factor).rootInformation) / here;
  return {
    value,
    error,
    at,
    observations: ratesOf(now).mean,
    factor: (target, sigmas) => factorFor((factor) => at(factor, sigmas), target),
    ceiling: Number.POSITIVE_INFINITY,
  };
}

/** The share of reflections with fewer than two observations, of a negative binomial distribution. */
function tooFew({ extra }: Pick<Rates, 'extra'>, mean: number): number {
  if (extra < 1e-3) return Math.exp(-mean) * (1 + mean);
  const k = 1 / extra;
  return (k / (k + mean)) ** k * (1 + (k * mean) / (k + mean));
}
const none = ({ extra }: Pick<Rates, 'extra'>, mean: number): number =>
  extra < 1e-3 ? Math.exp(-mean) : (1 + extra * mean) ** (-1 / extra);

const meanOver = (orbits: Float64Array, of: (orbit: number) => number): number =>
  orbits.reduce((sum, orbit) => sum + of(orbit), 0) / orbits.length;

/**
 * The share of reflections of a shell with at least two observations: the coupon collector with rates that differ, and
 * with a share that no crystal shows, such as a cone about the axis of plates that lie flat.
 */
export function completenessForecast(all: Shells, shell: number, crystals: number): ShellForecast {
  const now = all.shells[shell] as ShellNow;
  const { counts, orbits } = now;
  const value = counts.reduce((sum, count) => sum + (count >= 2 ? 1 : 0), 0) / counts.length;
  const { mean, extra, blind } = seenRates(now);
  // A crystal's observations are alike, so that the rate is known no better than by the number of crystals.
  const relative = Math.hypot(1 / Math.sqrt(Math.max(1, crystals)), atLeast);
  const at = (factor: number, sigmas: number): number => {
    const more = mean * factor * Math.exp(sigmas * relative);
    return (1 - blind) * (1 - meanOver(orbits, (orbit) => tooFew({ extra }, more * orbit)));
  };
  return {
    value,
    error: Math.sqrt((value * (1 - value)) / counts.length),
    at,
    observations: ratesOf(now).mean,
    factor: (target, sigmas) => factorFor((factor) => at(factor, sigmas), target),
    ceiling: 1 - blind,
  };
}

/** Least share of reflections that is told from chance as one that no crystal shows. */
const minBlind = 0.01;

/** The rates of the reflections that can be seen, and the share of those that cannot, if there are too many without any. */
function seenRates(now: ShellNow): Rates & { readonly blind: number } {
  const { counts, orbits } = now;
  const whole = ratesOf(now);
  const zeros = counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
  const n = counts.length;
  const expectedZeros = ({ mean, extra }: Rates): number =>
    n * meanOver(orbits, (orbit) => none({ extra }, mean * orbit));
  const seen = (share: number): Rates => {
    // Of the reflections without observations, as many are left out as cannot be seen.
    let left = Math.round(share * n);
    const rest = [...counts.keys()].filter((i) => counts[i] !== 0 || left-- <= 0);
    return ratesOf({ counts: rest.map((i) => counts[i] as number), orbits: rest.map((i) => orbits[i] as number) });
  };
  const surplus = (share: number): number => zeros - share * n - (1 - share) * expectedZeros(seen(share));
  // Of few observations, rates that differ explain any number of zeros.
  if (whole.mean < 3 || surplus(0) < 3 * Math.sqrt(zeros) + minBlind * n) return { ...whole, blind: 0 };
  let [low, high] = [0, zeros / n];
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2;
    if (surplus(middle) > 0) low = middle;
    else high = middle;
  }
  return { ...seen(high), blind: high };
}
