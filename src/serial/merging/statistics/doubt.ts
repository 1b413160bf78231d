/** Doubts about a merge from its statistics: halves that do not agree, and shells whose intensities are negative. */
import type { MergeStatistics, ShellStatistics } from './statistics.js';

/** CC1/2 below which the halves have no signal in common: noise alone has 0. */
const leastCorrelation = 0.1;
/** Common reflections from which CC1/2 is judged: with fewer, halves that correlate by .5 may be below by chance. */
const fewestCommon = 30;
/** Mean I/σ below which a shell is negative, in itself and in its standard errors: background leaves more than that. */
const [negative, negativeErrors] = [-0.25, -4];

const isNegative = ({ meanIntensity, snr, unique }: ShellStatistics): boolean =>
  meanIntensity < 0 && snr < negative && snr * Math.sqrt(unique) < negativeErrors;

/** Remarks on statistics that no merge of a crystal has, one for each reason; empty if there is no doubt. */
export function doubtsOfStatistics({ overall, shells }: Pick<MergeStatistics, 'overall' | 'shells'>): string[] {
  const doubts: string[] = [];
  const { ccHalf, common, rSplit } = overall;
  if (common >= fewestCommon && ccHalf < leastCorrelation) {
    const apart = Number.isFinite(rSplit) ? `, and Rsplit ${(100 * rSplit).toFixed(0)} %` : '';
    doubts.push(
      `The two halves do not agree: CC1/2 is ${ccHalf.toFixed(2)} over ${common} common reflections${apart}. ` +
        'Check the cell, the geometry and the integration; with few crystals, merge more of them.',
    );
  }
  const below = shells.filter(isNegative);
  const [first] = below;
  if (first)
    doubts.push(
      `The mean intensity is negative in ${below.length} of ${shells.length} shells, first at ` +
        `${first.dMax.toFixed(2)} – ${first.dMin.toFixed(2)} Å, beyond what noise explains: the integration ` +
        'subtracts too much background there. Check its radii (intRadius, --int-radius of ewald index), the mask of ' +
        'the detector and the cell.',
    );
  return doubts;
}
