/** Ranges and defaults of options: written once, for the facade that fills them in and the cores that check them. */

/** What a number that a caller gives may be. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** What stands for a value that is not given. */
  readonly fallback: number;
  /** `low` itself is outside. */
  readonly above?: true;
  /** 0 is taken as well, and means this. */
  readonly zero?: string;
}

/** From low to high; `fallback` where nothing is given. */
export const range = (low: number, high: number, fallback: number, more: Partial<Range> = {}): Range => ({
  low,
  high,
  fallback,
  ...more,
});

/** Host threads of a plan: 0 is the backend's own choice. */
export const threadRange: Range = range(0, 1024, 0);
