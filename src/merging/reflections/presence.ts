/**
 * Whether reflections that a space group leaves out are there: weaker than usual ones perhaps, as those of an axis in a list
 * without the factor ε are, but stronger than anything leaks.
 */
import { evenly } from '../../util/evenly.js';
import type { ReflectionList } from '../lists/hkl.js';
import type { ExpectedIntensities } from './expected.js';
import { lnDensity } from './french-wilson.js';
import { decided, lnSum } from './odds.js';

/** Mean shares of the expected intensity that leak into absent reflections: half the wavelength, neighbours. */
const leaks = [0, 0.01, 0.06];
/** Electrons are scattered twice, and fill more of what is absent. */
const leaksOfElectrons = [...leaks, 0.15];
/** Wavelength below which a beam is one of electrons, angstrom. */
const electronsBelow = 0.1;
/** Shares of the expected intensity of reflections that are there: 1, or less where a list lacks ε, 1/2 to 1/6. */
const strengths = [1, 0.5, 0.2];
/** How many times as large as stated errors may be: those of a merge are too small rather than too large. */
const errors = [1, 1.5];
/** Share of absent reflections that are not empty: one reflection in a hundred is excited by another one. */
const outliers = 0.01;
/** Reflections of a plane, spread evenly, that decide as well as all of them. */
const most = 300;
/** Fewest reflections that tell: one may be the outlier of an empty axis. */
export const fewestThere = 2;

/** ln of the mean over all of some hypotheses of the likelihood of all reflections. */
function lnMean(sums: readonly number[]): number {
  return sums.reduce(lnSum, Number.NEGATIVE_INFINITY) - Math.log(sums.length);
}

/**
 * ln of the odds that reflections are there against their being empty but for errors, for what leaks and for a few outliers,
 * averaged over how strong they are, what leaks and how much too small errors are. `beside` are reflections of the same axis
 * that no group leaves out: all of an axis have one strength, of which leaks are shares.
 */
export function lnOddsThere(
  list: ReflectionList,
  { expected, isCentric }: ExpectedIntensities,
  all: readonly number[],
  beside: readonly number[] = [],
): number {
  const some = evenly(all, most);
  const { wavelengthA = 0 } = list;
  const shares = wavelengthA > 0 && wavelengthA < electronsBelow ? leaksOfElectrons : leaks;
  const usual = (i: number, factor: number, share: number): number =>
    lnDensity(
      list.intensity[i] as number,
      factor * (list.sigma[i] as number),
      share * (expected[i] as number),
      isCentric[i] === 1,
    );
  const leaked = (i: number, factor: number, share: number): number => {
    const [intensity, sigma] = [list.intensity[i] as number, factor * (list.sigma[i] as number)];
    const mean = share * (expected[i] as number);
    return mean > sigma / 20
      ? lnDensity(intensity, sigma, mean, false)
      : -((intensity / sigma) ** 2) / 2 - Math.log(2 * Math.PI * sigma * sigma) / 2;
  };
  const [there, empty]: [number[], number[]] = [[], []];
  const sum = (places: readonly number[], ln: (i: number) => number): number =>
    places.reduce((total, i) => total + ln(i), 0);
  for (const factor of errors) {
    const strays = some.map((i) => Math.log(outliers) + usual(i, factor, 1));
    for (const strength of strengths) {
      const ofAxis = sum(beside, (i) => usual(i, factor, strength));
      there.push(ofAxis + sum(some, (i) => usual(i, factor, strength)));
      for (const share of shares) {
        const each = some.map((i, n) =>
          lnSum(Math.log(1 - outliers) + leaked(i, factor, share * strength), strays[n] as number),
        );
        empty.push(ofAxis + each.reduce((total, ln) => total + ln, 0));
      }
    }
  }
  return lnMean(there) - lnMean(empty);
}

/** Whether reflections that are called absent are there, by more than 1000 : 1. */
export const areThere = (
  list: ReflectionList,
  of: ExpectedIntensities,
  some: readonly number[],
  beside?: readonly number[],
): boolean => some.length >= fewestThere && lnOddsThere(list, of, some, beside) > decided;
