/** The Bravais lattices of a cell whose strain has a known covariance, by the evidence for each. */
import type { BravaisType } from '../../crystal/bravais.js';
import type { Cell } from '../../crystal/cell.js';
import { actionOf, inverted, product, rotationOf, strainBetween } from '../../crystal/strain.js';
import { inverseOf, logDeterminant, solved } from '../../util/linear.js';
import { framesOf, type Judged, judge, ranked } from '../lattice/choose-lattice.js';
import { acted, type LatticeModel } from '../lattice/lattice-groups.js';
import { nearestBasis } from '../lattice/one-setting.js';

/** Strain that a lattice has against its frame, before the data. */
const prior = 0.02;
/** A factor on the covariance: fits of few spots state it so much too small. Strains that a geometry bends cells by. */
const [factor, bent] = [1.2, 2e-4];

/** The lattices, the chosen one first; `tolerance` is that of `bravaisCandidates`. */
export function latticesOf(cell: Cell, covariance: Float64Array, tolerance: number): ReturnType<typeof ranked> {
  const best = new Map<BravaisType, Judged>();
  for (const { cell: frame, family } of framesOf(cell, tolerance)) {
    const home = nearestBasis(cell, frame);
    if (!home) continue;
    const action = actionOf(rotationOf(product(inverted(frame), home.cell)));
    const strain = Float64Array.from(strainBetween(home.cell, frame));
    const turned = turnedCovariance(action, covariance).map((x) => factor * x);
    for (const model of family.models) {
      const fitted = fitStrain(model, strain, turned);
      const judged = fitted && judge(frame, model, fitted);
      if (judged && !(judged.score >= (best.get(judged.type)?.score ?? Number.POSITIVE_INFINITY)))
        best.set(judged.type, judged);
    }
  }
  return ranked([...best.values()]);
}

/** A C Aᵀ. */
function turnedCovariance(action: Float64Array, covariance: Float64Array): Float64Array {
  const columns = Array.from({ length: 6 }, (_, j) => acted(action, covariance.subarray(6 * j, 6 * j + 6)));
  const found = new Float64Array(36);
  for (let i = 0; i < 6; i++) {
    const row = acted(
      action,
      columns.map((column) => column[i] as number),
    );
    found.set(row, 6 * i);
  }
  return found;
}

/** The strain of a model that is nearest to a measured one, and −2 ln of the evidence for the model. */
function fitStrain(model: LatticeModel, strain: Float64Array, covariance: Float64Array) {
  const wider = covariance.map((x, i) => x + (i % 7 === 0 ? bent ** 2 : 0));
  const [precision, exact] = [inverseOf(wider, 6), inverseOf(covariance, 6)];
  if (!precision || !exact) return undefined;
  const all = quadratic(precision, strain, strain);
  let best: { readonly score: number; readonly values: Float64Array; readonly covariance: Float64Array } | undefined;
  const free = model.strains.length;
  for (const strains of model.settings) {
    const normal = normalOf(precision, strains);
    const right = Float64Array.from(strains, (one) => quadratic(precision, one, strain));
    const values = solved(normal, right, free);
    const errors = inverseOf(normalOf(exact, strains), free);
    if (!values || !errors) continue;
    const explained = values.reduce((sum, x, a) => sum + x * (right[a] as number), 0);
    const width = logDeterminant(
      normal.map((x) => prior ** 2 * x),
      free,
    );
    const score = all - explained + width + 2 * Math.log(model.settings.length);
    if (score < (best?.score ?? Number.POSITIVE_INFINITY)) best = { score, values, covariance: errors };
  }
  return best;
}

function normalOf(precision: Float64Array, strains: readonly Float64Array[]): Float64Array {
  const n = strains.length;
  const found = new Float64Array(n * n);
  for (const [a, one] of strains.entries())
    for (const [b, other] of strains.entries())
      found[n * a + b] = quadratic(precision, one, other) + (a === b ? prior ** -2 : 0);
  return found;
}

const quadratic = (matrix: Float64Array, one: Float64Array, other: Float64Array): number =>
  acted(matrix, other).reduce((sum, x, i) => sum + x * (one[i] as number), 0);
