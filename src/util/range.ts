/** Ranges and defaults of options: defined once, for the facade that applies them and the cores that check them. */

/** The allowed values of a number. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** The default. */
  readonly fallback: number;
  /** `low` itself is outside. */
  readonly exclusive?: true | undefined;
  /** 0 is also allowed, with this meaning. */
  readonly zero?: string | undefined;
}

/** From low to high; `fallback` is the default. */
export const range = (low: number, high: number, fallback: number, more: Partial<Range> = {}): Range => ({
  low,
  high,
  fallback,
  ...more,
});

/** Wavelengths in angstrom of X-rays and electrons by which lattices of crystals diffract. */
export const wavelengthRange: Range = range(0.001, 50, Number.NaN);

/** Host threads of a plan: 0 means the backend's choice. */
export const threadRange: Range = range(0, 1024, 0);
