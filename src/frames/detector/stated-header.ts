/** What headers of frames state of their detector, and where that of a file is another one than that of the first. */

import type { Geometry, StatedHeader } from '../../crystal/geometry/geometry.js';
import { EwaldError } from '../../util/errors.js';
import type { Dataset } from '../dataset.js';

/** Frames with a header. */
export interface HasHeader {
  readonly meta: Dataset['meta'];
  readonly mask?: unknown;
}

/** What a header states of the place of its detector and of its values. */
export const headerOf = ({ meta, mask }: HasHeader): StatedHeader => ({
  saturation: meta.saturation,
  underload: meta.underload,
  markers: meta.markers,
  hasMask: mask !== undefined,
  wavelengthA: meta.wavelengthA,
  distanceM: meta.distanceM,
  pixelM: meta.pixelSizeM?.x,
  centrePx: meta.beamCentrePx && [meta.beamCentrePx.x, meta.beamCentrePx.y],
});

/** Headers of one detector differ by less: a spot 1000 pixels from the beam moves by five, and a beam by one. */
const [minShare, minPx] = [0.005, 1];
/** A later file may have overloads above a limit that is higher by this share; reflections between both are left out. */
const higherLimit = 0.05;

/** What a header states of values that a run with the limits of the first one would take for what they are not. */
function otherLimits(header: StatedHeader, first: StatedHeader): string[] {
  const { saturation, underload, markers = [] } = header;
  const known = first.markers ?? [];
  const marker = markers.find((one) => !known.includes(one));
  return [
    ...(saturation !== undefined && isOtherLimit(saturation, first.saturation ?? Number.POSITIVE_INFINITY)
      ? [`overloads above ${saturation}, not ${first.saturation ?? 'none'}`]
      : []),
    ...(underload !== undefined && underload > (first.underload ?? Number.NEGATIVE_INFINITY)
      ? [`no counts below ${underload}, not ${first.underload ?? 'none'}`]
      : []),
    ...(marker === undefined ? [] : [`no counts at ${marker}, not ${known.join(' or ') || 'none'}`]),
  ];
}

/** Counts would be taken for overloads, or overloads for counts. */
const isOtherLimit = (limit: number, first: number): boolean => limit < first || limit > first * (1 + higherLimit);

/**
 * What a header states otherwise than the first one, as `a distance of 0.2 m, not 0.1 m`; of what `fixed` leaves out, it
 * may. Limits of values differ in any case.
 */
function otherTexts(header: StatedHeader, first: StatedHeader, fixed: Fixed): string[] {
  const differing = ([what, of, unit]: readonly [string, 'wavelengthA' | 'distanceM' | 'pixelM', string]): string[] => {
    const [one, other] = [header[of], first[of]];
    const differs = one !== undefined && other !== undefined && !(Math.abs(one / other - 1) < minShare);
    return differs ? [`${what} of ${one} ${unit}, not ${other} ${unit}`] : [];
  };
  const found = [
    ...(fixed.distance ? differing(['a distance', 'distanceM', 'm']) : []),
    ...(fixed.wavelength ? differing(['a wavelength', 'wavelengthA', 'Å']) : []),
    ...differing(['a pixel size', 'pixelM', 'm']),
    ...otherLimits(header, first),
  ];
  const [one, other] = [header.centrePx, first.centrePx];
  if (fixed.centre && one && other && !(Math.hypot(one[0] - other[0], one[1] - other[1]) < minPx))
    found.push(`a beam centre of ${one.map(pixels).join(', ')} pixels, not ${other.map(pixels).join(', ')}`);
  return found;
}

/** Which numbers of a beam are the same for all files. */
type Fixed = Readonly<Record<'distance' | 'wavelength' | 'centre', boolean>>;

const pixels = (value: number): number => Number(value.toFixed(2));

/**
 * Refuses frames whose header states another place of the detector, another wavelength, or other values that are no
 * counts than the header from which the geometry of the run was derived. Throws `Format`.
 */
export function refuseOtherHeader({ header: first }: Geometry, dataset: Dataset): void {
  if (!first) return;
  const { name, meta } = dataset;
  const found = otherTexts(headerOf(dataset), first, { distance: true, wavelength: true, centre: true });
  if (dataset.mask && !first.hasMask) found.push('a mask, not none');
  if (meta.turned) found.push(`a turned detector (${meta.turned.join(', ')}), not one at a right angle to the beam`);
  if (found.length > 0)
    throw new EwaldError(
      'Format',
      `${name}: its header states ${found.join(', and ')} as that of the first frame; a run has a single detector: ` +
        'index these frames in another run, or give a geometry for all of them (-g FILE)',
    );
}

/**
 * What a header states otherwise than that of the first file, of numbers that a given geometry has once for all files;
 * empty where the geometry takes them from each file.
 */
export function otherThanFirst(
  { distance, radiation, shift, panels }: Geometry,
  first: StatedHeader,
  dataset: HasHeader,
): string[] {
  const isFixed = (given: object | undefined): boolean => given !== undefined && !('path' in given);
  const header = headerOf(dataset);
  // Limits of the geometry that are lower than both are those of the run.
  const highest = panels.reduce((most, { maximum }) => Math.max(most, maximum), 0);
  const areLimited = [header, first].every(({ saturation = Number.POSITIVE_INFINITY }) => highest <= saturation);
  return otherTexts(areLimited ? { ...header, saturation: undefined } : header, first, {
    distance: isFixed(distance),
    wavelength: isFixed(radiation?.given),
    centre: shift.every(isFixed),
  });
}
