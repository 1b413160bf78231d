/** Chooses the Bravais lattice of aligned stills by the evidence for each lattice that their mean resembles. */

import { type BravaisCandidate, type BravaisType, bravaisCandidates } from '../../crystal/bravais.js';
import { anglesOf, type Cell, cellFromParameters, lengthsOf } from '../../crystal/cell.js';
import { primitiveOf } from '../../crystal/centring.js';
import { niggli } from '../../crystal/niggli.js';
import { centringOfType } from '../../crystal/settings.js';
import {
  actionOf,
  inverted,
  product,
  rotationOf,
  strainBetween,
  strainCovariance,
  stretch,
  transposed,
} from '../../crystal/strain.js';
import { median } from '../../util/median.js';
import { acted, type LatticeFamily, type LatticeModel, latticeFamily } from './lattice-groups.js';
import { type Fitted, fitModel, type Scatter, type Strained, type Weighed, weighed } from './model-evidence.js';
import { type AlignedStills, nearestBasis } from './one-setting.js';
import type { StillFit } from './still-fit.js';

type Six = readonly [number, number, number, number, number, number];

/** A Bravais lattice as stills determine it. */
export interface LatticeEvidence {
  readonly type: BravaisType;
  /** Lengths (angstrom) and angles (degrees) of the conventional cell, and their standard errors at this distance. */
  readonly parameters: Six;
  readonly errors: Six;
  /** log10 of the odds of the chosen lattice against this one; negative if this one is the more probable. */
  readonly log10Odds: number;
}

/** A lattice with what the choice needs; `cell` is the conventional one in the orientation of a still. */
export interface Judged extends Omit<LatticeEvidence, 'log10Odds'> {
  readonly cell: Cell;
  readonly score: number;
  readonly free: number;
}

/**
 * log10 of the odds that a lattice with fewer parameters may give away: the settings of a slightly different scatter
 * of the crystals look like a splitting of 0.04 to 0.08 %, with odds up to 10⁴ (src/indexing/README.md).
 */
const rivalOdds = 5;
/** Distortion up to which a lattice has a symmetry exactly: rounding errors only. */
const exact = 1e-6;
/** Odds of the full symmetry of a frame against each lower one, before the data. */
const priorOdds = 10;

/** Five strains of the laboratory without trace. */
const laboratory: readonly (readonly number[])[] = [
  [Math.SQRT1_2, -Math.SQRT1_2, 0, 0, 0, 0],
  [1, 1, -2, 0, 0, 0].map((x) => x / Math.sqrt(6)),
  [0, 0, 0, 1, 0, 0],
  [0, 0, 0, 0, 1, 0],
  [0, 0, 0, 0, 0, 1],
];

/** The symmetric lattices that a cell resembles, most symmetric first, each with those below it. */
export function framesOf(
  mean: Cell,
  tolerance: number,
): { readonly candidate: BravaisCandidate; readonly cell: Cell; readonly family: LatticeFamily }[] {
  const candidates = bravaisCandidates(mean, tolerance).map((candidate) => {
    const cell = niggli(
      primitiveOf(cellFromParameters(...candidate.parameters), centringOfType(candidate.type)),
      1e-7,
    ).cell;
    return { candidate, cell, family: latticeFamily(cell) };
  });
  return candidates.sort(
    (p, q) => q.family.actions.length - p.family.actions.length || p.candidate.distortion - q.candidate.distortion,
  );
}

/** The lattices, the chosen one first; the others by their odds. `tolerance` is that of `bravaisCandidates`. */
export function chooseLattice(
  { mean, stills }: AlignedStills,
  tolerance: number,
): (LatticeEvidence & { readonly cell: Cell })[] {
  const candidates = framesOf(mean, tolerance);
  const best = new Map<BravaisType, Judged>();
  let scatter: Scatter | undefined;
  for (const { candidate, cell, family } of candidates) {
    // A frame of higher symmetry has all lattices below it as models.
    if (best.has(candidate.type)) continue;
    const strained = inFrame(stills, mean, cell);
    if (!strained) continue;
    const bench = new Bench(strained, family);
    scatter ??= bench.scatter();
    for (const model of family.models) {
      const fitted = bench.evidence(model, scatter);
      const judged = fitted && judge(cell, model, fitted);
      if (judged && !(judged.score >= (best.get(judged.type)?.score ?? Number.POSITIVE_INFINITY)))
        best.set(judged.type, judged);
    }
  }
  return ranked([...best.values()]);
}

