/**
 * Spot lists as text. `#` starts a comment. A first line of nine numbers is the known cell, its vectors a b c in
 * angstrom, unless the lines after it hold nine numbers as well. Then one spot per line: x y z of the reciprocal vector
 * (|q| = 1/d, no 2π, in 1/angstrom by default); anything that follows on the line (intensity, resolution, a name) is
 * ignored. Numbers are separated by spaces, tabs, commas or semicolons.
 */

import { type Cell, cellFrom, checkCell, expectsCell, flat } from '../crystal/cell.js';
import { withoutComment } from '../crystal/comments.js';
import { checkedOptions, row } from '../options/call-options.js';
import { counted } from '../util/amounts.js';
import { expectsNumbers, type TextOrBytes, textOf } from '../util/arguments.js';
import { decimal } from '../util/decimal.js';
import { EwaldError } from '../util/errors.js';
import { median } from '../util/median.js';
import { otherText } from './other-text.js';

/** Units of reciprocal vectors: 1/angstrom, 1/nm, and both with the factor 2π of physicists. */
export type SpotUnit = '1/A' | '1/nm' | '2pi/A' | '2pi/nm';
/** Factor from each unit to 1/angstrom. */
const factors: Readonly<Record<SpotUnit, number>> = {
  '1/A': 1,
  '1/nm': 0.1,
  '2pi/A': 1 / (2 * Math.PI),
  '2pi/nm': 0.1 / (2 * Math.PI),
};
/** The names of the units. */
export const spotUnits = Object.keys(factors) as readonly SpotUnit[];

/** Characters of a text by which its kind is recognised. */
const maxBegin = 4096;

/** The contents of a spot list. */
export interface SpotList {
  /** The known cell of the first line, if present. */
  readonly cell: Cell | undefined;
  /** [n, 3] reciprocal vectors, 1/angstrom. */
  readonly spots: Float32Array;
}

/** Options of reading a spot list. */
export interface SpotListOptions {
  /** Name of the list in messages, default "the list". */
  readonly name?: string | undefined;
  /** Unit of the numbers, default 1/A. */
  readonly unit?: SpotUnit | undefined;
}

/**
 * Reads the text of a spot list. Throws `Format` with the name and the line for words, NaN, fewer than three numbers,
 * lines with different numbers of columns, or a cell of zero volume.
 */
