/** Remarks about the detector from the crystals of a run: that it is displaced, or moves. */

import { anglesOf, lengthsOf } from '../crystal/cell.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { meanDistance } from '../crystal/geometry/pixels.js';
import { median } from '../util/median.js';
import { type DetectorFit, type DetectorVerdict, fewestFits } from './detector-fit.js';
import type { GeometryRefinement, MeasuredCell } from './refine-geometry.js';

/** What the crystals of a run tell about the distance and its known cells, from a fit of both together. */
export interface FittedDistance extends Pick<GeometryRefinement, 'isDistanceKnown' | 'cells'> {}

/** What a run knows about its cells and its distance before its frames are searched. */
export interface SettledCells {
  /** False if the cell was determined from the same frames, at the distance of the geometry. */
  readonly isCellGiven: boolean;
  /** Undefined if distance and cells were not fitted. */
  readonly fitted?: FittedDistance | undefined;
}

/** What crystals tell about the detector: `doubts` contradict what the run was given, so its results need a look. */
export interface DetectorRemarks {
  readonly doubts: readonly string[];
  readonly remarks: readonly string[];
}

/** Medians of a run: of 1/d in the middle of the peaks, and of the profile radii of its crystals, both in 1/Å. */
export interface Sharpness {
  readonly inverseD: number;
  readonly profileRadius: number;
}

/**
 * Profile radii by which a drift may move reflections. On a simulated run with half of its frames shifted, strong intensities
 * change by .06 σ at .6 of them, where CC1/2 is .995 for .998; at 1.3 a tenth of the intensity is lost, and it is .982.
 */
const mostOff = 0.8;

/** The remark on a distance that neither a known cell nor the peaks determine. */
const unknownDistance =
  'the cell was determined from these frames at the distance and wavelength of the geometry, which the peaks do not ' +
  'tell from the size of the cell: if one of them is wrong by 1 %, so are all edges; what the file states, a known ' +
  'cell (-p), a powder or frames with the detector nearer decide';

/** Differences of a known cell below these are not reported: of lengths, relative, and of angles, degrees. */
const [minLength, minAngle] = [0.001, 0.1];

/** Differences below these are not reported: of the distance, of the beam in pixels. */
const [minScale, minPixels] = [0.0005, 0.15];

/** The limits for a remark on fewer crystals than a verdict requires. */
const ofFew = {
  /** Largest residual in pixels: if it is larger, the geometry is wrong in other respects as well. */
  rmsPx: 0.5,
  /** Smallest difference of the distance; right cells of simulated stills with 13 peaks differ by up to 0.0004. */
  scale: 0.005,
  /** Smallest shift in pixels. */
  shiftPx: 1,
  /** Largest deviation of a crystal from the median, relative to the difference. */
  spread: 0.2,
};

/**
 * A remark that the known cell and the geometry do not match, for fewer crystals than a verdict requires: they must fit
 * well, and agree. One crystal does not show a shift, which looks much like a tilt of it.
 */
export function fewCrystalsRemark(
  fits: readonly DetectorFit[],
  { panels }: Geometry,
  isCellGiven: boolean,
): string | undefined {
  const pixelM = 1 / (panels[0]?.resolution ?? 1);
  if (fits.length === 0 || fits.length >= fewestFits) return undefined;
  const told = [isCellGiven ? scaleOfFew(fits, pixelM) : undefined, shiftOfFew(fits, pixelM)].filter(
    (text) => text !== undefined,
  );
  if (told.length === 0) return undefined;
  const crystals = fits.length === 1 ? '1 crystal' : `${fits.length} crystals`;
  return (
    `according to ${crystals}, ${told.join(', and ')}; check the cell and the geometry ` +
    `(with ${fewestFits} crystals the geometry is refined)`
  );
}

