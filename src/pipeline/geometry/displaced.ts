/** A geometry whose beam is where the background of the first frames is centred. */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import { formatGeometry } from '../../crystal/geometry/write.js';
import type { Detector } from '../../frames/detector/detector.js';
import { refinedMark } from '../../refinement/geometry-text.js';
import { movedGeometry, unitsOf } from '../../refinement/units.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { FirstFrames } from '../first-frames/tune.js';
import { backgroundCentre } from './background-centre.js';
import type { RefinedGeometry } from './preparation.js';

/**
 * The background of real frames with a right geometry is centred within half a bin of the beam; geometries that are
 * wrong by less than two bins are corrected on crystals.
 */
const minBins = 2;
/**
 * What crystals with the displaced geometry have to achieve: this fraction of the peaks of the first frames is
 * explained, and this many times as many as with the given geometry.
 */
const [convincing, advantage] = [0.4, 1.25];

/** A displaced detector. */
export interface Displaced {
  readonly geometry: Geometry;
  /** Shift of the detector in pixels of its first panel. */
  readonly shiftPx: readonly [x: number, y: number];
}

/**
 * The geometry with its beam at the centre of the background of the first frames; undefined if it is there already, or
 * if the frames do not show it. `geometry` is that of the detector as it was given. Throws `Aborted`.
 */
export async function displacedDetector(
  detector: Detector,
  geometry: Geometry,
  firstFrames: FirstFrames,
  signal?: PlatformSignal,
): Promise<Displaced | undefined> {
  const centre = await backgroundCentre(detector, firstFrames, signal);
  if (!centre) return undefined;
  const { atM, binM, symmetry } = centre;
  if (Math.hypot(...atM) < minBins * binM || !(symmetry.centre > symmetry.beam)) return undefined;
  const [x, y] = [-atM[0], -atM[1]];
  const perMetre = geometry.panels[0]?.resolution ?? 1;
  return {
    geometry: movedGeometry(geometry, unitsOf(geometry), [{ shift: [x, y, 0], turn: [0, 0, 0] }]),
    shiftPx: [x * perMetre, y * perMetre],
  };
}

/** Whether the crystals of the displaced geometry show that it is right; the numbers are fractions of the peaks. */
export const isConvincing = (displaced = 0, given = 0): boolean =>
  displaced >= convincing && displaced >= advantage * given;

const pixels = (shiftPx: Displaced['shiftPx']): string => shiftPx.map((x) => x.toFixed(1)).join(', ');
const percent = (fraction: number): string => `${(100 * fraction).toFixed(0)} %`;

/** The position of the background in words, for messages. */
export const displacedText = ({ shiftPx: [x, y] }: Displaced): string =>
  `the background of the first frames is centred ${(-x).toFixed(1)}, ${(-y).toFixed(1)} pixels from the beam of the ` +
  'geometry';

/** What to do about it where no crystals can show whether the geometry is wrong. */
export const howToShift = 'ewald index shifts the detector there if its crystals agree';

/** Why the displaced geometry is used. */
export const usedText = (displaced: Displaced, explained: number, before: number): string =>
  `${displacedText(displaced)}; with the detector shifted by ` +
  `${pixels(displaced.shiftPx)} pixels, crystals explain ` +
  `${percent(explained)} of the peaks of the first frames instead of ${percent(before)}, ` +
  'and the shifted geometry is used';

/** Why the given geometry is kept, though crystals explain few of the peaks. */
export const keptText = (displaced: Displaced, explained: number): string =>
  `${displacedText(displaced)}, but with the detector shifted there, crystals explain no more than ` +
  `${percent(explained)} of the peaks: the given geometry is kept`;

/** The displaced geometry as the one that a run uses, after what its crystals have refined. */
export function displacedAs({ geometry, shiftPx }: Displaced, refined: RefinedGeometry | undefined): RefinedGeometry {
  const by = pixels(shiftPx);
  const mark = `${refinedMark}: the detector is shifted by ${by} pixels, to where the background is centred`;
  return { geometry: refined?.geometry ?? geometry, text: `${mark}\n${refined?.text ?? formatGeometry(geometry)}` };
}
