/**
 * The lattices into which a symmetric one can be strained. Each is a subgroup of its rotations that is the whole group
 * of the lattices it allows; their strains against the symmetric one are those that the subgroup leaves unchanged.
 */
import { type Cell, cellFrom, flat } from '../../crystal/cell.js';
import { matches } from '../../crystal/lattice-match.js';
import { actionOf, inverted, product } from '../../crystal/strain.js';
import {
  generateGroup,
  inverse,
  type Operation,
  operationKey,
  product as then,
} from '../../crystal/symmetry/matrices.js';

/** A lattice of the same or lower symmetry. */
export interface LatticeModel {
  /** Orthonormal basis of its strains, each of six numbers. */
  readonly strains: readonly Float64Array[];
  /** The bases of its strains in all settings that the symmetric lattice offers: one for each coset of its group. */
  readonly settings: readonly (readonly Float64Array[])[];
  /** Whether it has the whole symmetry. */
  readonly isWhole: boolean;
}

/** All lattices of one symmetric lattice. */
export interface LatticeFamily {
  readonly models: readonly LatticeModel[];
  /** How its rotations act on strains. */
  readonly actions: readonly Float64Array[];
}

/** `matrix` · `six`, or with the transposed matrix. */
export const acted = (matrix: Float64Array, six: ArrayLike<number>, isTransposed = false): Float64Array =>
  Float64Array.from({ length: 6 }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < 6; j++) sum += (matrix[isTransposed ? 6 * j + i : 6 * i + j] ?? 0) * (six[j] ?? 0);
    return sum;
  });

/** The integer matrices that take a basis of an exactly symmetric lattice to its equivalent bases. */
function rotationsOf(frame: Cell): Operation[] {
  const back = inverted(frame);
  return matches(frame, frame, 1e-5).map(({ basis }) => flat(product(basis, back)).map((x) => Math.round(x) + 0));
}

/** The lattices of a cell whose metric is exactly symmetric. */
export function latticeFamily(frame: Cell): LatticeFamily {
  const rotations = rotationsOf(frame);
  const back = inverted(frame);
  // M B = B R: what an integer matrix does to the basis, a rotation does to the crystal.
  const actions = rotations.map((m) => actionOf(product(back, product(cellFrom(m), frame))));
  const place = new Map(rotations.map((m, i) => [operationKey(m), i]));
  const nameOf = (group: readonly Operation[]): string => group.map(operationKey).sort().join(' / ');
  const groups = new Map<string, Operation[]>();
  // Two rotations generate every group of rotations of a lattice.
  for (const [i, one] of rotations.entries())
    for (const other of rotations.slice(i)) {
      const group = generateGroup([one, other]);
      groups.set(nameOf(group), group);
    }
  const models: LatticeModel[] = [];
  const seen = new Set<string>();
  for (const [name, group] of groups) {
    if (seen.has(name)) continue;
    // Conjugate groups are settings of one lattice.
    for (const g of rotations) seen.add(nameOf(group.map((h) => then(then(g, h), inverse(g)))));
    const strains = invariant(group.map((h) => actions[place.get(operationKey(h)) ?? 0] as Float64Array));
    if (isSmaller(strains, group.length, actions)) continue;
    const settings = new Map<string, Float64Array[]>();
    for (const action of actions) {
      const turned = strains.map((strain) => acted(action, strain, true));
      settings.set(turned.map((strain) => strain.map((x) => Math.round(1e5 * x) + 0).join()).join(), turned);
    }
    models.push({ strains, settings: [...settings.values()], isWhole: group.length === rotations.length });
  }
  return { models, actions };
}

/** An orthonormal basis of the strains that all actions leave unchanged. */
function invariant(actions: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (let column = 0; column < 6; column++) {
    // The mean over the group is the projection onto what it leaves unchanged.
    const vector = new Float64Array(6);
    for (const action of actions)
      for (let i = 0; i < 6; i++) vector[i] = (vector[i] ?? 0) + (action[6 * i + column] ?? 0) / actions.length;
    for (const other of basis) {
      const along = other.reduce((sum, x, i) => sum + x * (vector[i] ?? 0), 0);
      for (let i = 0; i < 6; i++) vector[i] = (vector[i] ?? 0) - along * (other[i] ?? 0);
    }
    const length = Math.hypot(...vector);
    if (length > 1e-3) basis.push(vector.map((x) => x / length));
  }
  return basis;
}

/** Whether a group is only a part of the rotations that leave its strains unchanged. */
function isSmaller(strains: readonly Float64Array[], order: number, actions: readonly Float64Array[]): boolean {
  const keep = (action: Float64Array): boolean =>
    strains.every((strain) => acted(action, strain).every((x, i) => Math.abs(x - (strain[i] ?? 0)) < 1e-4));
  return actions.filter(keep).length !== order;
}
