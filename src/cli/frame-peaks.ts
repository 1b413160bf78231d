/** Parameters of the peak search: those given, the others from the first frames. */
import type { Geometry } from '../crystal/geometry/geometry.js';
import { openDetector } from '../detector/detector.js';
import { checkSignal } from '../options.js';
import { factsOf, flagsOf, parametersOf, radiiOfSpots, saidOf, usualParameters } from '../peaks/guess.js';
import { ringsOfDetector } from '../peaks/rings.js';
import type { RingRadii } from '../pipeline/integrate.js';
import { readFrame } from '../pipeline/read-frame.js';
import type { PeakParameters, SearchSettings } from '../pipeline/settings.js';
import type { CheckedFlags } from './frame-flags.js';
import type { RunSource } from './frame-source.js';
import { backendOption, type CliDeps, dim, note } from './output.js';

/** Frames that are looked at. */
const lookedAt = 4;

/** What a run is searched with beside its other settings. */
export type Chosen = Required<Pick<SearchSettings, 'peaks'>> & Pick<SearchSettings, 'rings'>;

/** The parameters of a run; those that are found are told as the flags that repeat them. */
export async function peaksOf(
  source: RunSource,
  geometry: Geometry | undefined,
  { peaks, settings, radii }: Pick<CheckedFlags, 'peaks' | 'settings' | 'radii'>,
  backend: string | undefined,
  { createContext, signal }: CliDeps,
): Promise<Chosen> {
  const { finder: name = 'peakfinder8', listed } = settings;
  const whole = (chosen: PeakParameters, found: RingRadii): Chosen => ({
    peaks: name === 'zaef' && !listed ? { peakRadius: radii.integration ?? found, ...chosen } : chosen,
    ...(settings.rings === null ? {} : { rings: radii.integration ?? found }),
  });
  const usual = radiiOfSpots({ spotPx: undefined });
  if (listed) return whole({}, usual);
  // Who gives a threshold, or the gain of dispersion, has looked already.
  const looked = name.startsWith('dispersion') ? peaks.gain : peaks.threshold;
  if (looked !== undefined) return whole({ ...usualParameters(name), ...peaks }, usual);
  const { minRes, maxRes, maxInverseD } = settings;
  const openOther = source.openOther.bind(source);
  const detector = await openDetector(source.first, { geometry, maxInverseD, openOther });
  const context = await createContext(backendOption(backend));
  try {
    const reach = { minRadius: minRes ?? 0, maxRadius: maxRes ?? 0 };
    const rings = ringsOfDetector(detector, reach);
    const finder = await context.peaks({ detector, minRes: reach.minRadius, maxRes: reach.maxRadius });
    const numbers = [];
    let broken: unknown;
    // Broken frames are told in the run; here the next ones serve.
    for (let frame = 0; frame < Math.min(8 * lookedAt, source.first.frames) && numbers.length < lookedAt; frame++) {
      try {
        numbers.push(await readFrame(source.first, frame, detector, signal));
      } catch (error) {
        checkSignal(signal);
        broken ??= error;
      }
    }
    if (numbers.length === 0 && broken !== undefined) throw broken;
    const facts = await factsOf(finder, rings, detector.width, numbers, detector.validRange);
    const chosen = whole({ ...parametersOf(name, facts), ...peaks }, radiiOfSpots(facts));
    const more = chosen.rings ? ` --int-radius=${chosen.rings}` : '';
    note(dim(`peaks: from the first ${numbers.length} frames${saidOf(facts)} ${flagsOf(name, chosen.peaks)}${more}`));
    return chosen;
  } finally {
    await context.dispose();
  }
}
