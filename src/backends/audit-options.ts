/** What users say to the audit and see of it; audit.ts does it. */

/** How results are audited. */
export interface AuditOptions {
  /** Fraction of results that are recomputed, 0 … 1. */
  readonly fraction: number;
  /** `warn` (default) tells the log; `fail` makes the run wait for its checks and reject with `Mismatch`. */
  readonly onDrift?: 'warn' | 'fail';
  /** Seconds of checks that may be waiting; more are counted as unchecked. Default 2. */
  readonly budgetS?: number;
  /** Seed of the draw; default: another one each time. */
  readonly seed?: number;
}

/** What the audit has seen so far. */
export interface AuditReport {
  /** Results that went through an audited backend. */
  readonly results: number;
  /** Of these, drawn for a check. */
  readonly drawn: number;
  /** Checked, and equal within the bounds. */
  readonly agreed: number;
  /** Checked, and different. */
  readonly drifted: number;
  /** Drawn, but over the budget or not recomputable. */
  readonly unchecked: number;
  /** The first differences, in words; at most ten are kept. */
  readonly drifts: readonly string[];
}
