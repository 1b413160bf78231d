/** The flags of peaks, with CrystFEL's names, for every command with frames. */
import { type Parameters, peakSourceRows, searchRows } from '../entries/command.node.js';

/** On the command line, parameters that are not given are tuned from the first frames. */
const fromFrames = { defaultText: 'from the first frames' } as const;
const tunedRows = {
  ...searchRows,
  threshold: { ...searchRows.threshold, defaultText: 'from the first frames; dispersion, dispersion-extended: 0' },
  minSnr: { ...searchRows.minSnr, defaultText: '5 (peakfinder8 without --threshold: 4.5)' },
  minPixCount: { ...searchRows.minPixCount, ...fromFrames },
  maxPixCount: { ...searchRows.maxPixCount, ...fromFrames },
  localBgRadius: { ...searchRows.localBgRadius, ...fromFrames },
  minSquaredGradient: { ...searchRows.minSquaredGradient, ...fromFrames },
  peakRadius: { ...searchRows.peakRadius, defaultText: '--int-radius, or from the first frames' },
  gain: { ...searchRows.gain, ...fromFrames },
  kernelSize: { ...searchRows.kernelSize, ...fromFrames },
} as const satisfies Parameters;

/** All flags of peaks. */
export const peakRows = { ...peakSourceRows, ...tunedRows } as const satisfies Parameters;
