/** What is said about few spots of small cells. */
import { fewRule } from '../../compute/layout/indexing.js';
import { volume } from '../../crystal/cell.js';
import { primitiveOf } from '../../crystal/centring.js';
import { areSmall, type SizedCell } from './choice.js';

/** Sine of the angle from a line within which spots give no orientation. */
const leastSine = 0.12;

/** Lists of so many spots at most are few for cells that are not small: with spurious ones, orientations need more. */
const fewOfLarge = 8;

/** That few spots of a small cell in the plane z = 0 leave the wavelength open; undefined of others. */
export function flatHint(spots: Float32Array, cells: readonly SizedCell[]): string | undefined {
  const isFew = spots.length >= 6 && spots.length <= 3 * fewRule.spots && areSmall(cells, undefined);
  return isFew && spots.every((number, i) => i % 3 !== 2 || number === 0)
    ? 'all spots lie in the plane z = 0, and so on no Ewald sphere: without the wavelength they are not indexed as few spots of ' +
        'a small cell, and most lattices are ambiguous; give them their z = √(1/λ² − x² − y²) − 1/λ (electrons of 80, 120, ' +
        '200 and 300 kV: λ = 0.0418, 0.0335, 0.0251 and 0.0197 Å)'
    : undefined;
}

/** Fewest spots that a further crystal is suspected of, and their part of all. */
const [fewestLeft, partLeft] = [4, 0.4];

/** That spots which one crystal leaves may be of others; undefined if they are few. */
export function leftHint(spots: number, explained: number): string | undefined {
  const left = spots - explained;
  return explained > 0 && left >= fewestLeft && left >= partLeft * spots
    ? `${left} of ${spots} spots are not of the crystal that was found: if there may be several crystals or a twin in the beam, ` +
        'look for them (--multi); otherwise they are spurious'
    : undefined;
}

/**
 * Why no orientation of these cells follows from the spots of a list, [n, 3] in 1/angstrom; undefined if one may.
 */
export function fewHint(spots: Float32Array, cells: readonly SizedCell[]): string | undefined {
  if (spots.length < 6) return undefined;
  const flat = flatHint(spots, cells);
  if (flat !== undefined) return flat;
  const vectors = Array.from({ length: spots.length / 3 }, (_, i) => [...spots.subarray(3 * i, 3 * i + 3)]);
  const isOneLine = vectors.every((p, i) => vectors.slice(0, i).every((q) => sineBetween(p, q) < leastSine));
  if (isOneLine)
    return 'all spots lie on one line through the beam, which leaves the turn of a crystal about that line open';
  const largest = Math.max(...cells.map(({ cell, centring = 'P' }) => Math.abs(volume(primitiveOf(cell, centring)))));
  return vectors.length <= fewOfLarge && !areSmall(cells, undefined)
    ? `${vectors.length} spots are few for a primitive cell of ${largest.toFixed(0)} Å³, which has many reflections at each of ` +
        'their lengths: find more peaks (a lower threshold), check the cell, or name the method few, which says what it leaves open'
    : undefined;
}

function sineBetween([x = 0, y = 0, z = 0]: readonly number[], [u = 0, v = 0, w = 0]: readonly number[]): number {
  const across = Math.hypot(y * w - z * v, z * u - x * w, x * v - y * u);
  return across / (Math.hypot(x, y, z) * Math.hypot(u, v, w));
}

/** That images were searched as few spots of a small cell. */
export const fewText = (images: string): string =>
  `${images} searched as few spots of a small cell (the method few, which another named method replaces)`;
