/**
 * The 65 space groups without mirrors and inversions, in which chiral molecules crystallise, for MTZ files. Names and
 * settings are those of CCP4; generators are those of International Tables A.
 */
import { EwaldError } from '../../util/errors.js';
import { nearest } from '../../util/options.js';
import type { Centring } from '../centring.js';
import type { Operation } from './matrices.js';
import { laueName, type PointGroup } from './point-group.js';

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

/** Axes whose generators many groups share. */
const [two, twofold] = ['-x,-y,z', '-x,y,-z'];
const screws = ['-x+1/2,-y,z+1/2', '-x,y+1/2,-z+1/2'];
const [three, six, swap] = ['-y,x-y,z', 'x-y,x,z', 'y,x,-z'];
const [along, diagonal] = ['z,x,y', '-y,-x,-z'];

/** Number, name and generators; the centring is the first letter of the name. */
const groups: readonly (readonly [number, string, string, readonly string[]])[] = [
  [1, 'P 1', '1', []],
  [3, 'P 1 2 1', '2', [twofold]],
  [4, 'P 1 21 1', '2', ['-x,y+1/2,-z']],
  [5, 'C 1 2 1', '2', [twofold]],
  [5, 'I 1 2 1', '2', [twofold]],
  [16, 'P 2 2 2', '222', [two, twofold]],
  [17, 'P 2 2 21', '222', ['-x,-y,z+1/2', '-x,y,-z+1/2']],
  [18, 'P 21 21 2', '222', [two, '-x+1/2,y+1/2,-z']],
  [19, 'P 21 21 21', '222', screws],
  [20, 'C 2 2 21', '222', ['-x,-y,z+1/2', '-x,y,-z+1/2']],
  [21, 'C 2 2 2', '222', [two, twofold]],
  [22, 'F 2 2 2', '222', [two, twofold]],
  [23, 'I 2 2 2', '222', [two, twofold]],
  [24, 'I 21 21 21', '222', screws],
  [75, 'P 4', '4', ['-y,x,z']],
  [76, 'P 41', '4', ['-y,x,z+1/4']],
  [77, 'P 42', '4', ['-y,x,z+1/2']],
  [78, 'P 43', '4', ['-y,x,z+3/4']],
  [79, 'I 4', '4', ['-y,x,z']],
  [80, 'I 41', '4', ['-y,x+1/2,z+1/4']],
  [89, 'P 4 2 2', '422', ['-y,x,z', twofold]],
  [90, 'P 4 21 2', '422', ['-y+1/2,x+1/2,z', '-x+1/2,y+1/2,-z']],
  [91, 'P 41 2 2', '422', ['-y,x,z+1/4', twofold]],
  [92, 'P 41 21 2', '422', ['-y+1/2,x+1/2,z+1/4', '-x+1/2,y+1/2,-z+1/4']],
  [93, 'P 42 2 2', '422', ['-y,x,z+1/2', twofold]],
  [94, 'P 42 21 2', '422', ['-y+1/2,x+1/2,z+1/2', '-x+1/2,y+1/2,-z+1/2']],
  [95, 'P 43 2 2', '422', ['-y,x,z+3/4', twofold]],
  [96, 'P 43 21 2', '422', ['-y+1/2,x+1/2,z+3/4', '-x+1/2,y+1/2,-z+3/4']],
  [97, 'I 4 2 2', '422', ['-y,x,z', twofold]],
  [98, 'I 41 2 2', '422', ['-y,x+1/2,z+1/4', '-x+1/2,y,-z+3/4']],
  [143, 'P 3', '3', [three]],
  [144, 'P 31', '3', ['-y,x-y,z+1/3']],
  [145, 'P 32', '3', ['-y,x-y,z+2/3']],
  [146, 'H 3', '3', [three]],
  [149, 'P 3 1 2', '312', [three, diagonal]],
  [150, 'P 3 2 1', '321', [three, swap]],
  [151, 'P 31 1 2', '312', ['-y,x-y,z+1/3', '-y,-x,-z+2/3']],
  [152, 'P 31 2 1', '321', ['-y,x-y,z+1/3', swap]],
  [153, 'P 32 1 2', '312', ['-y,x-y,z+2/3', '-y,-x,-z+1/3']],
  [154, 'P 32 2 1', '321', ['-y,x-y,z+2/3', swap]],
  [155, 'H 3 2', '32', [three, swap]],
  [168, 'P 6', '6', [six]],
  [169, 'P 61', '6', ['x-y,x,z+1/6']],
  [170, 'P 65', '6', ['x-y,x,z+5/6']],
  [171, 'P 62', '6', ['x-y,x,z+1/3']],
  [172, 'P 64', '6', ['x-y,x,z+2/3']],
  [173, 'P 63', '6', ['x-y,x,z+1/2']],
  [177, 'P 6 2 2', '622', [six, swap]],
  [178, 'P 61 2 2', '622', ['x-y,x,z+1/6', 'y,x,-z+1/3']],
  [179, 'P 65 2 2', '622', ['x-y,x,z+5/6', 'y,x,-z+2/3']],
  [180, 'P 62 2 2', '622', ['x-y,x,z+1/3', 'y,x,-z+2/3']],
  [181, 'P 64 2 2', '622', ['x-y,x,z+2/3', 'y,x,-z+1/3']],
  [182, 'P 63 2 2', '622', ['x-y,x,z+1/2', swap]],
  [195, 'P 2 3', '23', [two, twofold, along]],
  [196, 'F 2 3', '23', [two, twofold, along]],
  [197, 'I 2 3', '23', [two, twofold, along]],
  [198, 'P 21 3', '23', [...screws, along]],
  [199, 'I 21 3', '23', [...screws, along]],
  [207, 'P 4 3 2', '432', [two, twofold, along, swap]],
  [208, 'P 42 3 2', '432', [two, twofold, along, 'y+1/2,x+1/2,-z+1/2']],
  [209, 'F 4 3 2', '432', [two, twofold, along, swap]],
  [210, 'F 41 3 2', '432', ['-x,-y+1/2,z+1/2', '-x+1/2,y+1/2,-z', along, 'y+3/4,x+1/4,-z+3/4']],
  [211, 'I 4 3 2', '432', [two, twofold, along, swap]],
  [212, 'P 43 3 2', '432', [...screws, along, 'y+1/4,x+3/4,-z+3/4']],
  [213, 'P 41 3 2', '432', [...screws, along, 'y+3/4,x+1/4,-z+1/4']],
  [214, 'I 41 3 2', '432', [...screws, along, 'y+3/4,x+1/4,-z+1/4']],
];

