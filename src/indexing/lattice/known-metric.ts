/**
 * The mean cell of crystals whose known cell is wrong by as much as its axes differ: 90.9 and 91.0 for 90.63 and 91.26
 * Å. Against such a cell no still tells the names of its axes, but all together tell the cell. The names and the mean are
 * fitted together by expectation maximisation, each crystal in all names by their odds: names that were chosen first
 * would confirm a difference of axes that are equal.
 */

import { type Cell, cellFrom, combine } from '../../crystal/cell.js';
import { actionOf, inverted, product, rotationOf, strainBetween, stretch } from '../../crystal/strain.js';
import { labelsOf } from '../../crystal/symmetry/labels.js';
import { inverseOf, logDeterminant, times } from '../../util/linear.js';
import { type FreeFit, fitFreely } from './free-fit.js';

/** A crystal that was found with the known cell: its primitive basis, and its own spots, [n, 3] in 1/Å. */
export interface SeenCrystal {
  readonly cell: Cell;
  readonly spots: ArrayLike<number>;
}

/** The cell that crystals have in the mean. */
export interface KnownMetric {
  /** Primitive; of the ways to name its axes the one that is nearest to the known cell. */
  readonly cell: Cell;
  /** Crystals that were fitted, and those whose names are decided against the mean. */
  readonly crystals: number;
  readonly decided: number;
  /** The same against the known cell. */
  readonly decidedBefore: number;
  /** Strain by which the crystals differ from their mean. */
  readonly scatter: number;
  /** The mean with its axes named in another way, which is nearly as near to the known cell; undefined if none is. */
  readonly otherwise: Cell | undefined;
}

/** ln of the odds from which on a name is decided. */
const decisive = 5;
/** Strains by which crystals may differ from their mean, of which the likeliest is taken. */
const scatters = [2e-4, 5e-4, 1e-3, 2e-3, 4e-3] as const;
/** Standard deviations of sizes of stills, whose distances differ, and of the known cell before the crystals. */
const [sizeScatter, prior] = [3e-3, 0.01];
const [rounds, unchanged] = [40, 1e-7];
/** Another order of axes is nearly as near to the known cell if its strain is at most so many times as large. */
const asNear = 2;

const pairs = [
  [0, 0, 1],
  [1, 1, 1],
  [2, 2, 1],
  [1, 2, Math.SQRT2],
  [0, 2, Math.SQRT2],
  [0, 1, Math.SQRT2],
] as const;

/** The covariance of the strain of a free lattice in the laboratory, with its turn left free. */
export function laboratoryCovariance({ variances, inverses }: FreeFit): Float64Array {
  const of = (i: 0 | 1 | 2, j: 0 | 1 | 2, k: 0 | 1 | 2, l: 0 | 1 | 2): number =>
    i === j ? variances[i] * inverses[i][k][l] : 0;
  const found = new Float64Array(36);
  for (const [row, [i, k, v]] of pairs.entries())
    for (const [column, [j, l, w]] of pairs.entries())
      found[6 * row + column] = ((v * w) / 4) * (of(i, j, k, l) + of(i, l, k, j) + of(k, j, i, l) + of(k, l, i, j));
  return found;
}

/** `a` · `m` · `a`ᵀ. */
export function conjugated(a: Float64Array, m: Float64Array): Float64Array {
  const at = (x: Float64Array, i: number, j: number): number => x[6 * i + j] as number;
  const half = m.map((_, n) => {
    let sum = 0;
    for (let k = 0; k < 6; k++) sum += at(a, Math.floor(n / 6), k) * at(m, k, n % 6);
    return sum;
  });
  return half.map((_, n) => {
    let sum = 0;
    for (let k = 0; k < 6; k++) sum += at(half, Math.floor(n / 6), k) * at(a, n % 6, k);
    return sum;
  });
}

/** A crystal under one name: its strain against the known cell, in the frame of that, and the covariance. */
interface Named {
  readonly strain: Float64Array;
  readonly covariance: Float64Array;
}

function namesOf(fit: FreeFit, known: Cell, labels: readonly (readonly number[])[]): Named[] {
  const laboratory = laboratoryCovariance(fit);
  return labels.map((label) => {
    const named = combine(label, fit.cell);
    const action = actionOf(rotationOf(product(inverted(known), named)));
    return {
      strain: Float64Array.from(strainBetween(named, known)),
      covariance: conjugated(action, laboratory),
    };
  });
}

interface Weighed {
  readonly strain: Float64Array;
  readonly inverse: Float64Array;
  /** ln of the density at its maximum. */
  readonly peak: number;
}

