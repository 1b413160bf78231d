/**
 * Whether reflections that the centring of a cell forbids have intensities, or none of those is there that a primitive
 * cell would have: then it is not the centring of the crystals.
 */
import type { Centring } from '../../crystal/centring.js';
import type { ReflectionList } from '../lists/hkl.js';
import { absent, indicesOf } from '../statistics/statistics.js';

/** Fewest reflections that tell, and the share of the mean I/σ of the allowed ones above which others have intensities. */
const [fewest, maxShare] = [20, 0.3];

/** A remark on forbidden reflections with intensities; undefined if they have none, or there are too few. */
export function forbiddenRemark(list: ReflectionList, centring: Centring): string | undefined {
  const found = forbiddenWords(list, centring);
  return (
    found &&
    `${found}${centring === 'P' ? '' : ' The statistics leave the forbidden ones out, and the files hold them.'}`
  );
}

/** The same of a list that was read: `name` begins the sentence, as `The first list`. */
export function centringRemark(name: string, list: ReflectionList, centring: Centring): string | undefined {
  const found = forbiddenWords(list, centring);
  return (
    found &&
    `${name === '' ? '' : `${name}: `}${found}${centring === 'P' ? '' : " Give the cell with theirs (-p 'a,b,c,al,be,ga,P'); forbidden ones take no part here."}`
  );
}

function forbiddenWords(list: ReflectionList, centring: Centring): string | undefined {
  if (centring === 'P') return withoutOddRemark(list);
  const sums = { allowed: 0, forbidden: 0 };
  const hasSigmas = list.sigma.some((sigma) => sigma > 0 && Number.isFinite(sigma));
  const unit = list.intensity.reduce((sum, x) => sum + Math.abs(x), 0) / list.count;
  const counts = { allowed: 0, forbidden: 0 };
  for (let i = 0; i < list.count; i++) {
    // Without sigmas, all weigh the same.
    const snr = (list.intensity[i] as number) / ((hasSigmas ? list.sigma[i] : unit) as number);
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
    `${hasSigmas ? 'I/sigma' : 'intensity, in units of that of all,'} is ${mean.toFixed(1)}, that of the others ` +
    `${usual.toFixed(1)}. The crystals have another centring.`
  );
}

/** Fewest reflections of which it is no chance that none is forbidden by a centring, and those tried, strictest first. */
const fewestOfCentred = 100;
const centred = ['F', 'I', 'A', 'B', 'C', 'H'] as const;

/** A remark on a list of a primitive cell whose reflections are those of a centred one; undefined if they are not. */
function withoutOddRemark(list: ReflectionList): string | undefined {
  if (list.count < fewestOfCentred) return undefined;
  const indices = Array.from({ length: list.count }, (_, i) => indicesOf(list, i));
  const found = centred.find((one) => !indices.some((own) => absent(own, one)));
  // Of a cell with an edge that is a multiple, all indices along it are.
  const isMultiple = [0, 1, 2].some((axis) => indices.every((own) => (own[axis] ?? 0) % 2 === 0));
  if (!found || isMultiple) return undefined;
  return (
    `None of ${list.count} reflections is one that the centring ${found} forbids, as many of a primitive cell would be: ` +
    `the crystals have that centring. Give it with the cell (-p 'a,b,c,al,be,ga,${found}'), so that the completeness and ` +
    'the space group are right.'
  );
}
