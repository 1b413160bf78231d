/** Photon counts: integers from a Poisson distribution, identical on every machine. */

/** A fast stream of uniform numbers for pixels (sfc32 of C. Doty-Humphrey), seeded by four words. */
export function pixelNoise(seed: readonly number[]): () => number {
  let [a = 0, b = 0, c = 0, counter = 1] = seed;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return ((sum >>> 0) + 0.5) / 2 ** 32;
  };
  // Discards the first numbers, which still correlate with the seed.
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** A count with this mean: by inversion if it is small, otherwise from a normal distribution with Poisson's width. */
export function poisson(mean: number, uniform: () => number): number {
  if (!(mean > 0)) return 0;
  if (mean > 60) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const normal = radius * Math.cos(2 * Math.PI * uniform());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const u = uniform();
  let share = Math.exp(-mean);
  let sum = share;
  let count = 0;
  while (u > sum && count < 1000) {
    count++;
    share *= mean / count;
    sum += share;
  }
  return count;
}
