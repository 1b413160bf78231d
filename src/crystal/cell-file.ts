/**
 * Reads a known cell from any common notation: a CrystFEL .cell file, the CRYST1 line of a PDB file, six parameters or
 * nine numbers.
 */

import { checkedValue, row } from '../options/call-options.js';
import { type TextOrBytes, textOf } from '../util/arguments.js';
import { commaHint, decimal } from '../util/decimal.js';
import { EwaldError } from '../util/errors.js';
import { nearest } from '../util/options.js';
import { refuseNoText } from '../util/text-begin.js';
import {
  anglesOf,
  type Cell,
  cellFrom,
  cellFromParameters,
  checkCell,
  checkLengths,
  lengthsOf,
  type Vector,
} from './cell.js';
import { type Centring, centrings } from './centring.js';
import { withoutComment } from './comments.js';

/** A known cell: its vectors in an arbitrary orientation, and its centring. */
export interface KnownCell {
  /** Rows a, b, c in angstrom. A cell made from parameters has a along x and b in the xy plane. */
  readonly cell: Cell;
  readonly centring: Centring;
  /** The unique axis that a .cell file states; absent if it states none or `*`. */
  readonly uniqueAxis?: 'a' | 'b' | 'c' | undefined;
  /** Standard errors of a, b and c in angstrom that follow from the digits they are written with; absent for others. */
  readonly lengthErrorsA?: Vector | undefined;
}

const newline = /\r\n|\r|\n/;
const fail = (name: string, message: string): EwaldError =>
  new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });

/**
 * Reads a known cell from the text of a CrystFEL unit cell file, of a PDB file, or from six or nine numbers.
 *
 * `name` identifies the cell in messages, default "the cell". Throws `Format` with the line that could not be parsed.
 */
export function readCell(given: TextOrBytes, name = 'the cell'): KnownCell {
  const text = textOf('readCell: the first argument', given);
  const typed = parseCellText(text);
  if (typed) return typed;
  refuseNoText(text, name, 'a CrystFEL .cell file or a PDB file');
  if (/^\s*data_\S*\s/.test(text) && /^\s*_/m.test(text))
    throw fail(
      name,
      'this is a CIF, which is not read; give the numbers of its _cell_length_ and _cell_angle_ lines: a,b,c,al,be,ga',
    );
  const lines = text.split(newline);
  const first = lines.find((line) => line.trim() !== '')?.trim() ?? '';
  const cryst1 = lines.findIndex((line) => line.startsWith('CRYST1'));
  if (cryst1 >= 0) return parsePdb(lines[cryst1] ?? '', `${name}:${cryst1 + 1}`);
  if (/^CrystFEL unit cell file version/.test(first) && !/version 1\.0$/.test(first))
    throw fail(name, `"${first}" is not a known first line; expected "CrystFEL unit cell file version 1.0"`);
  if (!/=/.test(text))
    throw fail(
      name,
      'this is not a cell; expected a CrystFEL .cell file, a PDB file with a CRYST1 line, or the numbers ' +
        'a,b,c,al,be,ga',
    );
  return parseCellFile(text, name);
}

const latticeTypes = ['triclinic', 'monoclinic', 'orthorhombic', 'tetragonal', 'rhombohedral', 'hexagonal', 'cubic'];
const words: Readonly<Record<string, readonly string[]>> = {
  lattice_type: latticeTypes,
  centering: centrings,
  unique_axis: ['a', 'b', 'c', '*'],
};
const lengths = ['a', 'b', 'c'];
const angles = ['al', 'be', 'ga'];

/**
 * Reads a CrystFEL unit cell file: `lattice_type`, `centering` (default P), `unique_axis`, lengths in A or nm, angles
 * in deg or rad; `;` begins a comment. Throws `Format` with the name and line.
 */
