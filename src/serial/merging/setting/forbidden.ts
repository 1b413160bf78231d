/** Whether reflections that the centring of a cell forbids have intensities: then it is not that of the crystals. */
import type { Centring } from '../../../crystal/centring.js';
import type { ReflectionList } from '../lists/hkl.js';
import { absent, indicesOf } from '../statistics/statistics.js';

/** Fewest reflections that tell, and the share of the mean I/σ of the allowed ones above which others have intensities. */
const [fewest, maxShare] = [20, 0.3];

/** A remark on forbidden reflections with intensities; undefined if they have none, or there are too few. */
export function forbiddenRemark(list: ReflectionList, centring: Centring): string | undefined {
  if (centring === 'P') return undefined;
  const sums = { allowed: 0, forbidden: 0 };
  const counts = { allowed: 0, forbidden: 0 };
  for (let i = 0; i < list.count; i++) {
    const snr = (list.intensity[i] as number) / (list.sigma[i] as number);
    if (!Number.isFinite(snr)) continue;
    const kind = absent(indicesOf(list, i), centring) ? 'forbidden' : 'allowed';
    sums[kind] += snr;
    counts[kind]++;
  }
  const [usual, mean] = [sums.allowed / counts.allowed, sums.forbidden / counts.forbidden];
  // Noise has a mean of 0 within some errors of 1/√n.
  if (Math.min(counts.allowed, counts.forbidden) < fewest || mean < 5 / Math.sqrt(counts.forbidden)) return undefined;
  if (!(mean > maxShare * usual)) return undefined;
  return (
    `The centring ${centring} forbids ${counts.forbidden} of ${list.count} reflections, which have intensities: their mean ` +
    `I/sigma is ${mean.toFixed(1)}, that of the others ${usual.toFixed(1)}. The crystals have another centring; the ` +
    'statistics leave the forbidden ones out, and the files hold them.'
  );
}
