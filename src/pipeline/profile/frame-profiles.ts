/** The profiles of the frames of a searcher: the bins that its settings ask for, and where their sums come from. */

import { KeptPlans } from '../../compute/planner/kept-plans.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { meanDistance } from '../../crystal/geometry/pixels.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import type { PeakList } from '../../peaks/peak-list.js';
import type { PeakFinder } from '../../peaks/peaks.js';
import type { RingSums } from '../../peaks/ring-sums.js';
import { ringsOfDetector } from '../../peaks/rings.js';
import type { PeaksMethods } from '../../peaks/room.js';
import { isList } from '../parameters.js';
import type { SearchSettings } from '../settings.js';
import { binsOf, type ProfileBins } from './bins.js';
import { binsOfRings, Profiler } from './profiler.js';

/** Frames share the bins of the first beam unless theirs differs by more than this. */
const [maxOfWavelength, maxOfDistance] = [5e-3, 1e-3];

function isNear(beam: Beam, other: Beam, geometry: Geometry): boolean {
  const most = maxOfDistance * meanDistance(geometry, other);
  return (
    Math.abs(beam.wavelengthA / other.wavelengthA - 1) <= maxOfWavelength &&
    Math.abs(beam.distanceM - other.distanceM) <= most &&
    beam.shiftM.every((shift, i) => Math.abs(shift - (other.shiftM[i] as number)) <= most)
  );
}

/** Bins of a detector, which all searchers of this thread share. */
const known = new WeakMap<Detector, Map<string, ProfileBins[]>>();
/** Different beams of one run whose bins are kept. */
const maxBeams = 3;

/** The bins that settings ask for; `beam` is that of the frame. Throws `Argument`. */
export function profileBinsOf(detector: Detector, settings: SearchSettings, beam: Beam = detector.beam): ProfileBins {
  const { profile = {}, finder = 'peakfinder8', minRes = 0, maxRes = 0 } = settings;
  const own = known.get(detector) ?? new Map<string, ProfileBins[]>();
  known.set(detector, own);
  const { bins, range, polarisation } = profile;
  const key = JSON.stringify([bins, range, polarisation, finder, minRes, maxRes]);
  const made = own.get(key) ?? [];
  own.set(key, made);
  const profileBins = made.find((one) => isNear(beam, one.beam, detector.geometry));
  if (profileBins) return profileBins;
  // The first bins are those of the first beam, whose limits all others have.
  if (made.length === 0 && !isNear(beam, detector.beam, detector.geometry)) profileBinsOf(detector, settings);
  const rings = ringsOfDetector(detector, { minRadius: minRes, maxRadius: maxRes });
  const fresh = binsOf(detector, rings, profile, isList(finder) ? undefined : finder, beam, made[0]);
  made.push(fresh);
  if (made.length > maxBeams) made.splice(1, 1);
  return fresh;
}

/** Makes the profiles of frames. */
export class FrameProfiles {
  readonly #context: Pick<PeaksMethods, 'peaks'>;
  readonly #detector: Detector;
  readonly #plans = new KeptPlans<PeakFinder>('profiles of frames');
  readonly #plansOf = new WeakMap<ProfileBins, string>();
  #planned = 0;
  #latest: Profiler | undefined;

  constructor(context: Pick<PeaksMethods, 'peaks'>, detector: Detector) {
    this.#context = context;
    this.#detector = detector;
  }

  /** The profiler of a frame. */
  profilerFor(settings: SearchSettings, beam: Beam): Profiler {
    const bins = profileBinsOf(this.#detector, settings, beam);
    if (this.#latest?.bins !== bins) this.#latest = new Profiler(bins, this.#detector);
    return this.#latest;
  }

  /** The sums of a frame: those that came with its peaks, if rings serve; otherwise a pass of their own. */
  async sumsOf(frame: Frame, { bins }: Profiler, { sums }: PeakList): Promise<RingSums> {
    if (bins.ofRings && sums) return binsOfRings(sums, bins.ofRings, bins.count);
    const plan = await this.#plan(bins);
    const { validRange } = this.#detector;
    return (await plan.run(frame, { sums: true, validRange })).sums as RingSums;
  }

  #plan(bins: ProfileBins): Promise<PeakFinder> {
    const { width, height, dtype } = this.#detector;
    const key = this.#plansOf.get(bins) ?? `${this.#planned++}`;
    this.#plansOf.set(bins, key);
    const panels = [{ name: 'frame', fs: 0, ss: 0, endFs: width, endSs: height }];
    const rings = { bins: bins.map, rings: bins.count, panels };
    return this.#plans.get(key, () => this.#context.peaks({ width, height, dtype, rings, sumsOnly: true }));
  }

  dispose(): Promise<void> {
    return this.#plans.dispose();
  }
}
