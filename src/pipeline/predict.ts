/**
 * Predicts a crystal's reflections: nodes of its reciprocal lattice near the Ewald sphere, and the positions where
 * their rays hit the detector.
 *
 * A node with excitation error s (its distance from the sphere along the ray's length, |k₀ + g| − 1/λ) is excited if
 * |s| is at most a given reach; two sigmas of bandwidth extend it by |g|²λ · Δλ/λ.
 */
import { type Cell, dot, type Vector } from '../crystal/cell.js';
import { type Centring, isAbsent } from '../crystal/centring.js';
import { largestInverseD } from '../crystal/geometry/edge.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { PanelPlaces } from '../crystal/geometry/panel-places.js';

/** A reflection on the detector. */
export interface Reflection {
  readonly h: number;
  readonly k: number;
  readonly l: number;
  /** Index of the panel. */
  readonly panel: number;
  /** Pixels from the corner of the panel. */
  readonly fs: number;
  readonly ss: number;
  /** 1/Å, signed: positive outside the sphere. */
  readonly excitation: number;
  /** 1/d in 1/Å. */
  readonly inverseD: number;
  /** Recorded fraction of the reflection according to its excitation error: 0 … 1. */
  readonly partiality: number;
}

/** The criteria for excited nodes. */
export interface Excitation {
  /** Standard deviation of the Gaussian of excitation errors at which nodes are visible, 1/Å. */
  readonly profileRadius: number;
  /** Largest excitation error at a single wavelength, 1/Å. */
  readonly reach: number;
  /** Relative bandwidth, one sigma. */
  readonly bandwidth: number;
  /** Largest 1/d in 1/Å; Infinity means that of the detector's outermost point. */
  readonly maxInverseD: number;
}

/** Excitation error of a reciprocal vector, 1/Å. */
export function excitationOf(q: Vector, wavelengthA: number): number {
  return excitationAt(q[0], q[1], q[2], 1 / wavelengthA);
}

// Not computed as a square root minus k0, because of cancellation. A square root of squares is rounded identically by
// all engines, unlike Math.hypot.
const excitationAt = (x: number, y: number, z: number, k0: number): number =>
  Math.sqrt(x * x + y * y + (z + k0) * (z + k0)) - k0;

/**
 * The reflections of a lattice that hit a detector, by h, k, l; `reciprocal` rows a*, b*, c* in 1/Å. Nodes beyond the
 * outermost point of the detector are not visited, so the cost without a limit depends only on the size of the
 * detector.
 */
export function predict(
  reciprocal: Cell,
  centring: Centring,
  geometry: Geometry,
  beam: Beam,
  { profileRadius, reach, bandwidth, maxInverseD: limit }: Excitation,
): Reflection[] {
  const found: Reflection[] = [];
  // The 1/d of a ray and that of its node differ by less than the thickness of the shell.
  const edge = largestInverseD(geometry, beam);
  const widest = reach + edge ** 2 * beam.wavelengthA * bandwidth;
  const maxInverseD = Math.min(limit, edge + 2 * widest);
  if (!(maxInverseD > 0)) return found;
  const k0 = 1 / beam.wavelengthA;
  const [as, bs, cs] = reciprocal;
  // |h| is at most |a| times the largest 1/d, because the rows of the inverse are a, b, c.
  const limits = inverseLengths(reciprocal).map((length) => Math.floor(length * maxInverseD)) as [
    number,
    number,
    number,
  ];
  // Largest widening of the shell by the bandwidth.
  const thickest = reach + 0.5 * maxInverseD ** 2 * beam.wavelengthA * 2 * bandwidth;
  const step = dot(cs, cs);
  const [outerRadius, innerRadius] = [k0 + thickest, k0 - thickest];
  const places = new PanelPlaces(geometry, beam);
  // Plain numbers instead of arrays, because this runs for every column of the lattice, about ten thousand per crystal.
  for (let h = -limits[0]; h <= limits[0]; h++)
    for (let k = -limits[1]; k <= limits[1]; k++) {
      const x = h * as[0] + k * bs[0];
      const y = h * as[1] + k * bs[1];
      const z = h * as[2] + k * bs[2];
      // The line x + l c* is within the shell of radii k0 ± thickness around −k0 in one or two ranges.
      const along = x * cs[0] + y * cs[1] + (z + k0) * cs[2];
      const square = x * x + y * y + (z + k0) * (z + k0);
      const outer = along * along - step * (square - outerRadius * outerRadius);
      if (outer < 0) continue;
      const inner = along * along - step * (square - innerRadius * innerRadius);
      const outerRoot = Math.sqrt(outer);
      const innerRoot = inner < 0 ? -1 : Math.sqrt(inner);
      for (let stretch = 0; stretch < (inner < 0 ? 1 : 2); stretch++) {
        const from = stretch === 0 ? (-along - outerRoot) / step : (-along + innerRoot) / step;
        const to = stretch === 1 || inner < 0 ? (-along + outerRoot) / step : (-along - innerRoot) / step;
        const last = Math.min(limits[2], Math.floor(to));
        for (let l = Math.max(-limits[2], Math.ceil(from)); l <= last; l++) {
          if ((h === 0 && k === 0 && l === 0) || isAbsent(centring, h, k, l)) continue;
          const gx = x + l * cs[0];
          const gy = y + l * cs[1];
          const gz = z + l * cs[2];
          const inverseD = Math.sqrt(gx * gx + gy * gy + gz * gz);
          if (inverseD > maxInverseD) continue;
          const excitation = excitationAt(gx, gy, gz, k0);
          const blur = 0.5 * inverseD ** 2 * beam.wavelengthA * bandwidth;
          if (Math.abs(excitation) > reach + 2 * blur) continue;
          const panel = places.find(gx, gy, gz + k0);
          if (panel < 0) continue;
          const { fs, ss } = places;
          const partiality = Math.exp((-excitation * excitation) / (2 * (profileRadius * profileRadius + blur * blur)));
          found.push({ h, k, l, panel, fs, ss, excitation, inverseD, partiality });
        }
      }
    }
  return found;
}

function inverseLengths(reciprocal: Cell): [number, number, number] {
  const [a, b, c] = reciprocal;
  const across = (u: Vector, v: Vector): Vector => [
    u[1] * v[2] - u[2] * v[1],
    u[2] * v[0] - u[0] * v[2],
    u[0] * v[1] - u[1] * v[0],
  ];
  const volume = Math.abs(dot(a, across(b, c)));
  return [across(b, c), across(c, a), across(a, b)].map((v) => Math.hypot(...v) / volume) as [number, number, number];
}
