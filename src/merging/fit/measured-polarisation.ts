/**
 * Measures the beam's polarisation from the data: a horizontally polarised beam scatters less to the sides than up and
 * down, by the same factor for every crystal, while nothing else in the model of a merge depends on the azimuth.
 */

import { scattered } from '../../crystal/polarisation.js';
import type { MergingKernel } from '../contract.js';
import type { Identified } from './accumulate.js';
import { maxReflections, weightOf } from './accumulate.js';
import { freshFit, runFit } from './fit.js';
import { Excitation, lnFactor, parameterCount, rotationX, rotationY } from './model.js';
import { depolarised } from './polarisation.js';

/** The polarisation as measured from the data. */
interface MeasuredPolarisation {
  /**
   * Degree of the polarisation: 1 if the beam is horizontally polarised, −1 if vertically, 0 if the intensities do not
   * depend on the azimuth. NaN if it cannot be measured.
   */
  readonly degree: number;
  /** Standard error of `degree`. */
  readonly error: number;
}

/** Maximum number of crystals used; with a few hundred, the error is small enough. */
const maxCrystals = 2000;
const cycles = 3;

/** A second fit is made if the degree is at least this, in either direction. */
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
  // Scales, radii and weights that were fitted without the polarisation have absorbed some of it, a quarter if
  // reflections were observed only a few times. A correction for full polarisation, which moves the degree by 1, shows
  // how much.
  const sign = Math.sign(first.degree);
  const observations = depolarised(data.observations, { fraction: 1, angleDeg: sign > 0 ? 0 : 90 });
  const second = await azimuthalShare(kernel, { ...data, observations }, sample, radius);
  const seen = sign * (first.degree - second.degree);
  if (!(seen > worthSecond)) return first;
  return { degree: first.degree / seen, error: Math.max(first.error, second.error) / seen };
}

/** Fits scales and radii, and then the azimuthal part of the polarisation factor to the residuals. */
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
  const excitation = new Excitation(maxReflections(observations));
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
      // The merge without this observation: compared with a merge that contains it, it would agree too well.
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

/** An evenly spaced sample of the selected crystals. */
function sampleOf(selected: Uint8Array): Uint8Array {
  const all = selected.reduce((sum, on) => sum + on, 0);
  const sample = new Uint8Array(selected.length);
  let seen = 0;
  for (const [c, on] of selected.entries())
    if (on === 1 && Math.floor((seen++ * maxCrystals) / all) !== Math.floor((seen * maxCrystals) / all)) sample[c] = 1;
  return all <= maxCrystals ? selected : sample;
}

/** The kind of beam that a measurement implies. */
interface PolarisationVerdict {
  readonly correction: 'horiz' | 'vert' | 'none';
  /** Whether the data decided it; if not, CrystFEL's default is used. */
  readonly decided: boolean;
}

/** Largest error for a decision: three standard errors must fit between no polarisation and half of a full one. */
const largestError = 1 / 6;

/** The nearest of the three kinds of beams. */
export function verdictOf({ degree, error }: MeasuredPolarisation): PolarisationVerdict {
  if (!(error < largestError)) return { correction: 'horiz', decided: false };
  return { correction: degree > 0.5 ? 'horiz' : degree < -0.5 ? 'vert' : 'none', decided: true };
}
