/**
 * Philox4x32-10 in plain numbers, for seeded simulation; the pi kernels have their own versions in C++, WGSL and CUDA.
 */
import { randomConstants } from '../layout/random.js';

/** High and low half of a 32 × 32-bit product. */
function multiply(a: number, b: number): [number, number] {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = al * bl;
  const middle = ah * bl + (low >>> 16);
  const cross = al * bh + (middle & 0xffff);
  return [(ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0, Math.imul(a, b) >>> 0];
}

/** The four words of a counter block (Salmon et al., SC11). */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < randomConstants.philoxRounds; round++) {
    const [high0, low0] = multiply(randomConstants.philoxM0, c0);
    const [high1, low1] = multiply(randomConstants.philoxM1, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + randomConstants.philoxW0) >>> 0;
    k1 = (k1 + randomConstants.philoxW1) >>> 0;
  }
  return [c0, c1, c2, c3];
}
