/**
 * The proof: case tables with an independent truth, and the loop that runs them on every backend. Safe in browsers.
 *
 * The tests, `ewald validate`, `ewald bench` and validate.html are drivers of what is exported here; see README.md.
 *
 * @module
 */
export {
  type BenchOptions,
  type BenchReport,
  type BenchResult,
  bench,
  benchRow,
  type PeerResult,
  type Ratio,
  type Timing,
} from '../validate/bench.js';
export { type Comparison, matches, type Outcome, outcomes, type Row, seedOf } from '../validate/case.js';
export { engineRows, type OnEngine } from '../validate/cases/fft/engines.js';
export { largeRow } from '../validate/cases/fft/large.js';
export { allLengths, sweepRow, sweptKinds } from '../validate/cases/fft/lengths.js';
export * as compare from '../validate/compare.js';
export * as fast from '../validate/oracle/fft/long.js';
export * as sums from '../validate/oracle/fft/sums.js';
export * as lattices from '../validate/oracle/indexing/lattices.js';
export * as philox from '../validate/oracle/pi/philox.js';
export { filterScript, htmlPage, reportBody, verdictOf } from '../validate/report/html.js';
export { style } from '../validate/report/style.js';
export { rows } from '../validate/rooms.js';
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
  shown,
  tally,
  type ValidateOptions,
  validate,
} from '../validate/run.js';
export { type SupportCell, supportTable } from '../validate/support.js';
export type { Bound } from '../validate/tolerances.js';
