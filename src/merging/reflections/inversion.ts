/**
 * Whether intensities are those of a crystal with an inversion. The structure factor of such a crystal is real: its amplitudes
 * have a density at 0, while the two parts of a complex one are seldom both small. Wilson's laws alone would decide too early,
 * since heavy atoms on an inversion centre give most reflections a common part: then amplitudes of centric reflections scatter
 * about something. Both laws are compared with all that may be wrong with a list: errors that are too small, and intensities
 * that are too large by some background. Wilson 1949; Rogers & Wilson 1953.
 */
import { evenly } from '../../util/evenly.js';
import type { ReflectionList } from '../lists/hkl.js';
import type { ExpectedIntensities } from './expected.js';

/** Amplitudes, in units of their root mean square, at which densities are summed. */
const [step, count] = [0.05, 90];
const amplitudes = Float64Array.from({ length: count }, (_, n) => (n + 0.5) * step);
/** Shares of the mean intensity that heavy atoms make of centric reflections: the same of all, or a cosine of the indices. */
const shares = [0, 0.2, 0.4, 0.6, 0.8, 0.9];
/** How many times as large as stated errors may be, and by which share of the mean intensities are too large. */
const [errors, offsets] = [
  [1, 1.5],
  [0, 0.04],
];
/** Errors of intensities beyond the stated ones, in the mean, and in the intensity itself. */
const [ofMean, ofIntensity] = [0.05, 0.1];
/** Fewest reflections, and how many decide as well as all. */
const [fewest, most] = [100, 2000];
/** Normalised intensities beyond which the sums have no amplitudes. */
const largest = 18;
/** I/σ below which a list without any has lost its weak reflections, by which the laws differ. */
const leastSnr = -1;

const gauss = (x: number, mean: number, width: number): number => Math.exp(-(((x - mean) / width) ** 2) / 2) / width;

/** Density of the amplitudes that scatter by `width` about `mean` and its negative. */
const about = (mean: number, width: number): Float64Array =>
  amplitudes.map((x) => gauss(x, mean, width) + gauss(x, -mean, width));

/** About all values of a cosine. */
function aboutCosine(share: number, width: number): Float64Array {
  const sum = new Float64Array(count);
  for (let n = 0; n < 64; n++) {
    const one = about(Math.sqrt(2 * share) * Math.cos((Math.PI * (n + 0.5)) / 64), width);
    for (const [i, value] of one.entries()) sum[i] = (sum[i] as number) + value;
  }
  return sum;
}

function normalised(density: Float64Array): Float64Array {
  const total = density.reduce((sum, x) => sum + x, 0);
  return density.map((x) => x / total);
}

/** The density of acentric amplitudes, and those of centric ones. */
const densities = (): readonly Float64Array[] =>
  [
    amplitudes.map((x) => x * Math.exp(-x * x)),
    ...shares.flatMap((share) => {
      const width = Math.sqrt(1 - share);
      return share === 0 ? [about(0, 1)] : [about(Math.sqrt(share), width), aboutCosine(share, width)];
    }),
  ].map(normalised);

/** Normalised intensities with their errors. */
interface Normalised {
  readonly z: Float64Array;
  readonly error: Float64Array;
}

/** ln of the likelihoods of some reflections by each density. */
function lnLikelihoods({ z, error }: Normalised, laws: readonly Float64Array[], factor: number, offset: number) {
  const ln = new Float64Array(laws.length);
  const mean = Math.max(z.reduce((sum, x) => sum + x, 0) / z.length, 0.05);
  const at = amplitudes.map((x) => x * x * (1 - offset) + offset);
  const own = amplitudes.map((x) => ofMean ** 2 + (ofIntensity * x * x) ** 2);
  const kernel = new Float64Array(count);
  for (let i = 0; i < z.length; i++) {
    const value = (z[i] as number) / mean;
    if (value > largest) continue;
    const variance = ((factor * (error[i] as number)) / mean) ** 2;
    for (let n = 0; n < count; n++) {
      const all = variance + (own[n] as number);
      kernel[n] = Math.exp(-Math.min(700, (value - (at[n] as number)) ** 2 / (2 * all))) / Math.sqrt(all);
    }
    for (const [law, density] of laws.entries()) {
      let sum = 1e-300;
      for (let n = 0; n < count; n++) sum += (kernel[n] as number) * (density[n] as number);
      ln[law] = (ln[law] as number) + Math.log(sum);
    }
  }
  return ln;
}

/** The general reflections of a list, in classes of odd and even indices, which translations within the cell make unlike. */
function classesOf(list: ReflectionList, { expected, isCentric }: ExpectedIntensities) {
  const relative = (column: Float64Array, i: number): number => (column[i] as number) / (expected[i] as number);
  const usable = Array.from({ length: list.count }, (_, i) => i).filter(
    (i) => isCentric[i] === 0 && (list.sigma[i] as number) > 0 && relative(list.sigma, i) < 1,
  );
  const some = evenly(usable, most);
  const isCut = !some.some((i) => (list.intensity[i] as number) < leastSnr * (list.sigma[i] as number));
  const of = (own: readonly number[]): Normalised => ({
    z: Float64Array.from(own, (i) => relative(list.intensity, i)),
    error: Float64Array.from(own, (i) => relative(list.sigma, i)),
  });
  const parity = (at: number): number => (list.indices[at] as number) & 1;
  const byParity = Array.from({ length: 8 }, (_, k) =>
    some.filter((i) => 4 * parity(3 * i) + 2 * parity(3 * i + 1) + parity(3 * i + 2) === k),
  ).filter((own) => own.length > 0);
  return { count: some.length, isCut, ways: [[of(some)], byParity.map(of)] };
}

/** What the distribution of intensities says of an inversion. */
export interface InversionOdds {
  /** ln of the odds that the crystal has none; NaN for fewer than a hundred reflections, and without weak ones. */
  readonly lnOdds: number;
  readonly reflections: number;
}

/**
 * ln of the odds that general reflections are acentric against centric. `of` is what is expected of the list without a stated
 * space group.
 */
export function oddsOfNoInversion(list: ReflectionList, of: ExpectedIntensities): InversionOdds {
  const { count: reflections, isCut, ways } = classesOf(list, of);
  if (reflections < fewest || isCut) return { lnOdds: Number.NaN, reflections };
  const laws = densities();
  let [acentric, centric] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const classes of ways)
    for (const factor of errors)
      for (const offset of offsets) {
        let [without, within] = [0, 0];
        for (const one of classes) {
          const [first = 0, ...others] = lnLikelihoods(one, laws, factor, offset);
          const top = Math.max(...others);
          without += first;
          within += top + Math.log(others.reduce((sum, ln) => sum + Math.exp(ln - top), 0) / others.length);
        }
        acentric = Math.max(acentric, without);
        centric = Math.max(centric, within);
      }
  return { lnOdds: acentric - centric, reflections };
}
