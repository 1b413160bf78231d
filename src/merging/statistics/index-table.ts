/** Where the reflections of a list are, by their indices. */
import type { Indices } from '../../crystal/symmetry/asymmetric-unit.js';
import type { ReflectionList } from '../lists/hkl.js';

/** Cells of a box of indices up to which it is an array; texts are keys of larger ones. */
const mostCells = 2 ** 24;

/** A function that finds the place of a reflection; undefined for others, and for those that `isUsed` leaves out. */
export function indexTable(
  { indices, count }: Pick<ReflectionList, 'indices' | 'count'>,
  isUsed: (i: number) => boolean = () => true,
): (indices: Indices) => number | undefined {
  const low = [0, 0, 0];
  const high = [0, 0, 0];
  for (let i = 0; i < 3 * count; i++) {
    const [axis, x] = [i % 3, indices[i] as number];
    if (x < (low[axis] as number)) low[axis] = x;
    if (x > (high[axis] as number)) high[axis] = x;
  }
  const [h0, k0, l0] = low as [number, number, number];
  const [nh, nk, nl] = high.map((x, axis) => x - (low[axis] as number) + 1) as [number, number, number];
  if (nh * nk * nl > mostCells) {
    const there = new Map<string, number>();
    for (let i = 0; i < count; i++) if (isUsed(i)) there.set(indices.subarray(3 * i, 3 * i + 3).join(), i);
    return (at) => there.get(at.join());
  }
  const box = new Int32Array(nh * nk * nl);
  for (let i = 0; i < count; i++) {
    const [h, k, l] = [indices[3 * i] as number, indices[3 * i + 1] as number, indices[3 * i + 2] as number];
    if (isUsed(i)) box[((h - h0) * nk + k - k0) * nl + l - l0] = i + 1;
  }
  return ([h, k, l]) => {
    const [x, y, z] = [h - h0, k - k0, l - l0];
    if (x < 0 || y < 0 || z < 0 || x >= nh || y >= nk || z >= nl) return undefined;
    const found = box[(x * nk + y) * nl + z] as number;
    return found > 0 ? found - 1 : undefined;
  };
}
