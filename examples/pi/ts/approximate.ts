/** The approximation in TypeScript, with the same points as in C and Fortran. */

/**
 * The generator of Park and Miller (CACM 31, 1192, 1988); 16807 · 2³¹ is far below 2⁵³, so a number represents it
 * exactly.
 */
const modulus = 2147483647;

/**
 * Approximates pi by placing random points in the unit square.
 *
 * @param numPoints The number of points, from 1.
 */
export function approximatePiTypescript(numPoints: number): number {
  let state = 1;
  let inside = 0;
  for (let i = 0; i < numPoints; i++) {
    state = (16807 * state) % modulus;
    const x = state / modulus;
    state = (16807 * state) % modulus;
    const y = state / modulus;
    if (x * x + y * y <= 1) inside++;
  }
  return (4 * inside) / numPoints;
}
