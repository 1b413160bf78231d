/**
 * Orders of radices and thread counts that the C++ core supports: the candidates of a measured plan on wasm and native.
 */
import type { FftDescriptor, FftVariant } from '../contract.js';

const digitOf = (radix: number): number => (radix === 16 ? 15 : radix);

/** The `tune` field that forces radices: a hexadecimal digit each, 15 for 16 (read_radices in cpp/fft/factor.cpp). */
const tuneOf = (radices: readonly number[]): number => radices.reduce((value, radix) => value * 16 + digitOf(radix), 0);

/**
 * Ways to write 2^bits with the powers of two among the radices: large ones first, large ones last, a wide first one, a
 * lone 2 first.
 */
function powers(bits: number, largest: 4 | 8): number[][] {
  const of = (share: number): number[] => {
    const whole = new Array<number>(Math.floor(bits / share)).fill(2 ** share);
    return bits % share === 0 ? whole : [...whole, 2 ** (bits % share)];
  };
  const lists = largest === 8 ? [of(2), of(3)] : [of(2)];
  const wide = largest === 8 && bits > 4 ? powers(bits - 4, largest).map((rest) => [16, ...rest]) : [];
  return [...lists, ...lists.map((list) => [...list].reverse()), ...wide];
}

/** Orders of radices for a length; none for a length with a prime factor above 13. */
function orders(n: number, largest: 4 | 8): number[][] {
  const odd: number[] = [];
  let rest = n;
  for (const p of [3, 5, 7, 11, 13])
    while (rest % p === 0) {
      odd.push(p);
      rest /= p;
    }
  const bits = Math.log2(rest);
  if (n < 2 || !Number.isInteger(bits)) return [];
  const twos = bits === 0 ? [[]] : powers(bits, largest);
  const all =
    odd.length === 0
      ? twos
      : twos.flatMap((list) => [
          [...odd, ...list],
          [...list, ...odd],
          [...list, ...[...odd].reverse()],
        ]);
  // 16 is only possible as the first radix, and the field has eight digits.
  const valid = all.filter((list) => list.length <= 8 && list.lastIndexOf(16) <= 0);
  return [...new Map(valid.map((list) => [list.join(' '), list])).values()];
}

/** The divisor by which long lines are split (split_divisor in cpp/fft/factor.cpp). */
function splitDivisor(n: number): number {
  let middle = 1;
  for (let d = 1; d * d <= n; d++) if (n % d === 0) middle = d;
  for (let d = middle; 3 * d * d >= 2 * n; d--) if (n % d === 0 && (d % 16 === 0 || (n / d) % 16 === 0)) return d;
  return middle;
}

/** Bytes of the longest line that the core transforms in one piece (longest_row_bytes in cpp/fft/lines.cpp). */
const longestRow = 128 * 1024;

/** Lengths that the core transforms for an axis: the whole axis, half of a real one, both factors of a long one. */
function lengthsOf(n: number, half: boolean, numberBytes: number): number[] {
  const line = half && n % 2 === 0 ? n / 2 : n;
  const cut = line * 2 * numberBytes > longestRow ? splitDivisor(line) : 1;
  return cut > 1 ? [cut, line / cut] : [n, line];
}

/**
 * Candidate settings of the core: radices for one of the lengths, then threads. `largest` is the largest power of two
 * among its radices.
 */
export function coreVariants(descriptor: FftDescriptor, largest: 4 | 8, threads: number): FftVariant[][] {
  const { shape, axes, kind, reduced, precision } = descriptor;
  const lengths = new Set(
    axes.flatMap((axis) =>
      lengthsOf(shape[axis] ?? 1, kind === 'r2c' && axis === reduced, precision === 'f32' ? 4 : 8),
    ),
  );
  const radices = [...lengths].map((n) =>
    orders(n, largest).map((list) => ({ name: `radices ${list.join(' ')}`, fields: { tune: tuneOf(list) } })),
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
