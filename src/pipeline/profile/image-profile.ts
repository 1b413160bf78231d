/** The radial profile of an image that is no frame of a run: a sum of frames, or the image of a powder. */

import type { Detector } from '../../frames/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { ringsOfDetector } from '../../peaks/rings.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { binsOf } from './bins.js';
import { checkProfile, type ProfileOptions } from './options.js';
import { Profiler, plainSums } from './profiler.js';
import type { RadialProfile } from './radial-profile.js';

/**
 * The radial profile of an image [ss, fs] of a detector, over all pixels that are good and finite: of the sum of frames,
 * of `VirtualPowder.image`, or of a single frame. Errors are those of counts.
 *
 * Throws `Argument` for options and ranges beyond the detector, `Shape` for an image of another one.
 */
export function radialProfile(
  detector: Detector,
  image: Frame | Float64Array,
  options: Omit<ProfileOptions, 'frames'> = {},
): RadialProfile {
  const profile = checkProfile('radialProfile', options) ?? {};
  const { width, height, unitsPerPhoton } = detector;
  if (!ArrayBuffer.isView(image) || image.length !== width * height)
    throw new EwaldError(
      'Shape',
      `radialProfile: the image is ${inspect(image)}; expected numbers of ${width * height} pixels (${width} x ${height})`,
    );
  const finite = [-Number.MAX_VALUE, Number.MAX_VALUE] as const;
  const bins = binsOf(detector, ringsOfDetector(detector, { minRadius: 0, maxRadius: 0 }), profile, undefined);
  const profiler = new Profiler(bins, { width, height, unitsPerPhoton, validRange: finite });
  return profiler.of(image as Frame, plainSums(image, bins, finite), noPeaks, new Float32Array(0));
}

const none = new Float32Array(0);
const noPeaks: PeakList = {
  count: 0,
  fs: none,
  ss: none,
  intensity: none,
  maximum: none,
  snr: none,
  background: none,
  pixels: new Uint32Array(0),
  panel: new Uint32Array(0),
  rings: undefined,
};
