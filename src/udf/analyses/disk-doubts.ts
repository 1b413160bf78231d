/** What says that disks were searched with a wrong radius or lattice: their positions look like positions. */
import { median } from '../../base/median.js';

/** Radii of the search over that of the beam at which positions are those of the disks. */
const [minRadius, maxRadius] = [0.85, 1.3];

/** Why disks that were searched with a radius are not those of a beam with another one, both in pixels. */
export function radiusFaults(searched: number, beam: number): string[] {
  if (searched >= minRadius * beam && searched <= maxRadius * beam) return [];
  return [
    `the disks were searched with a radius of ${Number(searched.toPrecision(4))} pixels, and the direct beam has one ` +
      `of ${beam.toFixed(2)} in the sum of the frames: with another radius, maxima are beside the disks`,
  ];
}

/** Why lattices are not those of the disks: `errors` are the distances of the disks from them in pixels. */
export function latticeFaults(errors: ArrayLike<number>, radius: number): string[] {
  const found = Array.from(errors).filter((error) => !Number.isNaN(error));
  if (found.length === 0) return [];
  const [middle, most] = [median(found), Math.max(0.5, 0.08 * radius)];
  if (!(middle > most)) return [];
  return [
    `the disks are ${middle.toFixed(2)} pixels (median) beside the lattices that were fitted to them, and with disks ` +
      `of this size more than ${most.toFixed(2)} is no strain: the radius, the lattice (zero, a, b) or the pattern is ` +
      'another, or there are too few counts',
  ];
}
