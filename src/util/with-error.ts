/** Numbers with their standard errors, as people write them. */

/** Of a number, or of 1, below which an error is that of rounding. */
const rounding = 1e-6;

/**
 * `1.008 ± 0.004`: with so many decimals at least that the error has a digit, since `± 0.00` says that a number is exact; `–`
 * for what is not known. `digits` are those of the error.
 */
export function withError(x: number, error: number, least: number, digits = 1): string {
  const isSeen = Number.isFinite(error) && error > rounding * Math.max(1, Math.abs(x));
  const decimals = Math.max(least, isSeen ? Math.ceil(-Math.log10(error)) + digits - 1 : 0);
  // No minus before a zero.
  const shown = (value: number): string =>
    Number.isFinite(value) ? value.toFixed(decimals).replace(/^-(0\.?0*)$/, '$1') : '–';
  return `${shown(x)} ± ${shown(error)}`;
}

/** Factors that are written without a power of ten. */
const [leastPlain, mostPlain] = [0.01, 1e5];

/** A factor between two lists with its error, in whatever units they are. */
export const factorWithError = (x: number, error: number): string =>
  x >= leastPlain && x < mostPlain ? withError(x, error, 3, 2) : `${x.toExponential(3)} ± ${error.toExponential(1)}`;
