/** Friedel mates of a list that was merged in a group without the inversion: I(+) and I(−) side by side. */

import type { Centring } from '../../crystal/centring.js';
import { ccp4Unit, centric, type Indices, representative } from '../../crystal/symmetry/asymmetric-unit.js';
import { laueGroup, type PointGroup } from '../../crystal/symmetry/point-group.js';
import type { ReflectionList } from './hkl.js';
import { isError } from './sigma-digits.js';

/** One mate of a reflection: intensity, sigma and measurements. */
interface Mate {
  readonly intensity: number;
  readonly sigma: number;
  readonly measurements: number;
}

/** A reflection of the Laue group with the mates that were measured; a centric one has no I(−). */
export interface MatePair {
  /** Indices in CCP4's asymmetric unit if it has one for the setting, otherwise those of CrystFEL's representative. */
  readonly indices: Indices;
  readonly centric: boolean;
  readonly plus: Mate | undefined;
  readonly minus: Mate | undefined;
}

/**
 * The pairs of a list, each reflection of the Laue group once, in the order of the list; on the centring depends which
 * asymmetric unit CCP4 has.
 */
export function matePairs(list: ReflectionList, group: PointGroup, centring?: Centring): MatePair[] {
  const laue = laueGroup(group);
  const unit = ccp4Unit(group, centring);
  const place =
    unit ??
    ((indices: Indices) => {
      const own = representative(indices, laue);
      // Whether the group itself, without the inversion, leads to the representative.
      return { indices: own, mate: representative(indices, group).join() !== representative(own, group).join() };
    });
  const pairs = new Map<
    string,
    { indices: Indices; centric: boolean; plus: Mate | undefined; minus: Mate | undefined }
  >();
  for (let i = 0; i < list.count; i++) {
    const indices: Indices = [list.indices[3 * i] ?? 0, list.indices[3 * i + 1] ?? 0, list.indices[3 * i + 2] ?? 0];
    const { indices: own, mate } = place(indices);
    const key = own.join();
    const pair = pairs.get(key) ?? {
      indices: own,
      centric: centric(own, group),
      plus: undefined,
      minus: undefined,
    };
    const one: Mate = {
      intensity: list.intensity[i] ?? 0,
      sigma: list.sigma[i] ?? 0,
      measurements: list.measurements[i] ?? 0,
    };
    if (mate) pair.minus = one;
    else pair.plus = one;
    pairs.set(key, pair);
  }
  return [...pairs.values()];
}

/** The mean of both mates, weighted by their information; of one without a known error only where both have none. */
export function mateMean({ plus, minus }: MatePair): Mate {
  if (!plus || !minus) return plus ?? minus ?? { intensity: Number.NaN, sigma: Number.NaN, measurements: 0 };
  const [w, v] = [plus, minus].map(({ sigma }) => (isError(sigma) ? 1 / sigma ** 2 : 0)) as [number, number];
  const measurements = plus.measurements + minus.measurements;
  if (w === 0 && v === 0) return { intensity: (plus.intensity + minus.intensity) / 2, sigma: 0, measurements };
  if (w === 0 || v === 0) return { ...(w > 0 ? plus : minus), measurements };
  return {
    intensity: (w * plus.intensity + v * minus.intensity) / (w + v),
    sigma: 1 / Math.sqrt(w + v),
    measurements,
  };
}

/** I(+) − I(−) of an acentric pair with both mates, and the mean of both. */
export interface AnomalousDifference {
  readonly indices: Indices;
  readonly difference: number;
  readonly mean: number;
}

/** The anomalous differences of a list; empty if its group contains the inversion. */
export function anomalousDifferences(list: ReflectionList, group: PointGroup): AnomalousDifference[] {
  if (group.centrosymmetric) return [];
  return matePairs(list, group).flatMap(({ indices, centric: isCentric, plus, minus }) =>
    plus && minus && !isCentric
      ? [{ indices, difference: plus.intensity - minus.intensity, mean: (plus.intensity + minus.intensity) / 2 }]
      : [],
  );
}
