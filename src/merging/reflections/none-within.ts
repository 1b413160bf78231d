/** The error of limits of resolution that leave nothing of a list. */
import type { Cell } from '../../crystal/cell.js';
import { argumentError } from '../../options/parameters.js';
import type { EwaldError } from '../../util/errors.js';
import type { ReflectionList } from '../lists/hkl.js';
import { indicesOf, inverseD } from '../statistics/statistics.js';

/** Says which resolutions the list has; `which` is what it is called. */
export function noneWithin(which: string, list: Pick<ReflectionList, 'count' | 'indices'>, cell: Cell): EwaldError {
  const inverse = inverseD(cell);
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < list.count; i++) {
    const q = inverse(indicesOf(list as ReflectionList, i));
    if (q > 0) low = Math.min(low, q);
    high = Math.max(high, q);
  }
  return argumentError(
    '',
    (name) =>
      `no reflection of ${which} lies between ${name('lowres')} and ${name('highres')}: it has d from ` +
      `${(1 / low).toFixed(2)} to ${(1 / high).toFixed(2)} angstrom`,
  );
}
