// Generated from parameters.ts by `npm run layout`. Do not edit.

/** What is counted. */
export interface PiRunParameters {
  /** Number of points. 1 … 2^63. */
  readonly points: number | bigint;
  /** Seed of the stream. 0 … 2^64 - 1; default 0. */
  readonly seed?: number | bigint | undefined;
  /** Independent stream of the same seed. 0 … 4294967295; default 0. */
  readonly stream?: number | undefined;
  /** Index of the first point, so that a count can be split. 0 … 2^64 - 1; default 0. */
  readonly first?: number | bigint | undefined;
}

/** Sizes of a pi plan. */
export interface PiOptions {
  /** Host threads of CPU backends; 0: one per core. 0 … 1024; default 0. */
  readonly threads?: number | undefined;
}
