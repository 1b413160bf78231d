/** The intensity that is expected of a reflection: the mean of its resolution, times ε. */

import { crystalSymmetry } from '../../crystal/space-groups/crystal.js';
import { evenly } from '../../util/evenly.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indicesOf, inverseD, type ListSubject } from '../statistics/statistics.js';

export type { ListSubject };

/** The reflections of a list with what Wilson's law expects of them. */
export interface ExpectedIntensities {
  /** 1/d, 1/angstrom. */
  readonly inverse: Float64Array;
  /** ε ⟨I⟩; NaN where the data have no signal, and for absences of the centring or of the stated space group, and 0 0 0. */
  readonly expected: Float64Array;
  readonly isCentric: Uint8Array;
  readonly epsilon: Float64Array;
  /** Whether all reflections are centric, since the stated space group has an inversion. */
  readonly isCentrosymmetric: boolean;
  /** 1 for reflections that the stated space group leaves out; 0 without one. */
  readonly isForbidden: Uint8Array;
  /** d in angstrom from which on the data have no signal; 0 if they have it to the end. */
  readonly endsAt: number;
}

/** Reflections that tests of twins take: those of one law, acentric unless all are centric, with an expected intensity. */
export function usable(list: ReflectionList, of: ExpectedIntensities, i: number): boolean {
  const { expected, isCentric, isCentrosymmetric } = of;
  return (
    (isCentric[i] === 1) === isCentrosymmetric &&
    (expected[i] as number) > 0 &&
    Number.isFinite(list.sigma[i] as number)
  );
}

/** Reflections of a block, whose mean then has an error of 7 %. */
const blockSize = 200;
/** The fewest of a list that is one block: of fewer, nothing is expected. */
export const fewestExpected = 20;
/** Means of fewer of their errors are none. */
const minSignal = 2;

interface IntensityBlock {
  readonly q2: number;
  readonly mean: number;
  readonly isSignal: boolean;
}

/**
 * Means by blocks of 200 reflections in the order of resolution, of intensities without their fall-off over all of it: within
 * a block of a small cell they fall by several times. Between blocks ln ⟨I/ε⟩ is linear in 1/d². From the first
 * block on whose mean is less than two of its errors, and the next one's as well, nothing is expected. `before` is what was
 * expected of the same list in another symmetry, whose 1/d is taken.
 */
export function expectedIntensities(
  list: ReflectionList,
  subject: ListSubject,
  before?: Pick<ExpectedIntensities, 'inverse'>,
): ExpectedIntensities {
  const { cell, stated } = subject;
  const crystal = crystalSymmetry(subject);
  const n = list.count;
  const inverseOf = inverseD(cell);
  const inverse = before?.inverse ?? new Float64Array(n);
  const [expected, eps] = [new Float64Array(n).fill(Number.NaN), new Float64Array(n)];
  const isCentric = new Uint8Array(n);
  const used: number[] = [];
  const isForbidden = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const indices = indicesOf(list, i);
    if (!before) inverse[i] = inverseOf(indices);
    eps[i] = crystal.epsilon(indices);
    isCentric[i] = Number(crystal.isCentric(indices));
    if (!((inverse[i] as number) > 0)) continue;
    if (!crystal.isAbsent(indices)) used.push(i);
    else if (stated) isForbidden[i] = 1;
  }
  used.sort((a, b) => (inverse[a] as number) - (inverse[b] as number));
  const data = { list, inverse, eps, spread: crystal.isCentrosymmetric ? 2 : 1 } as const;
  const slope = fallOff(data, used, blocksOf(data, used, 0));
  const blocks = blocksOf(data, used, slope);
  const end = blocks.findIndex(({ isSignal }) => !isSignal);
  const known = end < 0 ? blocks : blocks.slice(0, end);
  const limit = end < 0 ? Number.POSITIVE_INFINITY : (blocks[end] as IntensityBlock).q2;
  // Between the last block with a signal and the first one without it, half of the way.
  const last = end <= 0 ? limit : ((known[end - 1] as IntensityBlock).q2 + limit) / 2;
  if (known.length > 0)
    for (const i of used) {
      const q2 = (inverse[i] as number) ** 2;
      if (q2 <= last) expected[i] = (eps[i] as number) * Math.exp(lnBetween(known, q2, slope));
    }
  return {
    inverse,
    expected,
    isCentric,
    epsilon: eps,
    isCentrosymmetric: crystal.isCentrosymmetric,
    isForbidden,
    endsAt: end < 0 ? 0 : known.length > 0 ? 1 / Math.sqrt(last) : Number.POSITIVE_INFINITY,
  };
}

/** Reflections with what Wilson's law takes; `spread` is the relative variance of a noise-free intensity by it. */
interface Material {
  readonly list: ReflectionList;
  readonly inverse: Float64Array;
  readonly eps: Float64Array;
  readonly spread: 1 | 2;
}

/** Reflections that tell the fall-off as well as all of them, and steps in which it is found. */
const [mostFitted, steps] = [20_000, 12];

/**
 * −d ln ⟨I/ε⟩ / d(1/d²), by quasi-likelihood: deviations in units of the mean, weighted by their variance with the errors. Of
 * the reflections before the first block without a signal; 0 if there is none.
 */
