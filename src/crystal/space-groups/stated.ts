/** What a file states of its symmetry: operators, and the setting of the tables that has them. */
import { EwaldError } from '../../util/errors.js';
import type { Centring } from '../centring.js';
import type { Indices } from '../symmetry/asymmetric-unit.js';
import { generateGroup, inverse, inversion, type Operation, operationKey, product } from '../symmetry/matrices.js';
import type { SpaceGroup } from '../symmetry/space-group.js';
import { isAbsentIn, type SpaceGroupSetting, spaceGroupSettings, spaceGroupsOfNumber } from './groups.js';
import { composedOperator, type HallGroup, latticeCentres, type SymmetryOperator, translationUnit } from './hall.js';

/** The symmetry of a file. */
export interface StatedSymmetry extends HallGroup {
  readonly centring: Centring;
}

const term = /([+-]?)(?:(\d+(?:\.\d+)?)(?:\/(\d+))?|([xyz]))/g;

/** `-Y+1/2,X,Z` as an operator; undefined for a text that is none, or has a translation that is no 24th of the cell. */
export function operatorOfText(text: string): SymmetryOperator | undefined {
  const rows = text.replace(/\s/g, '').toLowerCase().split(',');
  const rotation: number[] = [];
  const translation: number[] = [];
  for (const row of rows) {
    const sums = [0, 0, 0, 0];
    if (row.replace(term, '') !== '' || row === '') return undefined;
    for (const [, sign, top, bottom = '1', letter] of row.matchAll(term)) {
      const at = letter === undefined ? 3 : 'xyz'.indexOf(letter);
      const size = letter === undefined ? (translationUnit * Number(top)) / Number(bottom) : 1;
      sums[at] = (sums[at] as number) + (sign === '-' ? -size : size);
    }
    const shift = Math.round(sums[3] as number);
    // Decimals of a third have few digits.
    if (Math.abs((sums[3] as number) - shift) > 0.05) return undefined;
    rotation.push(...sums.slice(0, 3));
    translation.push(((shift % translationUnit) + translationUnit) % translationUnit);
  }
  return rows.length === 3 ? [...rotation, ...translation] : undefined;
}

const rotationOf = (operator: SymmetryOperator): Operation => operator.slice(0, 9).map((x) => x + 0);
const isUnit = (operator: SymmetryOperator): boolean => operationKey(rotationOf(operator)) === '1 0 0 0 1 0 0 0 1';
const shiftOf = (operator: SymmetryOperator): readonly [number, number, number] =>
  operator.slice(9, 12) as unknown as readonly [number, number, number];

const shiftsKey = (shifts: readonly (readonly number[])[]): string => shifts.map(String).sort().join(' ');

/** The centring of these translations, R in the axes of its threefold axis along the diagonal. */
function centringOf(centres: HallGroup['centres'], rotations: readonly Operation[]): Centring | undefined {
  const keys = new Set(rotations.map(operationKey));
  const alongDiagonal = keys.has('0 0 1 1 0 0 0 1 0') && !keys.has('-1 0 0 0 -1 0 0 0 1');
  if (centres.length === 1) return alongDiagonal ? 'R' : 'P';
  const wanted = shiftsKey(centres);
  const letter = Object.keys(latticeCentres).find(
    (one) => shiftsKey([[0, 0, 0], ...(latticeCentres[one] ?? [])]) === wanted,
  );
  return letter === 'R' ? 'H' : (letter as Centring | undefined);
}

/**
 * The symmetry that a file's operators state, those of the centring among them. Throws `Format` for a text that is no
 * operator and for operators that are no group, `Unsupported` for a centring without a letter.
 */
export function statedSymmetry(texts: readonly string[], path: string): StatedSymmetry {
  const fail = (message: string, tag: 'Format' | 'Unsupported' = 'Format'): never => {
    throw new EwaldError(tag, `${path}: ${message}`, { detail: { path } });
  };
  const all = texts.map(
    (text) =>
      operatorOfText(text) ?? fail(`its symmetry operator "${text.slice(0, 40)}" is not one, such as -X,Y+1/2,-Z`),
  );
  const first = new Map<string, SymmetryOperator>();
  for (const operator of all) {
    const key = operationKey(rotationOf(operator));
    if (!first.has(key)) first.set(key, operator);
  }
  const centres = all.filter(isUnit).map(shiftOf);
  const rotations = [...first.values()].map(rotationOf);
  if (generateGroup(rotations).length !== first.size || centres.length * first.size !== all.length)
    fail(`its ${all.length} symmetry operators are no group; it is incomplete`);
  const centring =
    centringOf(centres, rotations) ??
    fail(
      `the translations of its operators (${centres.map((centre) => centre.map((x) => `${x}/24`).join(' ')).join('; ')}) are ` +
        'those of no centring with a letter; reindex it to the standard setting',
      'Unsupported',
    );
  return { operators: [...first.values()], centres, centring };
}

/** The rotations of a symmetry as one text, whatever their order. */
const rotationsKey = ({ operators }: HallGroup): string =>
  operators
    .map((operator) => operationKey(rotationOf(operator)))
    .sort()
    .join();

/** All operators modulo the centring, as one text. */
function operatorsKey({ operators, centres }: HallGroup): string {
  return operators
    .flatMap((operator) =>
      centres.map((centre) =>
        composedOperator([1, 0, 0, 0, 1, 0, 0, 0, 1, ...centre], operator)
          .map((x) => x + 0)
          .join(' '),
      ),
    )
    .sort()
    .join();
}

/** Whether the inversion is at the origin, as in the second of two choices. */
const hasInversionAtOrigin = ({ operators, centres }: HallGroup): boolean =>
  operators.some(
    (operator) =>
      operationKey(rotationOf(operator)) === operationKey(inversion) &&
      centres.some((centre) => centre.join() === shiftOf(operator).join()),
  );

