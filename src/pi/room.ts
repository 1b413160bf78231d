/** The context's methods of this room; the room is loaded on first use. */
import type { Planner } from '../compute/planner/planner.js';
import type { PiOptions, PiPlan } from './options.js';

export interface PiMethods {
  /** Plans a Monte Carlo count of pi. */
  pi(options?: PiOptions): Promise<PiPlan>;
}

export const piRoom = (planner: Planner): PiMethods => ({
  pi: async (options = {}) => (await import('./pi.js')).planPi(planner, options),
});
