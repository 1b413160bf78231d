/** Words on streams that hold nothing to merge, or crystals that contradict themselves. */

import { argumentError, type NameOption } from '../../options/parameters.js';
import { counted } from '../../util/amounts.js';
import type { EwaldError } from '../../util/errors.js';
import { addCounts, rejectedRows, type ScanCounts } from './counts.js';
import type { Observations } from './observations.js';

/** What streams hold, with the number of crystals that were not left out. */
type Counts = ScanCounts & { readonly crystals: number };

/** What crystals contradict, and what to check. */
export const contradictionsText = ({ otherAxes, offSphere }: ScanCounts): string =>
  [
    otherAxes > 0 ? `the cell of ${otherAxes} is not that of their a*, b*, c*, which are in 1/nm` : '',
    offSphere > 0
      ? `the reflections of ${offSphere} are not at the Ewald sphere; check photon_energy_eV, a*, b* and c*`
      : '',
  ]
    .filter((text) => text !== '')
    .join(', and ');

/** Why there is nothing to merge: the first cause that holds of what the streams have. */
function whyEmpty(counts: Counts, nameOption: NameOption): string {
  const { frames, crystals, empty, tooCoarse, miscounted, incomplete, withoutSigma, notFinite } = counts;
  if (frames === 0) return 'the streams hold no frames';
  if (crystals + empty === 0) {
    if (tooCoarse > 0) return `${nameOption('minRes')} rejects all ${counted(tooCoarse, 'crystal')}`;
    const contradictions = contradictionsText(counts);
    if (contradictions !== '') return contradictions;
    if (miscounted > 0) return `the lists of ${counted(miscounted, 'crystal')} do not have the stated num_reflections`;
    if (incomplete > 0)
      return `${counted(incomplete, 'crystal')} ${incomplete === 1 ? 'lacks' : 'lack'} a reciprocal cell or a wavelength above 0`;
    return `none of ${counted(frames, 'frame')} has a crystal`;
  }
  const limits = limitsReached(counts);
  if (limits.length > 0) {
    const rows = limits.reduce((sum, [, rows]) => sum + rows, 0);
    const names = limits.map(([name]) => nameOption(name)).join(' and ');
    return `${names} ${limits.length === 1 ? 'leaves' : 'leave'} out all ${counted(rows, 'observation')}`;
  }
  // What the streams hold and no merge can use.
  const unusable = withoutSigma + notFinite;
  if (unusable > 0)
    return `all ${counted(unusable, 'observation')} ${withoutSigma > notFinite ? 'lack a sigma above 0' : 'lack a finite value'}`;
  return `${counted(empty, 'crystal')} ${empty === 1 ? 'has' : 'have'} no reflections; index with integration`;
}

/** The options that leave observations out, with the number of these. */
const limitsReached = (counts: Counts) =>
  (
    [
      ['maxAdu', counts.saturated],
      ['pushRes', counts.beyondResolution],
      ['minSnr', counts.belowSnr],
    ] as const
  ).filter(([, rows]) => rows > 0);

/** The error of streams that hold nothing to merge; it says why. */
export function emptyMergeError(scanned: ScanCounts, { crystals, rejected }: Observations): EwaldError {
  const counts = { ...addCounts({ ...scanned }, rejectedRows(rejected)), crystals };
  const tag = limitsReached(counts).length > 0 ? 'Argument' : 'File';
  return argumentError('', (said) => `there is nothing to merge: ${whyEmpty(counts, said)}`, counts, tag);
}