/** The difference of the distance in words; undefined if it is small, or if the crystals do not agree. */
function scaleOfFew(fits: readonly DetectorFit[], pixelM: number): string | undefined {
  const good = fits.filter(({ rmsM }) => rmsM < ofFew.rmsPx * pixelM);
  const change = median(good.map(({ scale }) => scale)) - 1;
  const agree = good.every(({ scale }) => Math.abs(scale - 1 - change) < ofFew.spread * Math.abs(change));
  if (good.length === 0 || Math.abs(change) < ofFew.scale || !agree) return undefined;
  return (
    `the known cell is ${(100 * Math.abs(change)).toFixed(1)} % too ${change > 0 ? 'large' : 'small'}, ` +
    `or the detector that much ${change > 0 ? 'farther away' : 'nearer'} than in the geometry`
  );
}

/**
 * The shift in words; undefined if it is small, or if fewer than three quarters of at least two crystals agree. A shift
 * tilts the crystals, and so leaves residuals of a third of it.
 */
function shiftOfFew(fits: readonly DetectorFit[], pixelM: number): string | undefined {
  const [x, y] = [0, 1].map((axis) => median(fits.map(({ shiftM }) => shiftM[axis] ?? 0))) as [number, number];
  const size = Math.hypot(x, y);
  const agree = fits.filter(
    ({ shiftM, rmsM }) => Math.hypot(shiftM[0] - x, shiftM[1] - y) < ofFew.spread * size && rmsM < size / 2,
  );
  if (agree.length < Math.max(2, 0.75 * fits.length) || size < ofFew.shiftPx * pixelM) return undefined;
  return `the detector is shifted by ${(x / pixelM).toFixed(1)}, ${(y / pixelM).toFixed(1)} pixels`;
}

/** The factor by which all edges differ from the known ones, within four errors; undefined if they differ. */
function commonFactor(lengths: readonly number[], given: readonly number[], relative: number): number | undefined {
  const factors = lengths.map((x, i) => x / (given[i] as number));
  const mean = factors.reduce((sum, x) => sum + x, 0) / factors.length;
  const isOne = factors.every((x) => Math.abs(x / mean - 1) < Math.max(minLength, 4 * relative) / 2);
  return isOne && Math.abs(mean - 1) > 5 * minLength ? mean : undefined;
}

/** A remark that a known cell is not that of its crystals; undefined if it is, within four errors. */
export function cellRemark({ known, found, lengthErrorsA, crystals }: MeasuredCell): string | undefined {
  const [lengths, given] = [lengthsOf(found), lengthsOf(known)];
  const [angles, givenAngles] = [anglesOf(found), anglesOf(known)];
  const relative = Math.max(...lengthErrorsA.map((error, i) => error / (lengths[i] as number)));
  const isLonger = lengths.some((x, i) => {
    const least = Math.max(minLength * x, 4 * (lengthErrorsA[i] as number));
    return Math.abs(x - (given[i] as number)) > least;
  });
  const isBent = angles.some((x, i) => {
    const least = Math.max(minAngle, (4 * relative * 180) / Math.PI);
    return Math.abs(x - (givenAngles[i] as number)) > least;
  });
  if (!isLonger && !isBent) return undefined;
  const factor = commonFactor(lengths, given, relative);
  const numbers = (edges: readonly number[], corners: readonly number[]): string =>
    [...edges, ...corners].map((x) => x.toFixed(2)).join(' ');
  return (
    `the cell of ${crystals} crystals is ${numbers(lengths, angles)} ` +
    `(lengths ± ${lengthErrorsA.map((error) => Math.max(0.01, error).toFixed(2)).join(', ')} Å), and not ` +
    `${numbers(given, givenAngles)}; ` +
    (factor === undefined || isBent
      ? 'check the cell'
      : `all edges are ${factor.toFixed(3)} of the known ones, as a wavelength of the geometry that is ` +
        `${(100 * Math.abs(factor - 1)).toFixed(1)} % too ${factor > 1 ? 'long' : 'short'} makes them: check the ` +
        'wavelength (photon energy) first, then check the cell')
  );
}