/** The lattices, the chosen one first: the fewest parameters among those that the evidence does not exclude. */
export function ranked(all: readonly Judged[]): (LatticeEvidence & { readonly cell: Cell })[] {
  const judged = [...all].sort((p, q) => p.score - q.score);
  const least = judged[0]?.score ?? 0;
  const near = judged.filter(({ score }) => score - least < 2 * Math.LN10 * rivalOdds);
  // The fewest parameters among those; they are in the order of their odds.
  const chosen = near.reduce<Judged | undefined>((p, q) => (p && p.free <= q.free ? p : q), undefined);
  if (!chosen) return [];
  return [chosen, ...judged.filter((one) => one !== chosen)].map(({ type, parameters, errors, cell, score }) => ({
    type,
    parameters,
    errors,
    cell,
    log10Odds: (score - chosen.score) / (2 * Math.LN10),
  }));
}

/** The stills as strains against a frame; undefined if their mean does not resemble it. */
function inFrame(stills: readonly StillFit[], mean: Cell, frame: Cell): Strained[] | undefined {
  const home = nearestBasis(mean, frame);
  if (!home) return undefined;
  // One change of basis for all stills, which have one setting.
  const change = product(home.cell, inverted(mean)).map((row) => row.map(Math.round)) as unknown as Cell;
  const back = inverted(frame);
  return stills.map(({ cell: given, spread, across, along }) => {
    const cell = product(change, given);
    const rotation = rotationOf(product(back, cell));
    const action = actionOf(rotation);
    const turned = (m: Cell): Cell => product(product(rotation, m), transposed(rotation));
    const noise: Cell = [
      [across, 0, 0],
      [0, across, 0],
      [0, 0, along],
    ];
    return {
      strain: Float64Array.from(strainBetween(cell, frame)),
      covariance: strainCovariance(turned(noise), turned(spread)),
      laboratory: laboratory.map((strain) => acted(action, strain)),
    };
  });
}

/** Fits models to the stills of one frame. */
class Bench {
  readonly #stills: readonly Strained[];
  readonly #family: LatticeFamily;
  readonly #weighed = new Map<string, Weighed[]>();
  /** The median strain, and that of the best determined still. */
  readonly #middle: Float64Array;
  readonly #sharpest: Float64Array;
  /** That of the model without symmetry, once it is fitted: it has told the settings of the stills apart. */
  #free: Float64Array | undefined;

  constructor(stills: readonly Strained[], family: LatticeFamily) {
    this.#stills = stills;
    this.#family = family;
    this.#middle = Float64Array.from({ length: 6 }, (_, i) => median(stills.map(({ strain }) => strain[i] ?? 0)));
    const error = ({ covariance }: Strained): number =>
      [0, 7, 14, 21, 28, 35].reduce((s, i) => s + (covariance[i] ?? 0), 0);
    this.#sharpest = stills.reduce((p, q) => (error(q) < error(p) ? q : p)).strain;
  }

  /** The factor on the measured errors and the scatter of the crystals, by the model without symmetry. */
  scatter(): Scatter {
    const free = this.#family.models.find(({ strains }) => strains.length === 6);
    let best: Scatter = { factor: 1, crystals: 0, size: 0 };
    let most = Number.NEGATIVE_INFINITY;
    const look = (changed: Partial<Scatter>): void => {
      const scatter = { ...best, ...changed };
      const fitted = free && this.#fit(free, scatter, [this.#middle]);
      if (!fitted || fitted.logLikelihood <= most + 1e-6) return;
      [most, best] = [fitted.logLikelihood, scatter];
      this.#free = strainOf(free, fitted.values);
    };
    for (const size of [0, 2e-4, 5e-4, 1e-3, 3e-3]) look({ size });
    for (const crystals of [3e-4, 1e-3, 3e-3]) look({ crystals });
    for (const factor of [0.7, 1.4, 2]) look({ factor });
    for (const times of [0.5, 2]) look({ crystals: best.crystals * times });
    for (const times of [0, 0.7, 1.4]) look({ size: best.size * times });
    return best;
  }

