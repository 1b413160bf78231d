/** Which sigma is an error, and the digits that it leaves to numbers in files. */

/** Whether a sigma is an error: finite, and above 0. */
export const isError = (sigma: number | undefined): sigma is number =>
  sigma !== undefined && sigma > 0 && sigma < Number.POSITIVE_INFINITY;

/** A sigma as formats with missing values have it: NaN if it is unknown. */
export const errorOrMissing = (sigma: number | undefined): number => (isError(sigma) ? sigma : Number.NaN);

/** Of its sigma, by how much rounding changes an intensity or a sigma at most; without a sigma, of the intensity. */
const [ofSigma, ofIntensity] = [0.01, 0.001];
/** Decimals beyond which a number is written with a power of ten. */
const mostDecimals = 8;

/** Decimals of a number, at least so many, with which rounding does not change what its error says. */
export function decimalsOf(x: number, intensity: number, sigma: number, least: number): number {
  const off = isError(sigma) ? ofSigma * sigma : ofIntensity * Math.abs(intensity);
  let decimals = least;
  // Half of the last digit, and no test of the number itself, for most reflections.
  if (off >= 0.5 * 10 ** -least || !Number.isFinite(x)) return least;
  while (decimals <= mostDecimals && Math.abs(Number(x.toFixed(decimals)) - x) > off) decimals++;
  return decimals;
}

/** A number with these decimals, as {@link decimalsOf} has them. */
export const digitsOf = (x: number, decimals: number): string =>
  decimals > mostDecimals ? x.toExponential(5) : x.toFixed(decimals);
