/**
 * The scale-offset filter: numbers less the smallest of a chunk, in as many bits as the largest of them needs; floats
 * are integers of so many decimal places first.
 */
import { EwaldError } from '../../util/errors.js';

/** What the filter was told: the elements of a chunk. */
export interface ScaleOffset {
  readonly count: number;
  readonly size: number;
  readonly kind: 'float' | 'signed' | 'unsigned';
  readonly big: boolean;
  /** Decimal places that were kept of floats. */
  readonly decimals: number;
  /** The value of elements that were never written; undefined without one. */
  readonly fill: Uint8Array | undefined;
}

/** Width, smallest value and reserved bytes in front of the packed numbers. */
const headBytes = 21;

/** The parameters of a filter; undefined for what no writer makes. */
export function scaleOffsetOf(values: readonly number[]): ScaleOffset | undefined {
  const [scale, factor = 0, count = 0, kind, size = 0, signed, order, hasFill] = values;
  if (kind !== 0 && kind !== 1) return undefined;
  // The other scale of floats, by exponents, was never implemented.
  if (kind === 1 ? scale !== 0 || (size !== 4 && size !== 8) : ![1, 2, 4, 8].includes(size)) return undefined;
  const words = new Uint8Array(Uint32Array.from(values.slice(8, 10)).buffer);
  return {
    count,
    size,
    kind: kind === 1 ? 'float' : signed === 1 ? 'signed' : 'unsigned',
    big: order === 1,
    decimals: factor | 0,
    fill: hasFill === 1 ? Uint8Array.from({ length: size }, (_, i) => words[i] ?? 0) : undefined,
  };
}

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
