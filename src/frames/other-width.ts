/**
 * Numbers that were written by another type than they are read by, from their bits alone: neighbours that are parts of
 * one number differ in kind, and halves that are two numbers do not.
 */
import { type DataType, numberBytes } from '../bytes/dtype.js';

/** Fewest numbers of a frame that is judged by neighbours, and by numbers that are farther apart. */
const [fewestNear, fewestFar] = [256, 4096];
/** Fewest numbers besides 0. */
const fewest = 64;
/** Classes of numbers, of as many each, whose shares are compared. */
const classes = 16;
/** How many numbers tell that distributions have nothing in common, and that they are alike. */
const [toTell, toLiken] = [512, 4096];
/** Overlap of distributions below which they have nothing in common, and from which on they are alike. */
const [other, alike] = [0.2, 0.9];
/** Share of what is so of nearly all, and of many. */
const [nearlyAll, many] = [0.95, 0.25];
/** Bits of the exponents of reals that detectors give, without their sign: 2⁻³⁰ … 2⁵⁰. */
const realBits = { 4: [0x30_80_00_00, 0x58_80_00_00], 8: [0x3e_10_00_00, 0x43_10_00_00] } as const;

type Bits = Uint8Array | Uint16Array | Uint32Array;

const unsigned = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;
const bitsOf = (bytes: Uint8Array, width: 1 | 2 | 4): Bits =>
  new unsigned[width](bytes.buffer as ArrayBuffer, bytes.byteOffset, Math.floor(bytes.length / width));

function every(bits: Bits, step: number, from: number): Bits {
  const out = new (bits.constructor as typeof Uint32Array)(Math.ceil((bits.length - from) / step));
  for (let i = 0, at = from; at < bits.length; i++, at += step) out[i] = bits[at] as number;
  return out;
}

/** Numbers from all over, at most so many. */
const some = (bits: Bits, most: number): Bits => every(bits, Math.max(1, Math.ceil(bits.length / most)), 0);

/** The shares that two sets of numbers have in common, in classes of as many numbers of both together. */
function overlap(of: Bits, and: Bits, most: number): number {
  const [one, two] = [some(of, most), some(and, most)];
  const sorted = Float64Array.of(...some(one, 256), ...some(two, 256)).sort();
  const limits = Float64Array.from(
    { length: classes - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / classes)] as number,
  );
  const shares = (bits: Bits): Float64Array => {
    const counts = new Float64Array(2 * classes);
    for (let i = 0; i < bits.length; i++) {
      const x = bits[i] as number;
      let at = 0;
      while (at < classes - 1 && x > (limits[at] as number)) at++;
      // What is equal to a limit is a class of its own: counts repeat.
      const k = 2 * at + (x === limits[at] ? 1 : 0);
      counts[k] = (counts[k] as number) + 1 / bits.length;
    }
    return counts;
  };
  const other = shares(two);
  return shares(one).reduce((sum, x, i) => sum + Math.min(x, other[i] as number), 0);
}

function filled(bits: Bits): number {
  let sum = 0;
  for (let i = 0; i < bits.length; i++) if (bits[i] !== 0) sum++;
  return sum;
}

/** Whether neighbours are parts of wider numbers: those of each place have hardly a number of those of another one. */
function areParts(bits: Bits, width: number): boolean {
  const all = filled(bits);
  if (bits.length < fewestNear || all < fewest) return false;
  for (let step = 2; step * width <= 8; step *= 2) {
    if (step > 2 && bits.length < fewestFar) break;
    const places = Array.from({ length: step }, (_, from) => every(bits, step, from));
    if (step === 2 && places.some((place) => filled(place) > 0.995 * all)) return true;
    const last = places[step - 1] as Bits;
    if (places.some((place) => place !== last && overlap(place, last, toTell) < (step > 2 ? other / 2 : other)))
      return true;
  }
  return false;
}

/** Whether both halves of numbers are numbers of one kind, as two that stand one behind the other. */
function areTwo(halves: Bits): boolean {
  const most = 2 ** (8 * halves.BYTES_PER_ELEMENT) - 1;
  if (halves.length < 2 * fewestNear) return false;
  const used = halves.filter((x, i) => x !== 0 || halves[i ^ 1] !== 0);
  const [low, high] = [every(used, 2, 0), every(used, 2, 1)];
  // The upper half of one number is 0 where it is small, or all ones where it is below 0.
  const isOpen = high.filter((x) => x !== 0 && x !== most).length;
  if (low.length < fewest || isOpen < many * low.length) return false;
  const even = used.map((_, i) => Math.floor(((i + 0.5) * (most + 1)) / used.length));
  return overlap(low, high, toLiken) >= alike && overlap(used, even, toTell) < 0.7;
}

/** Whether whole numbers are reals: nearly all have the exponent of one, which makes them larger than counts are. */
function areReal(bytes: Uint8Array, width: 4 | 8): boolean {
  const bits = bitsOf(bytes, 4);
  const upper = width === 8 ? every(bits, 2, 1) : bits;
  const used = upper.filter((x) => x !== 0);
  const [least, most] = realBits[width];
  const fit = used.filter((x) => (x & 0x7fffffff) >= least && (x & 0x7fffffff) < most).length;
  return used.length >= fewest && fit >= nearlyAll * used.length;
}

/** Whether numbers without a sign have one: many end just below the largest, others begin at 0, and none is between. */
function areSigned(bits: Bits): boolean {
  const end = 2 ** (8 * bits.BYTES_PER_ELEMENT);
  const edge = end / 16;
  const small = bits.filter((x) => x < edge).length;
  // The largest numbers of all are marks.
  const below = bits.filter((x) => x >= end - edge && x < end - 3).length;
  const between = bits.length - small - bits.filter((x) => x >= end - edge).length;
  return below >= fewest && below > 0.01 * bits.length && small > 0.01 * bits.length && between < below / 50;
}

/** Why the bytes of numbers, in the order of this machine, are probably those of another type; undefined if they are not. */
export function otherWidth(bytes: Uint8Array, dtype: DataType): string | undefined {
  const width = numberBytes(dtype) as 1 | 2 | 4 | 8;
  // The parts of a complex number are of two kinds themselves.
  if (dtype.startsWith('c')) return undefined;
  if (!dtype.startsWith('f') && (width === 4 || width === 8) && areReal(bytes, width))
    return `nearly all numbers are as large as reals of ${8 * width} bits are that are read as ${dtype}`;
  if (width < 8 && areParts(bitsOf(bytes, width as 1 | 2 | 4), width))
    return 'numbers that stand side by side are of two kinds, as the parts of wider numbers are';
  if (width > 1 && areTwo(bitsOf(bytes, (width / 2) as 1 | 2 | 4)))
    return `both halves of nearly all numbers are alike, as two of ${4 * width} bits are that stand one behind the other`;
  if (dtype.startsWith('u') && (width === 2 || width === 4) && areSigned(bitsOf(bytes, width)))
    return `many numbers are just below ${2 ** (8 * width)}, and none between them and small ones, as those below 0 are`;
  return undefined;
}