/** The names of a crystal if crystals differ by `scatter`. */
const weighed = (names: readonly Named[], scatter: number): Weighed[] =>
  names.flatMap(({ strain, covariance }) => {
    const sum = covariance.map(
      (x, i) => x + (i % 7 === 0 ? scatter ** 2 : 0) + (i % 6 < 3 && i < 18 ? sizeScatter ** 2 : 0),
    );
    const inverse = inverseOf(sum, 6);
    return inverse ? [{ strain, inverse, peak: -logDeterminant(sum, 6) / 2 }] : [];
  });

interface Mean {
  readonly strain: Float64Array;
  readonly likelihood: number;
  readonly decided: number;
}

/** −2 ln of the likelihood of a crystal under each of its names, without the constant. */
const squaresOf = (names: readonly Weighed[], mean: Float64Array): number[] =>
  names.map(({ strain, inverse, peak }) => {
    const off = strain.map((x, i) => x - (mean[i] as number));
    const pulled = times(inverse, off, 6);
    return off.reduce((sum, x, i) => sum + x * (pulled[i] as number), 0) - 2 * peak;
  });

const decidedOf = (crystals: readonly (readonly Weighed[])[], mean: Float64Array): number =>
  crystals.filter((names) => {
    const [least = 0, next = Number.POSITIVE_INFINITY] = squaresOf(names, mean).sort((p, q) => p - q);
    return (next - least) / 2 >= decisive;
  }).length;

/** Expectation maximisation of the mean strain, which the own rotations of the lattice leave unchanged. */
function meanOf(crystals: readonly (readonly Weighed[])[], projection: Float64Array): Mean | undefined {
  let mean = new Float64Array(6);
  let likelihood = 0;
  for (let round = 0; round < rounds; round++) {
    const normal = new Float64Array(36);
    const right = new Float64Array(6);
    for (let i = 0; i < 6; i++) normal[7 * i] = 1 / prior ** 2;
    likelihood = -mean.reduce((sum, x) => sum + x * x, 0) / 2 / prior ** 2;
    for (const names of crystals) {
      const squares = squaresOf(names, mean);
      const least = Math.min(...squares);
      const weights = squares.map((x) => Math.exp((least - x) / 2));
      const total = weights.reduce((sum, x) => sum + x, 0);
      likelihood += Math.log(total) - least / 2;
      for (const [k, { strain, inverse }] of names.entries()) {
        const weight = (weights[k] as number) / total;
        const pulled = times(inverse, strain, 6);
        for (let i = 0; i < 36; i++) normal[i] = (normal[i] as number) + weight * (inverse[i] as number);
        for (let i = 0; i < 6; i++) right[i] = (right[i] as number) + weight * (pulled[i] as number);
      }
    }
    const covariance = inverseOf(normal, 6);
    if (!covariance) return undefined;
    const next = times(projection, times(covariance, right, 6), 6) as Float64Array<ArrayBuffer>;
    const change = Math.max(...next.map((x, i) => Math.abs(x - (mean[i] as number))));
    mean = next;
    if (change < unchanged) break;
  }
  return { strain: mean, likelihood, decided: decidedOf(crystals, mean) };
}

/**
 * The mean cell of crystals, with their names; undefined if the known cell has no near symmetry or none of them can be
 * fitted. `known`: the primitive cell with which they were found.
 */
export function fitKnownMetric(known: Cell, crystals: readonly SeenCrystal[]): KnownMetric | undefined {
  const { own, labels } = labelsOf(known);
  if (labels.length < 2) return undefined;
  const named = crystals.flatMap(({ cell, spots }) => {
    const fit = fitFreely(cell, spots);
    return fit ? [namesOf(fit, known, labels)] : [];
  });
  if (named.length === 0) return undefined;
  const projection = new Float64Array(36);
  for (const matrix of own) {
    const rotation = rotationOf(product(inverted(known), product(cellFrom(matrix), known)));
    for (const [i, x] of actionOf(rotation).entries()) projection[i] = (projection[i] as number) + x / own.length;
  }
  let best: (Mean & { readonly scatter: number }) | undefined;
  for (const scatter of scatters) {
    const mean = meanOf(
      named.map((names) => weighed(names, scatter)),
      projection,
    );
    if (mean && !(mean.likelihood <= (best?.likelihood ?? Number.NEGATIVE_INFINITY))) best = { ...mean, scatter };
  }
  if (!best) return undefined;
  const { strain, decided, scatter } = best;
  const asKnown = new Float64Array(6);
  const decidedBefore = decidedOf(
    named.map((names) => weighed(names, scatter)),
    asKnown,
  );
  const mean = product(known, stretch(strain));
  const [nearest, next] = labels
    .map((label) => {
      const cell = combine(label, mean);
      return { cell, off: Math.hypot(...strainBetween(cell, known)) };
    })
    .sort((p, q) => p.off - q.off);
  if (!nearest) return undefined;
  const otherwise = next && next.off < asNear * nearest.off ? next.cell : undefined;
  return { cell: nearest.cell, crystals: named.length, decided, decidedBefore, scatter, otherwise };
}
