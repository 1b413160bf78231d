/**
 * Determines what is merged: the cell of the crystals, the point group in the cell's setting, and the crystals with
 * this cell.
 */

import { anglesOf, type Cell, cellFromParameters, lengthsOf } from '../../crystal/cell.js';
import { type Centring, centrings, isAbsent } from '../../crystal/centring.js';
import { determinant, identity, type Operation, readTriplet } from '../../crystal/symmetry/matrices.js';
import { shownParameters as cellText, notOfSymmetry, orientedGroup } from '../../crystal/symmetry/oriented.js';
import { type PointGroup, rotationsOf } from '../../crystal/symmetry/point-group.js';
import { strainOf } from '../../crystal/symmetry/settings.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import { median } from '../../util/median.js';
import type { Observations } from '../collection/observations.js';
import type { ScannedHead } from '../collection/scan.js';
import { automatic, type CheckedMerge, cellTolerance } from '../options.js';
import { likeliestLaueGroup } from './laue-groups.js';

export interface Subject {
  readonly cell: Cell;
  readonly parameters: readonly [number, number, number, number, number, number];
  readonly centring: Centring;
  readonly group: PointGroup;
  /** Crystals that take part. */
  readonly part: Uint8Array;
}

/** Finds the cell, its symmetry, and the crystals with this cell. */
export function subjectOf(
  observations: Observations,
  { cell: given, symmetry }: CheckedMerge,
  heads: readonly StreamHead[],
  remarks: string[],
): Subject {
  for (const { name, head } of heads)
    if (head.isCellDoubtful)
      remarks.push(
        `${name}: the run that wrote this stream doubts its cell, because its crystals explain few of the peaks; ` +
          'check the cell (ewald cell finds one from the frames) before the merge is used.',
      );
  const other = heads.find(({ head }) => head.isOtherCell);
  if (other && !given)
    throw argumentError(
      'merge',
      (said) =>
        `${other.name}: the run that wrote this stream found peaks of another cell than its own, which is a multiple ` +
        'of the right one or has another centring; index the frames with the right cell (ewald cell finds one from ' +
        `them), or name the cell of the stream with ${said('cell')} to merge it as it is`,
      { path: other.name },
    );
  const kinds = kindsOfCells(observations);
  if (!given) agreedCentring(heads);
  const parameters = given
    ? [...lengthsOf(given.cell), ...anglesOf(given.cell)]
    : medianCell(observations, kinds[0] ?? []);
  const part = new Uint8Array(observations.crystals);
  for (let c = 0; c < part.length; c++) part[c] = near(cellOf(observations, c), parameters) ? 1 : 0;
  const others = part.filter((on) => on === 0).length;
  const named = kinds.map((kind) => `${kind.length} near ${cellText(medianCell(observations, kind))}`).slice(0, 4);
  if (others === part.length)
    throw new EwaldError('Argument', `no crystal has the cell ${cellText(parameters)}; there are ${named.join(', ')}`);
  if (!given && others > part.length / 10)
    throw new EwaldError(
      'Argument',
      `the crystals have different cells: ${named.join(', ')}; give the cell of those to merge`,
      { detail: { others, crystals: part.length } },
    );
  if (others > 0)
    remarks.push(`${others} of ${part.length} crystals have another cell and are skipped (${named.join(', ')}).`);
  const cell = cellFromParameters(...(parameters as [number, number, number, number, number, number]));
  const centring = centringOf(given?.centring, heads, observations, remarks);
  const group =
    symmetry === automatic
      ? likeliestLaueGroup(observations, { cell, centring, part }, remarks)
      : oriented(symmetry, cell, given?.uniqueAxis ?? heads[0]?.head.uniqueAxis, remarks);
  return { cell, parameters: parameters as unknown as Subject['parameters'], centring, group, part };
}

interface StreamHead {
  readonly name: string;
  readonly head: ScannedHead;
}

