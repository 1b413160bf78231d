/** The angle at which a field has the least curl, from sums over groups of its frequencies or positions. */

/** The angle in radians of the least curl, that curl, and the largest, of sums without one group. */
export function minCurl(sums: readonly Float64Array[], without = -1): { angle: number; least: number; most: number } {
  let [tt, dd, dt] = [0, 0, 0];
  for (const [k, sum] of sums.entries()) {
    if (k === without) continue;
    tt += sum[0] as number;
    dd += sum[1] as number;
    dt += sum[2] as number;
  }
  const eigenvalueGap = Math.hypot(dd - tt, 2 * dt);
  return {
    angle: Math.atan2(2 * dt, dd - tt) / 2,
    least: (tt + dd - eigenvalueGap) / 2,
    most: (tt + dd + eigenvalueGap) / 2,
  };
}

/** By how much one of two mirror images has less curl than the other, −1 to 1. */
export function curlContrast(right: readonly Float64Array[], wrong: readonly Float64Array[], without?: number): number {
  const [a, b] = [minCurl(wrong, without).least, minCurl(right, without).least];
  return (a - b) / (a + b + 1e-300);
}

/** Jackknife standard error of leave-one-out estimates. */
export function jackknifeError(values: readonly number[]): number {
  const [n, mean] = [values.length, values.reduce((a, b) => a + b, 0) / values.length];
  return Math.sqrt(((n - 1) / n) * values.reduce((sum, value) => sum + (value - mean) ** 2, 0));
}