  /**
   * A model with its own errors: with those of the model without symmetry, a scatter of the crystals would be taken
   * for two settings.
   */
  evidence(model: LatticeModel, scatter: Scatter): Fitted | undefined {
    const starts = [this.#middle, this.#sharpest, ...(this.#free ? [this.#free] : [])];
    let best = this.#fit(model, scatter, model.strains.length > 1 ? starts : [this.#middle]);
    if (!best || model.strains.length === 6) return best;
    const start = strainOf(model, best.values);
    const { factor, crystals } = scatter;
    for (const wider of [
      { crystals: Math.max(2 * crystals, 3e-4) },
      { crystals: Math.max(4 * crystals, 8e-4) },
      { factor: 1.3 * factor },
      { factor: 1.6 * factor },
    ]) {
      const other = this.#fit(model, { ...scatter, ...wider }, [start]);
      if (other && other.logLikelihood > best.logLikelihood + 1e-6) best = other;
    }
    return best;
  }

  /** The best fit from some strains, each in the setting in which the model has most of it. */
  #fit(model: LatticeModel, scatter: Scatter, starts: readonly Float64Array[]): Fitted | undefined {
    const name = `${scatter.factor} ${scatter.crystals} ${scatter.size}`;
    const stills = this.#weighed.get(name) ?? weighed(this.#stills, scatter);
    this.#weighed.set(name, stills);
    let best: Fitted | undefined;
    for (const start of starts) {
      const along = model.settings
        .map((strains) => strains.map((strain) => strain.reduce((sum, x, i) => sum + x * (start[i] ?? 0), 0)))
        .reduce((p, q) => (Math.hypot(...q) > Math.hypot(...p) + 1e-12 ? q : p));
      const fitted = fitModel(model, stills, along);
      if (fitted && !(fitted.score >= (best?.score ?? Number.POSITIVE_INFINITY))) best = fitted;
    }
    return best;
  }
}

/** The strain that values of a model stand for. */
function strainOf({ strains }: LatticeModel, values: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(6);
  strains.forEach((strain, a) => {
    for (let i = 0; i < 6; i++) sum[i] = (sum[i] ?? 0) + (values[a] ?? 0) * (strain[i] ?? 0);
  });
  return sum;
}

/** The conventional cell of a fitted model, with its errors; undefined if its strain is not a lattice of its family. */
export function judge(
  frame: Cell,
  model: LatticeModel,
  fitted: Pick<Fitted, 'values' | 'covariance' | 'score'>,
): Judged | undefined {
  const { strains, isWhole } = model;
  const free = strains.length;
  const strained = (values: ArrayLike<number>): Cell => product(frame, stretch(strainOf(model, values)));
  // Any member of the family names it; the fitted one may be as symmetric as the frame by chance.
  const member = strained(strains.map((_, a) => 0.005 * (1 + 0.37 * a + 0.11 * a * a)));
  const type = bravaisCandidates(member, exact)[0]?.type;
  const primitive = strained(fitted.values);
  const own = bravaisCandidates(primitive, exact).find((candidate) => candidate.type === type);
  if (!own) return undefined;
  const conventional = product(own.cell, inverted(primitive));
  const parametersAt = (values: ArrayLike<number>): number[] => {
    const cell = product(conventional, strained(values));
    return [...lengthsOf(cell), ...anglesOf(cell)];
  };
  const step = 1e-5;
  const slopes = strains.map((_, a) => {
    const [up, down] = [1, -1].map((sign) =>
      parametersAt(fitted.values.map((x, i) => (i === a ? x + sign * step : x))),
    ) as [number[], number[]];
    return up.map((x, k) => (x - (down[k] ?? 0)) / (2 * step));
  });
  const size = fitted.values.length;
  const errors = own.parameters.map((parameter, k) => {
    // The symmetry fixes this angle.
    if (k > 2 && (parameter === 90 || parameter === 120)) return 0;
    let variance = 0;
    for (let a = 0; a < free; a++)
      for (let b = 0; b < free; b++)
        variance += (slopes[a]?.[k] ?? 0) * (slopes[b]?.[k] ?? 0) * (fitted.covariance[a * size + b] ?? 0);
    return Math.sqrt(variance);
  }) as unknown as Six;
  const score = fitted.score + (isWhole ? 0 : 2 * Math.log(priorOdds));
  return { type: own.type, parameters: own.parameters, errors, cell: own.cell, score, free };
}
