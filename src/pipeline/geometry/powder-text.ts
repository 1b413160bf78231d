/** Whether the rings of a powder were found, and what is said of them. */
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { refinedMark } from '../../refinement/geometry-text.js';
import type { PowderFit } from '../../refinement/powder-fit.js';
import type { PowderPoints } from '../../refinement/powder-rings.js';
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';
import { withError } from '../../util/with-error.js';
import type { ImagePoints } from './powder-points.js';

/** A geometry refined on the rings of a powder. */
export interface RefinedPowderGeometry {
  readonly geometry: Geometry;
  /** Mean distance of the panels in metres, and its standard error; that of the given geometry. */
  readonly distanceM: number;
  readonly distanceErrorM: number;
  readonly givenDistanceM: number;
  /** By how much the detector has moved across the beam, in metres, and the standard errors. */
  readonly shiftM: readonly [x: number, y: number];
  readonly shiftErrorM: readonly [x: number, y: number];
  /** Turns about x and y in radians, zero unless they were determined, and the standard errors that they have or would have. */
  readonly turnRad: readonly [x: number, y: number];
  readonly turnErrorRad: readonly [x: number, y: number];
  readonly pixelM: number;
  /** Rings that were seen, and all that the detector covers; of peaks of a stream, those with peaks on them. */
  readonly rings: number;
  readonly covered: number;
  /** Points, those on rings, and their root mean square distance from these in pixels. */
  readonly points: number;
  readonly onRings: number;
  readonly rmsPx: number;
  /**
   * Stills that told the place, and all of few spots; undefined where rings did. Then there are no rings, and the points
   * are the spots of the stills, of which some are on nodes.
   */
  readonly stills: { readonly used: number; readonly of: number } | undefined;
}

/** Rings of a fit: those that are seen, those that the detector covers, and rings that are none of the powder. */
export interface RingCounts {
  readonly seen: number;
  readonly covered: number;
  /** Of an image, rings of the powder before the outermost that is seen which are not seen. */
  readonly missing: number;
  /** Of an image, the radii in pixels of rings that are not of the powder. */
  readonly foreign: readonly number[];
}

/** A ring is seen if it has a maximum on this part of the rays that cover it. */
const seenOn = 0.4;
/** One that is surely below this part of the usual height is missing. */
const missingAt = 0.03;
/** Fewest points on a ring of peaks. */
const fewestPeaks = 2;
/** Fewest rings. */
const fewestRings = 3;
/** Rays that have to cover a ring. */
const fewestRays = 6;
/** And those that a foreign ring is seen on: corners of a detector have few, and no background beside. */
const manyRays = 12;
/** Part of the rings that may be missing, or foreign, and how many of few may be foreign: a halo, or one of the holder. */
const [strange, tolerated] = [0.25, 1];
/** Maxima within so many pixels are of one ring. */
const ringWidth = 4;
/** A ring that is not of the powder is higher than so many errors, and than this part of the usual height. */
const [surely, foreignFrom] = [6, 0.05];
/** Part of the radius of the first ring from which foreign ones are looked for. */
const innermost = 0.6;
/** Ln of the odds of a place, and how much smaller those of other places are. */
const [least, ahead] = [12, 6];
/** Part by which the distance of a geometry is wrong at most. */
const farOff = 0.1;

const isImage = (points: PowderPoints): points is ImagePoints => 'ringAt' in points;

/** Which rings of a fit are seen. */
export function seenRings({ motion, angles, ringOf }: PowderFit, points: PowderPoints): RingCounts {
  const on = new Int32Array(angles.tangents.length);
  for (const ring of ringOf) if (ring >= 0) on[ring] = (on[ring] as number) + 1;
  if (!isImage(points)) {
    const seen = on.filter((count) => count >= fewestPeaks).length;
    return { seen, covered: on.length, missing: 0, foreign: [] };
  }
  const distancePx = (points.z[0] ?? 0) + motion[0];
  const rings = Array.from(angles.tangents, (t, ring) => {
    const { height, error, rays } = points.ringAt(t * distancePx);
    return {
      height,
      error,
      isCovered: rays >= fewestRays,
      isSeen: rays >= fewestRays && (on[ring] as number) >= seenOn * rays,
    };
  });
  const seen = rings.filter(({ isSeen }) => isSeen);
  const usual = median(seen.map(({ height }) => height));
  // Beyond the outermost that is seen all may be too weak.
  const last = rings.findLastIndex(({ isSeen }) => isSeen);
  const isMissing = ({ height, error, isCovered, isSeen }: (typeof rings)[number]): boolean =>
    isCovered && !isSeen && height + 3 * error < missingAt * usual;
  return {
    seen: seen.length,
    covered: rings.filter(({ isCovered }) => isCovered).length,
    missing: rings.slice(0, last + 1).filter(isMissing).length,
    foreign: foreignRings(
      points,
      Array.from(angles.tangents, (t) => t * distancePx),
      usual,
    ),
  };
}

