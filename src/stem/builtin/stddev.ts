/**
 * Mean and standard deviation of each pixel over the scan.
 *
 * Integers of up to 16 bits: Σ and Σ² are exact, and so is their difference (products as pairs of doubles). Others:
 * mean and sum of squares of tiles are merged pairwise (Chan, Golub, LeVeque; Schubert and Gertz 2018, doi
 * 10.1145/3221269.3223036).
 */
import type { DataType } from '../../bytes/dtype.js';
import { computedInParts, type WritePart } from '../../udf/functions/in-parts.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { integerVarsum, restOfProduct } from '../../udf/pass/varsum.js';
import { requireReal } from './real-frames.js';

/**
 * The correction for adding two sums of squares about their means: of n1 numbers with sum s1 to n0 numbers with sum s0.
 * The difference of the means is computed from exact products, since quotients would introduce the rounding of a large
 * mean.
 */
const between = (n0: number, s0: number, n1: number, s1: number): number => {
  const h1 = s1 * n0;
  const h0 = s0 * n1;
  const difference = h1 - h0 + (restOfProduct(s1, n0, h1) - restOfProduct(s0, n1, h0));
  return (difference * difference) / (n0 * n1) / (n0 + n1);
};

interface State {
  readonly sum: Float64Array;
  readonly second: Float64Array;
  readonly numFrames: Uint32Array;
}

/**
 * Whether plain sums of squares are kept, which are exact for up to 16 bits. For others, squares are about the means.
 */
const hasSquares = (dtype: DataType): boolean => /^[ui](8|16)$/.test(dtype);

/** Adds a tile of floats to the state: first its own mean, then the squares about it. */
function addTile(tile: ArrayLike<number>, depth: number, { sum, second }: State, before: number): void {
  const pixels = sum.length;
  for (let p = 0; p < pixels; p++) {
    let depthSum = 0;
    for (let i = 0; i < depth; i++) depthSum += tile[i * pixels + p] as number;
    const mean = depthSum / depth;
    let [squares, rest] = [0, 0];
    for (let i = 0; i < depth; i++) {
      const difference = (tile[i * pixels + p] as number) - mean;
      squares += difference * difference;
      rest += difference;
    }
    // Removes the error left by the rounding of the mean; NaN propagates.
    squares -= (rest * rest) / depth;
    if (squares < 0) squares = 0;
    if (before > 0) squares += between(before, sum[p] as number, depth, depthSum);
    second[p] = (second[p] as number) + squares;
    sum[p] = (sum[p] as number) + depthSum;
  }
}

/** `sum`, `mean`, `var` (of the population), `std`, `varsum`, [y, x] each, and `numFrames`. */
export const stddevUdf = /* @__PURE__ */ defineUdf({
  name: 'stddev',
  module: 'ewald/udf',
  buffers(meta: UdfMeta) {
    requireReal('stddev', meta);
    const sig = { kind: 'sig', dtype: 'f64' } as const;
    const made = { ...sig, use: 'resultOnly' } as const;
    return {
      sum: sig,
      // Σ² of integers up to 16 bits, Σ (x − mean)² of all others.
      second: { ...sig, use: 'private' },
      numFrames: { kind: 'single', dtype: 'u32' },
      varsum: made,
      var: made,
      std: made,
      mean: made,
    } as const;
  },
  processTile({ tile, depth, results, meta, firstPixel, pixels }) {
    const { sum, second, numFrames } = results;
    const last = firstPixel + pixels === meta.sig.reduce((a, b) => a * b, 1);
    if (hasSquares(meta.inputDtype)) {
      for (let i = 0; i < depth; i++)
        for (let p = 0; p < pixels; p++) {
          const value = tile[i * pixels + p] as number;
          sum[p] = (sum[p] as number) + value;
          second[p] = (second[p] as number) + value * value;
        }
    } else addTile(tile as Float64Array, depth, { sum, second, numFrames }, numFrames[0] as number);
    if (last) numFrames[0] = (numFrames[0] as number) + depth;
  },
  mergesParts: true,
  merge({ dest, src, meta }) {
    const [n0, n1] = [dest.numFrames[0] as number, src.numFrames[0] as number];
    if (n1 === 0) return;
    const isExact = hasSquares(meta.inputDtype) || n0 === 0;
    const { sum, second } = dest;
    const [otherSum, otherSecond] = [src.sum, src.second];
    for (let p = 0; p < sum.length; p++) {
      const s0 = sum[p] as number;
      const s1 = otherSum[p] as number;
      const more = isExact ? 0 : between(n0, s0, n1, s1);
      second[p] = (second[p] as number) + (otherSecond[p] as number) + more;
      sum[p] = s0 + s1;
    }
    dest.numFrames[0] = n0 + n1;
  },
  getResults({ results: { sum, second, numFrames }, meta }) {
    const n = numFrames[0] as number;
    const integers = hasSquares(meta.inputDtype);
    // A detector may have so many pixels that results which nobody reads take longer than the frames. What is read is
    // new memory, so that results do not depend on what is done with others. Each has a loop of its own: a function for
    // each pixel would take as long as the frames.
    const varsum: WritePart = (from, out) => {
      if (!integers) out.set(second.subarray(from, from + out.length));
      else if (n === 0) out.fill(0);
      else
        for (let p = 0, at = from; p < out.length; p++, at++)
          out[p] = integerVarsum(n, sum[at] as number, second[at] as number);
    };
    const part = (write: WritePart) => computedInParts(sum.length, write);
    return {
      sum: part((from, out) => out.set(sum.subarray(from, from + out.length))),
      numFrames,
      varsum: part(varsum),
      var: part((from, out) => {
        varsum(from, out);
        for (let p = 0; p < out.length; p++) out[p] = (out[p] as number) / n;
      }),
      std: part((from, out) => {
        varsum(from, out);
        for (let p = 0; p < out.length; p++) out[p] = Math.sqrt((out[p] as number) / n);
      }),
      mean: part((from, out) => {
        for (let p = 0, at = from; p < out.length; p++, at++) out[p] = (sum[at] as number) / n;
      }),
    };
  },
  kernel: () => ({
    steps: [{ kind: 'moments' }],
    planes: ['sum', 'second'],
    finish({ frames }, { numFrames }) {
      numFrames[0] = frames;
    },
  }),
});
