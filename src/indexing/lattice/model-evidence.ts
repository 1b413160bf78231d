/**
 * The evidence for one lattice from the strains of stills against a symmetric frame.
 *
 * The setting of each still is unknown, because its indexer chose among nearly equal bases by noise. Its likelihood is
 * the mean over the settings g of the lattice (src/indexing/README.md has the formulas):
 *
 *     p(e) = 1/|settings| Σ_g t₆(e − Q_gᵀ V θ − R W η; κ² C + τ² 1 + ρ² u uᵀ), ν = 6, u = (1, 1, 1, 0, 0, 0)
 *
 * with the strain θ of the lattice and a strain η of the laboratory common to all stills, which a tilted or elliptical
 * geometry causes. Student's t tolerates stills that are worse than their errors say. θ and η are fitted by
 * expectation maximisation; the evidence is Laplace's approximation about the maximum.
 */
import { inverseOf, logDeterminant, times } from '../../util/linear.js';
import type { LatticeModel } from './lattice-groups.js';

/** A still in the frame. */
export interface Strained {
  /** Its strain as six numbers, and their 6 × 6 covariance. */
  readonly strain: Float64Array;
  readonly covariance: Float64Array;
  /** The five strains of the laboratory without trace, turned into the frame. */
  readonly laboratory: readonly Float64Array[];
}

/**
 * A factor on the errors of stills, a scatter of the crystals' strains, and one of their sizes alone, as the energy or
 * the distance of each still causes it.
 */
export interface Scatter {
  readonly factor: number;
  readonly crystals: number;
  readonly size: number;
}

/** A lattice fitted to stills. */
export interface Fitted {
  /** Its strain against the frame, by the basis of the model; the five strains of the laboratory follow. */
  readonly values: Float64Array;
  /** Covariance of `values`. */
  readonly covariance: Float64Array;
  readonly logLikelihood: number;
  /** −2 ln of the evidence. */
  readonly score: number;
}

/** Degrees of freedom of Student's t. */
const freedom = 6;
/** Standard deviations expected of strains: of a lattice against its frame, and of the laboratory. */
const [latticePrior, laboratoryPrior] = [0.02, 0.003];
/** Rounds of expectation maximisation, and the gain of ln L that ends them. */
const [maxRounds, minGain] = [16, 1e-3];
/** Settings with a smaller weight do not count. */
const minWeight = 1e-4;

/** The stills with their errors under one scatter. */
export interface Weighed {
  readonly still: Strained;
  readonly inverse: Float64Array;
  /** −½ ln det of the covariance. */
  readonly log: number;
}

/** Prepares stills for `fitModel`. */
export function weighed(stills: readonly Strained[], { factor, crystals, size }: Scatter): Weighed[] {
  return stills.flatMap((still) => {
    const sum = still.covariance.map((x, i) => {
      const isSize = i % 6 < 3 && i < 18;
      return factor * factor * x + (i % 7 === 0 ? crystals * crystals + 1e-12 : 0) + (isSize ? size * size : 0);
    });
    const inverse = inverseOf(sum, 6);
    return inverse ? [{ still, inverse, log: -logDeterminant(sum, 6) / 2 }] : [];
  });
}