/** Symmorphic groups in other settings of the International Tables: another unique axis, another centred face. */
const otherSettings: typeof groups = [
  [3, 'P 1 1 2', '2', [two]],
  [3, 'P 2 1 1', '2', ['x,-y,-z']],
  [5, 'A 1 2 1', '2', [twofold]],
  [5, 'A 1 1 2', '2', [two]],
  [5, 'B 1 1 2', '2', [two]],
  [5, 'I 1 1 2', '2', [two]],
  [5, 'B 2 1 1', '2', ['x,-y,-z']],
  [5, 'C 2 1 1', '2', ['x,-y,-z']],
  [5, 'I 2 1 1', '2', ['x,-y,-z']],
  [21, 'A 2 2 2', '222', [two, twofold]],
  [21, 'B 2 2 2', '222', [two, twofold]],
  [146, 'R 3', '3', [along]],
  [155, 'R 3 2', '32', [along, diagonal]],
];

/** For each Laue group: the number of the symmorphic group of each centring. */
const symmorphic: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '-1': { P: 1 },
  '2/m': { P: 3, A: 5, B: 5, I: 5 },
  '2/m_uaa': { P: 3, B: 5, C: 5, I: 5 },
  '2/m_uab': { P: 3, A: 5, C: 5, I: 5 },
  mmm: { P: 16, A: 21, B: 21, C: 21, F: 22, I: 23 },
  '4/m': { P: 75, I: 79 },
  '4/mmm': { P: 89, I: 97 },
  '-3_H': { P: 143, H: 146 },
  '-31m_H': { P: 149 },
  '-3m1_H': { P: 150, H: 155 },
  '-3_R': { R: 146 },
  '-3m_R': { R: 155 },
  '6/m': { P: 168 },
  '6/mmm': { P: 177 },
  'm-3': { P: 195, F: 196, I: 197 },
  'm-3m': { P: 207, F: 209, I: 211 },
};

