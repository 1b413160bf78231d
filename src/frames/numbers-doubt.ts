/** Numbers that are probably read by another type or byte order than they were written: what a caller has said of them. */
import { halfToNumber } from '../util/number-bytes.js';
import { swapBytes } from './byte-order.js';
import type { ByteSource } from './byte-source.js';
import type { Note } from './dataset.js';
import { type DataType, elements, type FrameArray, numberBytes, viewAs } from './dtype.js';

/** How a caller says that the numbers of a file are stored. */
interface Stored {
  /** Bytes before the first frame, and how many of that are numbers of a frame. */
  readonly offset: number;
  readonly bytes: number;
  readonly dtype: DataType;
  readonly little: boolean;
}

/** Bytes of a frame that are looked at, and the fewest numbers besides 0 that tell something. */
const [sampleBytes, fewest] = [2 ** 14, 64];
/** Share of the numbers of which something must be so. */
const nearlyAll = 0.95;
/** Share of numbers whose upper half is used, from which on the lower one would be used evenly. */
const many = 0.25;
/** Reals of detectors are between these sizes; whole numbers read as reals are smaller. */
const [tiny, huge] = [1e-30, 1e30];
/** Standard deviations of binary exponents: of counts, and of bytes in another order. */
const [usualSpread, wildSpread] = [12, 25];

/**
 * A warning if the first frame, or if that is empty the one `middle` bytes behind it, has numbers that
 * no detector gives; none if nothing is unusual.
 */
export async function notesOnNumbers(source: ByteSource, stored: Stored, middle = 0): Promise<Note[]> {
  const { dtype, little } = stored;
  const width = numberBytes(dtype);
  if (width === 1) return [];
  for (const at of new Set([0, middle])) {
    const from = stored.offset + at;
    const length = Math.min(stored.bytes, sampleBytes, source.size - from);
    if (length < width) return [];
    const bytes = (await source.read(from, Math.floor(length / width) * width)).slice();
    const other = bytes.slice();
    swapBytes(little ? other : bytes, width, source);
    const why = whyDoubted(viewAs(bytes, dtype), viewAs(other, dtype), dtype, little);
    if (why === undefined) continue;
    return [{ kind: 'warning', text: why.text, option: why.option, isCut: true }];
  }
  return [];
}

interface Doubt {
  readonly text: string;
  readonly option: 'dtype' | 'endian';
}

/** Why numbers are doubted; `other` has them in the other byte order. */
function whyDoubted(numbers: FrameArray, other: FrameArray, dtype: DataType, little: boolean): Doubt | undefined {
  const isReal = elements[dtype].array === Float32Array || dtype === 'f64' || dtype === 'c128' || dtype === 'f16';
  const order = little ? 'big' : 'little';
  return isReal ? ofReals(realsOf(numbers, dtype), realsOf(other, dtype), dtype, order) : ofIntegers(numbers, order);
}

const realsOf = (numbers: FrameArray, dtype: DataType): Float64Array =>
  Float64Array.from(numbers as Float32Array, dtype === 'f16' ? halfToNumber : undefined).filter((x) => x !== 0);

function ofReals(reals: Float64Array, others: Float64Array, dtype: DataType, order: string): Doubt | undefined {
  if (reals.length < fewest) return undefined;
  const share = (of: (x: number) => boolean): number => reals.filter(of).length / reals.length;
  if (dtype !== 'f16' && share((x) => Math.abs(x) < tiny) >= nearlyAll) {
    const text =
      `nearly all numbers besides 0 are smaller than ${tiny}, as those of integers, or of another byte order, read as ` +
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

function ofIntegers(numbers: FrameArray, order: string): Doubt | undefined {
  const half = numbers.BYTES_PER_ELEMENT * 4;
  const [base, some] = [2 ** half, 2 ** half / 8];
  const used = Float64Array.from(numbers as Uint16Array, (x) => Math.abs(Number(x))).filter((x) => x !== 0);
  if (used.length < fewest) return undefined;
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