/** Indices that show every screw axis and glide plane: near the origin, and far along axes and diagonals. */
const telling: readonly Indices[] = [
  ...Array.from({ length: 729 }, (_, i): Indices => [(i % 9) - 4, (Math.floor(i / 9) % 9) - 4, Math.floor(i / 81) - 4]),
  ...[5, 6, 7, 8, 9, 10, 11, 12].flatMap((n): Indices[] => [
    [n, 0, 0],
    [0, n, 0],
    [0, 0, n],
    [n, n, 0],
    [n, 0, n],
    [0, n, n],
    [n, n, n],
  ]),
];

const sameAbsences = (hallGroup: HallGroup, other: HallGroup): boolean =>
  telling.every((indices) => isAbsentIn(hallGroup, indices) === isAbsentIn(other, indices));

/** The first setting with the same absences; of two choices of the origin that which has the inversion where it is. */
function ofAnyOrigin(rows: readonly SpaceGroupSetting[], symmetry: StatedSymmetry): SpaceGroupSetting | undefined {
  const same = rows.filter((row) => sameAbsences(row, symmetry));
  const isThere = hasInversionAtOrigin(symmetry);
  return same.find((row) => hasInversionAtOrigin(row) === isThere) ?? same[0];
}

/**
 * The setting of the tables that has these operators, whatever their order, or else those moved to another origin; one of
 * this number, if it is known. Undefined if none has them.
 */
export function settingWith(symmetry: StatedSymmetry, number?: number): SpaceGroupSetting | undefined {
  const own = rotationsKey(symmetry);
  const search = (rows: readonly SpaceGroupSetting[], isNumbered: boolean): SpaceGroupSetting | undefined => {
    const alike = rows.filter((row) => row.centring === symmetry.centring && rotationsKey(row) === own);
    const wanted = operatorsKey(symmetry);
    return (
      alike.find((row) => operatorsKey(row) === wanted) ??
      // Groups of two hands have the same absences: only their number tells them apart.
      (isNumbered ? ofAnyOrigin(alike, symmetry) : undefined)
    );
  };
  return (
    (number === undefined ? undefined : search(spaceGroupsOfNumber(number), true)) ??
    search(spaceGroupSettings(), false)
  );
}

/** A setting whose axes are changed, so that indices (h k l) become (h k l) M; undefined if the tables lack it. */
export function reindexedSetting(setting: SpaceGroupSetting, by: Operation): SpaceGroupSetting | undefined {
  const back = inverse(by);
  const moved = ({ operators, centres }: HallGroup): Omit<StatedSymmetry, 'centring'> => ({
    operators: operators.map((operator) => [
      ...product(product(back, rotationOf(operator)), by).map((x) => x + 0),
      ...turned(back, shiftOf(operator)),
    ]),
    centres: centres.map((centre) => turned(back, centre)),
  });
  const symmetry = moved(setting);
  const centring = centringOf(symmetry.centres, symmetry.operators.map(rotationOf));
  return centring && settingWith({ ...symmetry, centring }, setting.number);
}

const wrapped = (x: number): number => (((x % translationUnit) + translationUnit) % translationUnit) + 0;

const turned = (m: Operation, [x, y, z]: readonly [number, number, number]): readonly [number, number, number] =>
  [0, 3, 6].map((i) => wrapped((m[i] ?? 0) * x + (m[i + 1] ?? 0) * y + (m[i + 2] ?? 0) * z)) as unknown as readonly [
    number,
    number,
    number,
  ];

/** `-Y+1/2,X,Z`. */
function textOfOperator(operator: SymmetryOperator): string {
  return [0, 1, 2]
    .map((row) => {
      const terms = ['X', 'Y', 'Z'].flatMap((letter, column) => {
        const value = operator[3 * row + column] ?? 0;
        return value === 0 ? [] : [`${value < 0 ? '-' : '+'}${letter}`];
      });
      const shift = operator[9 + row] ?? 0;
      const bottom = [1, 2, 3, 4, 6, 8, 12].find((n) => (shift * n) % translationUnit === 0) ?? translationUnit;
      return (
        terms.join('').replace(/^\+/, '') + (shift === 0 ? '' : `+${(shift * bottom) / translationUnit}/${bottom}`)
      );
    })
    .join(',');
}

/** Names of CCP4 that are others than those of the tables. */
const ccp4Names: Readonly<Record<string, string>> = { 'P 21212a': 'P 21212(a)', 'C 2 2 21a': 'C 2 2 21a)' };

/** A setting as an MTZ file states it; `pointGroup` is its point group's name. CCP4 writes `H 3` for `R 3:H`. */
export function writtenGroup(setting: SpaceGroupSetting, pointGroup: string): SpaceGroup {
  const { operators, centres, number, name, centring } = setting;
  const plain = centring === 'H' ? name.replace(/^R/, 'H').replace(/:H$/, '') : name.replace(/:R$/, '');
  return {
    name: ccp4Names[plain] ?? plain,
    number,
    pointGroup: `PG${pointGroup}`,
    operators: centres.flatMap((centre) =>
      operators.map((operator) =>
        textOfOperator([
          ...operator.slice(0, 9),
          ...[0, 1, 2].map((i) => wrapped((operator[9 + i] ?? 0) + (centre[i] ?? 0))),
        ]),
      ),
    ),
    primitive: operators.length,
  };
}

/** The name with the choice of the origin apart, as files have it: `P 42/n :2`. */
export const nameInFiles = (name: string): string => name.replace(/:([12])$/, ' :$1');