/** Translations are counted in 24ths of the cell. */
const unit = 24;
/** Nine numbers of the rotation, then three of the translation. */
type Operator = readonly number[];

const centres: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  P: [[0, 0, 0]],
  R: [[0, 0, 0]],
  A: [
    [0, 0, 0],
    [0, 12, 12],
  ],
  B: [
    [0, 0, 0],
    [12, 0, 12],
  ],
  C: [
    [0, 0, 0],
    [12, 12, 0],
  ],
  I: [
    [0, 0, 0],
    [12, 12, 12],
  ],
  F: [
    [0, 0, 0],
    [0, 12, 12],
    [12, 0, 12],
    [12, 12, 0],
  ],
  H: [
    [0, 0, 0],
    [16, 8, 8],
    [8, 16, 16],
  ],
};

/** `-y+1/2,x,z` as an operator. */
export function parseOperator(text: string): Operator {
  const rows = text
    .toLowerCase()
    .split(',')
    .map((row) => {
      const sum = [0, 0, 0, 0];
      for (const [, sign = '+', top, bottom, letter] of row.matchAll(/([+-]?)(?:(\d)\/(\d)|([xyz]))/g)) {
        const at = letter ? 'xyz'.indexOf(letter) : 3;
        sum[at] = (sum[at] ?? 0) + (sign === '-' ? -1 : 1) * (letter ? 1 : (unit * Number(top)) / Number(bottom));
      }
      return sum;
    });
  return [...rows.flatMap((row) => row.slice(0, 3)), ...rows.map((row) => wrapped(row[3] ?? 0))];
}

const wrapped = (shift: number): number => ((shift % unit) + unit) % unit;

function composed(a: Operator, b: Operator): Operator {
  const at = (m: Operator, i: number): number => m[i] ?? 0;
  const out: number[] = [];
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 3; column++)
      out.push([0, 1, 2].reduce((sum, i) => sum + at(a, 3 * row + i) * at(b, 3 * i + column), 0));
  for (let row = 0; row < 3; row++)
    out.push(wrapped([0, 1, 2].reduce((sum, i) => sum + at(a, 3 * row + i) * at(b, 9 + i), at(a, 9 + row))));
  return out;
}

const identity = parseOperator('x,y,z');

/** One operator for each rotation of the group; translations of the centring are added by the caller. */
function generated(generators: readonly string[]): Operator[] {
  const all: Operator[] = [identity];
  const rotations = new Set([identity.slice(0, 9).join()]);
  for (const operator of all)
    for (const text of generators) {
      const next = composed(parseOperator(text), operator);
      const key = next.slice(0, 9).join();
      if (rotations.has(key)) continue;
      rotations.add(key);
      all.push(next);
    }
  return all;
}

/** `-Y+1/2,X,Z`. */
function operatorText(operator: Operator): string {
  return [0, 1, 2]
    .map((row) => {
      const terms = ['X', 'Y', 'Z'].flatMap((letter, column) => {
        const value = operator[3 * row + column] ?? 0;
        return value === 0 ? [] : [`${value < 0 ? '-' : '+'}${letter}`];
      });
      const shift = operator[9 + row] ?? 0;
      const bottom = [1, 2, 3, 4, 6].find((n) => (shift * n) % unit === 0) ?? unit;
      const fraction = shift === 0 ? '' : `+${(shift * bottom) / unit}/${bottom}`;
      return terms.join('').replace(/^\+/, '') + fraction;
    })
    .join(',');
}

