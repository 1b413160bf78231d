/**
 * The strain that crystals share in the frame of their known cell, by which that cell is wrong, and what is known about
 * it beforehand. Strains are symmetric; their elements are xx, yy, zz, yz, xz, xy, in thousandths.
 *
 * A wrong axis strains all crystals alike in their own frames, which random orientations turn into a wrong size in the
 * laboratory: a wrong distance. The peaks determine the shape of the cell, and with it most of the error. They hardly
 * determine its size: at a scattering angle of 2θ, a size changes the radius of a spot 2 tan θ / (sin 2θ cos 2θ) times
 * as much as a distance does, which is 1.10 at 20° and 1.48 at 40°. Below some 20° the size is what is known
 * beforehand.
 */
import { type Cell, lengthsOf, type Vector } from './cell.js';
import { inverted, product } from './strain.js';

/** The pairs of axes of the elements of a strain, or of another symmetric matrix. */
export const elements = [
  [0, 0],
  [1, 1],
  [2, 2],
  [1, 2],
  [0, 2],
  [0, 1],
] as const;
export const strainLength = elements.length;

const milli = 1e-3;
/** Expected differences in the shape between a known cell and that of the crystals: unit cells shrink when frozen. */
const usualShape = 5;
/** The same of the mean length: of any known cell, of a trusted one, and while the distance is fixed. */
const [usualSize, trustedSize, freeSize] = [3e-3, 3e-4, 5e-3];
/** A shape that is wrong by more errors than this tells that the size may be wrong as well. */
const wrongShape = 4;

/**
 * Standard error of the mean length of a known cell, relative. The errors of axes that are given as equal are equal.
 */
export function sizeErrorOf(
  known: Cell,
  lengthErrorsA: Vector | undefined,
  { trusted, distance }: { readonly trusted: boolean; readonly distance: boolean },
): number {
  const least = distance ? (trusted ? trustedSize : usualSize) : freeSize;
  if (!lengthErrorsA) return least;
  const sums = new Map<number, number>();
  for (const [i, length] of lengthsOf(known).entries()) {
    const key = Number(length.toPrecision(9));
    sums.set(key, (sums.get(key) ?? 0) + (lengthErrorsA[i] as number) / length);
  }
  return Math.max(least, Math.hypot(...sums.values()) / 3);
}

/**
 * What a wrong shape tells about the size, relative; 0 if the shape is right within its errors. Three lengths with
 * independent errors σ have deviations from their mean of 2σ², summed, and a mean with the error σ/√3.
 */
export function sizeErrorOfShape(strain: ArrayLike<number>, variances: ArrayLike<number>): number {
  const at = (k: number): number => strain[k] as number;
  const mean = (at(0) + at(1) + at(2)) / 3;
  let [square, variance] = [0, 0];
  for (let k = 0; k < strainLength; k++) {
    const times = k < 3 ? 1 : 2;
    square += times * (at(k) - (k < 3 ? mean : 0)) ** 2;
    variance += times * (variances[k] as number);
  }
  return square > wrongShape ** 2 * variance ? milli * Math.sqrt(square / 6) : 0;
}

/** The inverse covariance of a strain that is known beforehand, [6, 6]; `sizeError` is that of the mean length. */
export function strainPrior(sizeError: number): Float64Array {
  const [size, shape] = [(milli / sizeError) ** 2, 1 / usualShape ** 2];
  const weights = new Float64Array(strainLength * strainLength);
  for (let k = 0; k < 3; k++) {
    for (let m = 0; m < 3; m++) weights[k * strainLength + m] = size / 9 + shape * ((k === m ? 1 : 0) - 1 / 3);
    // Elements off the diagonal occur twice in a strain.
    weights[(3 + k) * (strainLength + 1)] = 2 * shape;
  }
  return weights;
}

/**
 * What strains in the frame of a cell are in the laboratory, where the cell is `turned`: [6, 6], rows of the former.
 */
export function labStrains(known: Cell, turned: Cell): Float64Array {
  // The axes of the cell's frame in the laboratory.
  const axes: readonly (readonly number[])[] = product(inverted(known), turned);
  const at = (i: number, j: number): number => axes[i]?.[j] as number;
  return Float64Array.from({ length: strainLength ** 2 }, (_, i) => {
    const [p, q] = elements[Math.floor(i / strainLength)] as readonly [number, number];
    const [r, s] = elements[i % strainLength] as readonly [number, number];
    return at(p, r) * at(q, s) + (p === q ? 0 : at(q, r) * at(p, s));
  });
}

/** A lattice after a small strain. */
export function strained(rows: Cell, strain: ArrayLike<number>): Cell {
  const at = (k: number): number => milli * (strain[k] as number);
  const [xx, yy, zz, yz, xz, xy] = [at(0), at(1), at(2), at(3), at(4), at(5)];
  const one = ([x, y, z]: Vector): Vector => [
    x + xx * x + xy * y + xz * z,
    y + xy * x + yy * y + yz * z,
    z + xz * x + yz * y + zz * z,
  ];
  return [one(rows[0]), one(rows[1]), one(rows[2])];
}

/**
 * Standard errors of the lengths of a cell in Å from the covariance of its strain, [6, 6] in thousandths squared.
 */
export function lengthErrors(cell: Cell, covariance: ArrayLike<number>): Vector {
  const lengths = lengthsOf(cell);
  const errors = cell.map((row, i) => {
    const length = lengths[i] as number;
    const along = elements.map(([p, q]) => ((p === q ? 1 : 2) * row[p] * row[q]) / length ** 2);
    let variance = 0;
    for (const [k, x] of along.entries())
      for (const [m, y] of along.entries()) variance += x * y * (covariance[k * strainLength + m] as number);
    return milli * length * Math.sqrt(variance);
  });
  return errors as unknown as Vector;
}