/** Streams that were indexed with cells of different centrings do not have the same crystals. Throws `Argument`. */
function agreedCentring(heads: readonly StreamHead[]): void {
  const stated = heads.filter(({ head }) => head.centering !== undefined);
  const [first] = stated;
  const other = stated.find(({ head }) => head.centering !== first?.head.centering);
  if (first && other)
    throw new EwaldError(
      'Argument',
      `${first.name} was indexed with the centring ${first.head.centering} and ${other.name} with ` +
        `${other.head.centering}; merge them separately, or give the cell of both`,
    );
}

/**
 * The centring of the cell that was given, or that of the streams. Cells without a word about it are taken as P: where
 * the streams were indexed with another centring, and no crystal has a reflection that it forbids, it is that one.
 */
function centringOf(
  centring: Centring | undefined,
  heads: readonly StreamHead[],
  { count, h, k, l }: Observations,
  remarks: string[],
): Centring {
  const stated = new Set(heads.flatMap(({ head }) => head.centering ?? []));
  const [first] = stated;
  const indexed = centrings.find((name) => name === first) ?? 'P';
  if (centring !== undefined && centring !== 'P') return centring;
  if (centring === undefined || indexed === 'P' || stated.size > 1) return centring ?? indexed;
  for (let i = 0; i < count; i++)
    if (isAbsent(indexed, h[i] as number, k[i] as number, l[i] as number)) return centring;
  remarks.push(
    `The cell that was given states the centring P, or none; the streams were indexed with ${indexed}, and hold no ` +
      `reflection that it forbids: they are merged with ${indexed}.`,
  );
  return indexed;
}

const cellOf = ({ parameters }: Observations, c: number): number[] => [...parameters.subarray(6 * c, 6 * c + 6)];

const medianCell = (observations: Observations, crystals: readonly number[]): number[] =>
  [0, 1, 2, 3, 4, 5].map((i) => median(crystals.map((c) => observations.parameters[6 * c + i] ?? 0)));

/** Groups of crystals with similar cells, the largest first; a crystal is compared with the first one of a group. */
function kindsOfCells(observations: Observations): number[][] {
  const kinds: { first: number[]; members: number[] }[] = [];
  for (let c = 0; c < observations.crystals; c++) {
    const own = cellOf(observations, c);
    const kind = kinds.find(({ first }) => near(own, first));
    if (kind) kind.members.push(c);
    // With this many groups, the remaining crystals are not grouped any further.
    else if (kinds.length < 64) kinds.push({ first: own, members: [c] });
  }
  return kinds.map(({ members }) => members).sort((a, b) => b.length - a.length);
}

const near = (own: readonly number[], wanted: readonly number[]): boolean =>
  own.every((x, i) =>
    i < 3
      ? Math.abs(x / (wanted[i] ?? 1) - 1) <= cellTolerance.lengths
      : Math.abs(x - (wanted[i] ?? 0)) <= cellTolerance.anglesDeg,
  );

/**
 * The rotations that `operator` names: an operation such as `k,h,-l` with the identity, or those of a point group.
 * Throws `Argument` for one that is neither, or that changes the cell.
 */
export function givenRotations(operator: string, cell: Cell): readonly Operation[] {
  const isTriplet = operator.includes(',');
  if (!isTriplet) return rotationsOf(oriented(operator, cell, undefined, []));
  const operation = readTriplet(operator);
  if (!operation || determinant(operation) !== 1 || strainOf(operation, cell, cellTolerance) > 1)
    throw argumentError(
      'merge',
      (said) =>
        `${said('operator')} is "${operator}"; expected a rotation of the indices that keeps the cell, such as ` +
        'k,h,-l, or the point group that the lattice has, such as 4/mmm',
    );
  return [identity, operation];
}

/**
 * The point group, checked against the cell; a name without an axis takes the unique axis of the cell. Throws
 * `Argument`.
 */
function oriented(symmetry: string, cell: Cell, uniqueAxis: string | undefined, remarks: string[]): PointGroup {
  const found = orientedGroup(symmetry, cell, uniqueAxis);
  if (!found) throw notOfSymmetry(cell, symmetry, ', or auto');
  const { group, axis } = found;
  if (axis !== undefined && axis !== 'c') remarks.push(`The unique axis of ${symmetry} is ${axis}, as in the cell.`);
  return group;
}
