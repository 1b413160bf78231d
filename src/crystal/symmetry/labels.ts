/**
 * Labels: the names that the axes of a lattice may have where its cell is nearly more symmetric than it is. With a =
 * 90.63 and b = 91.26 Å a lattice that looks like a quarter turn of the right one differs from it by 0.7 % alone.
 */
import type { Cell } from '../cell.js';
import { cellFrom, combine, flat, relation } from '../cell.js';
import { matches } from '../lattice-match.js';
import { reducedCell } from '../niggli.js';
import { inverted, product, strainBetween } from '../strain.js';
import { identity, inverse, type Operation, operationKey, product as then } from './matrices.js';

/** Strain that a relabelling may cause, and the strain up to which it is a rotation of the lattice itself. */
const [reach, exact] = [0.08, 2e-4];
/** A bound of the lengths (relative) and angles (radians) that a strain of `reach` changes. */
const bend = 0.18;

/** The labels of a lattice, as integer matrices over its primitive basis. */
export interface Labels {
  /** The lattice's own rotations. */
  readonly own: readonly Operation[];
  /** One of each coset of these, the identity first: the names that its axes may be given. */
  readonly labels: readonly Operation[];
}

const strainSize = (cell: Cell, from: Cell): number => Math.hypot(...strainBetween(cell, from));

/** The labels of a primitive cell. */
export function labelsOf(primitive: Cell): Labels {
  const frame = reducedCell(primitive);
  const [change, back] = [cellFrom(frame.matrix), inverted(cellFrom(frame.matrix))];
  const dual = inverted(frame.cell);
  const found = matches(frame.cell, frame.cell, bend)
    .map(({ basis }) => ({ basis, strain: strainSize(basis, frame.cell) }))
    // A strain of several numbers is at most the root of three times its largest principal one.
    .filter(({ strain }) => strain <= Math.sqrt(3) * reach)
    .sort((p, q) => p.strain - q.strain)
    .map(({ basis, strain }) => ({
      strain,
      matrix: flat(product(product(back, product(basis, dual)), change)).map((x) => Math.round(x) + 0),
    }));
  const own = found.filter(({ strain }) => strain <= exact).map(({ matrix }) => matrix);
  const keys = new Set(own.map(operationKey));
  const labels: Operation[] = [identity];
  for (const { matrix } of found)
    if (!labels.some((label) => keys.has(operationKey(then(matrix, inverse(label)))))) labels.push(matrix);
  return { own, labels };
}

/**
 * Whether a found basis of a lattice names the axes of the true one rightly: what takes one basis to the other is a
 * rotation of the true lattice, not of one that it resembles. Undefined if the two span different lattices. Primitive
 * cells, or conventional ones of the same setting.
 */
export function hasRightLabel(cell: Cell, truth: Cell): boolean | undefined {
  const { matrix, deviation, determinant } = relation(cell, truth);
  if (deviation > 0.2 || determinant !== 1) return undefined;
  return strainSize(combine(matrix, truth), truth) <= exact;
}
