/**
 * Crystals whose a*, b*, c* are left-handed. All three axes and all indices are negated, which leaves every reflection at
 * its place: with left-handed axes I(+) and I(−) would be exchanged, and anomalous differences would have the other sign.
 */

import { determinant } from '../../crystal/symmetry/matrices.js';
import { counted } from '../../util/amounts.js';
import type { Observations } from './observations.js';

/** The observations with right-handed axes only, and a remark if some were left-handed. */
export function rightHanded(observations: Observations): {
  readonly observations: Observations;
  readonly remark: string | undefined;
} {
  const { crystals, offsets, reciprocal } = observations;
  const left = Array.from({ length: crystals }, (_, c) => c).filter(
    (c) => determinant([...reciprocal.subarray(9 * c, 9 * c + 9)]) < 0,
  );
  if (left.length === 0) return { observations: observations, remark: undefined };
  const [h, k, l, stars] = [observations.h.slice(), observations.k.slice(), observations.l.slice(), reciprocal.slice()];
  for (const c of left) {
    for (let i = 9 * c; i < 9 * c + 9; i++) stars[i] = -(stars[i] as number);
    for (const column of [h, k, l])
      for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) column[i] = -(column[i] as number);
  }
  const remark =
    `The axes a*, b*, c* of ${left.length} of ${counted(crystals, 'crystal')} are left-handed: axes and indices are ` +
    'negated, so that I(+) and I(−) are those of right-handed axes. If a program has mirrored the coordinates instead, ' +
    'anomalous differences of these crystals have the wrong sign; check how the stream was made.';
  return { observations: { ...observations, h, k, l, reciprocal: stars }, remark };
}
