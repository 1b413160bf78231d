/**
 * Strain from the lattices of a scan: g′ = β g for reciprocal vectors, which shrink when the lattice grows. Polar: a
 * lattice is deformed by β⁻ᵀ = V R, and the strain is V − 1, the rotation that of R. Linear, as py4DSTEM has it (Savitzky
 * et al., Microsc. Microanal. 27, 712 (2021)): 1 − β, whose symmetric part reads a rotation of 8° as a strain of 1 %.
 * Axes are those of the detector: y along its rows, x along its columns.
 */

import { checkedValue, row } from '../../options/call-options.js';
import { expectsNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';

/** Maps of a scan; one number per position, NaN where no lattice was fitted. */
export interface StrainMaps {
  /** Strain along y, along x, and shear. */
  readonly eyy: Float64Array;
  readonly exx: Float64Array;
  readonly exy: Float64Array;
  /** Rotation of the lattice in radians, from x to y: clockwise where rows are drawn downwards. */
  readonly theta: Float64Array;
  /** The reference vectors (y, x) in pixels: medians of those of the reference region. */
  readonly reference: { readonly a: readonly [number, number]; readonly b: readonly [number, number] };
}

/** Options of `strainMaps`. */
export interface StrainOptions {
  /** Nonzero at the positions without strain, one number per position; default: all positions. */
  readonly reference?: ArrayLike<number> | undefined;
  /** Angle in degrees by which the axes of the maps are turned, from x to y; default 0: those of the detector. */
  readonly axesRotation?: number | undefined;
  /** How strain is separated from rotation; default polar, which is exact. `linear`: to first order, as in py4DSTEM. */
  readonly decomposition?: StrainDecomposition | undefined;
}

/** How strain is separated from rotation. */
export type StrainDecomposition = 'polar' | 'linear';

/** The middle of some numbers, NaN aside; of an even number the mean of the middle two. */
function median(values: number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half] as number;
  return ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

const decompositionRow = row.choice(['polar', 'linear'], 'polar');

/** Strain (yy, xx, xy) and rotation in radians. */
type Separated = readonly [yy: number, xx: number, xy: number, theta: number];

/** β as strain and rotation. */
const separations: Readonly<
  Record<StrainDecomposition, (yy: number, yx: number, xy: number, xx: number) => Separated>
> = {
  linear: (yy, yx, xy, xx) => [1 - yy, 1 - xx, -(yx + xy) / 2, (yx - xy) / 2],
  polar(yy, yx, xy, xx) {
    // V is the inverse of the root of β βᵀ, which for two axes is (β βᵀ + det β) / trace of the root.
    const det = yy * xx - yx * xy;
    const [syy, sxx, sxy] = [yy * yy + yx * yx + det, xy * xy + xx * xx + det, yy * xy + yx * xx];
    const trace = Math.sqrt(syy + sxx);
    // A mirrored lattice is none that was strained.
    if (!(det > 0)) return [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
    const scale = 1 / (trace * det);
    return [sxx * scale - 1, syy * scale - 1, -sxy * scale, Math.atan2(yx - xy, yy + xx)];
  },
};

/**
 * Strain and rotation at each position, from the lattice vectors `a` and `b`, (y, x) of each position, such as the
 * results of `diskUdf` with a match.
 *
 * Throws `Shape` for arrays of different lengths, `Argument` if no position of the reference region has a lattice.
 */
export function strainMaps(a: ArrayLike<number>, b: ArrayLike<number>, options: StrainOptions = {}): StrainMaps {
  const what = 'strainMaps';
  const { reference: region, axesRotation = 0 } = options;
  const decomposition = checkedValue(`${what}: decomposition`, options.decomposition, decompositionRow);
  const separate = separations[decomposition];
  expectsNumbers(`${what}: a`, a);
  expectsNumbers(`${what}: b`, b);
  const positions = a.length / 2;
  if (b.length !== a.length || !Number.isInteger(positions) || (region && region.length !== positions))
    throw new EwaldError(
      'Shape',
      `${what}: a has ${a.length} numbers, b ${b.length}` +
        `${region ? `, the reference region ${region.length}` : ''}; expected (y, x) of a and b for each position, ` +
        'and one number of the region',
    );
  const inRegion = Array.from({ length: positions }, (_, i) => i).filter((i) => !region || region[i]);
  const middle = (vectors: ArrayLike<number>): [number, number] => [
    median(inRegion.map((i) => vectors[2 * i] as number)),
    median(inRegion.map((i) => vectors[2 * i + 1] as number)),
  ];
  const [ra, rb] = [middle(a), middle(b)];
  const determinant = ra[0] * rb[1] - ra[1] * rb[0];
  if (!Number.isFinite(determinant) || determinant === 0)
    throw new EwaldError(
      'Argument',
      `${what}: none of the ${inRegion.length} positions of the reference region has a lattice that could be fitted; ` +
        'pass another region, or check zero, a and b, the pattern and the tolerance',
    );
  const maps = [0, 1, 2, 3].map(() => new Float64Array(positions).fill(Number.NaN));
  const [eyy, exx, exy, theta] = maps as [Float64Array, Float64Array, Float64Array, Float64Array];
  const angle = (axesRotation * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (let i = 0; i < positions; i++) {
    const [ay, ax, by, bx] = [a[2 * i], a[2 * i + 1], b[2 * i], b[2 * i + 1]] as [number, number, number, number];
    // β = [a b] [ra rb]⁻¹, columns (y, x).
    const yy = (ay * rb[1] - by * ra[1]) / determinant;
    const yx = (by * ra[0] - ay * rb[0]) / determinant;
    const xy = (ax * rb[1] - bx * ra[1]) / determinant;
    const xx = (bx * ra[0] - ax * rb[0]) / determinant;
    const [p, q, r, turn] = separate(yy, yx, xy, xx);
    eyy[i] = c * c * p - 2 * c * s * r + s * s * q;
    exx[i] = s * s * p + 2 * c * s * r + c * c * q;
    exy[i] = c * s * (p - q) + (c * c - s * s) * r;
    theta[i] = turn;
  }
  return { eyy, exx, exy, theta, reference: { a: ra, b: rb } };
}
