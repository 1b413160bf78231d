/**
 * Operators of a space group from its Hall symbol: a centring, up to four generators with their axes and translations,
 * and a shift of the origin. Hall 1981, Acta Cryst. A37, 517; International Tables B, A1.4.2.3.
 */
import { EwaldError } from '../../util/errors.js';

/** Translations are counted in 24ths of the cell. */
export const translationUnit = 24;

/** An operator on coordinates: nine integers of the rotation, row by row, then three translations in 24ths, 0 … 23. */
export type SymmetryOperator = readonly number[];

/** The operators of a group: those of the primitive cell, the identity first, and the translations of the centring. */
export interface HallGroup {
  readonly operators: readonly SymmetryOperator[];
  /** [n][3], in 24ths, the zero translation first. */
  readonly centres: readonly (readonly [number, number, number])[];
}

type Triple = readonly [number, number, number];

/** Translations of the centrings, in 24ths, but zero; R in hexagonal axes, obverse. */
export const latticeCentres: Readonly<Record<string, readonly Triple[]>> = {
  P: [],
  A: [[0, 12, 12]],
  B: [[12, 0, 12]],
  C: [[12, 12, 0]],
  I: [[12, 12, 12]],
  R: [
    [16, 8, 8],
    [8, 16, 16],
  ],
  F: [
    [0, 12, 12],
    [12, 0, 12],
    [12, 12, 0],
  ],
};

/** Rotations about z by their order, and the diagonal axes: a−b, a+b and a+b+c. */
const aboutZ: Readonly<Record<string, readonly number[]>> = {
  '1': [1, 0, 0, 0, 1, 0, 0, 0, 1],
  '2': [-1, 0, 0, 0, -1, 0, 0, 0, 1],
  '3': [0, -1, 0, 1, -1, 0, 0, 0, 1],
  '4': [0, -1, 0, 1, 0, 0, 0, 0, 1],
  '6': [1, -1, 0, 1, 0, 0, 0, 0, 1],
};
const diagonal: Readonly<Record<string, readonly number[]>> = {
  "'": [0, -1, 0, -1, 0, 0, 0, 0, -1],
  '"': [0, 1, 0, 1, 0, 0, 0, 0, -1],
  '*': [0, 0, 1, 1, 0, 0, 0, 1, 0],
};

const shifts: Readonly<Record<string, Triple>> = {
  a: [12, 0, 0],
  b: [0, 12, 0],
  c: [0, 0, 12],
  n: [12, 12, 12],
  u: [6, 0, 0],
  v: [0, 6, 0],
  w: [0, 0, 6],
  d: [6, 6, 6],
};

const wrapped = (shift: number): number => ((shift % translationUnit) + translationUnit) % translationUnit;

/** The same rotation about x or y: axes are exchanged in turn. */
function turnedTo(axis: string, m: readonly number[]): number[] {
  const by = 'zxy'.indexOf(axis);
  const out = new Array<number>(9).fill(0);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) out[3 * ((i + by) % 3) + ((j + by) % 3)] = m[3 * i + j] as number;
  return out;
}

/** First `b`, then `a`. */
export function composedOperator(a: SymmetryOperator, b: SymmetryOperator): SymmetryOperator {
  const out: number[] = [];
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 3; column++) {
      let sum = 0;
      for (let i = 0; i < 3; i++) sum += (a[3 * row + i] as number) * (b[3 * i + column] as number);
      out.push(sum);
    }
  for (let row = 0; row < 3; row++) {
    let sum = a[9 + row] as number;
    for (let i = 0; i < 3; i++) sum += (a[3 * row + i] as number) * (b[9 + i] as number);
    out.push(wrapped(sum));
  }
  return out;
}

/** One generator such as `-2yab` or `61`; `before` is the order of the one before it, and `at` its place from 0. */
function generatorOf(
  word: string,
  at: number,
  before: string,
  axisBefore: string,
): { operator: number[]; axis: string } {
  const [, sign = '', order = '', letters = ''] = /^(-?)([12346])(.*)$/.exec(word) ?? [];
  if (order === '') throw new EwaldError('Format', `"${word}" is not a part of a Hall symbol`);
  const named = /[xyz'"*]/.exec(letters)?.[0];
  // Without an axis: z first, then x after axes of even order and a−b after 3 and 6, and the diagonal as the third.
  const implied =
    at === 0 ? 'z' : at === 1 && order === '2' ? ('24'.includes(before) ? 'x' : "'") : order === '3' ? '*' : 'z';
  const axis = named ?? implied;
  const plain = diagonal[axis];
  const rotation = plain
    ? turnedTo(axis === '*' || !'xy'.includes(axisBefore) ? 'z' : axisBefore, plain)
    : turnedTo(axis, aboutZ[order] as readonly number[]);
  const translation = [0, 0, 0];
  for (const letter of letters) {
    const shift = shifts[letter];
    for (let i = 0; i < 3; i++) translation[i] = (translation[i] as number) + (shift?.[i] ?? 0);
    // A screw: this part of the order along the axis.
    if (/[1-5]/.test(letter)) {
      const along = Math.max(0, 'xyz'.indexOf(axis));
      translation[along] = (translation[along] as number) + (translationUnit * Number(letter)) / Number(order);
    }
  }
  const factor = sign === '-' ? -1 : 1;
  return { operator: [...rotation.map((x) => factor * x + 0), ...translation.map(wrapped)], axis };
}

/** The operators that a Hall symbol generates. Throws `Format` if it is none. */
export function hallGroup(symbol: string): HallGroup {
  const [, body = '', moved] = /^([^(]+?)\s*(?:\(([^)]*)\))?$/.exec(symbol.trim()) ?? [];
  const [lattice = '', ...words] = body.split(/\s+/);
  const centring = latticeCentres[lattice.replace('-', '')];
  if (!centring) throw new EwaldError('Format', `"${symbol}" is not a Hall symbol: it begins with no centring`);
  const generators: SymmetryOperator[] = [];
  if (lattice.startsWith('-')) generators.push([-1, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0]);
  let [order, axis] = ['', 'z'];
  for (const [at, word] of words.entries()) {
    const generator = generatorOf(word, at, order, axis);
    generators.push(generator.operator);
    if (at === 0) axis = generator.axis;
    order = /[12346]/.exec(word)?.[0] ?? '';
  }
  const shift = (moved ?? '0 0 0').split(/\s+/).map((n) => (translationUnit * Number(n)) / 12);
  const there: SymmetryOperator = [1, 0, 0, 0, 1, 0, 0, 0, 1, ...shift.map(wrapped)];
  const back: SymmetryOperator = [1, 0, 0, 0, 1, 0, 0, 0, 1, ...shift.map((x) => wrapped(-x))];
  const all: SymmetryOperator[] = [[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]];
  const rotations = new Set([(all[0] as SymmetryOperator).slice(0, 9).join()]);
  // One operator a rotation: others differ by a translation of the centring.
  for (const operator of all)
    for (const generator of generators) {
      const next = composedOperator(composedOperator(there, composedOperator(generator, back)), operator);
      const key = next.slice(0, 9).join();
      if (rotations.has(key)) continue;
      rotations.add(key);
      all.push(next);
    }
  return { operators: all, centres: [[0, 0, 0], ...centring] };
}
