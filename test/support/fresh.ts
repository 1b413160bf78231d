/**
 * Other random numbers for tests that draw some: `npm run soak -- answers` runs them with fresh seeds, and prints what they
 * measure.
 */
const given = process.env.EWALD_TEST_SEED;

/** What is added to the seeds of a test; 0 except in that loop. */
export const fresh = Number(given ?? 0);

/** How many times as much is drawn in that loop, so that a small error is seen. */
export const often = given ? 10 : 1;

/** Prints what was measured, in that loop. */
export function measured(text: string): void {
  if (given) console.log(`measured: ${text}`);
}
