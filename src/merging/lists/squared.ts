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

/** What to know of amplitudes below 0. */
export const negativeAmplitudes = (count: number, label = ''): string[] =>
  count === 0
    ? []
    : [
        `${counted(count, 'value')} of ${label} ${count === 1 ? 'is' : 'are'} below 0, which no amplitude is: ` +
          `${count === 1 ? 'it is' : 'they are'} taken for roots of negative intensities, I = −F².`,
      ];
