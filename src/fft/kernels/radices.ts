/**
 * Orders of radices and thread counts that the C++ core supports: the candidates of a measured plan on wasm and native.
 */
import type { FftDescriptor, FftVariant } from '../contract.js';

const digitOf = (radix: number): number => (radix === 16 ? 15 : radix);

/** The `tune` field that forces radices: a hexadecimal digit each, 15 for 16 (read_radices in cpp/fft/factor.cpp). */
const encodeTune = (radices: readonly number[]): number =>
  radices.reduce((value, radix) => value * 16 + digitOf(radix), 0);

/**
 * Ways to write 2^bits as a product of radices that are powers of two: equal ones followed or preceded by the remainder,
 * optionally after a first radix of 16.
 */
function powerOfTwoOrders(bits: number, largestRepeatedRadix: 4 | 8): number[][] {
  const splitBits = (bitsPerRadix: number): number[] => {
    const fullRadices = new Array<number>(Math.floor(bits / bitsPerRadix)).fill(2 ** bitsPerRadix);
    return bits % bitsPerRadix === 0 ? fullRadices : [...fullRadices, 2 ** (bits % bitsPerRadix)];
  };
  const lists = largestRepeatedRadix === 8 ? [splitBits(2), splitBits(3)] : [splitBits(2)];
  const sixteenFirst =
    largestRepeatedRadix === 8 && bits > 4
      ? powerOfTwoOrders(bits - 4, largestRepeatedRadix).map((rest) => [16, ...rest])
      : [];
  return [...lists, ...lists.map((list) => [...list].reverse()), ...sixteenFirst];
}

/** Orders of radices for a length; none for a length with a prime factor above 13. */
function radixOrders(n: number, largestRepeatedRadix: 4 | 8): number[][] {
  if (n < 2) return [];
  const odd: number[] = [];
  let rest = n;
  for (const p of [3, 5, 7, 11, 13])
    while (rest % p === 0) {
      odd.push(p);
      rest /= p;
    }
  const bits = Math.log2(rest);
  if (!Number.isInteger(bits)) return [];
  const twos = bits === 0 ? [[]] : powerOfTwoOrders(bits, largestRepeatedRadix);
  const candidates =
    odd.length === 0
      ? twos
      : twos.flatMap((list) => [
          [...odd, ...list],
          [...list, ...odd],
          [...list, ...[...odd].reverse()],
        ]);
  // 16 is only possible as the first radix, and the field has eight digits.
  const valid = candidates.filter((list) => list.length <= 8 && list.lastIndexOf(16) <= 0);
  return [...new Map(valid.map((list) => [list.join(' '), list])).values()];
}

/** The divisor by which long lines are split (split_divisor in cpp/fft/factor.cpp). */
function splitDivisor(n: number): number {
  let nearestDivisor = 1;
  for (let d = 1; d * d <= n; d++) if (n % d === 0) nearestDivisor = d;
  for (let d = nearestDivisor; 3 * d * d >= 2 * n; d--)
    if (n % d === 0 && (d % 16 === 0 || (n / d) % 16 === 0)) return d;
  return nearestDivisor;
}

/** Bytes of the longest line that the core transforms in one piece (longest_row_bytes in cpp/fft/lines.cpp). */
const longestLineBytes = 128 * 1024;

/** Lengths that the core transforms for an axis: the whole axis, half of a real one, both factors of a long one. */
function lengthsOf(n: number, isHalved: boolean, realBytes: number): number[] {
  const line = isHalved && n % 2 === 0 ? n / 2 : n;
  const divisor = line * 2 * realBytes > longestLineBytes ? splitDivisor(line) : 1;
  return divisor > 1 ? [divisor, line / divisor] : [n, line];
}

/**
 * Candidate settings of the core: radices for one of the lengths, then threads. `largestRepeatedRadix` is the largest
 * power of two that may occur more than once; a core with 8 also has 16 as the first radix.
 */
export function coreVariants(descriptor: FftDescriptor, largestRepeatedRadix: 4 | 8, threads: number): FftVariant[][] {
  const { shape, axes, kind, reduced, precision } = descriptor;
  const lengths = new Set(
    axes.flatMap((axis) =>
      lengthsOf(shape[axis] ?? 1, kind === 'r2c' && axis === reduced, precision === 'f32' ? 4 : 8),
    ),
  );
  const radices = [...lengths].map((n) =>
    radixOrders(n, largestRepeatedRadix).map((list) => ({
      name: `radices ${list.join(' ')}`,
      fields: { tune: encodeTune(list) },
    })),
  );
  // One field holds one order of radices, which all lengths share.
  const choices: FftVariant[][] = [radices.flat()];
  if (threads > 1 && descriptor.threads === 0) {
    const counts = [...new Set([1, Math.ceil(threads / 2)])].filter((count) => count < threads);
    choices.push(
      counts.map((count) => ({ name: `${count} thread${count > 1 ? 's' : ''}`, fields: { threads: count } })),
    );
  }
  return choices.filter((choice) => choice.length > 0);
}
