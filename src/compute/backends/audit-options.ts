/** Options and statistics of the audit; src/compute/planner/audit.ts implements it. */

/** How results are audited. */
export interface AuditOptions {
  /** Fraction of results to recompute, 0 … 1. */
  readonly fraction: number;
  /** `warn` (default) logs a warning; `fail` makes the run wait for its checks and reject with `Mismatch`. */
  readonly onDrift?: 'warn' | 'fail' | undefined;
  /** Maximum backlog of checks, in seconds; further results are counted as unchecked. Default 2. */
  readonly budgetS?: number | undefined;
  /** Seed of the random selection; default: a new one each time. */
  readonly seed?: number | undefined;
}

/** Statistics of the audit so far. */
export interface AuditReport {
  /** Results produced by an audited backend. */
  readonly results: number;
  /** Results selected for a check. */
  readonly drawn: number;
  /** Results checked and equal within the bounds. */
  readonly agreed: number;
  /** Results checked and different. */
  readonly drifted: number;
  /** Results selected but not checked: over the budget, or impossible to recompute. */
  readonly unchecked: number;
  /** The first differences as text; at most ten are kept. */
  readonly drifts: readonly string[];
}
