/** Flags of peaks, with CrystFEL's names, for every command with frames. */
import {
  checkParameter,
  type FlagValues,
  type integrationRows,
  type Parameters,
  peakSourceRows,
  searchRows,
} from '../../entries/command.node.js';
import type { PeakParameters, SearchSettings } from '../../entries/index.node.js';
import { picked } from './parameter-flags.js';

/** On the command line, parameters that are not given are tuned from the first frames. */
const fromFrames = { usual: 'from the first frames' } as const;
const tunedRows = {
  ...searchRows,
  threshold: { ...searchRows.threshold, usual: 'from the first frames; dispersion, dispersion-extended: 0' },
  minSnr: { ...searchRows.minSnr, usual: '5 (peakfinder8 without --threshold: 4.5)' },
  minPixCount: { ...searchRows.minPixCount, ...fromFrames },
  maxPixCount: { ...searchRows.maxPixCount, ...fromFrames },
  localBgRadius: { ...searchRows.localBgRadius, ...fromFrames },
  minSquaredGradient: { ...searchRows.minSquaredGradient, ...fromFrames },
  peakRadius: { ...searchRows.peakRadius, usual: '--int-radius, or from the first frames' },
  gain: { ...searchRows.gain, ...fromFrames },
  kernelSize: { ...searchRows.kernelSize, ...fromFrames },
} as const satisfies Parameters;

/** All flags of peaks. */
export const peakRows = { ...peakSourceRows, ...tunedRows } as const satisfies Parameters;

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
  const peaks: PeakParameters = picked(searchRows, values);
  const taken = finder === 'zaef' && peaks.peakRadius === undefined ? intRadius : undefined;
  if (taken)
    checkParameter(searchRows.peakRadius, taken, '--int-radius, which zaef takes where --peak-radius is absent,');
  return {
    settings: picked(peakSourceRows, values),
    peaks: taken ? { ...peaks, peakRadius: taken } : peaks,
  };
}
