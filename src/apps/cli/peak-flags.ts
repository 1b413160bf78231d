/** What the flags of peaks ask for together. */
import {
  checkParameter,
  type FlagValues,
  type integrationRows,
  peakSourceRows,
  searchRows,
} from '../../entries/command.node.js';
import type { PeakParameters, SearchSettings } from '../../entries/index.node.js';
import { pickFlags } from './parameter-flags.js';
import type { peakRows } from './peak-rows.js';

/** The flags after their checks. */
interface CheckedPeaks {
  readonly settings: Pick<SearchSettings, keyof typeof peakSourceRows>;
  /** The given parameters of the search. */
  readonly peaks: PeakParameters;
}

/** What the flags of peaks mean together. Throws `Argument`. */
export function checkPeakFlags(
  values: FlagValues<typeof peakRows & Pick<typeof integrationRows, 'intRadius'>>,
): CheckedPeaks {
  const { finder, intRadius } = values;
  const peaks: PeakParameters = pickFlags(searchRows, values);
  const taken = finder === 'zaef' && peaks.peakRadius === undefined ? intRadius : undefined;
  if (taken)
    checkParameter(searchRows.peakRadius, taken, '--int-radius, which zaef takes where --peak-radius is absent,');
  return {
    settings: pickFlags(peakSourceRows, values),
    peaks: taken ? { ...peaks, peakRadius: taken } : peaks,
  };
}