function fallOff(
  { list, inverse, eps, spread }: Material,
  used: readonly number[],
  blocks: readonly IntensityBlock[],
): number {
  const end = blocks.findIndex(({ isSignal }) => !isSignal);
  const limit = end < 0 ? Number.POSITIVE_INFINITY : (blocks[end] as IntensityBlock).q2;
  const signal = used.filter((i) => (inverse[i] as number) ** 2 < limit);
  if (end === 0 || signal.length < fewestExpected) return 0;
  const some = evenly(signal, mostFitted);
  const middle = some.reduce((sum, i) => sum + (inverse[i] as number) ** 2, 0) / some.length;
  const [first, last] = [blocks[0] as IntensityBlock, blocks[(end < 0 ? blocks.length : end) - 1] as IntensityBlock];
  let slope = last.q2 > first.q2 ? Math.log(first.mean / last.mean) / (last.q2 - first.q2) : 0;
  let level = Math.log(first.mean) - slope * (middle - first.q2);
  for (let n = 0; n < steps; n++) {
    let [u, v, aa, ab, bb] = [0, 0, 0, 0, 0];
    for (const i of some) {
      const x = middle - (inverse[i] as number) ** 2;
      const mean = (eps[i] as number) * Math.exp(level + slope * x);
      const sigma = list.sigma[i] as number;
      const weight = 1 / (spread + (Number.isFinite(sigma) ? (sigma / mean) ** 2 : 0));
      const off = weight * ((list.intensity[i] as number) / mean - 1);
      u += off;
      v += off * x;
      aa += weight;
      ab += weight * x;
      bb += weight * x * x;
    }
    const determinant = aa * bb - ab * ab;
    if (!(determinant > 0)) return 0;
    const most = 1 / Math.max(1, Math.abs(bb * u - ab * v) / determinant);
    level += (most * (bb * u - ab * v)) / determinant;
    slope += (most * (aa * v - ab * u)) / determinant;
  }
  return Number.isFinite(slope) && Number.isFinite(level) ? slope : 0;
}

/** Means at the middle of each block of intensities that fall off by this slope. */
function blocksOf({ list, inverse, eps, spread }: Material, used: readonly number[], slope: number): IntensityBlock[] {
  if (used.length < fewestExpected) return [];
  const count = Math.max(1, Math.floor(used.length / blockSize));
  const all = Array.from({ length: count }, (_, block): Sums => {
    const [from, to] = [block, block + 1].map((at) => Math.floor((at * used.length) / count)) as [number, number];
    let [q2, sum, noise] = [0, 0, 0];
    for (let at = from; at < to; at++) q2 += (inverse[used[at] as number] as number) ** 2;
    const middle = q2 / (to - from);
    for (let at = from; at < to; at++) {
      const i = used[at] as number;
      const factor = Math.exp(slope * ((inverse[i] as number) ** 2 - middle)) / (eps[i] as number);
      sum += factor * (list.intensity[i] as number);
      const sigma = list.sigma[i] as number;
      noise += Number.isFinite(sigma) ? (factor * sigma) ** 2 : 0;
    }
    return { n: to - from, q2, sum, noise };
  });
  const blocks: IntensityBlock[] = [];
  for (let at = 0; at < all.length; at++) {
    let own = all[at] as Sums;
    const next = all[at + 1];
    // One of many blocks is without a signal by chance: where the next one has it, both are one.
    if (!hasSignal(own) && next && hasSignal(next)) {
      own = joined(own, next, slope);
      at++;
    }
    const { n, q2, sum, noise } = own;
    // The logarithm of a mean is too small by half of its relative variance: that of Wilson's law and that of the errors.
    const variance = spread / n + noise / sum ** 2;
    blocks.push({ q2: q2 / n, mean: (sum / n) * (1 + variance / 2), isSignal: hasSignal(own) });
  }
  return blocks;
}

/** Sums over the reflections of a block. */
interface Sums {
  readonly n: number;
  readonly q2: number;
  readonly sum: number;
  readonly noise: number;
}

/** Two blocks as one, at the middle of both. */
function joined(a: Sums, b: Sums, slope: number): Sums {
  const [n, q2] = [a.n + b.n, a.q2 + b.q2];
  const [ofA, ofB] = [a, b].map((sums) => Math.exp(slope * (sums.q2 / sums.n - q2 / n))) as [number, number];
  return { n, q2, sum: ofA * a.sum + ofB * b.sum, noise: ofA ** 2 * a.noise + ofB ** 2 * b.noise };
}

const hasSignal = ({ sum, noise }: Sums): boolean => sum > minSignal * Math.sqrt(noise) && sum > 0;

/** ln of the mean, linear in q² between blocks and beyond the first and the last; farther away by the slope of all. */
function lnBetween(blocks: readonly IntensityBlock[], q2: number, fall: number): number {
  const first = blocks[0] as IntensityBlock;
  if (blocks.length === 1) return Math.log(first.mean) - fall * (q2 - first.q2);
  let [at, end] = [0, blocks.length - 2];
  while (at < end) {
    const middle = (at + end) >> 1;
    if (q2 > (blocks[middle + 1] as IntensityBlock).q2) at = middle + 1;
    else end = middle;
  }
  const [a, b] = [blocks[at] as IntensityBlock, blocks[at + 1] as IntensityBlock];
  const slope = (Math.log(b.mean) - Math.log(a.mean)) / (b.q2 - a.q2);
  // Beyond the ends by one block at most: a slope of two noisy means leads astray.
  const x = Math.max(-1, Math.min(2, (q2 - a.q2) / (b.q2 - a.q2)));
  const near = a.q2 + x * (b.q2 - a.q2);
  return Math.log(a.mean) + slope * (near - a.q2) - fall * (q2 - near);
}
