/** Symmorphic space groups of rotation groups, for MTZ files if the user does not name a space group. */
import type { Centring } from '../../crystal/centring.js';
import type { Operation } from './matrices.js';
import { laueGroup, laueName, type PointGroup, rotationsOf } from './point-group.js';

/** A space group as an MTZ file states it. */
export interface SpaceGroup {
  /** Hermann and Mauguin's name, `P 4`. */
  readonly name: string;
  readonly number: number;
  readonly pointGroup: string;
  /** Operators on coordinates, `-Y,X,Z`, including those of the centring. */
  readonly operators: readonly string[];
  readonly primitive: number;
}

/** By Laue group: the point group's name and the number of each symmorphic space group. */
const symmorphic: Readonly<Record<string, readonly [string, string, Readonly<Record<string, number>>]>> = {
  '-1': ['1', '1', { P: 1 }],
  '2/m_uab': ['1 2 1', '2', { P: 3, C: 5 }],
  mmm: ['2 2 2', '222', { P: 16, C: 21, F: 22, I: 23 }],
  '4/m': ['4', '4', { P: 75, I: 79 }],
  '4/mmm': ['4 2 2', '422', { P: 89, I: 97 }],
  '-3_H': ['3', '3', { P: 143, H: 146 }],
  '-31m_H': ['3 1 2', '312', { P: 149 }],
  '-3m1_H': ['3 2 1', '321', { P: 150 }],
  '6/m': ['6', '6', { P: 168 }],
  '6/mmm': ['6 2 2', '622', { P: 177 }],
  'm-3': ['2 3', '23', { P: 195, F: 196, I: 197 }],
  'm-3m': ['4 3 2', '432', { P: 207, F: 209, I: 211 }],
};

const half = [0, 1 / 2, 1 / 2] as const;
const centres: Readonly<Record<string, readonly (readonly number[])[]>> = {
  P: [[0, 0, 0]],
  C: [
    [0, 0, 0],
    [1 / 2, 1 / 2, 0],
  ],
  I: [
    [0, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
  ],
  F: [[0, 0, 0], half, [1 / 2, 0, 1 / 2], [1 / 2, 1 / 2, 0]],
  H: [
    [0, 0, 0],
    [2 / 3, 1 / 3, 1 / 3],
    [1 / 3, 2 / 3, 2 / 3],
  ],
};

/** The symmorphic space group of a point group's rotations, or undefined if CCP4 has none in its setting. */
export function symmorphicGroup(group: PointGroup, centring: Centring): SpaceGroup | undefined {
  const entry = symmorphic[laueName(group)];
  // The rhombohedral group has a different name, since its lattice is different.
  const [rest, plain, numbers] = entry ?? ['', '', {}];
  let [letter, words, number] = [centring as string, rest, numbers[centring]];
  if (letter === 'H' && laueName(group) === '-3m1_H') [words, number] = ['3 2', 155];
  if (number === undefined) return undefined;
  const rotations = rotationsOf(laueGroup(group));
  return {
    name: `${letter} ${words}`,
    number,
    pointGroup: `PG${letter === 'H' && number === 155 ? '32' : plain}`,
    operators: (centres[letter] ?? []).flatMap((shift) => rotations.map((rotation) => coordinates(rotation, shift))),
    primitive: rotations.length,
  };
}

/** The operator on coordinates: the operation that takes indices h to h M takes coordinates x, as a column, to M x. */
function coordinates(m: Operation, shift: readonly number[]): string {
  return [0, 1, 2]
    .map((row) => {
      const terms = ['X', 'Y', 'Z'].flatMap((letter, column) => {
        const value = m[3 * row + column] ?? 0;
        return value === 0 ? [] : [`${value < 0 ? '-' : '+'}${letter}`];
      });
      const by = shift[row] ?? 0;
      const fraction = by === 0 ? '' : `+${by === 1 / 2 ? '1/2' : by < 1 / 2 ? '1/3' : '2/3'}`;
      return terms.join('').replace(/^\+/, '') + fraction;
    })
    .join(',');
}
