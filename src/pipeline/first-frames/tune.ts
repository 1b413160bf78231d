/** Determines the parameters of a search: the given ones, and the others as estimated from the first frames. */

import { differingUnits } from '../../crystal/geometry/geometry.js';
import type { Dataset } from '../../frames/dataset.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import { gapWarning } from '../../peaks/gap-values.js';
import {
  type FrameFacts,
  factsOf,
  gainDoubt,
  guessedParameters,
  radiiOfSpots,
  usualParameters,
} from '../../peaks/guess.js';
import type { PeakFinder } from '../../peaks/peaks.js';
import { ringsOfDetector } from '../../peaks/rings.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import { isList } from '../parameters.js';
import type { PeakParameters, SearchSettings } from '../settings.js';
import type { RingRadii } from '../stages/integrate.js';
import { readFrame } from '../stages/read-frame.js';

/** Frames of an open dataset, as images. */
export interface SomeFrames {
  readonly dataset: Dataset;
  readonly frames: readonly number[];
}

/** The first frames of a run, one dataset after the other; at most `most` are needed. */
export type FirstFrames = (most: number) => AsyncIterable<SomeFrames>;

/** The part of a searcher that tuning uses. */
interface TunedSearcher {
  readonly detector: Detector;
  finderFor(settings: SearchSettings): Promise<PeakFinder>;
}

/** The result of tuning. */
export interface Tuned {
  readonly peaks: PeakParameters;
  /** Radii of integration; undefined if nothing is integrated. */
  readonly intRadius: RingRadii | undefined;
  /** The properties measured on the frames; undefined if they were not examined. */
  readonly facts: FrameFacts | undefined;
  /** Number of frames examined. */
  readonly frames: number;
  /** What is doubtful about their values. */
  readonly doubts: readonly string[];
}

/**
 * Number of frames examined, and below the maximum number of frames tried to obtain them; an unreadable one is reported
 * when the run reaches it.
 */
export const lookedAt = 4;
const tried = 32;

/**
 * Tunes a search. If a threshold (for dispersion: a gain) is given, the caller has already examined the frames; they
 * are then not examined again, and the remaining parameters have the finder's defaults.
 *
 * Throws the errors of reading if no frame can be read, and `Aborted`.
 */
export async function tuned(
  openSearcher: () => Promise<TunedSearcher>,
  settings: SearchSettings,
  firstFrames: FirstFrames,
  signal: PlatformSignal | undefined,
): Promise<Tuned> {
  const { finder: name = 'peakfinder8', peaks = {} } = settings;
  const chosen = (parameters: PeakParameters, radii: RingRadii): Pick<Tuned, 'peaks' | 'intRadius'> => {
    const { intRadius = radii } = settings;
    // For zaef, the radii of peaks are the same as those of integration.
    return {
      peaks: name === 'zaef' ? { peakRadius: intRadius, ...parameters } : parameters,
      intRadius: settings.integrate === false ? undefined : intRadius,
    };
  };
  const usual = radiiOfSpots({ spotPx: undefined });
  const unseen = { facts: undefined, frames: 0, doubts: [] };
  if (isList(name)) return { ...chosen({}, usual), ...unseen };
  if (isTuned(settings)) return { ...chosen({ ...usualParameters(name), ...peaks }, usual), ...unseen };
  const searcher = await openSearcher();
  const { minRes = 0, maxRes = 0 } = settings;
  const finder = await searcher.finderFor({ minRes, maxRes });
  const frames = await readSome(searcher.detector, finder, firstFrames, signal);
  const facts = await factsOfFrames(searcher, settings, frames);
  const parameters = withGiven(guessedParameters(name, facts), peaks);
  const { validRange, bad, unitsPerPhoton, geometry, beam } = searcher.detector;
  // Panels that state different units have no common one, which would be in doubt.
  const isStated = unitsPerPhoton !== undefined || differingUnits(geometry, beam.wavelengthA) !== undefined;
  const doubts = [gainDoubt(facts, isStated), gapWarning(frames, validRange, bad)].filter((text) => text !== undefined);
  return { ...chosen(parameters, radiiOfSpots(facts)), facts, frames: frames.length, doubts };
}

/**
 * Whether no frames have to be examined: the caller gives a threshold (for dispersion, a gain), or there is no search.
 */
export const isTuned = ({ finder = 'peakfinder8', peaks = {} }: SearchSettings): boolean =>
  isList(finder) || (finder.startsWith('dispersion') ? peaks.gain : peaks.threshold) !== undefined;

/** Estimated parameters with those that were given; a limit of the sizes of peaks follows the other, if that was given. */
function withGiven(estimated: PeakParameters, given: PeakParameters): PeakParameters {
  const { minPixCount = 0, maxPixCount = Number.POSITIVE_INFINITY } = given;
  const sizes = {
    ...(estimated.minPixCount !== undefined && { minPixCount: Math.min(estimated.minPixCount, maxPixCount) }),
    ...(estimated.maxPixCount !== undefined && { maxPixCount: Math.max(estimated.maxPixCount, minPixCount) }),
  };
  return { ...estimated, ...sizes, ...given };
}

/** The properties of given frames from which parameters follow. */
async function factsOfFrames(
  searcher: TunedSearcher,
  { minRes = 0, maxRes = 0 }: SearchSettings,
  frames: readonly Frame[],
): Promise<FrameFacts> {
  const { detector } = searcher;
  const finder = await searcher.finderFor({ minRes, maxRes });
  const rings = ringsOfDetector(detector, { minRadius: minRes, maxRadius: maxRes });
  return factsOf(finder, rings, detector.width, [...frames], detector.validRange, detector.unitsPerPhoton);
}

/** The settings, completed with the parameters that follow from given frames. */
export async function tunedOn(
  searcher: TunedSearcher,
  settings: SearchSettings,
  frames: readonly Frame[],
): Promise<SearchSettings> {
  const { finder: name = 'peakfinder8', peaks = {} } = settings;
  const facts = await factsOfFrames(searcher, settings, frames);
  const { intRadius = radiiOfSpots(facts) } = settings;
  const parameters = isList(name) ? peaks : withGiven(guessedParameters(name, facts), peaks);
  return {
    ...settings,
    peaks: name === 'zaef' ? { peakRadius: intRadius, ...parameters } : parameters,
    intRadius,
  };
}

async function readSome(
  detector: Detector,
  memory: Pick<PeakFinder, 'newFrame'>,
  firstFrames: FirstFrames,
  signal: PlatformSignal | undefined,
): Promise<Frame[]> {
  const read: Frame[] = [];
  let broken: unknown;
  for await (const { dataset, frames } of firstFrames(tried))
    for (const frame of frames) {
      if (read.length >= lookedAt) return read;
      try {
        read.push(await readFrame(dataset, frame, detector, signal, memory.newFrame()));
      } catch (error) {
        checkSignal(signal);
        broken ??= error;
      }
    }
  if (read.length === 0 && broken !== undefined) throw broken;
  return read;
}