const dot6 = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < 6; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** Fits a lattice from `start`, its strain; undefined if the stills do not determine it. */
export function fitModel(
  model: LatticeModel,
  stills: readonly Weighed[],
  start: ArrayLike<number>,
): Fitted | undefined {
  const free = model.strains.length;
  const size = free + 5;
  const prior = Float64Array.from({ length: size }, (_, i) => (i < free ? latticePrior : laboratoryPrior));
  const [normal, right] = [new Float64Array(size * size), new Float64Array(size)];
  let values = new Float64Array(size);
  for (let i = 0; i < free; i++) values[i] = start[i] ?? 0;
  let logLikelihood = Number.NEGATIVE_INFINITY;
  let covariance: Float64Array | undefined;
  for (let round = 0; round < maxRounds; round++) {
    normal.fill(0);
    right.fill(0);
    let sum = 0;
    for (let i = 0; i < size; i++) {
      normal[i * size + i] = 1 / (prior[i] as number) ** 2;
      sum -= ((values[i] as number) / (prior[i] as number)) ** 2 / 2;
    }
    for (const still of stills) sum += expect(model.settings, still, values, normal, right);
    covariance = inverseOf(normal, size);
    if (!covariance || !Number.isFinite(sum)) return undefined;
    const done = sum - logLikelihood < minGain && round > 2;
    logLikelihood = sum;
    if (done) break;
    values = times(covariance, right, size) as Float64Array<ArrayBuffer>;
  }
  if (!covariance) return undefined;
  // The normal equations of expectation maximisation contain more information than Student's t by this factor, and the
  // likeliest scatter is that about fitted values: too small by as many numbers as the stills determine.
  const numbers = 6 * stills.length;
  let fitted = size;
  for (const [i, x] of prior.entries()) fitted -= (covariance[i * (size + 1)] as number) / x ** 2;
  const factor = ((freedom + 8) / (freedom + 6)) * (numbers / Math.max(1, numbers - fitted));
  const errors = covariance.map((x) => factor * x);
  // ln det (1 + S H S): each free parameter costs about the logarithm of its prior over its error.
  const scaled = normal.map((x, i) => x * (prior[Math.floor(i / size)] as number) * (prior[i % size] as number));
  const score = -2 * logLikelihood + logDeterminant(scaled, size);
  return { values, covariance: errors, logLikelihood, score };
}

/** The logarithm of a still's likelihood; adds the still, in each setting by its weight, to the normal equations. */
function expect(
  settings: LatticeModel['settings'],
  { still, inverse, log }: Weighed,
  values: Float64Array,
  normal: Float64Array,
  right: Float64Array,
): number {
  const { strain, laboratory } = still;
  const size = right.length;
  const free = size - laboratory.length;
  const rest = Float64Array.from(strain);
  for (let a = free; a < size; a++) subtract(rest, values[a] as number, laboratory[a - free] as Float64Array);
  const squares = new Float64Array(settings.length);
  const [residual, weightedResidual] = [new Float64Array(6), new Float64Array(6)];
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < settings.length; k++) {
    const strains = settings[k] as readonly Float64Array[];
    residual.set(rest);
    for (let a = 0; a < free; a++) subtract(residual, values[a] as number, strains[a] as Float64Array);
    apply(inverse, residual, weightedResidual);
    const square = dot6(weightedResidual, residual);
    squares[k] = square;
    if (square < least) least = square;
  }
  // Likelihoods relative to that of the best setting.
  const likelihoods = squares.map((square) => ((freedom + square) / (freedom + least)) ** (-(freedom + 6) / 2));
  const total = likelihoods.reduce((sum, x) => sum + x, 0);
  const column = new Float64Array(6);
  for (let k = 0; k < settings.length; k++) {
    const weight = (((likelihoods[k] as number) / total) * (freedom + 6)) / (freedom + (squares[k] as number));
    if (weight < minWeight) continue;
    const columns = [...(settings[k] as readonly Float64Array[]), ...laboratory];
    for (let a = 0; a < size; a++) {
      apply(inverse, columns[a] as Float64Array, column);
      right[a] = (right[a] as number) + weight * dot6(column, strain);
      for (let b = 0; b <= a; b++) {
        const term = weight * dot6(column, columns[b] as Float64Array);
        normal[a * size + b] = (normal[a * size + b] as number) + term;
        if (b < a) normal[b * size + a] = (normal[b * size + a] as number) + term;
      }
    }
  }
  return log - ((freedom + 6) / 2) * Math.log1p(least / freedom) + Math.log(total / settings.length);
}

/** Writes `matrix` · `six` to `out`. */
function apply(matrix: Float64Array, six: Float64Array, out: Float64Array): void {
  for (let i = 0; i < 6; i++) {
    let sum = 0;
    for (let j = 0; j < 6; j++) sum += (matrix[6 * i + j] as number) * (six[j] as number);
    out[i] = sum;
  }
}

/** Subtracts `factor` times `six` from `from`. */
function subtract(from: Float64Array, factor: number, six: Float64Array): void {
  for (let i = 0; i < 6; i++) from[i] = (from[i] as number) - factor * (six[i] as number);
}
