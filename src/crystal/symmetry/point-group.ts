/**
 * The 32 crystallographic point groups in all the settings that CrystFEL names, generated from one to three operations
 * each. Names are CrystFEL's: `4/m`, `321_H`, `-3_R`, `2/m_uab`; the unique axis is c unless the name states another.
 */
import { EwaldError } from '../../util/errors.js';
import { allNearest } from '../../util/options.js';
import { determinant, generateGroup, inversion, type Operation, operationKey, operationOf } from './matrices.js';

/** A group of operations on indices that leave intensities unchanged. */
export interface PointGroup {
  /** As the user wrote it. */
  readonly name: string;
  /** All operations, the identity first. */
  readonly operations: readonly Operation[];
  /** Whether the inversion is one of them. */
  readonly centrosymmetric: boolean;
}

/** Rotation groups, as lists of generators. */
const rotations: Readonly<Record<string, readonly string[]>> = {
  '1': [],
  '2': ['-h,-k,l'],
  '222': ['-h,-k,l', 'h,-k,-l'],
  '4': ['-k,h,l'],
  '422': ['-k,h,l', 'h,-k,-l'],
  '3_H': ['k,i,l'],
  '321_H': ['k,i,l', 'k,h,-l'],
  '312_H': ['k,i,l', '-k,-h,-l'],
  '3_R': ['k,l,h'],
  '32_R': ['k,l,h', '-k,-h,-l'],
  '6': ['-k,-i,l'],
  '622': ['-k,-i,l', 'k,h,-l'],
  '23': ['-h,-k,l', 'h,-k,-l', 'k,l,h'],
  '432': ['-k,h,l', 'k,l,h'],
};

/** Groups with mirrors or rotoinversions but no inversion. */
const improper: Readonly<Record<string, readonly string[]>> = {
  m: ['h,k,-l'],
  mm2: ['-h,-k,l', 'h,-k,l'],
  '-4': ['k,-h,-l'],
  '4mm': ['-k,h,l', 'h,-k,l'],
  '-42m': ['k,-h,-l', 'h,-k,-l'],
  '-4m2': ['k,-h,-l', 'k,h,-l'],
  '3m1_H': ['k,i,l', '-k,-h,l'],
  '31m_H': ['k,i,l', 'k,h,l'],
  '3m_R': ['k,l,h', 'k,h,l'],
  '-6': ['k,i,-l'],
  '6mm': ['-k,-i,l', 'k,h,l'],
  '-62m': ['k,i,-l', 'k,h,-l'],
  '-6m2': ['k,i,-l', '-k,-h,-l'],
  '-43m': ['k,-h,-l', 'k,l,h'],
};

/** Laue groups: a rotation group and the inversion. */
const laue: Readonly<Record<string, string>> = {
  '-1': '1',
  '2/m': '2',
  mmm: '222',
  '4/m': '4',
  '4/mmm': '422',
  '-3_H': '3_H',
  '-3m1_H': '321_H',
  '-31m_H': '312_H',
  '-3_R': '3_R',
  '-3m_R': '32_R',
  '6/m': '6',
  '6/mmm': '622',
  'm-3': '23',
  'm-3m': '432',
};

/** Every name without its unique axis. */
export const pointGroupNames: readonly string[] = [
  ...Object.keys(rotations),
  ...Object.keys(improper),
  ...Object.keys(laue),
];

/** Groups whose unique axis can be an axis other than c. */
const turnable = /^(2|m|2\/m|mm2|-?4|4\/m|422|4mm|-42m|-4m2|4\/mmm|-?6|6\/m|622|6mm|-62m|-6m2|6\/mmm|.*_H)$/;

/** Whether a name without an axis means one of three settings. */
export const isTurnable = (name: string): boolean => turnable.test(name) || pointGroupNames.includes(`${name}_H`);

/** The Laue groups in all their settings, the ones with most operations first. */
export function laueSettings(): PointGroup[] {
  const found: PointGroup[] = [];
  for (const name of Object.keys(laue))
    for (const axis of turnable.test(name) ? ['', '_uaa', '_uab'] : ['']) found.push(pointGroup(name + axis));
  return found.sort((a, b) => b.operations.length - a.operations.length);
}

