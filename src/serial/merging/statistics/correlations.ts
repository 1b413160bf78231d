/** Figures of merit of two columns of intensities, and Pearson's correlation. */

/** Pearson's correlation coefficient; NaN for fewer than three pairs or a constant column. */
export function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = x.length;
  if (n < 3) return Number.NaN;
  let [meanX, meanY] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanX += (x[i] as number) / n;
    meanY += (y[i] as number) / n;
  }
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [a, b] = [(x[i] as number) - meanX, (y[i] as number) - meanY];
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : Number.NaN;
}

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
