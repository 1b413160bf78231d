/** Amplitudes of a list of merged intensities. */
import type { ReflectionList } from '../lists/hkl.js';
import { isError } from '../lists/sigma-digits.js';
import { expectedIntensities, type ListSubject } from './expected.js';
import { posterior } from './french-wilson.js';

/** Amplitudes beside the intensities of a list, in its order; NaN where there is none. */
export interface Amplitudes {
  readonly amplitude: Float64Array;
  readonly sigma: Float64Array;
  /** Posterior means of the intensities, and their standard deviations. */
  readonly intensity: Float64Array;
  readonly intensitySigma: Float64Array;
  /** d in angstrom from which on the data have no signal and no amplitudes; 0 if they have it to the end. */
  readonly endsAt: number;
  /** Reflections without an amplitude. */
  readonly without: number;
  /** Those among them that the stated space group leaves out. */
  readonly forbidden: number;
}

/** Amplitudes of pairs of mates, in their order: of the means, and of I(+) and I(−) where mates are apart. */
export interface PairAmplitudes extends Pick<Amplitudes, 'amplitude' | 'sigma'> {
  readonly mates?: readonly [
    plus: Pick<Amplitudes, 'amplitude' | 'sigma'>,
    minus: Pick<Amplitudes, 'amplitude' | 'sigma'>,
  ];
}

/**
 * Posterior means of the amplitudes √I of merged intensities under Wilson's law. No reflection is dropped for being
 * negative; there is no amplitude where the mean intensity of a resolution is less than two of its errors, none of a
 * reflection without sigma, and none of one that the stated space group leaves out. The law does not hold for twinned crystals or those with translational pseudosymmetry.
 * French & Wilson 1978.
 */
export function frenchWilson(list: ReflectionList, subject: ListSubject): Amplitudes {
  const { expected, isCentric, endsAt, isForbidden } = expectedIntensities(list, subject);
  const columns = Array.from({ length: 4 }, () => new Float64Array(list.count).fill(Number.NaN));
  const [amplitude, sigma, intensity, intensitySigma] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let [without, forbidden] = [0, 0];
  for (let i = 0; i < list.count; i++) {
    const error = list.sigma[i] as number;
    if (!((expected[i] as number) > 0) || !isError(error)) {
      without++;
      if (isForbidden[i] === 1 && isError(error)) forbidden++;
      continue;
    }
    const mean = posterior(list.intensity[i] as number, error, expected[i] as number, isCentric[i] === 1);
    amplitude[i] = mean.amplitude;
    sigma[i] = mean.amplitudeSigma;
    intensity[i] = mean.intensity;
    intensitySigma[i] = mean.intensitySigma;
  }
  return { amplitude, sigma, intensity, intensitySigma, endsAt, without, forbidden };
}
