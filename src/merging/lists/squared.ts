/** Amplitudes as intensities. */
import { counted } from '../../util/amounts.js';

/**
 * I = F² with the sign of F, which programs give to the root of a negative intensity, and σ(I) = (|F| + σ)² − F², which is
 * not 0 where F is.
 */
export const squared = (amplitude: number, sigma: number): readonly [intensity: number, sigma: number] => [
  amplitude * Math.abs(amplitude),
  2 * Math.abs(amplitude) * sigma + sigma * sigma,
];

/** What to know of amplitudes that are read as intensities: those below 0 are roots, others may be means by Wilson's law. */
export const readFromAmplitudes = (count: number, label = ''): string[] => [
  count === 0
    ? `Intensities are the squares of ${label}: if a program made these amplitudes of intensities by Wilson's law, weak ones ` +
      'were made larger by it, and are once more in amplitudes that are written of them; read intensities where there are any.'
    : `${counted(count, 'value')} of ${label} ${count === 1 ? 'is' : 'are'} below 0, which no amplitude is: ` +
      `${count === 1 ? 'it is' : 'they are'} taken for roots of negative intensities, I = −F².`,
];
