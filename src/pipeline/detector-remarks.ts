/** Remarks about the detector from the crystals of a run: that it is displaced, or moves. */

import { median } from '../base/median.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { type DetectorFit, type DetectorVerdict, fewestFits } from './detector-fit.js';

/** Differences below these are not reported: of the distance, of the beam in pixels. */
const [leastScale, leastPixels] = [0.0005, 0.15];

/** The limits for a remark on fewer crystals than a verdict requires. */
const ofFew = {
  /** Largest residual in pixels: if it is larger, the geometry is wrong in other respects as well. */
  rmsPx: 0.5,
  /** Smallest difference of the distance; right cells of simulated stills with 13 peaks differ by up to 0.0004. */
  scale: 0.005,
  /** Largest deviation of a crystal from the median, relative to the difference. */
  spread: 0.2,
};

/**
 * A remark that the known cell and the distance do not match, for fewer crystals than a verdict requires: they must fit
 * well, and agree.
 */
export function fewCrystalsRemark(fits: readonly DetectorFit[], { panels }: Geometry): string | undefined {
  const pixelM = 1 / (panels[0]?.resolution ?? 1);
  const good = fits.filter(({ rmsM }) => rmsM < ofFew.rmsPx * pixelM);
  if (fits.length >= fewestFits || good.length === 0) return undefined;
  const change = median(good.map(({ scale }) => scale)) - 1;
  const agree = good.every(({ scale }) => Math.abs(scale - 1 - change) < ofFew.spread * Math.abs(change));
  if (Math.abs(change) < ofFew.scale || !agree) return undefined;
  const crystals = good.length === 1 ? '1 crystal' : `${good.length} crystals`;
  return (
    `according to ${crystals}, the known cell is ${(100 * Math.abs(change)).toFixed(1)} % too ` +
    `${change > 0 ? 'large' : 'small'}, or the detector that much ${change > 0 ? 'farther away' : 'nearer'} than in ` +
    `the geometry; check the cell and the distance (with ${fewestFits} crystals the distance is refined)`
  );
}

/** Remarks on a verdict; empty if there is nothing to report. */
export function detectorRemarks(verdict: DetectorVerdict | undefined, geometry: Geometry, beam: Beam): string[] {
  if (!verdict) return [];
  const perMetre = geometry.panels[0]?.resolution ?? 1;
  const remarks: string[] = [];
  const far = (value: number, error: number, least: number): boolean => Math.abs(value) > Math.max(least, 4 * error);
  const change = verdict.scale - 1;
  const [x, y] = verdict.shiftM.map((shift) => shift * perMetre) as [number, number];
  const [ex, ey] = verdict.shiftErrorM.map((shift) => shift * perMetre) as [number, number];
  const told: string[] = [];
  if (far(change, verdict.scaleError, leastScale)) {
    const how =
      `${(100 * Math.abs(change)).toFixed(2)} % ` + `(${(1000 * Math.abs(change) * beam.distanceM).toFixed(2)} mm)`;
    told.push(`${how} ${change > 0 ? 'farther away' : 'nearer'} than in the geometry`);
  }
  if (far(x, ex, leastPixels) || far(y, ey, leastPixels))
    told.push(`shifted by ${x.toFixed(2)}, ${y.toFixed(2)} pixels from its position there`);
  if (told.length > 0)
    remarks.push(
      `according to ${verdict.crystals} crystals, assuming that the known cell is right, the detector ` +
        `is ${told.join(' and ')}` +
        '; refinedGeometry (--refined-geometry FILE) writes one that fits',
    );
  const { drift } = verdict;
  const [dx, dy] = drift.shiftM.map((shift) => shift * perMetre) as [number, number];
  const [edx, edy] = drift.shiftErrorM.map((shift) => shift * perMetre) as [number, number];
  if (verdict.crystals >= 30) {
    if (far(drift.scale, drift.scaleError, leastScale))
      remarks.push(
        `the distance drifts over the run, by ${(100 * drift.scale).toFixed(2)} %: did the jet or the detector move?`,
      );
    if (far(dx, edx, leastPixels) || far(dy, edy, leastPixels))
      remarks.push(`the beam drifts over the run, by ${(-dx).toFixed(2)}, ${(-dy).toFixed(2)} pixels`);
  }
  return remarks;
}
