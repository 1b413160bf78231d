/** Reflections that are improbably strong, and rings of ice. */
import type { ReflectionList } from '../lists/hkl.js';
import { indicesOf } from '../statistics/statistics.js';
import type { ExpectedIntensities } from './expected.js';
import { tail } from './french-wilson.js';

/** A reflection that is too strong for Wilson's law and its error. */
export interface Outlier {
  readonly indices: readonly [number, number, number];
  /** d in angstrom. */
  readonly d: number;
  readonly intensity: number;
  readonly sigma: number;
  /** Intensity in units of the expected one. */
  readonly e2: number;
  /** Chance of one as strong among all reflections of the list. */
  readonly chance: number;
}

/** Chance that a list without outliers has one that is called so. */
const falseAlarms = 0.05;

/** Reflections stronger than one in twenty lists of this length has by chance, the most improbable first. None is dropped. */
export function outliersOf(list: ReflectionList, { expected, isCentric, inverse }: ExpectedIntensities): Outlier[] {
  let n = 0;
  for (let i = 0; i < list.count; i++) if ((expected[i] as number) > 0) n++;
  const found: Outlier[] = [];
  for (let i = 0; i < list.count; i++) {
    const [mean, intensity] = [expected[i] as number, list.intensity[i] as number];
    const sigma = Number.isFinite(list.sigma[i]) ? (list.sigma[i] as number) : 0;
    // No reflection below five times its mean is one, however many there are.
    if (!(mean > 0) || intensity < 5 * mean) continue;
    const chance = Math.min(1, n * tail(intensity, sigma, mean, isCentric[i] === 1));
    if (chance < falseAlarms)
      found.push({
        indices: indicesOf(list, i),
        d: 1 / (inverse[i] as number),
        intensity,
        sigma,
        e2: intensity / mean,
        chance,
      });
  }
  return found.sort((a, b) => a.chance - b.chance);
}

/** Spacings of hexagonal ice, angstrom: a 4.517 Å, c 7.355 Å. */
export const iceRings = [3.912, 3.678, 3.454, 2.679, 2.259, 2.077, 1.956, 1.925, 1.89, 1.727];

/** The intensities near a ring of ice beside those of neighbouring resolutions. */
export interface IceRing {
  /** d of the ring, angstrom. */
  readonly d: number;
  readonly reflections: number;
  /** Mean intensity in units of that of the neighbours, its error, and its deviation from 1 in errors. */
  readonly ratio: number;
  readonly error: number;
  readonly deviation: number;
  /** Mean sigma in units of that of the neighbours. */
  readonly sigmaRatio: number;
  readonly isFlagged: boolean;
}

/** Half of the width of a ring, and how far neighbours reach, as shares of d. */
const width = 0.01;
const reach = 0.05;
const flagged = 4;
const fewest = 10;

/** Each ring of ice within the data with enough reflections, compared with both of its sides. */
export function iceOf(list: ReflectionList, of: ExpectedIntensities): IceRing[] {
  return iceRings.flatMap((d) => {
    const inside: number[] = [];
    const beside: number[] = [];
    for (let i = 0; i < list.count; i++) {
      if (!((of.expected[i] as number) > 0)) continue;
      const off = Math.abs(1 / (of.inverse[i] as number) / d - 1);
      if (off <= width) inside.push(i);
      // The neighbours of another ring are its own.
      else if (off <= reach && !iceRings.some((other) => Math.abs(1 / (of.inverse[i] as number) / other - 1) <= width))
        beside.push(i);
    }
    if (inside.length < fewest || beside.length < fewest) return [];
    const mean = (some: readonly number[], value: (i: number) => number): number =>
      some.reduce((sum, i) => sum + value(i), 0) / some.length;
    const relative = (i: number): number => (list.intensity[i] as number) / (of.expected[i] as number);
    const scatter = (some: readonly number[]): number => {
      const m = mean(some, relative);
      return Math.sqrt(mean(some, (i) => (relative(i) - m) ** 2) / some.length);
    };
    const [own, other] = [mean(inside, relative), mean(beside, relative)];
    const ratio = own / other;
    // Wilson's law for the ring if it were clean: its own scatter grows with what is wrong.
    const clean = Math.max(scatter(beside) * Math.sqrt(beside.length / inside.length), 1e-9);
    const error = Math.hypot(clean, scatter(beside)) / other;
    const sigma = (i: number): number => (list.sigma[i] as number) / (of.expected[i] as number);
    const deviation = (ratio - 1) / error;
    return [
      {
        d,
        reflections: inside.length,
        ratio,
        error,
        deviation,
        sigmaRatio: mean(inside, sigma) / mean(beside, sigma),
        isFlagged: Math.abs(deviation) > flagged,
      },
    ];
  });
}
