/** Flags of peaks, with CrystFEL's names, for every command with frames. */
import {
  checkParameter,
  integrationRows,
  isList,
  type ListName,
  namesOf,
  type Parameters,
  peakSourceRows,
  searchRows,
  type Values,
} from '../../entries/command.node.js';
import type { PeakParameters, SearchSettings } from '../../entries/index.node.js';
import { type FlagTexts, flagValues } from './parameter-flags.js';

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
  /** The list from which peaks are read instead of a search. */
  readonly list: ListName | undefined;
}

const picked = <Rows extends Parameters>(rows: Rows, values: Readonly<Record<string, unknown>>): Values<Rows> =>
  Object.fromEntries(
    namesOf(rows).flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  ) as never;

/** Validates the flags of peaks. Throws `Argument`. */
export function checkPeakFlags(flags: FlagTexts): CheckedPeaks {
  const values = flagValues(peakRows, flags);
  const { finder = 'peakfinder8' } = values;
  const peaks: PeakParameters = picked(searchRows, values);
  const { intRadius } = flagValues(integrationRows, flags);
  const taken = finder === 'zaef' && peaks.peakRadius === undefined ? intRadius : undefined;
  if (taken)
    checkParameter(searchRows.peakRadius, taken, '--int-radius, which zaef takes where --peak-radius is absent,');
  return {
    settings: picked(peakSourceRows, values),
    peaks: taken ? { ...peaks, peakRadius: taken } : peaks,
    list: isList(finder) ? finder : undefined,
  };
}
