/** Reflection lists of merges, on the scale of the whole data. */

import type { Cell } from '../../crystal/cell.js';
import { median } from '../../util/median.js';
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

/** Steps of the fit of a scale and a B, and those beyond which nothing changes. */
const maxSteps = 40;
const settled = 1e-9;
/** Reflections that deviate by more than so many scatters have no say (Tukey's biweight). */
const gate = 6;

/**
 * The scale and the relative B that bring a half onto the scale of the whole, as a factor of each reflection. They are
 * those by which the whole becomes the half: what the half has measured badly is in the half, and as a regressor it
 * would lower the slope, most where it is worst, at high resolution.
 */
export function scaleOnto(half: Merge, { whole, inverse, least, factor }: Onto): (id: number) => number {
  const q2 = (id: number): number => (inverse[id] as number) ** 2;
  const ids = [...half.counts.keys()].filter(
    (id) => (half.counts[id] as number) >= least && (whole.counts[id] as number) >= least,
  );
  let [lnK, b] = [0, 0];
  for (let step = 0; step < maxSteps; step++) {
    const model = Float64Array.from(ids, (id) => Math.exp(lnK - (b * q2(id)) / 2) * (whole.intensity[id] as number));
    const off = model.map((m, i) => {
      const id = ids[i] as number;
      return ((half.intensity[id] as number) - m) * Math.sqrt(half.information[id] as number);
    });
    // For normal scatter s, the median of magnitudes is 0.6745 s.
    const limit = gate * (median(off.map(Math.abs)) / 0.6745);
    // Least squares of half = k exp(−b q²/2) · whole in (ln k, b).
    let [a00, a01, a11, r0, r1] = [0, 0, 0, 0, 0];
    for (const [i, id] of ids.entries()) {
      const left = 1 - ((off[i] as number) / limit) ** 2;
      if (!(left > 0)) continue;
      const m = model[i] as number;
      const w = left * left * (half.information[id] as number);
      const d = (half.intensity[id] as number) - m;
      const slope = (-m * q2(id)) / 2;
      a00 += w * m * m;
      a01 += w * m * slope;
      a11 += w * slope * slope;
      r0 += w * m * d;
      r1 += w * slope * d;
    }
    const det = a00 * a11 - a01 * a01;
    if (!(det > 0)) break;
    const by = Math.max(-1, Math.min(1, (r0 * a11 - r1 * a01) / det));
    const more = Math.max(-10, Math.min(10, (r1 * a00 - r0 * a01) / det));
    lnK += by;
    b += more;
    if (Math.abs(by) < settled && Math.abs(more) < settled) break;
  }
  return (id) => factor * Math.exp((b * q2(id)) / 2 - lnK);
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
