/** Elements of one type as elements of another, by the rules of the HDF5 library. */

import { swapBytes } from '../bytes/byte-order.js';
import { type DataType, elements, type FrameArray, numberBytes, viewAs } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import { halfToNumber } from '../util/number-bytes.js';
import { type Hdf5Type, type Numbers, numberType, typeName } from './datatype.js';
import { withoutPadding } from './padded.js';

/** Returns the elements of a type of the file as those of another one, also as the file stores them. */
export type Conversion = (stored: Uint8Array) => Uint8Array;

/** Whether two types are the same in everything: size, byte order, sign, names of members. */
export const isSameType = (a: Hdf5Type, b: Hdf5Type): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether elements refer to bytes elsewhere in their file, which another file does not have. */
export function refersToFile(type: Hdf5Type): boolean {
  switch (type.kind) {
    case 'variable':
      return true;
    case 'compound':
      return type.members.some((member) => refersToFile(member.type));
    case 'array':
      return refersToFile(type.base);
    default:
      return type.kind === 'reference' || (type.kind === 'other' && type.name.startsWith('reference'));
  }
}

/** The smallest and the largest number of each integer type. */
const limits: Partial<Record<DataType, readonly [bigint, bigint]>> = Object.fromEntries(
  (['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64'] as const).map((dtype) => {
    const bits = BigInt(Number(dtype.slice(1)));
    return [dtype, dtype.startsWith('u') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]];
  }),
);

/** The largest number of single precision. */
const largestSingle = 2 ** 128 - 2 ** 104;

/**
 * The conversion between two types of numbers; undefined where the library has none, or rounds in a way of its own.
 *
 * Integers that do not fit get the nearest one that does; fractions are cut towards zero; what a single cannot hold is
 * infinite, as soon as it is beyond its largest number.
 */
export function conversionBetween(from: Hdf5Type, to: Hdf5Type, name: string): Conversion | undefined {
  const [source, target] = [numberType(from), numberType(to)];
  if (!source || !target || target.padding || to.kind === 'enum') return undefined;
  if (target.dtype === 'f16' && source.dtype !== 'f16') return undefined;
  const numbersOf = ({ dtype }: Numbers): number => elements[dtype].numbers;
  if (numbersOf(source) !== numbersOf(target) || (from.kind === 'compound') !== (to.kind === 'compound'))
    return undefined;
  // Members are found by their names.
  if (from.kind === 'compound' && to.kind === 'compound')
    if (from.members.some((member, i) => member.name !== to.members[i]?.name)) return undefined;
  // Where the order differs, the library turns the bytes and does not look at the sign.
  const isTurned = from.kind === 'integer' && to.kind === 'integer' && from.size === to.size && from.big !== to.big;
  if (isTurned && !source.padding) return (stored) => turned(stored, to.size);
  const convert = numberConversion(source.dtype, target.dtype, `${name} has ${typeName(to)} of ${typeName(from)}`);
  return (stored) => {
    const own = stored.slice();
    if (source.big) swapBytes(own, numberBytes(source.dtype), {});
    if (source.padding) withoutPadding(own, source);
    const array = convert(viewAs(own, source.dtype));
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (target.big) swapBytes(bytes, numberBytes(target.dtype), {});
    return bytes;
  };
}

function turned(stored: Uint8Array, width: number): Uint8Array {
  const own = stored.slice();
  swapBytes(own, width, {});
  return own;
}

function numberConversion(from: DataType, to: DataType, what: string): (values: FrameArray) => FrameArray {
  if (from === to) return (values) => values;
  const { array: Target } = elements[to];
  const range = limits[to];
  const isBig = to === 'u64' || to === 'i64';
  const read = from === 'f16' ? halfToNumber : (value: number | bigint): number | bigint => value;
  const each = range ? intoIntegers(range, isBig, what) : intoFloats(to === 'f32' || to === 'c64');
  return (values) => {
    const out = new Target(values.length);
    for (let i = 0; i < values.length; i++) out[i] = each(read(values[i] as never)) as never;
    return out;
  };
}

function intoIntegers(
  [least, most]: readonly [bigint, bigint],
  isBig: boolean,
  what: string,
): (value: number | bigint) => number | bigint {
  const [low, high] = [Number(least), Number(most)];
  const exact = (value: bigint): bigint => (value < least ? least : value > most ? most : value);
  return (value) => {
    if (typeof value === 'bigint') return isBig ? exact(value) : Number(exact(value));
    // C leaves open which integer this is, and the library takes what the processor gives.
    if (Number.isNaN(value))
      throw new EwaldError('Format', `${what}, and one of these is not a number, which has no value as an integer`);
    if (value <= low) return isBig ? least : low;
    if (value >= high) return isBig ? most : high;
    return isBig ? BigInt(Math.trunc(value)) : Math.trunc(value);
  };
}

const intoFloats =
  (isSingle: boolean) =>
  (value: number | bigint): number => {
    if (typeof value === 'bigint') return isSingle ? roundedOnce(value) : Number(value);
    if (!isSingle || !(Math.abs(value) > largestSingle)) return value;
    return value > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  };

/** An integer for single precision: one that a double cannot hold must not be rounded twice. */
function roundedOnce(value: bigint): number {
  const size = value < 0n ? -value : value;
  if (size <= 2n ** 53n) return Number(value);
  // The last of the bits that are kept stands for all that are cut off.
  const cut = size >> 12n;
  const odd = (size & 4095n) === 0n ? cut : cut | 1n;
  return Number(odd) * 4096 * (value < 0n ? -1 : 1);
}
