/**
 * The model of an observation: I = g · I_h + noise with g = G · exp(−B q²/2) · p(ε). Each crystal has five parameters:
 * ln G, B (Å²), ln r (r in 1/Å), and two small rotations about x and y (radians) that correct its orientation.
 */
import { mergingConstants, type partialities } from '../../compute/layout/merging.js';
import type { Observations } from '../collection/observations.js';

/** Number of parameters per crystal; their indices follow. */
export const parameterCount = mergingConstants.mergingParameters;
export const [lnScale, temperature, lnRadius, rotationX, rotationY] = [0, 1, 2, 3, 4] as const;

/** The function by which the recorded share of a reflection depends on its excitation error. */
export type Partiality = keyof typeof partialities;

/** The parameters that are common to all crystals. */
export interface NoiseModel {
  /** Detector counts per photon: counting statistics of the signal have the variance gain · g · I_h. */
  readonly gain: number;
  readonly partiality: Partiality;
}

/** The positions of one crystal's reflections; the memory fits the largest crystal and is reused for each. */
export class Excitation {
  /** Distance of the reciprocal-lattice point from the Ewald sphere, signed, 1/Å. */
  readonly error: Float64Array;
  /** Its derivatives with respect to the two rotations. */
  readonly byX: Float64Array;
  readonly byY: Float64Array;
  /** |q|² = 1/d². */
  readonly q2: Float64Array;
  /** Variance of the excitation error due to the width of the spectrum, 1/Å²; 0 for a single wavelength. */
  readonly spread2: Float64Array;

  constructor(most: number) {
    this.error = new Float64Array(most);
    this.byX = new Float64Array(most);
    this.byY = new Float64Array(most);
    this.q2 = new Float64Array(most);
    this.spread2 = new Float64Array(most);
  }

  /** Computes the reflections of crystal `c`, rotated by `x` and `y`. */
  of(observations: Observations, c: number, x: number, y: number): void {
    const { h, k, l, offsets, reciprocal: m, wavelengths, bandwidths } = observations;
    const first = offsets[c] as number;
    const end = offsets[c + 1] as number;
    const o = 9 * c;
    const [a0, a1, a2] = [m[o] as number, m[o + 1] as number, m[o + 2] as number];
    const [b0, b1, b2] = [m[o + 3] as number, m[o + 4] as number, m[o + 5] as number];
    const [c0, c1, c2] = [m[o + 6] as number, m[o + 7] as number, m[o + 8] as number];
    const wave = 1 / (wavelengths[c] as number);
    const width = wave * (bandwidths[c] as number);
    for (let i = first, at = 0; i < end; i++, at++) {
      const [hi, ki, li] = [h[i] as number, k[i] as number, l[i] as number];
      const u0 = hi * a0 + ki * b0 + li * c0;
      const u1 = hi * a1 + ki * b1 + li * c1;
      const u2 = hi * a2 + ki * b2 + li * c2;
      // g + ω × g
      const g0 = u0 + y * u2;
      const g1 = u1 - x * u2;
      const g2 = u2 + x * u1 - y * u0;
      const s2 = g2 + wave;
      const n = Math.sqrt(g0 * g0 + g1 * g1 + s2 * s2);
      this.error[at] = n - wave;
      this.byX[at] = (s2 * g1 - g1 * g2) / n;
      this.byY[at] = (g0 * g2 - s2 * g0) / n;
      this.q2[at] = g0 * g0 + g1 * g1 + g2 * g2;
      // The sphere at a point at the angle 2θ moves by (1 − cos 2θ) times the change of the wave number.
      const off = (1 - s2 / n) * width;
      this.spread2[at] = off * off;
    }
  }
}

/** ln of the factor g of an observation at `at`; −60 … 60. */
export function lnFactor(
  partiality: Partiality,
  parameters: Float64Array,
  offset: number,
  excitation: Excitation,
  at: number,
): number {
  const lnG =
    (parameters[offset + lnScale] as number) -
    (parameters[offset + temperature] as number) * (excitation.q2[at] as number) * 0.5;
  if (partiality === 'none') return Math.max(-60, Math.min(60, lnG));
  const r2 = Math.exp(2 * (parameters[offset + lnRadius] as number));
  const e = excitation.error[at] as number;
  const wide = r2 + (excitation.spread2[at] as number);
  const lnP = (-e * e) / (2 * wide) + (partiality === 'xsphere' ? 0.5 * Math.log(r2 / wide) : 0);
  return Math.max(-60, Math.min(60, lnG + lnP));
}

/** Variance without the counting statistics of the signal: background and readout, from the stated sigma. */
export function baseVariance(intensity: number, sigma: number, gain: number): number {
  const stated = sigma * sigma;
  return Math.max(stated - gain * Math.max(intensity, 0), 0.3 * stated);
}
