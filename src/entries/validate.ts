/**
 * The proof: case tables with an independent truth, and the loop that runs them on every backend. Safe in browsers.
 *
 * The tests, `ewald validate`, `ewald bench` and validate.html are drivers of what is exported here; see README.md.
 *
 * @module
 */
export * from '../validate/public.js';