function made([number, name, plain, generators]: (typeof groups)[number]): SpaceGroup {
  const primitive = generated(generators);
  const operators = (centres[name[0] ?? 'P'] ?? []).flatMap((centre) =>
    primitive.map((operator) =>
      operatorText([...operator.slice(0, 9), ...centre.map((x, i) => wrapped(x + (operator[9 + i] ?? 0)))]),
    ),
  );
  return { name, number, pointGroup: `PG${plain}`, operators, primitive: primitive.length };
}

/** The rotations of a space group in the order of its operators: each transforms indices h, a row, to h M. */
export const rotationsOfSpaceGroup = ({
  operators,
  primitive,
}: Pick<SpaceGroup, 'operators' | 'primitive'>): Operation[] =>
  operators.slice(0, primitive).map((text) => parseOperator(text).slice(0, 9));

const compact = (name: string): string => name.replace(/[\s_]/g, '').toUpperCase();
/** Names by which a group may be called: `P 1 21 1` is `P 21` as well, and `H 3` is `R 3`. */
function namesInTables(name: string): string[] {
  const short = /^[PCI] 1 \S+ 1$/.test(name) ? [name.replace(/ 1/g, '').trim()] : [];
  const rhombohedral = name.startsWith('H') ? [`R${name.slice(1)}`] : [];
  return [name, ...short, ...rhombohedral].map(compact);
}

/** The names of all space groups. */
export const spaceGroupNames: readonly string[] = groups.map(([, name]) => name);

/** The space group of a name such as `P 43 21 2` or `P43212`, or of a number. Throws `Argument`. */
export function spaceGroup(name: string): SpaceGroup {
  const wanted = compact(name);
  const group = groups.find(([number, own]) => String(number) === wanted || namesInTables(own).includes(wanted));
  if (group) return made(group);
  const near = nearest(name, spaceGroupNames);
  throw new EwaldError(
    'Argument',
    `spaceGroup is "${name.slice(0, 40)}"; ${near ? `did you mean "${near}"?` : 'expected'} one of the 65 space ` +
      'groups of chiral molecules in the settings of CCP4, such as "P 43 21 2"',
  );
}

/** The name of the point group of a space group; undefined for a name that is not one of the 65. */
export function pointGroupOfSpaceGroup(name: string): string | undefined {
  const wanted = compact(name);
  const group = groups.find(([, own]) => namesInTables(own).includes(wanted));
  if (!group) return undefined;
  const [, own, plain] = group;
  // In hexagonal axes the group 32 is 321.
  return plain === '32' ? '321' : own.startsWith('H') ? `${plain}_H` : plain;
}

/** The symmorphic space group of a point group's rotations, or undefined if CCP4 has none in its setting. */
export function symmorphicGroup(group: PointGroup, centring: Centring): SpaceGroup | undefined {
  const number = symmorphic[laueName(group)]?.[centring];
  return [...groups, ...otherSettings]
    .filter(([own, name]) => own === number && name[0] === centring)
    .map(made)
    .find((one) => hasPointGroup(one, group, centring));
}

/** The centrings with which a point group has a space group in its setting. */
export const centringsOf = (group: PointGroup): string[] => Object.keys(symmorphic[laueName(group)] ?? {});

/** Whether merged data of a point group can have this space group: mates that are apart need all of its operators. */
export function hasPointGroup(
  { name, operators, primitive }: SpaceGroup,
  group: PointGroup,
  centring: Centring,
): boolean {
  const both = (m: Operation): Operation[] => (group.centrosymmetric ? [m, m.map((x) => -x)] : [m]);
  // An operation that transforms indices h, a row, to h M transforms coordinates x, a column, to M x.
  const stated = new Set(
    rotationsOfSpaceGroup({ operators, primitive })
      .flatMap(both)
      .map((m) => m.map((x) => x + 0).join()),
  );
  return (
    name[0] === centring &&
    group.operations.length === stated.size &&
    group.operations.every((m) => stated.has(m.map((x) => x + 0).join()))
  );
}
