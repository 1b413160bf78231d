/**
 * The one rule of all writers for sigmas and digits. The error of a reflection is known if its sigma is finite and above 0.
 * A file states the other intensities with a missing sigma where its format has one (MTZ, mmCIF; 0 or inf in a CrystFEL
 * list), and leaves them out where programs take every sigma for a weight (HKLF 4, XDS_ASCII). Known errors are written
 * with as many digits as they need, or the file is refused; and what became of how many is said.
 */
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from './hkl.js';
import { isError } from './sigma-digits.js';

/** How many reflections of a list have no known error. */
export function withoutError({ count, sigma }: Pick<ReflectionList, 'count' | 'sigma'>): number {
  let without = 0;
  for (let i = 0; i < count; i++) if (!isError(sigma[i])) without++;
  return without;
}

/** How a format takes a reflection without a known error: its name, and the word that stands for the sigma. */
export interface ErrorForm {
  readonly name: string;
  /** Undefined if it is left out. */
  readonly missing: string | undefined;
}

/**
 * A list as a file states it, and what became of reflections without a finite intensity or a known error. Throws
 * `Unsupported` if a format that needs sigmas would have no reflection.
 */
export function writableList(
  list: ReflectionList,
  { name, missing }: ErrorForm,
): { readonly list: ReflectionList; readonly remarks: readonly string[] } {
  const kept: number[] = [];
  let [notFinite, without] = [0, 0];
  for (let i = 0; i < list.count; i++) {
    if (!Number.isFinite(list.intensity[i])) {
      notFinite++;
      continue;
    }
    if (!isError(list.sigma[i])) {
      without++;
      if (missing === undefined) continue;
    }
    kept.push(i);
  }
  if (without > 0 && kept.length === 0)
    throw new EwaldError(
      'Unsupported',
      `no reflection has a sigma above 0, and ${name} takes every sigma for a weight; write .mtz, .cif or .hkl, which can ` +
        'state that it is unknown, or give a list with the sigmas of its merge',
    );
  const remarks = [
    notFinite > 0 ? `${ofAll(notFinite, list.count)} no finite intensity; they are left out.` : '',
    without > 0
      ? `${ofAll(without, list.count)} no sigma above 0; ${missing === undefined ? `${name} cannot state that, and they are left out.` : `${name} has ${missing} for them.`}`
      : '',
  ].filter((text) => text !== '');
  if (kept.length === list.count) return { list, remarks };
  const of = (column: ArrayLike<number>): Float64Array => Float64Array.from(kept, (i) => column[i] as number);
  return {
    list: {
      ...list,
      count: kept.length,
      indices: Int16Array.from(kept.flatMap((i) => [...list.indices.subarray(3 * i, 3 * i + 3)])),
      intensity: of(list.intensity),
      sigma: of(list.sigma),
      measurements: of(list.measurements),
      effective: list.effective && of(list.effective),
    },
    remarks,
  };
}

const ofAll = (some: number, all: number): string =>
  some === all
    ? `All ${counted(all, 'reflection')} have`
    : `${some} of ${counted(all, 'reflection')} ${some === 1 ? 'has' : 'have'}`;
