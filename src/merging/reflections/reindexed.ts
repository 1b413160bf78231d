/** What a list belongs to after a change of axes: its cell, its centring and its point group, all in the new ones. */
import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import { type Centring, centrings, isAbsent } from '../../crystal/centring.js';
import { type Indices, reindexedCell, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import {
  determinant,
  inverse,
  inversion,
  type Operation,
  operationKey,
  product,
  readTriplet,
  tripletOf,
} from '../../crystal/symmetry/matrices.js';
import { shownParameters } from '../../crystal/symmetry/oriented.js';
import {
  isTurnable,
  type PointGroup,
  pointGroup,
  pointGroupNames,
  sameGroup,
} from '../../crystal/symmetry/point-group.js';
import { argumentError } from '../../options/parameters.js';
import type { ListSubject } from './expected.js';

/**
 * An operation on indices such as `k,h,-l`. Throws `Argument` for other texts, for one that changes the volume and for one
 * that changes the hand.
 */
export function reindexing(what: string, text: string): Operation {
  const operation = readTriplet(text);
  const det = operation ? determinant(operation) : Number.NaN;
  if (operation && det === 1) return operation;
  throw argumentError(what, (name) =>
    operation && det === -1
      ? `${name('reindex')} is ${tripletOf(operation)}, whose determinant is -1: it makes a left-handed cell of a ` +
        `right-handed one; where mates are averaged, ${tripletOf(product(operation, inversion))} gives the same intensities`
      : operation
        ? `${name('reindex')} is ${tripletOf(operation)}, whose determinant is ${det}: it is no change of axes of one lattice; ` +
          'expected one with the determinant 1, such as k,h,-l'
        : `${name('reindex')} is "${text.slice(0, 40)}"; expected three sums of h, k and l, such as k,h,-l`,
  );
}

/** All point groups in all their settings. */
function* settings(): Generator<PointGroup> {
  for (const name of pointGroupNames)
    for (const axis of isTurnable(name) ? ['', '_uab', '_uaa'] : ['']) yield pointGroup(name + axis);
}

/** The centring that forbids the moved indices; undefined if none does. */
function movedCentring(centring: Centring, by: Operation): Centring | undefined {
  const box: Indices[] = [];
  // The absences of every centring have a period of six in each index.
  for (let code = 0; code < 216; code++) box.push([code % 6, Math.floor(code / 6) % 6, Math.floor(code / 36)]);
  return [centring, ...centrings].find((one) =>
    box.every((indices) => isAbsent(centring, ...indices) === isAbsent(one, ...transformed(indices, by))),
  );
}

/** What the list belongs to in the new axes. Throws `Argument` for axes in which its group or its centring has no name. */
export function reindexedSubject(what: string, { cell, centring, group }: ListSubject, by: Operation): ListSubject {
  const back = inverse(by);
  const operations = group.operations.map((m) => product(product(back, m), by));
  const moved = { ...group, operations };
  const own = sameGroup(moved, group) ? group : [...settings()].find((one) => sameGroup(one, moved));
  const lattice = movedCentring(centring, by);
  if (own && lattice) return { cell: reindexedCell(cell, by), centring: lattice, group: own };
  const gone = own ? `the centring ${centring}` : group.name;
  throw argumentError(
    what,
    (name) =>
      `${name('reindex')} is ${tripletOf(by)}, which takes ${gone} to axes in which it has no name; expected a change to ` +
      'axes of the same lattice, such as k,h,-l, or expand the list to less symmetry first',
  );
}

/** What changed, in words; undefined if nothing did. */
export function reindexedWords(before: ListSubject, after: ListSubject): string | undefined {
  const isTurned =
    before.group.operations.map(operationKey).sort().join() !== after.group.operations.map(operationKey).sort().join();
  const [old, now] = [before, after].map(({ cell }) => shownParameters([...lengthsOf(cell), ...anglesOf(cell)]));
  const changed = [
    old === now ? '' : `the cell is ${now}`,
    isTurned ? `the point group is ${after.group.name}` : '',
    before.centring === after.centring ? '' : `the centring is ${after.centring}`,
  ].filter((text) => text !== '');
  return changed.length === 0 ? undefined : `In the new axes ${changed.join(', and ')}.`;
}
