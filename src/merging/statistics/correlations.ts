/** Figures of merit of two columns of intensities. */

/** Estimated correlation of the full data with the truth, √(2 CC1/2 / (1 + CC1/2)); NaN below 0. Karplus 2012. */
export const ccStar = (half: number): number => (half >= 0 ? Math.sqrt((2 * half) / (1 + half)) : Number.NaN);

/** R values beyond which the sum of intensities is that of errors, about 0 or below, and the quotient says nothing. */
const largestR = 10;

/** Differences over a sum of intensities; NaN where the sum is none: below a tenth of the differences. */
export const rValue = (difference: number, sum: number): number =>
  sum > 0 && difference <= largestR * sum ? difference / sum : Number.NaN;

/** Σ |I₁ − I₂| / (√2 · ½ Σ (I₁ + I₂)); NaN if the mean intensity is none. White et al. 2012. */
export function rSplit(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [difference, sum] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    difference += Math.abs((x[i] as number) - (y[i] as number));
    sum += ((x[i] as number) + (y[i] as number)) / 2;
  }
  return rValue(difference / Math.SQRT2, sum);
}
