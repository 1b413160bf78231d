/** What a context can do in this room; the room is fetched when it is first asked. */
import type { Planner } from '../planner/planner.js';
import type { PiOptions, PiPlan } from './options.js';

export interface PiMethods {
  /** Plans a Monte Carlo count of pi. */
  pi(options?: PiOptions): Promise<PiPlan>;
}

export const piRoom = (planner: Planner): PiMethods => ({
  pi: async (options = {}) => (await import('./pi.js')).planPi(planner, options),
});
