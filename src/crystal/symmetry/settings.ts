/**
 * The ways to index a crystal that its cell cannot distinguish: cosets of the point group's rotations in the rotations
 * of the lattice's metric.
 */
import { anglesOf, type Cell, cellFrom, lengthsOf, reciprocal } from '../cell.js';
import { type Centring, isAbsent, isCentred } from '../centring.js';
import { type Indices, transformed } from './asymmetric-unit.js';
import {
  determinant,
  generateGroup,
  identity,
  inverse,
  type Operation,
  operationKey,
  product,
  trace,
} from './matrices.js';
import { laueGroup, type PointGroup, rotationsOf } from './point-group.js';

/** Largest difference between a reindexed cell and the original that counts as the same cell. */
export interface MetricTolerance {
  /** Largest relative difference of a length, 0 … 0.2; default 0.015. */
  readonly lengths: number;
  /** Largest difference of an angle in degrees, 0 … 10; default 1.5. */
  readonly anglesDeg: number;
}

const metricTolerance: MetricTolerance = { lengths: 0.015, anglesDeg: 1.5 };

/**
 * The rotations of a lattice, within a tolerance, as operations on indices. `cell`: rows a, b, c in angstrom. An
 * operation that moves the absences of the centring, such as a sixfold axis in a rhombohedral lattice, is excluded.
 */
export function latticeRotations(
  cell: Cell,
  centring: Centring = 'P',
  tolerance: MetricTolerance = metricTolerance,
): Operation[] {
  const near: { operation: Operation; strain: number }[] = [];
  for (let code = 0; code < 3 ** 9; code++) {
    let rest = code;
    const operation = Array.from({ length: 9 }, () => {
      const digit = (rest % 3) - 1;
      rest = Math.floor(rest / 3);
      return digit;
    });
    if (determinant(operation) !== 1) continue;
    const strain = strainOf(operation, cell, tolerance);
    if (strain <= 1 && keepsAbsences(operation, centring)) near.push({ operation, strain });
  }
  near.sort((a, b) => a.strain - b.strain || -trace(a.operation) + trace(b.operation));
  const allowed = new Set(near.map(({ operation }) => operationKey(operation)));
  // Operations within a tolerance need not form a group: one is accepted only with all products that it generates.
  let group: Operation[] = [identity];
  for (const { operation } of near) {
    if (group.some((one) => operationKey(one) === operationKey(operation))) continue;
    const wider = generateGroup([...group, operation], 24);
    if (wider.length <= 24 && wider.every((one) => allowed.has(operationKey(one)))) group = wider;
  }
  return group;
}

/** Whether the reflections that a centring allows are transformed to allowed ones. */
function keepsAbsences(operation: Operation, centring: Centring): boolean {
  if (!isCentred(centring)) return true;
  // The absences of every centring have a period of six in each index.
  for (let code = 0; code < 216; code++) {
    const indices: Indices = [code % 6, Math.floor(code / 6) % 6, Math.floor(code / 36)];
    if (!isAbsent(centring, ...indices) && isAbsent(centring, ...transformed(indices, operation))) return false;
  }
  return true;
}

/** The share of the tolerance that a reindexed cell uses up; infinite if the cell is a different one. */
export function strainOf(operation: Operation, original: Cell, tolerance: MetricTolerance): number {
  const stars = reciprocal(original);
  const own = [...lengthsOf(original), ...anglesOf(original)];
  const rows = [0, 1, 2].map((i) =>
    [0, 1, 2].map((x) => [0, 1, 2].reduce((sum, j) => sum + (operation[3 * i + j] ?? 0) * (stars[j]?.[x] ?? 0), 0)),
  );
  const cell = reciprocal(cellFrom(rows.flat()));
  const lengths = lengthsOf(cell).map((x, i) => Math.abs(x / (own[i] ?? 1) - 1) / tolerance.lengths);
  const angles = anglesOf(cell).map((x, i) => Math.abs(x - (own[3 + i] ?? 0)) / tolerance.anglesDeg);
  return Math.max(...lengths, ...angles);
}

/**
 * One operation for each way to index crystals of `group` in a lattice whose rotations are `lattice`, the identity
 * first. A single operation means that there is no ambiguity.
 */
export function indexingAmbiguities(lattice: readonly Operation[], group: PointGroup): Operation[] {
  // Friedel mates agree to the accuracy of a still, so that settings never differ by the inversion alone.
  const inside = new Set(rotationsOf(laueGroup(group)).map(operationKey));
  const ways: Operation[] = [];
  const plainFirst = [...lattice].sort(
    (a, b) =>
      order(a) - order(b) ||
      negatives(a) - negatives(b) ||
      trace(b) - trace(a) ||
      (operationKey(a) > operationKey(b) ? -1 : 1),
  );
  for (const operation of plainFirst)
    if (!ways.some((way) => inside.has(operationKey(product(inverse(way), operation))))) ways.push(operation);
  return ways;
}

/** The order in which people usually list operations: identity 1, twofold rotations 2, all others 3. */
const order = (operation: Operation): number =>
  operationKey(operation) === operationKey(identity)
    ? 1
    : operationKey(product(operation, operation)) === operationKey(identity)
      ? 2
      : 3;
const negatives = (operation: Operation): number => operation.filter((x) => x < 0).length;
