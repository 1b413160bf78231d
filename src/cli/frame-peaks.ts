/** Parameters of the peak search: those given, the others from the first frames. */
import type { Geometry } from '../crystal/geometry/geometry.js';
import { open } from '../data/node.js';
import { dispersionDefaults, peaksRanges } from '../layout/peaks.js';
import type { FinderName } from '../peaks/contract.js';
import { flagsOf, guessThreshold } from '../peaks/guess.js';
import { openDetector } from '../pipeline/detector.js';
import { readFrame } from '../pipeline/searcher.js';
import type { PeakParameters } from '../pipeline/settings.js';
import type { CheckedFlags } from './frame-flags.js';
import type { FrameSource } from './frame-source.js';
import { backendOption, type CliDeps, dim, note } from './output.js';

const { gain, kernelSize, sigmaBackground, sigmaStrong, minCount } = peaksRanges;
const dispersed: PeakParameters = {
  ...dispersionDefaults,
  gain: gain.fallback,
  kernelSize: kernelSize.fallback,
  sigmaBackground: sigmaBackground.fallback,
  sigmaStrong: sigmaStrong.fallback,
  minCount: minCount.fallback,
};

/** Where nothing is given; radii are those of the flags. */
const usual: Readonly<Record<FinderName, PeakParameters>> = {
  peakfinder8: { minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 },
  zaef: { minSnr: 5, minSquaredGradient: peaksRanges.minSquaredGradient.fallback },
  dispersion: dispersed,
  'dispersion-extended': dispersed,
};

/** Opens another dataset of a file that a geometry points into. */
export const openOther = (file: string, path: string) => open(file, { dataset: path });

/** The parameters of a run; those that are found are told as the flags that repeat them. */
export async function peaksOf(
  source: FrameSource,
  geometry: Geometry | undefined,
  { peaks, settings }: Pick<CheckedFlags, 'peaks' | 'settings'>,
  backend: string | undefined,
  { createContext, signal }: CliDeps,
): Promise<PeakParameters> {
  const { finder: name = 'peakfinder8', listed } = settings;
  if (listed) return {};
  const told = { ...usual[name], ...peaks };
  // Dispersion needs no threshold: the window is its own.
  if (told.threshold !== undefined) return told;
  const { minRes, maxRes, maxInverseD } = settings;
  const detector = await openDetector(source.first, { geometry, minRes, maxRes, maxInverseD, openOther });
  const { width, height, dtype, rings } = detector;
  const context = await createContext(backendOption(backend));
  try {
    const finder = await context.peaks({ width, height, dtype, rings });
    const numbers = [];
    for (let frame = 0; frame < Math.min(4, source.first.frames); frame++) {
      const read = await readFrame(source.first, frame, detector, signal).catch(() => undefined);
      if (read) numbers.push(read);
    }
    const threshold = await guessThreshold(finder, numbers, detector.validRange);
    const all = { threshold, ...told };
    note(dim(`peaks: from the first ${numbers.length} frames ${flagsOf(name, all)}`));
    return all;
  } finally {
    await context.dispose();
  }
}
