/**
 * How the beam was polarised, as the data themselves say: a horizontally polarised beam scatters less to the sides than
 * up and down, by the same share in every crystal, while all else that a merge knows of does not depend on the azimuth.
 */

import type { Identified } from './accumulate.js';
import { mostOf, weightOf } from './accumulate.js';
import type { MergingKernel } from './contract.js';
import { freshFit, runFit } from './fit.js';
import { Excitation, lnFactor, parameterCount, rotationX, rotationY } from './model.js';
import { depolarised, scattered } from './polarisation.js';

/** What the data say of the polarisation. */
export interface MeasuredPolarisation {
  /**
   * Degree of the polarisation: 1 where the beam is horizontally polarised, −1 vertically, 0 where the intensities do not
   * depend on the azimuth. NaN where there is nothing to measure it by.
   */
  readonly degree: number;
  /** Standard error of `degree`. */
  readonly error: number;
}

/** Crystals that are looked at: the error of a few hundred is small enough. */
const mostCrystals = 2000;
const cycles = 3;

/** Below this, in either direction, there is no polarisation worth a second fit. */
const worthSecond = 0.2;

/** Measures the polarisation of some of the selected crystals. */
export async function measurePolarisation(
  kernel: MergingKernel,
  data: Identified,
  selected: Uint8Array,
  radius: number,
): Promise<MeasuredPolarisation> {
  const sample = sampleOf(selected);
  const first = await azimuthalShare(kernel, data, sample, radius);
  if (!(Math.abs(first.degree) > worthSecond)) return first;
  // Scales, radii and weights that were fitted without the polarisation have taken up some of it, a quarter of it where
  // reflections were observed a few times. How much is seen by correcting for a full one: that moves the degree by 1.
  const sign = Math.sign(first.degree);
  const observations = depolarised(data.observations, { fraction: 1, angleDeg: sign > 0 ? 0 : 90 });
  const second = await azimuthalShare(kernel, { ...data, observations }, sample, radius);
  const seen = sign * (first.degree - second.degree);
  if (!(seen > worthSecond)) return first;
  return { degree: first.degree / seen, error: Math.max(first.error, second.error) / seen };
}

/** Fits scales and radii, and what is left by the azimuthal part of the polarisation factor. */
async function azimuthalShare(
  kernel: MergingKernel,
  data: Identified,
  sample: Uint8Array,
  radius: number,
): Promise<MeasuredPolarisation> {
  const { observations, ids, noise } = data;
  const { intensity, sigma, offsets, h, k, l, reciprocal, wavelengths, crystals } = observations;
  const { fit, model, sums } = await runFit(kernel, data, freshFit(crystals, sample, radius), {
    cycles,
    radius: noise.partiality !== 'none',
    rotations: false,
  });
  const excitation = new Excitation(mostOf(observations));
  let [slope, curvature, scatter] = [0, 0, 0];
  for (let c = 0; c < crystals; c++) {
    if (sample[c] !== 1) continue;
    const offset = parameterCount * c;
    const { parameters } = fit;
    excitation.of(observations, c, parameters[offset + rotationX] as number, parameters[offset + rotationY] as number);
    const star = reciprocal.subarray(9 * c, 9 * c + 9);
    const wave = 1 / (wavelengths[c] as number);
    const first = offsets[c] as number;
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      const id = ids[i] as number;
      const [observed, error] = [intensity[i] as number, sigma[i] as number];
      const g = Math.exp(lnFactor(noise.partiality, parameters, offset, excitation, i - first));
      const w = weightOf(observed, error, g * (model[id] as number), fit.proportional2, noise.gain);
      // The merge of the others: an observation that is compared with itself agrees too well.
      const foreign = (sums.information[id] as number) - (fit.weights[c] as number) * w * g * g;
      if (!(w > 0 && foreign > 0.1 * w * g * g)) continue;
      const mean = ((sums.numerator[id] as number) - (fit.weights[c] as number) * w * g * observed) / foreign;
      if (!(mean > 0)) continue;
      const [x, y, z] = scattered(star, h[i] as number, k[i] as number, l[i] as number);
      const length2 = x * x + y * y + (z + wave) ** 2;
      // P = P₀ · (1 − degree · t), where P₀ is that of an unpolarised beam.
      const t = (x * x - y * y) / (2 * length2 - x * x - y * y);
      // The reference is uncertain as well.
      const own = 1 / (1 / w + (g * g) / foreign);
      const s = -g * mean * t;
      const d = observed - g * mean;
      slope += own * s * d;
      curvature += own * s * s;
      scatter += (own * s * d) ** 2;
    }
  }
  return { degree: slope / curvature, error: Math.sqrt(scatter) / curvature };
}

/** Evenly spaced ones of the selected crystals. */
function sampleOf(selected: Uint8Array): Uint8Array {
  const all = selected.reduce((sum, on) => sum + on, 0);
  const sample = new Uint8Array(selected.length);
  let seen = 0;
  for (const [c, on] of selected.entries())
    if (on === 1 && Math.floor((seen++ * mostCrystals) / all) !== Math.floor((seen * mostCrystals) / all))
      sample[c] = 1;
  return all <= mostCrystals ? selected : sample;
}

/** The beam that a measurement speaks for. */
export interface PolarisationVerdict {
  readonly correction: 'horiz' | 'vert' | 'none';
  /** Whether the data decided it; otherwise it is CrystFEL's default. */
  readonly decided: boolean;
}

/** An error above this decides nothing: three of them must fit between no polarisation and half of a full one. */
const largestError = 1 / 6;

/** The nearest of the three kinds of beams. */
export function verdictOf({ degree, error }: MeasuredPolarisation): PolarisationVerdict {
  if (!(error < largestError)) return { correction: 'horiz', decided: false };
  return { correction: degree > 0.5 ? 'horiz' : degree < -0.5 ? 'vert' : 'none', decided: true };
}
