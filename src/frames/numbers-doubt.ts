/** Numbers that are probably read by another type or byte order than they were written: what a caller has said of them. */

import { swapBytes } from '../bytes/byte-order.js';
import type { ByteSource } from '../bytes/byte-source.js';
import { type DataType, elements, type FrameArray, numberBytes, viewAs } from '../bytes/dtype.js';
import { halfToNumber } from '../util/number-bytes.js';
import type { Note } from './dataset.js';

/** How a caller says that the numbers of a file are stored. */
interface Stored {
  /** Bytes before the first frame, and how many of that are numbers of a frame. */
  readonly offset: number;
  readonly bytes: number;
  readonly dtype: DataType;
  readonly little: boolean;
}

/** Bytes of a frame that are looked at. */
const sampleBytes = 2 ** 14;
/** The fewest numbers besides 0 that tell something: of one frame, and of several where frames are nearly empty. */
const [fewest, fewestOfSeveral] = [64, 16];
/** Share of the numbers of which something must be so. */
const nearlyAll = 0.95;
/** Share of numbers whose upper half is used, from which on the lower one would be used evenly. */
const many = 0.25;
/** Reals of detectors are between these sizes; whole numbers read as reals are smaller. */
const [tiny, huge] = [1e-30, 1e30];
/** The same of half floats: smaller ones lose digits, and no one stores frames like that. */
const tinyHalf = 2 ** -14;
/** Standard deviations of binary exponents: of counts, and of bytes in another order. */
const [usualSpread, wildSpread] = [12, 25];

/**
 * A warning if a frame has numbers that no detector gives; none if nothing is unusual. Of the frames that begin `at`
 * bytes behind the first one, that and the second are looked at, and the others as long as few numbers differ from 0.
 */
export async function notesOnNumbers(source: ByteSource, stored: Stored, at: readonly number[] = [0]): Promise<Note[]> {
  const { dtype, little } = stored;
  const width = numberBytes(dtype);
  const [read, turned]: [Uint8Array[], Uint8Array[]] = [[], []];
  const noteOf = (doubt: Doubt): Note[] => [{ kind: 'warning', ...doubt, isCut: true }];
  let [used, most] = [0, 0];
  const begins = [...new Set(at)].map((behind) => stored.offset + behind);
  const lengthAt = (from: number): number =>
    width * Math.floor(Math.min(stored.bytes, sampleBytes, source.size - from) / width);
  let rest: readonly Promise<Uint8Array>[] = [];
  for (const [i, from] of begins.entries()) {
    if (i > 1 && used >= fewest) break;
    const length = lengthAt(from);
    if (length < width) break;
    // Of files at an address, the others come together.
    if (i === 2) {
      rest = begins.slice(2).map(async (at) => source.read(at, Math.max(0, lengthAt(at)), { alone: true }));
      for (const one of rest) one.catch(() => undefined);
    }
    const bytes = (await (rest[i - 2] ?? source.read(from, length))).slice();
    const other = bytes.slice();
    swapBytes(little ? other : bytes, width, source);
    const numbers = viewAs(bytes, dtype);
    const doubt = whyDoubted(numbers, viewAs(other, dtype), stored, fewest) ?? (await ofType(bytes, dtype));
    if (doubt) return noteOf(doubt);
    const filled = Array.prototype.filter.call(numbers, Boolean).length;
    used += filled;
    most = Math.max(most, filled);
    read.push(bytes);
    turned.push(other);
  }
  if (most >= fewest || read.length < 2) return [];
  const all = joined(read);
  const doubt =
    whyDoubted(viewAs(all, dtype), viewAs(joined(turned), dtype), stored, fewestOfSeveral) ??
    (await ofType(all, dtype));
  return doubt ? noteOf(doubt) : [];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Loaded when it is asked: a page need not wait for it before it shows a frame of a format that states its type. */
async function ofType(bytes: Uint8Array, dtype: DataType): Promise<Doubt | undefined> {
  const { otherWidth } = await import('./other-width.js');
  const text = otherWidth(bytes, dtype);
  return text === undefined ? undefined : { text: `${text}: is the dtype that of the file?`, option: 'dtype' };
}

interface Doubt {
  readonly text: string;
  readonly option: 'dtype' | 'endian';
}

/** Why numbers are doubted, if `least` of them are not 0; `other` has them in the other byte order. */
function whyDoubted(
  numbers: FrameArray,
  other: FrameArray,
  { dtype, little }: Stored,
  least: number,
): Doubt | undefined {
  if (numberBytes(dtype) === 1) return undefined;
  const isReal = elements[dtype].array === Float32Array || dtype === 'f64' || dtype === 'c128' || dtype === 'f16';
  const order = little ? 'big' : 'little';
  if (!isReal) return ofIntegers(numbers, order, least);
  const reals = realsOf(numbers, dtype);
  return reals.length < least ? undefined : ofReals(reals, realsOf(other, dtype), dtype, order);
}

const realsOf = (numbers: FrameArray, dtype: DataType): Float64Array =>
  Float64Array.from(numbers as Float32Array, dtype === 'f16' ? halfToNumber : undefined).filter((x) => x !== 0);

function ofReals(reals: Float64Array, others: Float64Array, dtype: DataType, order: string): Doubt | undefined {
  const share = (of: (x: number) => boolean): number => reals.filter(of).length / reals.length;
  const least = dtype === 'f16' ? tinyHalf : tiny;
  if (share((x) => Math.abs(x) < least) >= nearlyAll) {
    const text =
      `nearly all numbers besides 0 are smaller than ${Number(least.toPrecision(1))}, as those of integers, or of another byte order, read as ` +
      dtype;
    return { text: `${text}: is the dtype that of the file, and its byte order ${order}?`, option: 'dtype' };
  }
  if (dtype === 'f16' || spreadOf(reals) < wildSpread || spreadOf(others) > usualSpread) return undefined;
  const text = `the numbers have all sizes from below ${tiny} to above ${huge}, and none of them in the other byte order`;
  return { text: `${text}: is it ${order}?`, option: 'endian' };
}

/** Standard deviation of the binary exponents of numbers; that of what is no number counts as of the largest. */
function spreadOf(reals: Float64Array): number {
  const exponents = reals.map((x) => Math.log2(Math.min(Math.abs(Number.isNaN(x) ? Infinity : x), 2 ** 128)));
  const mean = exponents.reduce((sum, x) => sum + x, 0) / exponents.length;
  return Math.sqrt(exponents.reduce((sum, x) => sum + (x - mean) ** 2, 0) / exponents.length);
}

function ofIntegers(numbers: FrameArray, order: string, least: number): Doubt | undefined {
  const half = numbers.BYTES_PER_ELEMENT * 4;
  const [base, some] = [2 ** half, 2 ** half / 8];
  const used = Float64Array.from(numbers as Uint16Array, (x) => Math.abs(Number(x))).filter((x) => x !== 0);
  if (used.length < least) return undefined;
  const share = (of: (x: number) => boolean): number => used.filter(of).length / used.length;
  if (share((x) => x % 256 === 0) >= nearlyAll) {
    const text = 'nearly all numbers are multiples of 256, as small ones of the other byte order are';
    return { text: `${text}: is it ${order}?`, option: 'endian' };
  }
  // Whole numbers of this width use both halves alike; two narrower ones in one have small numbers in both.
  if (share((x) => x >= base) < many || share((x) => x % base < some) < nearlyAll) return undefined;
  const text = `nearly all numbers are two small ones of ${half} bits, one behind the other`;
  return { text: `${text}: is the dtype that of the file?`, option: 'dtype' };
}
