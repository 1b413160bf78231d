/** SHELX's HKLF 4: indices, intensity, sigma and batch in columns of 4, 4, 4, 8, 8 and 4 characters, ended by zeros. */
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { BadRows, failingAt } from '../lists/bad-rows.js';
import { flagsOf, freeSetOf } from '../lists/free-set.js';
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
  const free = freeSetOf(list);
  const lines = used.map((i) => {
    const [intensity, stated] = [(list.intensity[i] as number) * factor, (list.sigma[i] as number) * factor];
    if (stated < smallest) raised++;
    const batch = free && free.flagOf(indicesOf(list, i)) === free.test ? '  -1' : '   1';
    const sigma = Math.max(smallest, stated);
    return `${indexColumns(indicesOf(list, i))}${field(intensity, intensity, sigma)}${field(sigma, intensity, sigma)}${batch}`;
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

/** A number in a field of Fortran: without a point, its last two digits are decimals. */
const numberField = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?\s*$/;
const indexField = /^\s*[+-]?\d*\s*$/;

interface Row {
  readonly indices: [number, number, number];
  readonly intensity: number;
  readonly sigma: number;
  readonly batch: number;
}

/** What most programs write: digits alone, with a point before the last two. */
const usual = /^[ \d-]{12}[ \d-]{5}\.\d\d[ \d]{5}\.\d\d(?:[ \d-]{4})? *$/;

/** A row by its columns, 3I4, 2F8.2 and perhaps I4; undefined if it is none. Blanks are 0, as Fortran reads them. */
function rowOf(line: string): Row | undefined {
  const [h, k, l] = [line.slice(0, 4), line.slice(4, 8), line.slice(8, 12)];
  const [first, second, batch] = [line.slice(12, 20), line.slice(20, 28), line.slice(28, 32)];
  const indices: Row['indices'] = [Number(h), Number(k), Number(l)];
  if (usual.test(line)) {
    const [intensity, sigma] = [Number(first), Number(second)];
    if (!Number.isNaN(intensity + sigma + indices[0] + indices[1] + indices[2]))
      return { indices, intensity, sigma, batch: Number(batch) || 0 };
  }
  const values = [first, second];
  if (![h, k, l].every((text) => indexField.test(text)) || !values.every((text) => numberField.test(text)))
    return undefined;
  const [intensity, sigma] = values.map((text) => Number(text.replace(/d/i, 'e')) / (text.includes('.') ? 1 : 100));
  return {
    indices,
    intensity: intensity as number,
    sigma: sigma as number,
    // What stands there may be of another program.
    batch: indexField.test(batch) ? Number(batch) : 0,
  };
}

/** Whether a text is HKLF 4: rows without a head, by their columns. */
export const isHklf4 = (text: string): boolean => {
  const [first = ''] =
    text.trimStart() === '' ? [] : text.replace(/^(?:[ \t]*(?:\r\n|\n|\r))+/, '').split(/\r\n|\n|\r/, 1);
  const row = rowOf(first);
  // Without a point, the columns alone tell numbers of HKLF 4, whose last two digits are decimals then.
  const isInColumns =
    first.slice(12, 28).includes('.') || /^[ \d-]{11}\d[ \d-]{7}\d[ \d]{7}\d(?:[ \d-]{3}\d)?$/.test(first);
  return row !== undefined && isInColumns && /\d/.test(first.slice(0, 12));
};

/** Whether a text has the numbers of HKLF 4 in other columns, which SHELX does not read either. */
export const isLikeHklf4 = (text: string): boolean =>
  /^(?:\s*-?\d+){3}(?:\s+-?\d+(?:\.\d*)?){2}(?:\s+-?\d+)?\s*(?:[\r\n]|$)/.test(text);

/** A list of a file, and what was left out or averaged. */
interface Hklf4Reflections {
  readonly list: ReflectionList;
  readonly remarks: readonly string[];
  readonly badRows: number;
}

/**
 * Reads HKLF 4, unmerged rows too, with or without batch numbers and the row of zeros that ends it. It states no symmetry:
 * `symmetry` is that of the list. Throws `Format` with the line, `Unsupported` for HKLF 5.
 */
export function readHklf4(text: string, symmetry: string, name = 'the HKLF 4 file'): Hklf4Reflections {
  const found = new Map<string, ListedReflection[]>();
  const lines = text.split(/\r\n|\n|\r/);
  const batches = new Set<number>();
  const flags = new Map<string, number>();
  const bad = new BadRows();
  let hasPoint = false;
  let [rows, observations, free, end] = [0, 0, 0, lines.length];
  for (const [at, own] of lines.entries()) {
    if (own.trim() === '') continue;
    const row = rowOf(own);
    if (!row || row.sigma < 0) {
      rows++;
      bad.add(
        `${at + 1}: "${own.slice(0, 40)}" is not a row of HKLF 4: h, k and l of four columns each, intensity and sigma of ` +
          'eight, and perhaps a batch number of four (3I4, 2F8.2, I4)',
      );
      continue;
    }
    const { indices, batch, intensity, sigma } = row;
    // The end of the data; what follows is for SHELX.
    if (indices.every((x) => x === 0)) {
      end = at;
      break;
    }
    rows++;
    batches.add(batch);
    hasPoint ||= own.slice(12, 28).includes('.');
    observations++;
    if (batch < 0) free++;
    const one = { indices, intensity, sigma, measurements: 1 };
    const key = indices.join();
    flags.set(key, Number(batch >= 0));
    const there = found.get(key);
    if (there) there.push(one);
    else found.set(key, [one]);
  }
  const ofBad = bad.remarks(rows, failingAt(name));
  if (found.size === 0) throw new EwaldError('Format', `${name}: it holds no reflection`, { detail: { path: name } });
  // A test set of SHELXL has -1 beside 0 or 1; components of a twin have other numbers.
  if (free > 0 && [...batches].some((batch) => batch < -1 || batch > 1))
    throw new EwaldError(
      'Unsupported',
      `${name} is HKLF 5: its negative batch numbers join reflections of several twin components that overlap, and their ` +
        'intensities are sums; give the HKLF 4 file of one component, or of detwinned data',
      { detail: { path: name } },
    );
  const further = lines.slice(end + 1).filter((line) => rowOf(line) !== undefined).length;
  const reflectionList = listFrom(symmetry, [...found.values()].map(meanOf));
  const list = free > 0 ? { ...reflectionList, free: flagsOf(reflectionList, flags) } : reflectionList;
  const remarks = [
    ...ofBad,
    hasPoint ? '' : 'No number has a point: its last two digits are decimals, as SHELX reads F8.2.',
    observations > list.count
      ? `${observations} observations are averaged by 1/sigma² to ${list.count} reflections with the same indices.`
      : '',
    free > 0 ? `${counted(free, 'observation')} of a test set (batch number -1), the free set of other programs.` : '',
    further > 0 ? `Not read: ${counted(further, 'row')} of numbers behind the end, 0 0 0 in line ${end + 1}.` : '',
  ].filter((one) => one !== '');
  const each = observations > list.count && listFrom(symmetry, [...found.values()].flat());
  return { list: each ? { ...list, rows: each } : list, remarks, badRows: bad.count };
}
