/**
 * The one rule of all writers for sigmas and digits. The error of a reflection is known if its sigma is finite and above 0.
 * A file states the other intensities with a missing sigma where its format has one (MTZ, mmCIF; 0 or inf in a CrystFEL
 * list), and leaves them out where programs take every sigma for a weight (HKLF 4, XDS_ASCII). Known errors are written
 * with as many digits as they need, or the file is refused; and what became of how many is said.
 */
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from './hkl.js';
import { keptRows, withoutOrigin } from './kept-rows.js';
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
  reflectionList: ReflectionList,
  { name, missing }: ErrorForm,
): { readonly list: ReflectionList; readonly remarks: readonly string[] } {
  const { list, remarks: ofOrigin } = withoutOrigin(reflectionList);
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
    ...ofOrigin,
    notFinite > 0 ? `${ofAll(notFinite, list.count)} no finite intensity; they are left out.` : '',
    without > 0
      ? `${ofAll(without, list.count)} no sigma above 0; ${missing === undefined ? `${name} cannot state that, and they are left out.` : `${name} has ${missing} for them.`}`
      : '',
  ].filter((text) => text !== '');
  return { list: keptRows(list, kept), remarks };
}

const ofAll = (some: number, all: number): string =>
  some === all
    ? `All ${counted(all, 'reflection')} have`
    : `${some} of ${counted(all, 'reflection')} ${some === 1 ? 'has' : 'have'}`;
