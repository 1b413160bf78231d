/** Unpacks chunks of the scale-offset filter; loaded with the first of them. */
import { EwaldError } from '../util/errors.js';
import type { ScaleOffset } from './scale-offset.js';

/** Width, smallest value and reserved bytes in front of the packed numbers. */
const headBytes = 21;

/** Unpacks a chunk into numbers in the order that the file states. */
export function decodeScaleOffset(of: ScaleOffset, packed: Uint8Array, out: Uint8Array): void {
  const { size, big, kind, fill, decimals } = of;
  const count = Math.floor(out.length / size);
  if (packed.length < headBytes)
    throw new EwaldError('Format', `${packed.length} bytes are fewer than the ${headBytes} of a packed chunk`);
  const head = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const bits = head.getUint32(0, true);
  if (bits > 8 * size) throw new EwaldError('Format', `numbers of ${bits} bits do not fit in ${size} bytes`);
  const body = packed.subarray(headBytes);
  if (body.length * 8 < count * bits)
    throw new EwaldError('Format', `${body.length} bytes do not hold ${count} numbers of ${bits} bits`);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  // All bits: the numbers were stored as they are.
  if (bits === 8 * size) {
    for (let i = 0; i < count * size; i++) {
      const byte = big ? i - (i % size) + size - 1 - (i % size) : i;
      out[byte] = body[i] as number;
    }
    return;
  }
  const least = head.getBigInt64(5, true);
  // The largest number stands for elements that were never written.
  const unset = fill && (1n << BigInt(bits)) - 1n;
  const write = kind === 'float' ? floatWriter(view, of, head, decimals) : integerWriter(view, of, least);
  const take = bitReader(body, bits, size);
  for (let i = 0; i < count; i++) {
    const value = take();
    if (fill && value === unset)
      for (let byte = 0; byte < size; byte++) out[i * size + (big ? size - 1 - byte : byte)] = fill[byte] as number;
    else write(i * size, value);
  }
}

type Write = (at: number, value: bigint) => void;

function integerWriter(view: DataView, { size, big }: ScaleOffset, least: bigint): Write {
  return (at, value) => {
    const word = BigInt.asUintN(8 * size, value + least);
    if (size === 8) view.setBigUint64(at, word, !big);
    else if (size === 4) view.setUint32(at, Number(word), !big);
    else if (size === 2) view.setUint16(at, Number(word), !big);
    else view.setUint8(at, Number(word));
  };
}

/** Computes in the precision of the elements, as the writer does. */
function floatWriter(view: DataView, { size, big }: ScaleOffset, head: DataView, decimals: number): Write {
  const isSingle = size === 4;
  const least = isSingle ? head.getFloat32(5, true) : head.getFloat64(5, true);
  const scale = 10 ** decimals;
  return (at, value) => {
    // The difference is an integer of the same width, with a sign.
    const whole = Number(BigInt.asIntN(8 * size, value));
    if (isSingle) view.setFloat32(at, Math.fround(Math.fround(Math.fround(whole) / Math.fround(scale)) + least), !big);
    else view.setFloat64(at, whole / scale + least, !big);
  };
}

/** Reads numbers of some bits, the highest first, one after the other. */
function bitReader(bytes: Uint8Array, bits: number, size: number): () => bigint {
  let at = 0;
  const take = (wanted: number): number => {
    let value = 0;
    for (let left = wanted; left > 0; ) {
      const free = 8 - (at & 7);
      const n = Math.min(free, left);
      value = value * 2 ** n + (((bytes[at >> 3] as number) >> (free - n)) & ((1 << n) - 1));
      at += n;
      left -= n;
    }
    return value;
  };
  if (size < 8 || bits <= 32) return () => BigInt(take(bits));
  return () => (BigInt(take(bits - 32)) << 32n) | BigInt(take(32));
}
