/** The resolution to which the peaks of a frame reach, without the outermost two in a hundred. */
import { upperEnd } from '../../util/median.js';

/** In Å; undefined without peaks. */
export function peakResolutionA({
  spots,
  peaks: { count },
}: {
  readonly spots: Float32Array;
  readonly peaks: { readonly count: number };
}): number | undefined {
  if (count === 0) return undefined;
  // A brief record has no spots.
  if (spots.length < 3 * count) return undefined;
  const inverseD = new Float64Array(count);
  for (let i = 0; i < count; i++)
    inverseD[i] = Math.hypot(spots[3 * i] as number, spots[3 * i + 1] as number, spots[3 * i + 2] as number);
  return 1 / upperEnd(inverseD, 0.02);
}
