/** SHELX's HKLF 4: indices, intensity, sigma and batch in columns of 4, 4, 4, 8, 8 and 4 characters, ended by zeros. */
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from '../lists/hkl.js';
import { decimalsOf, isError } from '../lists/sigma-digits.js';
import { type ListedReflection, listFrom, meanOf } from '../reflections/lists-in-group.js';
import { indicesOf } from '../statistics/statistics.js';

/** The text, and the factor by which intensities were multiplied so that they fit into their columns. */
export interface Hklf4 {
  readonly text: string;
  readonly factor: number;
  /** Sigmas that are smaller than the smallest one of the columns, which they are written as. */
  readonly raised: number;
}

/** The largest magnitude whose field touches no other one, and the smallest sigma that it has to a hundredth. */
const [largest, smallest] = [9999.99, 0.0005];
/** Characters of a number; the eighth is a blank or a minus. */
const numberWidth = 7;

/**
 * A list as HKLF 4. Where the largest number exceeds its columns, or the smallest sigma has no digit in them, all are
 * multiplied by one factor. Decimals are two, and more where a sigma needs them, as SHELX reads F8.2 with its point anywhere.
 * Reflections without a known error are left out. Throws `Limit` for indices beyond their four columns.
 */
export function formatHklf4(list: ReflectionList): Hklf4 {
  const used: number[] = [];
  let [most, least] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < list.count; i++) {
    const sigma = list.sigma[i] as number;
    if (!isError(sigma)) continue;
    used.push(i);
    most = Math.max(most, Math.abs(list.intensity[i] as number), sigma);
    least = Math.min(least, sigma);
  }
  const fits = used.length === 0 || (most <= largest && least >= smallest);
  const factor = fits ? 1 : roundedDown(largest / most);
  let raised = 0;
  const lines = used.map((i) => {
    const [intensity, stated] = [(list.intensity[i] as number) * factor, (list.sigma[i] as number) * factor];
    if (stated < smallest) raised++;
    const sigma = Math.max(smallest, stated);
    return `${indexColumns(indicesOf(list, i))}${field(intensity, intensity, sigma)}${field(sigma, intensity, sigma)}   1`;
  });
  const end = `${indexColumns([0, 0, 0])}${field(0, 0, 0)}${field(0, 0, 0)}   0`;
  return { text: [...lines, end, ''].join('\n'), factor, raised };
}

function indexColumns(indices: readonly number[]): string {
  const wide = indices.find((x) => x > 9999 || x < -999);
  if (wide !== undefined)
    throw new EwaldError(
      'Limit',
      `the reflection ${indices.join(' ')} has the index ${wide}, and HKLF 4 has four columns for each, -999 to 9999; write ` +
        '.mtz, .cif or .hkl',
    );
  return indices.map((x) => String(x).padStart(4)).join('');
}

/** A number in its eight columns, with the decimals that its error needs as far as they fit. */
function field(x: number, intensity: number, sigma: number): string {
  const width = numberWidth + Number(x < 0);
  let decimals = decimalsOf(x, intensity, sigma, 2);
  while (decimals > 2 && x.toFixed(decimals).length > width) decimals--;
  return x.toFixed(decimals).padStart(8);
}

/** A factor with two digits, so that it can be said in words. */
function roundedDown(x: number): number {
  const unit = 10 ** (Math.floor(Math.log10(x)) - 1);
  return Number((Math.floor(x / unit) * unit).toPrecision(2));
}

const row = /^[\d\s-]{12}[\d\s.eE+-]{16}/;

/** Whether a text looks like HKLF 4: columns of numbers without a head. */
export const isHklf4 = (text: string): boolean => {
  const [first = ''] = text.split(/\r\n|\n|\r/, 1);
  return row.test(first) && /^\s*-?\d+$/.test(first.slice(0, 4)) && first.slice(12, 20).includes('.');
};

/** Reads HKLF 4, unmerged rows too. It states no symmetry: `symmetry` is that of the list. Throws `Format` with the line. */
export function readHklf4(text: string, symmetry: string, name = 'the HKLF 4 file'): ReflectionList {
  const found = new Map<string, ListedReflection[]>();
  const lines = text.split(/\r\n|\n|\r/);
  for (const [at, own] of lines.entries()) {
    if (own.trim() === '') continue;
    const indices = [0, 4, 8].map((from) => Number(own.slice(from, from + 4))) as [number, number, number];
    const [intensity, sigma] = [12, 20].map((from) => Number(own.slice(from, from + 8))) as [number, number];
    if (own.length < 28 || ![...indices].every(Number.isInteger) || !Number.isFinite(intensity) || !(sigma >= 0))
      throw new EwaldError(
        'Format',
        `${name}:${at + 1}: "${own.slice(0, 40)}" is not a row of HKLF 4 (3I4, 2F8.2, I4)`,
        {
          detail: { path: name },
        },
      );
    // The end of the data; what follows is for SHELX.
    if (indices.every((x) => x === 0)) break;
    const one = { indices, intensity, sigma, measurements: 1 };
    const there = found.get(indices.join());
    if (there) there.push(one);
    else found.set(indices.join(), [one]);
  }
  if (found.size === 0) throw new EwaldError('Format', `${name}: it holds no reflection`, { detail: { path: name } });
  return listFrom(symmetry, [...found.values()].map(meanOf));
}