export function parseCellFile(text: string, name: string): KnownCell {
  const values = new Map<string, readonly [value: number, error: number]>();
  const said = new Map<string, string>();
  const at = new Map<string, number>();
  for (const [i, raw] of text.split(newline).entries()) {
    const line = withoutComment(raw, ';');
    const where = `${name}:${i + 1}`;
    if (line === '' || line.startsWith('CrystFEL unit cell file')) continue;
    const [, key = '', rest = ''] = /^([^\s=]+)\s*=\s*(.*)$/.exec(line) ?? [];
    const all = [...Object.keys(words), ...lengths, ...angles];
    if (!all.includes(key)) {
      const near = key && nearest(key, all);
      throw fail(
        where,
        `"${clip(line)}" is not a key of cell ` +
          `files; ${near ? `did you mean "${near}"?` : `expected one of ${all.join(', ')}`}`,
      );
    }
    if (at.has(key)) throw fail(where, `${key} is given twice, first in line ${at.get(key)}`);
    at.set(key, i + 1);
    const allowed = words[key];
    if (allowed) {
      if (!allowed.includes(rest))
        throw fail(where, `${key} is "${clip(rest)}"; expected one of ${allowed.join(', ')}`);
      said.set(key, rest);
    } else values.set(key, parameter(key, rest, line, where));
  }
  const missing = [...lengths, ...angles].filter((key) => !values.has(key));
  if (missing.length > 0)
    throw fail(name, `the cell lacks ${missing.join(', ')}; expected a, b, c (A or nm) and al, be, ga (deg)`);
  const numbers = [...lengths, ...angles].map((key) => values.get(key) ?? ([Number.NaN, Number.NaN] as const));
  const cell = centred(numbers, (said.get('centering') ?? 'P') as Centring, name);
  const type = said.get('lattice_type');
  if (type !== undefined && !isOfType(type, cell.cell))
    throw fail(
      `${name}:${at.get('lattice_type')}`,
      `lattice_type is ${type}, and the cell is ${parametersText(cell.cell)}; expected ${metrics[type]}, or another ` +
        'lattice_type',
    );
  const axis = said.get('unique_axis');
  return axis === 'a' || axis === 'b' || axis === 'c' ? { ...cell, uniqueAxis: axis } : cell;
}

/** What a lattice type says of edges and angles. */
const metrics: Readonly<Record<string, string>> = {
  monoclinic: 'two angles of 90 degrees',
  orthorhombic: 'three angles of 90 degrees',
  tetragonal: 'two equal edges and three angles of 90 degrees',
  rhombohedral: 'three equal edges with equal angles, or hexagonal axes',
  hexagonal: 'two equal edges with 120 degrees between them, and 90 degrees to the third',
  cubic: 'three equal edges and three angles of 90 degrees',
};

/** Whether a cell has the metric of a lattice type, within 2 % and 2 degrees, whichever its unique axis. */
function isOfType(type: string, cell: Cell): boolean {
  const [edges, angles] = [lengthsOf(cell), anglesOf(cell)];
  const axes = [0, 1, 2];
  const areEqual = (i: number, j: number): boolean => Math.abs((edges[i] as number) / (edges[j] as number) - 1) <= 0.02;
  const opens = (i: number, degrees: number): boolean => Math.abs((angles[i] as number) - degrees) <= 2;
  const right = axes.filter((i) => opens(i, 90)).length;
  const pairs = axes.filter((i) => areEqual((i + 1) % 3, (i + 2) % 3));
  const isHexagonal = right === 2 && pairs.some((i) => opens(i, 120));
  if (type === 'hexagonal') return isHexagonal;
  if (type === 'rhombohedral')
    return isHexagonal || (pairs.length === 3 && axes.every((i) => opens(i, angles[0] as number)));
  const least: Readonly<Record<string, readonly [right: number, pairs: number]>> = {
    monoclinic: [2, 0],
    orthorhombic: [3, 0],
    tetragonal: [3, 1],
    cubic: [3, 3],
  };
  const [rightest, most] = least[type] ?? [0, 0];
  return right >= rightest && pairs.length >= most;
}

type Six = [number, number, number, number, number, number];

/**
 * The standard error that the last digit of a number leaves: a value within half a unit of it is as likely as another.
 */
function errorOfDigits(word: string): number {
  const [, decimals = '', exponent = '0'] = /^[-+]?\d*\.?(\d*)(?:e([-+]?\d+))?$/i.exec(word) ?? [];
  return 10 ** (Number(exponent) - decimals.length) / Math.sqrt(12);
}

