/** The public names of pi. */
export type { PiOptions, PiPlan, PiPlanMethods, PiResult, PiRunOptions } from './options.js';
