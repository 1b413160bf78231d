/** The public names of validation. */

export type { BackendName } from '../compute/backends/names.js';
export {
  type BenchOptions,
  type BenchReport,
  type BenchResult,
  bench,
  benchRow,
  type PeerResult,
  type Ratio,
  type Timing,
} from './bench.js';
export type { Bound } from './bounds.js';
export { type Comparison, matches, type Outcome, outcomes, type Row, seedOf } from './case.js';
export { engineRows, type OnEngine } from './cases/fft/engines.js';
export { allLengths, largeRow, sweepRow, sweptKinds } from './cases/fft/lengths.js';
export * as compare from './compare.js';
export * as fast from './oracle/fft/long.js';
export * as sums from './oracle/fft/sums.js';
export * as lattices from './oracle/indexing/lattices.js';
export * as philox from './oracle/pi/philox.js';
export { htmlPage, reportBody, verdictOf } from './report/html.js';
export { style } from './report/style.js';
export { rows } from './rooms.js';
export {
  type Candidate,
  formatNumber as shown,
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
export { type SupportCell, supportTable } from './support.js';