/**
 * Doubts and remarks of a verdict; empty if there is nothing to report. If the distance was already fitted on the first crystals,
 * a difference that is left is one of the known cell, or of either if the crystals cannot tell. A cell that was
 * determined from the same frames tells nothing about the distance.
 */
export function detectorRemarks(
  verdict: DetectorVerdict | undefined,
  geometry: Geometry,
  beam: Beam,
  { fitted, isCellGiven }: SettledCells,
  sharpness?: Sharpness,
): DetectorRemarks {
  if (!verdict) return { doubts: [], remarks: [] };
  const perMetre = geometry.panels[0]?.resolution ?? 1;
  const doubts = (fitted?.cells ?? []).flatMap((cell) => cellRemark(cell) ?? []);
  const remarks: string[] = [];
  const far = (value: number, error: number, least: number): boolean => Math.abs(value) > Math.max(least, 4 * error);
  const change = verdict.scale - 1;
  const [x, y] = verdict.shiftM.map((shift) => shift * perMetre) as [number, number];
  const [ex, ey] = verdict.shiftErrorM.map((shift) => shift * perMetre) as [number, number];
  const told: string[] = [];
  if (!isCellGiven) {
    if (fitted?.isDistanceKnown === false) remarks.push(unknownDistance);
  } else if (far(change, verdict.scaleError, minScale)) {
    const how =
      `${(100 * Math.abs(change)).toFixed(2)} % ` +
      `(${(1000 * Math.abs(change) * meanDistance(geometry, beam)).toFixed(2)} mm)`;
    const where = `${how} ${change > 0 ? 'farther away' : 'nearer'} than in the geometry`;
    const percent = Number((100 * Math.abs(change)).toPrecision(1));
    if (fitted && !fitted.isDistanceKnown)
      doubts.push(
        `according to ${verdict.crystals} crystals, the known cell is about ${percent} % too ` +
          `${change > 0 ? 'large' : 'small'}, or the detector ${where}: at such small scattering angles peaks do not ` +
          'tell which, so the distance is kept; frames with the detector nearer decide, or trustCell (--trust-cell) ' +
          'if the cell is known better',
      );
    else if (!fitted) told.push(where);
  }
  if (far(x, ex, minPixels) || far(y, ey, minPixels))
    told.push(`shifted by ${x.toFixed(2)}, ${y.toFixed(2)} pixels from its position there`);
  if (told.length > 0)
    remarks.push(
      `according to ${verdict.crystals} crystals, ` +
        `${isCellGiven ? 'assuming that the known cell is right, ' : ''}the detector is ${told.join(' and ')}` +
        (fitted ? '' : '; refinedGeometry (--refined-geometry FILE) writes one that fits'),
    );
  const { drift } = verdict;
  const drifts = (text: string): void => {
    // A lattice turns with the beam by which it is found: its points leave the sphere by this, in profile radii.
    const angle = Math.hypot(...drift.shiftM) / meanDistance(geometry, beam);
    const off = sharpness ? (angle * sharpness.inverseD) / sharpness.profileRadius : 0;
    if (off < mostOff) remarks.push(text);
    else
      doubts.push(
        `${text}: crystals are turned by as much, and their reflections, ${off.toFixed(1)} profile radii off the sphere, are ` +
          'predicted where they are not seen; index the frames before and after in runs of their own, each with its centre',
      );
  };
  const [dx, dy] = drift.shiftM.map((shift) => shift * perMetre) as [number, number];
  const [edx, edy] = drift.shiftErrorM.map((shift) => shift * perMetre) as [number, number];
  if (verdict.crystals >= 30) {
    if (far(drift.scale, drift.scaleError, minScale))
      remarks.push(
        `the distance drifts over the run, by ${(100 * drift.scale).toFixed(2)} %: did the jet or the detector move?`,
      );
    if (far(dx, edx, minPixels) || far(dy, edy, minPixels))
      drifts(`the beam drifts over the run, by ${(-dx).toFixed(2)}, ${(-dy).toFixed(2)} pixels`);
  }
  return { doubts, remarks };
}
