/**
 * Twins by a law of the lattice. The intensities of a law's pairs are those of two reflections, x and y in units of what is
 * expected: unrelated ones have no covariance, however their intensities are distributed. A twin of the fraction α has
 * ⟨(x − y)²⟩/⟨(x + y − 2)²⟩ = (1 − 2α)², both without the errors. Yeates 1988; Britton 1972.
 */
import { representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import { type Operation, tripletOf } from '../../crystal/symmetry/matrices.js';
import { indexingAmbiguities, latticeRotations } from '../../crystal/symmetry/settings.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indexTable } from '../statistics/index-table.js';
import { fewestRatios, indicesOf } from '../statistics/statistics.js';
import { type ExpectedIntensities, type ListSubject, usable } from './expected.js';

/** A twin law: an operation that keeps the lattice and is none of the point group. */
export interface TwinLaw {
  readonly operation: string;
  readonly pairs: number;
  /** Twin fraction of this law, 0 … 0.5, and its error; NaN for fewer than a hundred pairs. */
  readonly fraction: number;
  readonly error: number;
  /** Covariance of the normalised intensities of the law's pairs in its errors: of unrelated reflections 0 ± 1. */
  readonly significance: number;
  /** Whether the pairs are related, beyond four errors. */
  readonly isFound: boolean;
  /** Share of (1−t) I₁ − t I₂ < 0 for t = 0.05, 0.1 … 0.45 (Britton): it rises beyond the twin fraction. */
  readonly britton: readonly number[];
}

/** Errors beyond which a covariance is one: cells have up to 23 laws. */
const related = 4;
/** Pairs on either side in resolution, whose members belong to other pairs: what they have in common is the expectation. */
const beside = 5;

/** The operations by which a crystal of this lattice can be twinned: one of each coset of the point group. */
export const twinLaws = ({ cell, centring, group }: ListSubject): Operation[] =>
  indexingAmbiguities(latticeRotations(cell, centring), group).slice(1);

/** The reflections that a law exchanges, by their places in the list: by classes of indices, in the order of resolution. */
function pairsOf(
  list: ReflectionList,
  { group }: ListSubject,
  of: ExpectedIntensities,
  law: Operation,
): [number, number][] {
  const isUsed = (i: number): boolean => usable(list, of, i);
  const place = indexTable(list, isUsed);
  const pairs: [number, number][] = [];
  for (let i = 0; i < list.count; i++) {
    if (!isUsed(i)) continue;
    const j = place(representative(transformed(indicesOf(list, i), law), group));
    if (j !== undefined && i < j) pairs.push([i, j]);
  }
  // Translations within the cell make classes of odd and even indices stronger and weaker, in both members of a pair.
  const parity = (at: number): number => (list.indices[at] as number) & 1;
  const classOf = (i: number): number => 4 * parity(3 * i) + 2 * parity(3 * i + 1) + parity(3 * i + 2);
  // No 1/d is above 1000: the class decides first.
  const keys = new Map<number, number>();
  for (const [i, j] of pairs) keys.set(i, 1000 * (8 * classOf(i) + classOf(j)) + (of.inverse[i] as number));
  return pairs.sort(([a], [b]) => (keys.get(a) as number) - (keys.get(b) as number));
}

/** Normalised intensities of pairs, less their mean, with the weights of both. */
interface Normalised {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly weight: Float64Array;
  /** Variances of the errors of both, added. */
  readonly noise: Float64Array;
}

function normalised(list: ReflectionList, { expected }: ExpectedIntensities, pairs: [number, number][]): Normalised {
  const [x, y, weight, noise] = [0, 0, 0, 0].map(() => new Float64Array(pairs.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let [total, sum] = [0, 0];
  for (const [n, [i, j]] of pairs.entries()) {
    const relative = (column: Float64Array, at: number): number => (column[at] as number) / (expected[at] as number);
    const [u, v] = [relative(list.sigma, i) ** 2, relative(list.sigma, j) ** 2];
    // A weight for each of both: a weight of both together would make them covariant.
    const w = 1 / ((1 + u) * (1 + v));
    [x[n], y[n], weight[n], noise[n]] = [relative(list.intensity, i), relative(list.intensity, j), w, u + v];
    total += w;
    sum += w * ((x[n] as number) + (y[n] as number));
  }
  const mean = sum / (2 * total);
  for (const column of [x, y]) for (const [n, value] of column.entries()) column[n] = value - mean;
  return { x, y, weight, noise };
}

/** The covariance of the pairs, less that with the partners of neighbouring pairs, and its error. */
function covarianceOf({ x, y, weight }: Normalised): {
  readonly value: number;
  readonly error: number;
  readonly products: Float64Array;
} {
  const products = x.map((own, n) => {
    let [sum, total] = [0, 0];
    for (let at = Math.max(0, n - beside); at <= Math.min(x.length - 1, n + beside); at++) {
      if (at === n) continue;
      sum += (weight[at] as number) * (y[at] as number);
      total += weight[at] as number;
    }
    return own * ((y[n] as number) - sum / total);
  });
  const total = weight.reduce((sum, w) => sum + w, 0);
  const value = products.reduce((sum, p, n) => sum + (weight[n] as number) * p, 0) / total;
  const squares = products.reduce((sum, p, n) => sum + ((weight[n] as number) * (p - value)) ** 2, 0);
  return { value, error: Math.sqrt(squares) / total, products };
}

/** A twin fraction from (1 − 2α)² and its error. */
function fractionOf(square: number, error: number): { readonly fraction: number; readonly error: number } {
  const at = (u: number): number => (1 - Math.sqrt(Math.max(0, Math.min(1, u)))) / 2;
  const fraction = at(square);
  // Near .5 the fraction is steep in its square, and is not the middle of what it may be.
  const ranges = [1, 2, 3].flatMap((k) =>
    [-k, k].map((errors) => Math.abs(at(square + errors * error) - fraction) / k),
  );
  // At 0 half of the range is beyond the end.
  return { fraction, error: Math.max(error / 4, ...ranges) };
}

/** Britton's test: shares of detwinned intensities below 0. */
function brittonOf(list: ReflectionList, pairs: readonly (readonly [number, number])[]): number[] {
  const negative = new Float64Array(9);
  for (const [i, j] of pairs) {
    const [x, y] = [list.intensity[i] as number, list.intensity[j] as number];
    for (let at = 0; at < 9; at++) {
      const t = (at + 1) / 20;
      negative[at] = (negative[at] as number) + Number((1 - t) * x < t * y) + Number((1 - t) * y < t * x);
    }
  }
  return [...negative].map((count) => count / (2 * pairs.length));
}

/** Whether the pairs of one law are related, and the twin fraction that they have then. */
export function twinLaw(list: ReflectionList, subject: ListSubject, of: ExpectedIntensities, law: Operation): TwinLaw {
  const pairs = pairsOf(list, subject, of, law);
  const operation = tripletOf(law);
  const britton = brittonOf(list, pairs);
  if (pairs.length < fewestRatios) {
    const none = Number.NaN;
    return { operation, pairs: pairs.length, fraction: none, error: none, significance: none, isFound: false, britton };
  }
  const all = normalised(list, of, pairs);
  const { value, error, products } = covarianceOf(all);
  const { x, y, weight, noise } = all;
  const differences = weight.map((w, n) => w * (((x[n] as number) - (y[n] as number)) ** 2 - (noise[n] as number)));
  // (x + y)² is (x − y)² + 4 x y.
  const sums = differences.map((d, n) => d + 4 * (weight[n] as number) * (products[n] as number));
  const [difference, sum] = [differences, sums].map((some) => some.reduce((total, one) => total + one, 0)) as [
    number,
    number,
  ];
  // The error of a ratio r of two means, d/s: Σ (d − r s)² over the pairs.
  const square = sum > 0 ? difference / sum : Number.NaN;
  const scatter = Math.sqrt(differences.reduce((total, d, n) => total + (d - square * (sums[n] as number)) ** 2, 0));
  return {
    operation,
    pairs: pairs.length,
    ...fractionOf(square, scatter / Math.abs(sum)),
    significance: value / error,
    isFound: value > related * error,
    britton,
  };
}