export function readSpotList(given: TextOrBytes, options: SpotListOptions = {}): SpotList {
  const text = textOf('readSpotList: the first argument', given);
  const rows = { name: row.text, unit: row.choice(spotUnits, '1/A') };
  const { name = 'the list', unit } = checkedOptions('readSpotList', options, rows);
  const other = otherText(text.slice(0, maxBegin));
  if (other !== undefined)
    throw new EwaldError('Format', `${name} is not a list of spots; it is ${other}`, { detail: { path: name } });
  const factor = factors[unit];
  const fail = (line: number, message: string): EwaldError =>
    new EwaldError('Format', `${name}:${line}: ${message}`, { detail: { path: name, line } });
  const lines: { words: string[]; line: number }[] = [];
  for (const [i, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const content = withoutComment(raw, '#');
    if (content === '') continue;
    const between = content.split(/[\s;]+/).filter(Boolean);
    // As separators they would make six numbers of the three of a spot.
    if (between.length >= 3 && between.every((word) => /^[-+]?\d+,\d+$/.test(word)))
      throw fail(i + 1, `"${clip(between[0] ?? '')}" seems to have a decimal comma; expected decimal points`);
    lines.push({ words: content.split(/[\s,;]+/).filter(Boolean), line: i + 1 });
  }
  const numbers = (words: readonly string[], line: number): number[] => {
    const values = words.map(decimal);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw fail(line, `"${clip(words[bad] ?? '')}" is not a finite number`);
    return values;
  };
  const [first, second] = lines;
  if (!first)
    throw new EwaldError('Format', `${name}: the list is empty; expected one spot per line`, {
      detail: { path: name },
    });
  let cell: Cell | undefined;
  if (first.words.length === 9 && second?.words.length !== 9) {
    cell = cellFrom(numbers(first.words, first.line));
    try {
      checkCell(cell, 'the known cell');
    } catch (error) {
      throw fail(first.line, error instanceof Error ? error.message : String(error));
    }
    lines.shift();
  }
  const spots = new Float32Array(3 * lines.length);
  const columns = lines[0]?.words.length ?? 0;
  for (const [i, { words, line }] of lines.entries()) {
    if (words.length < 3)
      throw fail(
        line,
        `a spot holds ${counted(words.length, 'number')}; expected three (x y z of the reciprocal vector)`,
      );
    const values = numbers(words.slice(0, 3), line);
    // The file is truncated or mixed: rejecting it is better than reading it wrong.
    if (words.length !== columns)
      throw fail(
        line,
        `this line holds ${counted(words.length, 'column')}, but the spots before it have ${columns}; ` +
          'expected one spot per line',
      );
    for (let k = 0; k < 3; k++) spots[3 * i + k] = (values[k] as number) * factor;
  }
  return { cell, spots };
}

/**
 * A hint if the numbers seem to have another unit than the one they were read with: half of the spots lie beyond 0.8 Å,
 * where few crystals diffract, or, with a unit that was given, within 20 Å. Undefined otherwise.
 */
export function unitHint(spots: ArrayLike<number>, unit: SpotUnit = '1/A'): string | undefined {
  const half = middleOf(spots);
  if (half > farthest)
    return (
      `half of the spots lie beyond ${(1 / half).toPrecision(2)} angstrom: ` +
      'if the numbers are in 1/nm, pass --unit 1/nm; if they have a factor of 2 pi, --unit 2pi/A'
    );
  if (unit === '1/A' || !(half > 0 && half < nearest)) return undefined;
  return `half of the spots lie within ${(1 / half).toPrecision(2)} angstrom: is --unit ${unit} the one of the numbers?`;
}

/** In 1/angstrom: beyond, few crystals diffract, and within, few have half of their spots. */
const [farthest, nearest] = [1.25, 0.05];

/** The median length of spots; 0 without any. */
export function middleOf(spots: ArrayLike<number>): number {
  const lengths = new Float64Array(Math.floor(spots.length / 3));
  for (let n = 0; n < lengths.length; n++) {
    const [x, y, z] = [spots[3 * n] as number, spots[3 * n + 1] as number, spots[3 * n + 2] as number];
    lengths[n] = Math.sqrt(x * x + y * y + z * z);
  }
  return median(lengths);
}

/** Sine of half of 60°: on a flat detector around the beam, half of the peaks lie nearer to it. */
const widest = 0.5;

/**
 * The hint for peaks of frames, whose lengths are those of the geometry: `middle` is the median of `middleOf` of frames,
 * in the beam of this wavelength in Å. Undefined if they lie where crystals diffract.
 */
export function lengthsHint(middle: number, wavelengthA = 0): string | undefined {
  const sine = (middle * wavelengthA) / 2;
  if (middle <= farthest && sine <= widest) return undefined;
  const where =
    middle > farthest
      ? `beyond ${(1 / middle).toPrecision(2)} angstrom`
      : `more than ${((360 / Math.PI) * Math.asin(sine)).toFixed(0)}° from the beam`;
  return (
    `half of the peaks lie ${where}, where few crystals diffract: check the units of the geometry (clen in m or mm, ` +
    'res in pixels a metre, photon_energy in eV or wavelength in A)'
  );
}

/** Formats a spot list, including the cell if given; `comments` become lines that start with `#`. */
export function formatSpotList(
  cell: Cell | undefined,
  spots: ArrayLike<number>,
  comments: readonly string[] = [],
): string {
  if (cell) expectsCell('formatSpotList: the cell', cell);
  expectsNumbers('formatSpotList: the spots', spots);
  const lines = comments.map((comment) => `# ${comment}`);
  if (cell) lines.push(flat(cell).map(shorten).join(' '));
  for (let i = 0; i + 2 < spots.length; i += 3)
    lines.push([spots[i], spots[i + 1], spots[i + 2]].map((x) => shorten(x ?? 0)).join(' '));
  return `${lines.join('\n')}\n`;
}

// Nine digits identify every float32.
const shorten = (x: number): string => String(Number(x.toPrecision(9)));
const clip = (word: string): string => (word.length > 40 ? `${word.slice(0, 40)}…` : word);
