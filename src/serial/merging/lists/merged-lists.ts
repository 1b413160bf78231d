/** Reflection lists of merges, on the scale of the whole data. */

import { median } from '../../../base/median.js';
import type { Cell } from '../../../crystal/cell.js';
import type { Merge } from '../fit/merges.js';
import type { UniqueReflections } from '../fit/unique.js';
import { inverseD } from '../statistics/statistics.js';
import type { ReflectionList } from './hkl.js';

/** 1/d of the unique reflections. */
export function inverseOf({ indices, count }: UniqueReflections, cell: Cell): Float64Array {
  const inverse = inverseD(cell);
  return Float64Array.from({ length: count }, (_, id) => {
    const [h = 0, k = 0, l = 0] = indices.subarray(3 * id, 3 * id + 3);
    return inverse([h, k, l]);
  });
}

/** Information of an observation, as a share of the usual near its resolution, below which nothing is measured. */
const leastShare = 0.01;
/** Reflections of neighbouring resolution that tell what is usual. */
const blockSize = 200;

/**
 * A merge that counts no observations of the reflections of which all are next to nothing of the whole: few counts
 * divided by partialities that are known no better. Their sigmas, which take partialities as known, are too small, and
 * one of them in a half decides CC1/2 of all others. `inverse` is 1/d of each reflection. Source: partialator merges
 * partialities from .3 on.
 */
export function withoutFaint(merge: Merge, least: number, inverse: Float64Array): Merge {
  const { information, counts } = merge;
  const kept = counts.slice();
  const each = information.map((sum, id) => sum / (counts[id] as number));
  const ids = [...counts.keys()].filter((id) => (counts[id] as number) >= least);
  ids.sort((a, b) => (inverse[a] as number) - (inverse[b] as number));
  const blocks = Math.max(1, Math.round(ids.length / blockSize));
  for (let block = 0; block < blocks; block++) {
    const [from, to] = [block, block + 1].map((i) => Math.round((i * ids.length) / blocks));
    const near = ids.slice(from, to);
    const limit = leastShare * median(near.map((id) => each[id] as number));
    for (const id of near) if ((each[id] as number) < limit) kept[id] = 0;
  }
  return { ...merge, counts: kept };
}

/** The factor that brings the mean intensity of a merge to 1000, since a list has two decimals. */
export function unit({ intensity, counts }: Merge, least: number): number {
  let [sum, count] = [0, 0];
  for (const [id, n] of counts.entries()) {
    if (n < least) continue;
    sum += intensity[id] as number;
    count++;
  }
  return sum > 0 ? (1000 * count) / sum : 1;
}

/** The whole onto which its halves are scaled, and the factor of its list. */
interface Onto {
  readonly whole: Merge;
  /** 1/d of the unique reflections. */
  readonly inverse: Float64Array;
  readonly least: number;
  readonly factor: number;
}

/** The scale and the relative B that bring a half onto the scale of the whole, as a factor of each reflection. */
export function scaleOnto(half: Merge, { whole, inverse, least, factor }: Onto): (id: number) => number {
  const q2 = (id: number): number => (inverse[id] as number) ** 2;
  let [k, b] = [1, 0];
  for (let round = 0; round < 8; round++) {
    // Least squares of whole = k exp(−b q²/2) · half in (ln k, b).
    let [a00, a01, a11, r0, r1] = [0, 0, 0, 0, 0];
    for (const [id, n] of half.counts.entries()) {
      if (n < least || (whole.counts[id] as number) < least) continue;
      const square = q2(id);
      const m = k * Math.exp((-b * square) / 2) * (half.intensity[id] as number);
      const w = half.information[id] as number;
      const d = (whole.intensity[id] as number) - m;
      const [s0, s1] = [m, (-m * square) / 2];
      a00 += w * s0 * s0;
      a01 += w * s0 * s1;
      a11 += w * s1 * s1;
      r0 += w * s0 * d;
      r1 += w * s1 * d;
    }
    const det = a00 * a11 - a01 * a01;
    if (!(det > 0)) break;
    k *= Math.exp(Math.max(-1, Math.min(1, (r0 * a11 - r1 * a01) / det)));
    b += Math.max(-10, Math.min(10, (r1 * a00 - r0 * a01) / det));
  }
  return (id) => factor * k * Math.exp((-b * q2(id)) / 2);
}

/** The reflections with enough measurements and a finite sigma, in the order of the unique reflections. */
export function listOf(
  symmetry: string,
  unique: UniqueReflections,
  { intensity, sigma, counts, effective }: Merge,
  least: number,
  factorOf: (id: number) => number,
): ReflectionList {
  const kept = [...counts.keys()].filter((id) => (counts[id] as number) >= least && Number.isFinite(sigma[id]));
  const factors = kept.map(factorOf);
  return {
    symmetry,
    count: kept.length,
    indices: Int16Array.from(kept.flatMap((id) => [...unique.indices.subarray(3 * id, 3 * id + 3)])),
    intensity: Float64Array.from(kept, (id, i) => (intensity[id] as number) * (factors[i] as number)),
    sigma: Float64Array.from(kept, (id, i) => (sigma[id] as number) * (factors[i] as number)),
    measurements: Float64Array.from(kept, (id) => counts[id] as number),
    effective: Float64Array.from(kept, (id) => effective[id] as number),
  };
}
