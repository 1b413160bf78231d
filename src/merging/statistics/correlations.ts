/** Figures of merit of two columns of intensities. */

/** Estimated correlation of the full data with the truth, √(2 CC1/2 / (1 + CC1/2)); NaN below 0. Karplus 2012. */
export const ccStar = (half: number): number => (half >= 0 ? Math.sqrt((2 * half) / (1 + half)) : Number.NaN);

/** Σ |I₁ − I₂| / (√2 · ½ Σ (I₁ + I₂)); NaN if the mean intensity is not positive. White et al. 2012. */
export function rSplit(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [difference, sum] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    difference += Math.abs((x[i] as number) - (y[i] as number));
    sum += ((x[i] as number) + (y[i] as number)) / 2;
  }
  return sum > 0 ? difference / sum / Math.SQRT2 : Number.NaN;
}
