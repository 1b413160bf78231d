/**
 * Where a crystal's reflections fall: nodes of its reciprocal lattice near the Ewald sphere, and where their rays meet
 * the detector.
 *
 * A node with excitation error s (its distance from the sphere along the ray's length, |k₀ + g| − 1/λ) is excited where
 * |s| is at most the profile radius; bandwidth widens that by |g|²λ/2 · Δλ/λ.
 */
import { type Cell, dot, type Vector } from '../crystal/cell.js';
import type { Centring } from '../crystal/centring.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { heightOf, pointOf, widthOf } from '../crystal/geometry/pixels.js';

/** A reflection on the detector. */
export interface Reflection {
  readonly h: number;
  readonly k: number;
  readonly l: number;
  /** Number of the panel. */
  readonly panel: number;
  /** Pixels from the corner of the panel. */
  readonly fs: number;
  readonly ss: number;
  /** 1/Å, signed: positive outside of the sphere. */
  readonly excitation: number;
  /** 1/d in 1/Å. */
  readonly inverseD: number;
}

/** What decides which nodes are excited. */
export interface Excitation {
  /** 1/Å. */
  readonly profileRadius: number;
  /** Relative, one sigma. */
  readonly bandwidth: number;
  /** Largest 1/d, 1/Å. */
  readonly maxInverseD: number;
}

/** Whether a reflection is absent by the centring of the lattice. */
export function isAbsent(centring: Centring, h: number, k: number, l: number): boolean {
  const odd = (n: number): boolean => n % 2 !== 0;
  switch (centring) {
    case 'A':
      return odd(k + l);
    case 'B':
      return odd(h + l);
    case 'C':
      return odd(h + k);
    case 'I':
      return odd(h + k + l);
    case 'F':
      return odd(h + k) || odd(h + l);
    case 'H':
      return (((-h + k + l) % 3) + 3) % 3 !== 0;
    default:
      return false;
  }
}

/** Excitation error of a reciprocal vector, 1/Å. */
export function excitationOf(q: Vector, wavelengthA: number): number {
  const k = 1 / wavelengthA;
  return Math.hypot(q[0], q[1], q[2] + k) - k;
}

/** The reflections of a lattice that a detector sees, by h, k, l; `reciprocal` rows a*, b*, c* in 1/Å. */
export function predict(
  reciprocal: Cell,
  centring: Centring,
  geometry: Geometry,
  beam: Beam,
  { profileRadius, bandwidth, maxInverseD }: Excitation,
): Reflection[] {
  const found: Reflection[] = [];
  const k0 = 1 / beam.wavelengthA;
  const [as, bs, cs] = reciprocal;
  // |h| is at most |a| times the largest 1/d: the rows of the inverse are a, b, c.
  const limits = inverseLengths(reciprocal).map((length) => Math.floor(length * maxInverseD)) as [
    number,
    number,
    number,
  ];
  // Bandwidth thickens the shell by at most this.
  const thickest = profileRadius + 0.5 * maxInverseD ** 2 * beam.wavelengthA * 2 * bandwidth;
  for (let h = -limits[0]; h <= limits[0]; h++)
    for (let k = -limits[1]; k <= limits[1]; k++) {
      const line: Vector = [h * as[0] + k * bs[0], h * as[1] + k * bs[1], h * as[2] + k * bs[2]];
      for (const [from, to] of crossings(line, cs, k0, thickest)) {
        for (let l = Math.max(-limits[2], Math.ceil(from)); l <= Math.min(limits[2], Math.floor(to)); l++) {
          if ((h === 0 && k === 0 && l === 0) || isAbsent(centring, h, k, l)) continue;
          const g: Vector = [line[0] + l * cs[0], line[1] + l * cs[1], line[2] + l * cs[2]];
          const inverseD = Math.hypot(...g);
          if (inverseD > maxInverseD) continue;
          const excitation = excitationOf(g, beam.wavelengthA);
          const radius = profileRadius + 0.5 * inverseD ** 2 * beam.wavelengthA * 2 * bandwidth;
          if (Math.abs(excitation) > radius) continue;
          const place = placeOf([g[0], g[1], g[2] + k0], geometry, beam);
          if (place) found.push({ h, k, l, ...place, excitation, inverseD });
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

/** Stretches of l in which line + l c* lies in the shell of radii k0 ± thickness around −k0. */
function crossings(line: Vector, step: Vector, k0: number, thickness: number): [number, number][] {
  const origin: Vector = [line[0], line[1], line[2] + k0];
  const [a, b, c] = [dot(step, step), dot(origin, step), dot(origin, origin)];
  const roots = (radius: number): [number, number] | undefined => {
    const square = b * b - a * (c - radius * radius);
    return square < 0 ? undefined : [(-b - Math.sqrt(square)) / a, (-b + Math.sqrt(square)) / a];
  };
  const outer = roots(k0 + thickness);
  if (!outer) return [];
  const inner = roots(k0 - thickness);
  return inner
    ? [
        [outer[0], inner[0]],
        [inner[1], outer[1]],
      ]
    : [outer];
}

function placeOf(ray: Vector, geometry: Geometry, beam: Beam) {
  for (const [panel, one] of geometry.panels.entries()) {
    const point = pointOf(one, beam, ray);
    if (point && point.fs >= 0 && point.ss >= 0 && point.fs < widthOf(one) && point.ss < heightOf(one))
      return { panel, fs: point.fs, ss: point.ss };
  }
  return undefined;
}