/** The value of a parameter, and the error of its digits. */
function parameter(key: string, rest: string, line: string, where: string): readonly [number, number] {
  const [word = '', unit = '', more] = rest.split(/\s+/);
  const length = lengths.includes(key);
  const factors: Record<string, number> = length ? { A: 1, '': 1, nm: 10 } : { deg: 1, '': 1, rad: 180 / Math.PI };
  const factor = factors[unit];
  const value = decimal(word);
  if (!Number.isFinite(value) || factor === undefined || more !== undefined)
    throw fail(
      where,
      `"${clip(line)}" is not a cell parameter; expected, for example, ` +
        `"${length ? `${key} = 79.1 A` : `${key} = 90 deg`}"${commaHint(word)}`,
    );
  return [value * factor, errorOfDigits(word) * factor];
}

/** The CRYST1 record of a PDB file: fixed columns; the first letter of the space group is the centring. */
function parsePdb(line: string, where: string): KnownCell {
  const columns: [number, number][] = [
    [6, 15],
    [15, 24],
    [24, 33],
    [33, 40],
    [40, 47],
    [47, 54],
  ];
  const six = columns.map(([from, to]) => {
    const word = line.slice(from, to).trim();
    return [decimal(word), errorOfDigits(word)] as const;
  });
  if (!six.every(([value]) => Number.isFinite(value)))
    throw fail(where, `"${clip(line)}" is not a valid CRYST1 record; expected a b c al be ga in columns 7 to 54`);
  if (six.slice(0, 3).every(([value]) => value === 1))
    throw fail(where, 'the cell is 1 1 1, the PDB placeholder for structures that are not crystals');
  const group = line.slice(55, 66).trim();
  const letter = group[0] ?? 'P';
  if (!(centrings as readonly string[]).includes(letter))
    throw fail(
      where,
      `the space group "${clip(group)}" does not begin with a centring; expected one of ${centrings.join(', ')}`,
    );
  return centred(six, letter as Centring, where);
}

/** Combines parameters and centring. */
function centred(numbers: readonly (readonly [number, number])[], centring: Centring, where: string): KnownCell {
  const six = numbers.map(([value]) => value) as Six;
  const lengthErrorsA = numbers.slice(0, 3).map(([, error]) => error) as unknown as Vector;
  let cell: Cell;
  try {
    cell = cellFromParameters(...six);
    checkLengths(cell, 'the cell');
  } catch (error) {
    throw fail(where, error instanceof Error ? error.message : String(error));
  }
  return { ...inAxes(cell, centring, (message) => fail(where, message)), lengthErrorsA };
}

const parametersText = (cell: Cell): string =>
  [...lengthsOf(cell), ...anglesOf(cell)].map((x) => Number(x.toFixed(4))).join(' ');

/** A cell in the axes of its centring: R may refer to rhombohedral or hexagonal ones, H requires hexagonal ones. */
function inAxes(cell: Cell, centring: Centring, refusal: (message: string) => EwaldError): KnownCell {
  const six = [...lengthsOf(cell), ...anglesOf(cell)] as Six;
  const [a, b, c, alpha, beta, gamma] = six;
  const shown = parametersText(cell);
  const near = (x: number, y: number, bound: number): boolean => Math.abs(x - y) <= bound;
  const hexagonal = near(a, b, 0.01 * a) && near(alpha, 90, 1) && near(beta, 90, 1) && near(gamma, 120, 1);
  const rhombohedral = near(a, b, 0.01 * a) && near(a, c, 0.01 * a) && near(alpha, beta, 1) && near(alpha, gamma, 1);
  if (centring === 'H' && !hexagonal)
    throw refusal(`centring H needs hexagonal axes (a = b, 90 90 120 degrees); these are ${shown}`);
  if (centring === 'R' && !rhombohedral && !hexagonal)
    throw refusal(`centring R needs rhombohedral or hexagonal axes; these are ${shown}`);
  // PDB files use R as well as H for the hexagonal axes of a rhombohedral group.
  return { cell, centring: centring === 'R' && !rhombohedral ? 'H' : centring };
}

