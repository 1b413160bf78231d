/** Doubts about a merge from its statistics: halves that do not agree, and shells whose intensities are negative. */
import type { MergeStatistics, ShellStatistics } from './statistics.js';

/** CC1/2 below which the halves have no signal in common: noise alone has 0. */
const minCorrelation = 0.1;
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
  if (common >= fewestCommon && ccHalf < minCorrelation) {
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
  const other = referenceDoubt(overall);
  if (other !== undefined) doubts.push(other);
  return doubts;
}

/** Data that agree with a reference by less than this share of what their halves let expect are not of its crystal. */
const minOfExpected = 0.5;

/**
 * Why a reference is not of this crystal; undefined if it may be. As well as their halves agree, the intensities would
 * agree with true ones to √(2 CC½/(1 + CC½)) (Karplus & Diederichs 2012).
 */
function referenceDoubt({ inReference, ccReference, ccHalf }: ShellStatistics): string | undefined {
  if (!(inReference >= fewestCommon)) return undefined;
  const expected = Math.sqrt((2 * Math.max(0, ccHalf)) / (1 + Math.max(0, ccHalf)));
  if (!(ccReference + 3 / Math.sqrt(inReference) < minOfExpected * expected)) return undefined;
  return (
    `The intensities do not agree with the reference: the correlation is ${ccReference.toFixed(2)} over ${inReference} ` +
    `reflections, and with true intensities it would be ${expected.toFixed(2)}. The reference is of another crystal, ` +
    'or names its axes differently; the indexing that it has decided may be wrong.'
  );
}
