/** Some rows of a list, and the row that is none. */
import type { Cell } from '../../crystal/cell.js';
import { counted } from '../../util/amounts.js';
import { indicesOf, inverseD } from '../statistics/statistics.js';
import type { ReflectionList } from './hkl.js';

/** The list of these rows alone. */
export function keptRows(list: ReflectionList, kept: readonly number[]): ReflectionList {
  if (kept.length === list.count) return list;
  const of = (column: ArrayLike<number>): Float64Array => Float64Array.from(kept, (i) => column[i] as number);
  return {
    ...list,
    count: kept.length,
    indices: Int16Array.from(kept.flatMap((i) => [...list.indices.subarray(3 * i, 3 * i + 3)])),
    intensity: of(list.intensity),
    sigma: of(list.sigma),
    measurements: of(list.measurements),
    ...(list.free && { free: Int32Array.from(kept, (i) => list.free?.[i] as number) }),
    ...(list.effective && { effective: of(list.effective) }),
  };
}

/** The reflections with d from `lowres` to `highres`, in angstrom; undefined for no limit. */
export function listWithin(
  list: ReflectionList,
  cell: Cell,
  { lowres, highres }: { readonly lowres?: number | undefined; readonly highres?: number | undefined },
): ReflectionList {
  if (lowres === undefined && highres === undefined) return list;
  const inverse = inverseD(cell);
  const [low, high] = [1 / (lowres ?? Number.POSITIVE_INFINITY), 1 / (highres ?? 0)];
  const kept: number[] = [];
  for (let i = 0; i < list.count; i++) {
    const q = inverse(indicesOf(list, i));
    if (q >= low && q <= high) kept.push(i);
  }
  return keptRows(list, kept);
}

/** A list without 0 0 0, which is the direct beam and no reflection, and ends HKLF 4; and what to know of it. */
export function withoutOrigin(list: ReflectionList): {
  readonly list: ReflectionList;
  readonly remarks: readonly string[];
} {
  const { indices, count } = list;
  const isOrigin = (i: number): boolean => indices[3 * i] === 0 && indices[3 * i + 1] === 0 && indices[3 * i + 2] === 0;
  let found = 0;
  for (let i = 0; i < count; i++) if (isOrigin(i)) found++;
  if (found === 0) return { list, remarks: [] };
  const kept = Array.from({ length: count }, (_, i) => i).filter((i) => !isOrigin(i));
  return {
    list: keptRows(list, kept),
    remarks: [`${counted(found, 'row')} of 0 0 0, which is the direct beam and no reflection, left out.`],
  };
}
