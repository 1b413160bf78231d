/** SHELX's HKLF 4: indices, intensity, sigma and batch in columns of 4, 4, 4, 8, 8 and 4 characters, ended by zeros. */
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from '../lists/hkl.js';
import { type ListedReflection, listFrom, meanOf } from '../reflections/lists-in-group.js';
import { indicesOf } from '../statistics/statistics.js';

/** The text, and the factor by which intensities were multiplied so that they fit into their columns. */
export interface Hklf4 {
  readonly text: string;
  readonly factor: number;
}

/** The largest magnitude whose field touches no other one. */
const largest = 9999.99;

/**
 * A list as HKLF 4. Strong data are scaled down so that no field touches the next; a sigma below .01 is written as .01.
 * Reflections without a sigma are left out. Throws `Limit` for indices beyond 999.
 */
export function formatHklf4(list: ReflectionList): Hklf4 {
  const used: number[] = [];
  let most = 0;
  for (let i = 0; i < list.count; i++) {
    if (!Number.isFinite(list.sigma[i])) continue;
    used.push(i);
    most = Math.max(most, Math.abs(list.intensity[i] as number), list.sigma[i] as number);
  }
  const factor = most > largest ? roundedDown(largest / most) : 1;
  const line = (indices: readonly number[], intensity: number, sigma: number, batch: number): string => {
    const wide = indices.find((x) => x > 999 || x < -99);
    if (wide !== undefined && (wide > 999 || wide < -999))
      throw new EwaldError('Limit', `the index ${wide} does not fit into the four columns of HKLF 4`);
    const columns = indices.map((x) => String(x).padStart(4)).join('');
    return columns + intensity.toFixed(2).padStart(8) + sigma.toFixed(2).padStart(8) + String(batch).padStart(4);
  };
  const lines = used.map((i) =>
    line(
      indicesOf(list, i),
      (list.intensity[i] as number) * factor,
      Math.max(0.01, (list.sigma[i] as number) * factor),
      1,
    ),
  );
  return { text: [...lines, line([0, 0, 0], 0, 0, 0), ''].join('\n'), factor };
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