/** Permutations of the axes a, b, c of a group with unique axis c, by the new unique axis. */
const turns: Readonly<Record<string, readonly [number, number, number]>> = { a: [1, 2, 0], b: [2, 0, 1], c: [0, 1, 2] };

/**
 * The point group with a CrystFEL name; trigonal names without `_H` or `_R` mean hexagonal axes.
 *
 * Throws `Argument` for a name that is not a point group.
 */
export function pointGroup(name: string): PointGroup {
  const [, stem = '', axis = 'c'] = /^(.*?)(?:_ua([abc]))?$/.exec(name) ?? [];
  const base = pointGroupNames.includes(stem) ? stem : `${stem}_H`;
  const generators = rotations[base] ?? improper[base] ?? rotations[laue[base] ?? ''];
  const turn = turns[axis];
  if (!generators || !turn || (axis !== 'c' && !turnable.test(base))) {
    const near = similarGroups(stem).map((one) => `"${one}"`);
    const advice =
      near.length > 0 ? `did you mean ${near.join(' or ')}?` : `expected one of ${pointGroupNames.join(', ')}`;
    throw new EwaldError('Argument', `symmetry "${name.slice(0, 40)}" is not a point group; ${advice}`, {
      detail: { symmetry: name },
    });
  }
  const all = generators.map((triplet) => inSetting(operationOf(triplet), turn));
  return groupOf(name, laue[base] ? [...all, inversion] : all);
}

/** Names that may have been meant: those with the same rotations, and a plane across the axis if one is written. */
function similarGroups(stem: string): string[] {
  // In hexagonal axes the twofold axes are along a and b, or between them.
  if (/^-?3[2m]_H$/.test(stem))
    return stem === '32_H' ? ['321_H', '312_H'] : stem === '3m_H' ? ['3m1_H', '31m_H'] : ['-3m1_H', '-31m_H'];
  const orders = (name: string): string => name.replace(/\D/g, '');
  const alike = pointGroupNames.filter((name) => orders(name) === orders(stem));
  return allNearest(
    stem,
    alike.filter((name) => !stem.includes('/') || name.includes('/')),
  );
}

/** The group with the inversion added: the symmetry of intensities if anomalous differences are ignored. */
export function laueGroup(group: PointGroup): PointGroup {
  return group.centrosymmetric ? group : groupOf(laueName(group), [...group.operations, inversion]);
}

/** The rotations of a group. */
export const rotationsOf = (group: PointGroup): readonly Operation[] =>
  group.operations.filter((operation) => determinant(operation) === 1);

/** Whether two groups have the same operations. */
export function sameGroup(a: PointGroup, b: PointGroup): boolean {
  const keys = new Set(a.operations.map(operationKey));
  return keys.size === b.operations.length && b.operations.every((operation) => keys.has(operationKey(operation)));
}

/** The name of a group's Laue group. */
export function laueName(group: PointGroup): string {
  const wanted = groupOf('', [...group.operations, inversion]);
  for (const name of Object.keys(laue))
    for (const axis of ['', '_uab', '_uaa'])
      if ((axis === '' || turnable.test(name)) && sameGroup(pointGroup(name + axis), wanted)) return name + axis;
  throw new EwaldError('Internal', `the group ${group.name} has no Laue group of a known name`);
}

function groupOf(name: string, generators: readonly Operation[]): PointGroup {
  const operations = generateGroup(generators);
  const inverted = operationKey(inversion);
  return { name, operations, centrosymmetric: operations.some((operation) => operationKey(operation) === inverted) };
}

function inSetting(operation: Operation, turn: readonly [number, number, number]): Operation {
  const out = new Array<number>(9).fill(0);
  for (const [i, row] of turn.entries())
    for (const [j, column] of turn.entries()) out[3 * row + column] = operation[3 * i + j] ?? 0;
  return out;
}
