/** The range of valid pixel values. */
import type { BadValue, Geometry } from '../../crystal/geometry/geometry.js';
import type { Metadata } from '../data/dataset.js';

/** The range outside of which a value is invalid, according to the file and the geometry. */
export function validRange(meta: Metadata, { panels }: Geometry): readonly [number, number] {
  let [least, greatest] = [meta.underload ?? Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const marker of meta.markers ?? []) {
    if (marker > 0) greatest = Math.min(greatest, marker - 1);
    else least = Math.max(least, marker + 1);
  }
  // Whether every panel declares a value bad; values that are bad on some panels only are marked pixel by pixel.
  const everywhere = (flag: BadValue): boolean =>
    panels.every(({ badValues }) => badValues.some(({ when, value }) => when === flag.when && value === flag.value));
  for (const flag of panels[0]?.badValues.filter(everywhere) ?? []) {
    if (flag.when === 'less') least = Math.max(least, flag.value);
    if (flag.when === 'more') greatest = Math.min(greatest, flag.value);
  }
  return [least, greatest];
}
