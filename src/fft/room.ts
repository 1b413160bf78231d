/** The context's methods of this room; the room is loaded on first use. */
import type { Planner } from '../compute/planner/planner.js';
import type { FftPlan } from './fft.js';
import type { FftOptions, FftPrecision } from './options.js';

export interface FftMethods {
  /** Plans a Fourier transform of any length and up to 8 axes. */
  fft<P extends FftPrecision = 'f32'>(options: FftOptions<P>): Promise<FftPlan<P>>;
}

export const fftRoom = (planner: Planner): FftMethods => ({
  fft: async (options) => (await import('./fft.js')).planFft(planner, options),
});
