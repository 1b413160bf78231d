/**
 * The proof: case tables with an independent truth, and the loop that runs them on every backend. Safe in browsers.
 *
 * The tests, `ewald validate`, `ewald bench` and validate.html are drivers of what is exported here; see README.md.
 *
 * @module
 */
export { type Comparison, matches, type Outcome, outcomes, type Row, seedOf } from './case.js';
export * as compare from './compare.js';
export * as oracle from './oracle/philox.js';
export {
  type Candidate,
  type Measure,
  openCandidates,
  Problem,
  parseRequire,
  type Report,
  type RowResult,
  runRow,
  selectRows,
  tally,
  type ValidateOptions,
  validate,
} from './run.js';
export { rows } from './tables.js';
export type { Bound } from './tolerances.js';
