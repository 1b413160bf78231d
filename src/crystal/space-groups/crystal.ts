/** What a crystal makes of its reflections: centric ones, stronger ones, and those that it leaves out. */
import { type Centring, isAbsent } from '../centring.js';
import { centricIn, epsilonIn, type Indices, operationsOfCrystal } from '../symmetry/asymmetric-unit.js';
import { inversion, operationKey } from '../symmetry/matrices.js';
import type { PointGroup } from '../symmetry/point-group.js';
import { isAbsentIn, type SpaceGroupSetting } from './groups.js';

/** The symmetry of a crystal as Wilson's law asks for it. */
export interface CrystalSymmetry {
  /** Whether it has a centre of inversion: all of its reflections are centric. */
  readonly isCentrosymmetric: boolean;
  readonly isCentric: (indices: Indices) => boolean;
  /** Number of operations that leave a reflection unchanged; its mean intensity is larger by this factor. */
  readonly epsilon: (indices: Indices) => number;
  /** Whether the centring or the stated space group leaves out a reflection. */
  readonly isAbsent: (indices: Indices) => boolean;
}

/** What says which symmetry a crystal has. */
export interface StatedSymmetry {
  readonly group: PointGroup;
  readonly centring: Centring;
  /** The space group that is stated and that nothing contradicts. */
  readonly stated?: SpaceGroupSetting | undefined;
}

/**
 * The symmetry of a stated space group. Without one that of a group without inversion, and of a Laue group, in which nothing
 * tells whether a crystal has mirrors or an inversion, that of its rotations.
 */
export function crystalSymmetry({ group, centring, stated }: StatedSymmetry): CrystalSymmetry {
  const operations = stated?.operators.map((m) => m.slice(0, 9).map((x) => x + 0)) ?? operationsOfCrystal(group);
  const isCentrosymmetric = operations.some((m) => operationKey(m) === operationKey(inversion));
  const isMoved = stated === undefined ? () => false : absencesOf(stated);
  return {
    isCentrosymmetric,
    isCentric: isCentrosymmetric ? () => true : (indices) => centricIn(operations, indices),
    epsilon: (indices) => epsilonIn(operations, indices),
    isAbsent: (indices) => isAbsent(centring, ...indices) || isMoved(indices),
  };
}

/** The absences of a space group: those of its centring, and of operators that move. */
function absencesOf({ operators, centres }: SpaceGroupSetting): (indices: Indices) => boolean {
  const moving = operators.filter((m) => m.slice(9).some((x) => x !== 0));
  const telling = { operators: moving, centres: centres.filter((centre) => centre.some((x) => x !== 0)) };
  return (indices) => isAbsentIn(telling, indices);
}
