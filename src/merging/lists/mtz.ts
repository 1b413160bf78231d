/**
 * Writes reflections as an MTZ file: a preamble of 80 bytes, rows of float32, then header records of 80 characters, and
 * for unmerged data those of its batches. Indices are in CCP4's asymmetric unit, sorted.
 */

import { type Cell, reciprocal } from '../../crystal/cell.js';
import { nameInFiles } from '../../crystal/space-groups/stated.js';
import { compareIndices, type Indices } from '../../crystal/symmetry/asymmetric-unit.js';
import { EwaldError } from '../../util/errors.js';
import type { OwnBytes } from '../../util/globals.js';
import { joined } from '../../util/joined.js';

/** A column after H, K and L. */
export interface MtzColumn {
  readonly label: string;
  /** CCP4's type: J intensity, Q sigma, K and M intensity and sigma of one Friedel mate, I integer, … */
  readonly type: string;
  /** NaN for missing values. */
  readonly values: ArrayLike<number>;
}

/** The rows of one crystal. */
export interface MtzBatch {
  readonly number: number;
  readonly title: string;
  /** Its matrix U, column after column. */
  readonly orientation?: readonly number[] | undefined;
  /** Of this crystal, angstrom; default that of the file. */
  readonly wavelengthA?: number | undefined;
}

/** The contents of an MTZ file. */
export interface MtzContent {
  readonly title: string;
  /** Lengths in angstrom, angles in degrees. */
  readonly parameters: readonly number[];
  /** Rows a, b, c in angstrom, of the same cell. */
  readonly cell: Cell;
  readonly wavelengthA: number;
  readonly spaceGroup: {
    /** The Hermann–Mauguin name. */
    readonly name: string;
    readonly number: number;
    /** CCP4's name of the point group, `PG4`. */
    readonly pointGroup: string;
    /** The symmetry operators, such as `-Y,X,Z`. */
    readonly operators: readonly string[];
    /** Number of operators without those of the centring. */
    readonly primitive: number;
  };
  readonly indices: readonly Indices[];
  readonly columns: readonly MtzColumn[];
  /** Of unmerged data. */
  readonly batches?: readonly MtzBatch[];
  readonly history?: readonly string[];
}

/** Size of a header record in bytes. */
const record = 80;
const padded = (text: string): string => {
  if (/[^\x20-\x7e]/.test(text))
    throw new EwaldError('Argument', `"${text.slice(0, 40)}" cannot be written into an MTZ file; it takes ASCII alone`);
  return text.slice(0, record).padEnd(record);
};
const real = (x: number, width: number, digits: number): string => x.toFixed(digits).padStart(width);

/** A limit of a column in 17 characters, which numbers of 10¹² and more exceed. */
const inWidth = (x: number): string => (Math.abs(x) < 1e11 ? real(x, 17, 4) : x.toExponential(9).padStart(17));