/** The radii of rings, in the mean of all rays, that are far from those of the powder. */
function foreignRings(points: ImagePoints, rings: readonly number[], usual: number): number[] {
  const all = Array.from({ length: points.outerPx }, (_, radius) => points.ringAt(radius));
  // Near the beam are the edges of a stop and of the air's scattering; beyond the last of a list it says nothing.
  const [inner, outer] = [innermost * (rings[0] ?? 0), (rings.at(-1) ?? 0) + 2 * ringWidth];
  const heights = all.map(({ height, rays }) => (rays >= manyRays ? height : Number.NaN));
  return all.flatMap(({ height, error }, radius) => {
    const beside = heights.slice(Math.max(0, radius - ringWidth), radius + ringWidth + 1);
    const isMaximum = beside.every((one, i) => (i < ringWidth ? one < height : one <= height));
    if (!isMaximum || !(height > surely * error && height > foreignFrom * usual) || radius < inner || radius > outer)
      return [];
    return rings.some((ring) => Math.abs(ring - radius - 0.5) < 2 * ringWidth) ? [] : [radius + 0.5];
  });
}

interface PowderOutcome {
  readonly fit: PowderFit | undefined;
  readonly counts: RingCounts | undefined;
  readonly points: PowderPoints;
  readonly distanceM: number;
  readonly pixelM: number;
  readonly name: string;
  /** Whether all rings are expected; a cell alone does not tell which are too weak to be seen. */
  readonly areStrong: boolean;
  /** What other calibrants say, if it has to be asked. */
  readonly others: () => readonly { readonly name: string; readonly fit: PowderFit }[];
}

const mm = (metres: number, digits = 2): string => `${(1000 * metres).toFixed(digits)} mm`;

/** Why the rings of a powder tell no place of the detector; undefined if they do. */
export function powderDoubt(powderOutcome: PowderOutcome): string | undefined {
  const { fit, counts, points, distanceM, pixelM, name, areStrong } = powderOutcome;
  const pooled = isImage(points) ? 'maxima along rays' : 'peaks';
  if (!fit || !counts || fit.lnOdds < least)
    return `its ${points.x.length} ${pooled} do not lie on rings of ${name}${likely(powderOutcome)}; check the powder, the wavelength and the geometry, or give more frames`;
  const at = distanceM + fit.motion[0] * pixelM;
  if (counts.seen < fewestRings)
    return (
      `it shows ${counted(counts.seen, 'ring')} of ${name}; distance and centre need ${fewestRings} at least${likely(powderOutcome)}: ` +
      'check the powder, put the detector nearer, or give more frames'
    );
  if (Math.abs(at / distanceM - 1) > farOff)
    return (
      `the rings of ${name} fit at ${mm(at)}, ${(at / distanceM).toFixed(2)} times the ${mm(distanceM)} of the ` +
      `geometry${likely(powderOutcome)}; check the powder and the wavelength, or set the distance (clen) to within ${100 * farOff} % first`
    );
  if (fit.lnAhead < ahead && fit.rival) {
    const other = distanceM + fit.rival[0] * pixelM;
    return (
      `the rings of ${name} fit as well at ${mm(at)} as at ${mm(other)}, so that it is open which ring is which; ` +
      `set the distance (clen) nearer to the true one than the ${mm(distanceM)} of the geometry, or give more frames`
    );
  }
  const { seen, missing, foreign } = counts;
  if (areStrong && missing > strange * (seen + missing))
    return (
      `${missing} of ${seen + missing} rings of ${name} are missing where it would have to show them${likely(powderOutcome)}; ` +
      'check the powder'
    );
  if (foreign.length > Math.max(tolerated, strange * seen)) {
    const radii = foreign.slice(0, 4).map((radius) => radius.toFixed(0));
    return (
      `${counted(foreign.length, 'ring')} beside ${seen} of ${name} ${foreign.length === 1 ? 'is' : 'are'} not of it ` +
      `(${radii.join(', ')} pixels from the centre)${likely(powderOutcome)}; check the powder, or list all of its rings`
    );
  }
  // A ring of the sample's holder is no other calibrant, which has fewer that are strange.
  const other = strangeness(counts) > 0 ? likely(powderOutcome) : '';
  if (other !== '')
    return (
      `${counted(strangeness(counts), 'ring')} of ${name} or beside ${strangeness(counts) === 1 ? 'is' : 'are'} missing or not of ` +
      `it${other}; check the powder`
    );
  return undefined;
}

