/** The context's methods of this room; the room is loaded on first use. */
import type { Planner } from '../compute/planner/planner.js';
import type { FftPlan } from './fft.js';
import type { FftOptions, FftPrecision } from './options.js';
import { type FftWisdom, WisdomStore } from './wisdom.js';

export interface FftMethods {
  /** Plans a Fourier transform of any length and up to 8 axes. */
  fft<P extends FftPrecision = 'f32'>(options: FftOptions<P>): Promise<FftPlan<P>>;
  /** What measured transform plans have learnt (`tune: 'measure'`), as plain JSON. */
  exportWisdom(): FftWisdom;
  /**
   * Imports the result of `exportWisdom`, possibly from another machine: plans of other devices stay unused. Returns
   * the number of plans; throws `Format`, and then imports nothing.
   */
  importWisdom(wisdom: unknown): number;
}

export function fftRoom(planner: Planner): FftMethods {
  const wisdom = new WisdomStore();
  return {
    fft: async (options) => (await import('./fft.js')).planFft(planner, wisdom, options),
    exportWisdom() {
      planner.resource.assertAlive();
      return wisdom.export();
    },
    importWisdom(given) {
      planner.resource.assertAlive();
      return wisdom.import(given);
    },
  };
}