/** Returns the bytes of an MTZ file. Throws `Argument` for texts that are not ASCII, `Limit` beyond 2³¹ words or float32. */
export function formatMtz(content: MtzContent): OwnBytes {
  const { indices, columns, spaceGroup, wavelengthA, batches = [] } = content;
  const rows = indices.length;
  const width = 3 + columns.length;
  if (rows * width + 21 >= 2 ** 31)
    throw new EwaldError('Limit', `an MTZ file of ${rows} rows and ${width} columns has more than 2147483647 words`);
  const order = indices
    .map((_, i) => i)
    .sort((a, b) => compareIndices(indices[a] ?? [0, 0, 0], indices[b] ?? [0, 0, 0]));
  const data = new Float32Array(rows * width);
  for (const [row, i] of order.entries()) {
    data.set(indices[i] ?? [], row * width);
    for (const [c, { values, type, label }] of columns.entries()) {
      const value = values[i] ?? Number.NaN;
      const at = row * width + 3 + c;
      data[at] = value;
      if (!isSingle(value, data[at] as number, type))
        throw new EwaldError(
          'Limit',
          `${label} of ${indices[i]?.join(' ')} is ${value}, and numbers of an MTZ file are of single precision, 1.2e-38 to ` +
            '3.4e38; multiply the list by a constant, or write .cif',
        );
    }
  }
  const cell = content.parameters.map((x) => real(x, 10, 4)).join('');
  const squares = inverseSquares(content.cell, indices);
  const heads = [
    'VERS MTZ:V1.1',
    `TITLE ${content.title}`,
    `NCOL ${String(width).padStart(8)} ${String(rows).padStart(12)} ${String(batches.length).padStart(8)}`,
    `CELL  ${cell}`,
    'SORT    1   2   3   0   0',
    `SYMINF ${String(spaceGroup.operators.length).padStart(3)} ${String(spaceGroup.primitive).padStart(2)} ` +
      `${spaceGroup.name[0]} ${String(spaceGroup.number).padStart(5)} ${`'${nameInFiles(spaceGroup.name)}'`.padStart(22)} ` +
      `${spaceGroup.pointGroup}`,
    ...spaceGroup.operators.map((operator) => `SYMM ${operator}`),
    `RESO ${squares.map((x) => x.toFixed(12).padEnd(20)).join(' ')}`,
    'VALM NAN',
    ...['H', 'K', 'L', ...columns.map(({ label }) => label)].map((label, c) => {
      const [low, high] = columnRange(data, c, width);
      const type = c < 3 ? 'H' : columns[c - 3]?.type;
      return (
        `COLUMN ${label.padEnd(30)} ${type} ${inWidth(low)} ${inWidth(high)} ` + `${String(c < 3 ? 0 : 1).padStart(4)}`
      );
    }),
    'NDIF        2',
    ...['HKL_base', 'ewald'].flatMap((name, id) => {
      const number = String(id).padStart(7);
      const crystal = id === 0 ? name : 'crystal';
      const set = id === 0 ? name : 'stills';
      return [
        `PROJECT ${number} ${name}`,
        `CRYSTAL ${number} ${crystal}`,
        `DATASET ${number} ${set}`,
        `DCELL   ${number} ${cell}`,
        `DWAVEL  ${number} ${real(id === 0 ? 0 : wavelengthA, 10, 5)}`,
      ];
    }),
    ...batchLines(batches),
    'END',
  ];
  const history = (content.history ?? []).slice(0, 30);
  if (history.length > 0) heads.push(`MTZHIST ${String(history.length).padStart(3)}`, ...history);
  const encoder = new TextEncoder();
  const lines = (texts: readonly string[]): Uint8Array[] => texts.map((text) => encoder.encode(padded(text)));
  const pieces = [...lines(heads)];
  if (batches.length > 0) pieces.push(...lines(['MTZBATS']));
  for (const { number, title, orientation, wavelengthA: own = wavelengthA } of batches) {
    const sizes = [number, batchIntegers + batchReals, batchIntegers, batchReals].map((n) => String(n).padStart(8));
    pieces.push(
      ...lines([`BH ${sizes.join('')}`, `TITLE ${title}`]),
      batchWords(content.parameters, own, orientation),
      ...lines(['BHCH']),
    );
  }
  pieces.push(...lines(['MTZENDOFHEADERS']));
  const begin = record + 4 * data.length;
  const out = joined(Uint8Array, [new Uint8Array(begin), ...pieces]);
  const view = new DataView(out.buffer);
  out.set(encoder.encode('MTZ '));
  // The header's position in words, counted from 1, then the machine stamp for little-endian IEEE numbers.
  view.setInt32(4, 21 + data.length, true);
  out.set([0x44, 0x41, 0, 0], 8);
  for (let i = 0; i < data.length; i++) view.setFloat32(record + 4 * i, data[i] as number, true);
  return out;
}

/** Smallest number with all digits of single precision. */
const leastSingle = 2 ** -126;

/** Whether single precision holds a number: none becomes infinite, and no sigma becomes 0. */
const isSingle = (value: number, single: number, type: string): boolean =>
  Number.isFinite(single) ? !(value > 0 && value < leastSingle && 'QML'.includes(type)) : !Number.isFinite(value);

/** The numbers of batches, by lines of the header: twelve, or as many as fit. */
function batchLines(batches: readonly MtzBatch[]): string[] {
  const words = batches.map(({ number }) => String(number).padStart(5));
  const widest = words.reduce((most, { length }) => Math.max(most, length), 5);
  const most = Math.min(12, Math.floor((80 - 'BATCH'.length) / (widest + 1)));
  return Array.from({ length: Math.ceil(words.length / most) }, (_, i) =>
    ['BATCH', ...words.slice(most * i, most * (i + 1))].join(' '),
  );
}

/** Words of the header of a batch, and the places of those that stills have: all others are zero. */
const [batchIntegers, batchReals] = [29, 156];
const batchPlaces = { dataset: 20, orientation: batchIntegers + 6, wavelength: batchIntegers + 86 } as const;

/** The numbers of a batch: sizes, the dataset, the cell, the orientation and the wavelength. */
function batchWords(
  parameters: readonly number[],
  wavelengthA: number,
  orientation: readonly number[] = [],
): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * (batchIntegers + batchReals)));
  const sizes = [batchIntegers + batchReals, batchIntegers, batchReals];
  for (const [i, size] of sizes.entries()) view.setInt32(4 * i, size, true);
  view.setInt32(4 * batchPlaces.dataset, 1, true);
  for (const [i, value] of parameters.entries()) view.setFloat32(4 * (batchIntegers + i), value, true);
  for (const [i, value] of orientation.entries()) view.setFloat32(4 * (batchPlaces.orientation + i), value, true);
  view.setFloat32(4 * batchPlaces.wavelength, wavelengthA, true);
  return new Uint8Array(view.buffer);
}

function columnRange(data: Float32Array, column: number, width: number): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = column; i < data.length; i += width) {
    const value = data[i] as number;
    if (Number.isNaN(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 0];
}

/** Smallest and largest 1/d². */
function inverseSquares(cell: Cell, indices: readonly Indices[]): [number, number] {
  const [a, b, c] = reciprocal(cell);
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const [h, k, l] of indices) {
    const square = [0, 1, 2].reduce((sum, x) => sum + (h * (a[x] ?? 0) + k * (b[x] ?? 0) + l * (c[x] ?? 0)) ** 2, 0);
    low = Math.min(low, square);
    high = Math.max(high, square);
  }
  return [Number.isFinite(low) ? low : 0, high];
}
