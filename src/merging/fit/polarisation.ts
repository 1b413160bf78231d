/** Intensities without the polarisation factor. */
import { type Polarisation, polarisationFactorOf, scattered } from '../../crystal/polarisation.js';
import type { Observations } from '../collection/observations.js';

/** A copy of the observations with intensities and sigmas divided by the polarisation factor. */
export function depolarised(observations: Observations, polarisation: Polarisation): Observations {
  const { count, crystals, offsets, h, k, l, reciprocal, wavelengths } = observations;
  const [intensity, sigma] = [new Float32Array(count), new Float32Array(count)];
  const factorOf = polarisationFactorOf(polarisation);
  for (let c = 0; c < crystals; c++) {
    const star = reciprocal.subarray(9 * c, 9 * c + 9);
    const wave = 1 / (wavelengths[c] as number);
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
      const [x, y, z] = scattered(star, h[i] as number, k[i] as number, l[i] as number);
      const factor = factorOf(x, y, z + wave);
      intensity[i] = (observations.intensity[i] as number) / factor;
      sigma[i] = (observations.sigma[i] as number) / factor;
    }
  }
  return { ...observations, intensity, sigma };
}
