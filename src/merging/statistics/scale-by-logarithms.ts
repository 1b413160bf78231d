/** The scale and the relative B of two lists as compare_hkl fits them. */
import type { PairScale, ScaledPair } from './scale.js';
import { fewestPairs } from './statistics.js';

/**
 * The straight line of ln x/y over 1/d², of the pairs of which both are positive, all with the same weight: what CrystFEL
 * does, for figures that equal its own. Weak pairs have as much say as strong ones, and those that errors made negative
 * are left out. Undefined if fewer pairs are positive than a correlation needs.
 */
export function scaleByLogarithms(given: readonly ScaledPair[]): PairScale | undefined {
  const pairs = given.filter(({ x, y }) => x > 0 && y > 0);
  const n = pairs.length;
  if (n < fewestPairs) return undefined;
  const mean = (of: (pair: ScaledPair) => number): number => pairs.reduce((sum, pair) => sum + of(pair), 0) / n;
  const ln = ({ x, y }: ScaledPair): number => Math.log(x / y);
  const [middle, height] = [mean(({ q2 }) => q2), mean(ln)];
  const spread = n * mean(({ q2 }) => (q2 - middle) ** 2);
  // One resolution alone has no B.
  const hasB = spread > 1e-12 * n * middle * middle;
  const slope = hasB ? (n * mean((pair) => (pair.q2 - middle) * (ln(pair) - height))) / spread : 0;
  const off = n * mean((pair) => (ln(pair) - height - slope * (pair.q2 - middle)) ** 2);
  const variance = off / (n - 2);
  return {
    scale: Math.exp(height - slope * middle),
    b: -2 * slope,
    bError: hasB ? 2 * Math.sqrt(variance / spread) : Number.NaN,
    variance: (q2) => variance * (1 / n + (hasB ? (q2 - middle) ** 2 / spread : 0)),
  };
}