/**
 * Reads a cell written as six parameters `a,b,c,alpha,beta,gamma`, with the centring after them where it is not P, or
 * as nine numbers; undefined if the text is anything else. Throws `Argument`.
 */
export function parseCellText(text: string): KnownCell | undefined {
  const words = text.trim().split(/[\s,]+/);
  const centring = centrings.find((letter) => letter === words.at(-1));
  const isNamed = words.length === 7 && /^[a-z]$/i.test(words[6] as string) && words.slice(0, 6).every(isNumber);
  if (isNamed && !centring)
    throw new EwaldError(
      'Argument',
      `the centring of the cell is ${words[6]}; expected one of ${centrings.join(', ')}`,
    );
  const values = words.slice(0, centring && -1).map(decimal);
  if (!values.every(Number.isFinite)) return undefined;
  refuseCommas(text, words.slice(0, centring && -1));
  const isSix = values.length === 6;
  if (!isSix && (values.length !== 9 || centring)) return undefined;
  const cell = isSix ? cellFromParameters(...(values as Six)) : cellFrom(values);
  checkCell(cell, 'the known cell');
  checkLengths(cell, 'the known cell');
  const lengthErrorsA = words.slice(0, 3).map(errorOfDigits) as unknown as Vector;
  if (centring) return { ...inAxes(cell, centring, (message) => new EwaldError('Argument', message)), lengthErrorsA };
  return { cell, centring: 'P', ...(isSix ? { lengthErrorsA } : {}) };
}

/**
 * Refuses six numbers with decimal commas, which separate numbers: 22,5 25,1 28,3 90 90 90 is read as nine, and so is
 * 22,0,25,0,28,0,90,90,90, whose third axis would be (90, 90, 90). Throws `Argument`.
 */
function refuseCommas(text: string, words: readonly string[]): void {
  const apart = text.trim().split(/\s+/).slice(0, 6);
  const areApart = apart.length === 6 && apart.some((word) => commaHint(word) !== '');
  const isWhole = words.every((word) => /^\d+$/.test(word));
  const areAngles = words.slice(6).every((word) => Number(word) >= 20 && Number(word) <= 160);
  const areLengths = [0, 2, 4].every((i) => Number(words[i]) >= 1);
  const isJoined = isWhole && areLengths && ((words.length === 9 && areAngles) || words.length === 12);
  if (!areApart && !isJoined) return;
  const pairs = [0, 2, 4, 6, 8, 10].flatMap((i) => (i < words.length ? [`${words[i]}.${words[i + 1]}`] : []));
  const meant = areApart
    ? apart.map((word) => word.replace(',', '.'))
    : words.length === 9
      ? [...pairs.slice(0, 3), ...words.slice(6)]
      : pairs;
  throw new EwaldError('Argument', `the cell is "${clip(text.trim())}"; decimals have a point: ${meant.join(',')}`);
}

/**
 * Writes a CrystFEL unit cell file; `lattice` is its lattice_type. Throws `Argument` for values that the format cannot
 * hold.
 */
export function formatCellFile(known: KnownCell, lattice: string, uniqueAxis?: 'a' | 'b' | 'c'): string {
  checkedValue('formatCellFile: lattice', lattice, row.choice(latticeTypes, 'triclinic'));
  checkedValue('formatCellFile: centring', known.centring, row.choice(centrings, 'P'));
  checkedValue('formatCellFile: uniqueAxis', uniqueAxis, row.choice(['a', 'b', 'c', '*']));
  const shown = (x: number): string => x.toFixed(3);
  return [
    'CrystFEL unit cell file version 1.0',
    '',
    `lattice_type = ${lattice}`,
    `centering = ${known.centring}`,
    ...(uniqueAxis ? [`unique_axis = ${uniqueAxis}`] : []),
    '',
    ...lengthsOf(known.cell).map((x, i) => `${lengths[i]} = ${shown(x)} A`),
    ...anglesOf(known.cell).map((x, i) => `${angles[i]} = ${shown(x)} deg`),
    '',
  ].join('\n');
}

const isNumber = (word: string): boolean => Number.isFinite(decimal(word));
const clip = (word: string): string => (word.length > 60 ? `${word.slice(0, 60)}…` : word);