const strangeness = ({ missing, foreign }: RingCounts): number => missing + foreign.length;

/** That the rings are those of another calibrant, if they are. */
function likely({ distanceM, pixelM, points, counts, others }: PowderOutcome): string {
  const better = others()
    // Any dense list has some odds with single peaks.
    .filter(
      ({ fit }) =>
        fit.lnOdds > (isImage(points) ? 1 : 3) * least && Math.abs((fit.motion[0] * pixelM) / distanceM) < farOff / 2,
    )
    .map(({ name, fit }) => ({ name, fit, of: seenRings(fit, points) }))
    .filter(
      ({ of }) =>
        of.seen >= fewestRings &&
        of.missing <= strange * of.seen &&
        of.foreign.length <= strange * of.seen &&
        (counts ? strangeness(of) < strangeness(counts) || counts.seen < fewestRings : true),
    )
    .sort((a, b) => strangeness(a.of) - strangeness(b.of) || b.fit.lnOdds - a.fit.lnOdds);
  const [best] = better;
  return best ? `, and those of ${best.name} fit at ${mm(distanceM + best.fit.motion[0] * pixelM)}` : '';
}

/** Digits that show an error. */
const digitsOf = (error: number): number =>
  error > 0 ? Math.min(6, Math.max(2, Math.ceil(-Math.log10(error)) + 1)) : 2;

/** What the rings of a powder say, in words. */
export function powderText(
  {
    distanceM,
    distanceErrorM,
    givenDistanceM,
    shiftM,
    shiftErrorM,
    turnRad,
    turnErrorRad,
    pixelM,
    ...of
  }: RefinedPowderGeometry,
  name: string,
): string {
  const digits = digitsOf(1000 * distanceErrorM);
  const px = (metres: number, error: number): string => withError(metres / pixelM, error / pixelM, 2, 2);
  const degrees = (radians: number, error: number): string =>
    withError((180 / Math.PI) * radians, (180 / Math.PI) * error, 2, 2);
  const isTurned = turnRad.some((turn) => turn !== 0);
  const worst = (180 / Math.PI) * Math.max(...turnErrorRad);
  const seen = of.stills
    ? `${of.stills.used} of ${counted(of.stills.of, 'still')} of few spots of ${name} (${of.onRings} of ${counted(of.points, 'peak')})`
    : `${counted(of.rings, 'ring')} of ${name} (${of.onRings} of ${counted(of.points, 'point')})`;
  const place =
    `according to ${seen}, the detector is at ` +
    `${(1000 * distanceM).toFixed(digits)} ± ${mm(distanceErrorM, digits)} (${mm(givenDistanceM, digits)} in the geometry), ` +
    `shifted by ${px(shiftM[0], shiftErrorM[0])}, ${px(shiftM[1], shiftErrorM[1])} pixels`;
  if (of.stills) return place;
  return (
    `${place}, and ` +
    (isTurned
      ? `turned by ${degrees(turnRad[0], turnErrorRad[0])}° about x and ${degrees(turnRad[1], turnErrorRad[1])}° about y`
      : `not tilted as far as they tell${Number.isFinite(worst) ? ` (error ${worst.toFixed(digitsOf(worst))}°)` : ''}`) +
    `; points are ${of.rmsPx.toFixed(2)} pixels from their rings`
  );
}

/** The beginning of a geometry that a powder has refined. */
export const powderComments = (refined: RefinedPowderGeometry, name: string): string =>
  `${refinedMark}: ${powderText(refined, name)}\n`;
