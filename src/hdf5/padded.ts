/** Integers that fill only some of the bits of their element, such as 12 of 16, and their packed form. */

import { type FrameArray, viewAs } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import type { Numbers, Padding } from './datatype.js';

/** Makes numbers of elements, in the machine's byte order and in place: the bits around them are no part of them. */
export function withoutPadding(bytes: Uint8Array, { dtype, padding }: Numbers): void {
  if (!padding) return;
  const values = viewAs(bytes, dtype);
  shifted(values, padding, !dtype.startsWith('u'));
  // Memory that was not aligned was copied.
  if (values.buffer !== bytes.buffer) bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function shifted(values: FrameArray, { offset, precision }: Padding, isSigned: boolean): void {
  if (values instanceof BigUint64Array || values instanceof BigInt64Array) {
    const asNumber = isSigned ? BigInt.asIntN : BigInt.asUintN;
    for (let i = 0; i < values.length; i++)
      values[i] = asNumber(precision, BigInt.asUintN(64, values[i] as bigint) >> BigInt(offset));
    return;
  }
  // To the top of a word and back, which repeats the sign.
  const [up, down] = [32 - precision - offset, 32 - precision];
  for (let i = 0; i < values.length; i++) {
    const top = ((values[i] as number) << up) & (-1 << down);
    values[i] = isSigned ? top >> down : top >>> down;
  }
}

/** What the N-bit filter was told: the elements of a chunk, and the bits of each. */
export interface NBit extends Padding {
  readonly count: number;
  readonly size: number;
  readonly big: boolean;
}

/** The parameters of an N-bit filter; undefined for those of records and arrays. */
export function nBitOf(values: readonly number[]): NBit | 'unpacked' | undefined {
  const [, isPlain, count = 0, kind, size = 0, order, precision = 0, offset = 0] = values;
  if (isPlain === 1) return 'unpacked';
  if (kind !== 1 || ![1, 2, 4, 8].includes(size)) return undefined;
  if (precision < 1 || precision + offset > 8 * size) return undefined;
  return { count, size, big: order === 1, precision, offset };
}

/** Size of a chunk of `bytes` after the N-bit filter: one byte is begun at the end in any case. */
export const nBitBytes = ({ size, precision }: NBit, bytes: number): number =>
  Math.floor((Math.floor(bytes / size) * precision) / 8) + 1;

/** Takes apart what the N-bit filter has packed: the bits of each number, the highest first, one after the other. */
export function decodeNBit({ size, big, precision, offset }: NBit, packed: Uint8Array, out: Uint8Array): void {
  const count = Math.floor(out.length / size);
  if (packed.length * 8 < count * precision)
    throw new EwaldError('Format', `${packed.length} bytes do not hold ${count} numbers of ${precision} bits`);
  out.fill(0);
  let at = 0;
  for (let i = 0; i < count; i++) {
    // Of the element's bytes, the highest first; in each, the bits between those of the number's ends.
    for (let byte = Math.floor((offset + precision - 1) / 8); byte >= Math.floor(offset / 8); byte--) {
      const high = Math.min(offset + precision, 8 * byte + 8);
      const low = Math.max(offset, 8 * byte);
      const bits = high - low;
      const word = ((packed[at >> 3] as number) << 8) | (packed[(at >> 3) + 1] ?? 0);
      const value = (word >> (16 - (at & 7) - bits)) & ((1 << bits) - 1);
      out[i * size + (big ? size - 1 - byte : byte)] = value << (low - 8 * byte);
      at += bits;
    }
  }
}
