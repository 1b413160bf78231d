/**
 * The codecs implemented again as simply as possible and independently of cpp/frames: tests compare the core with them.
 */

import { bigEndian, shuffleBits } from '../../src/validate/oracle/udf/packed.js';

/** Default number of elements in a block of bitshuffle. */
export const defaultBlock = (elementBytes: number): number =>
  Math.max(128, Math.floor(Math.floor(8192 / elementBytes) / 8) * 8);

/** The blocks of a chunk, and the remainder of fewer than eight elements. */
function* blocks(bytes: Uint8Array, elementBytes: number, block: number): Generator<[Uint8Array, boolean]> {
  const unit = elementBytes * 8;
  let at = 0;
  while (bytes.length - at >= unit) {
    const length = Math.min(block * elementBytes, Math.floor((bytes.length - at) / unit) * unit);
    yield [bytes.subarray(at, at + length), true];
    at += length;
  }
  yield [bytes.subarray(at), false];
}

/** Bitshuffle alone. */
export function bitshuffle(bytes: Uint8Array, elementBytes: number, block = defaultBlock(elementBytes)): Uint8Array {
  const out: number[] = [];
  for (const [part, whole] of blocks(bytes, elementBytes, block))
    out.push(...(whole ? shuffleBits(part, elementBytes) : part));
  return Uint8Array.from(out);
}

/** LZ4 that only compresses runs of one byte: valid, and easy to verify. */
export function lz4(bytes: Uint8Array): number[] {
  const out: number[] = [];
  let anchor = 0;
  const lengths = (length: number): void => {
    for (; length >= 255; length -= 255) out.push(255);
    out.push(length);
  };
  const emit = (literals: number, match: number): void => {
    out.push((Math.min(literals, 15) << 4) | (match > 0 ? Math.min(match - 4, 15) : 0));
    if (literals >= 15) lengths(literals - 15);
    for (let i = 0; i < literals; i++) out.push(bytes[anchor + i] ?? 0);
    if (match > 0) {
      out.push(1, 0);
      if (match - 4 >= 15) lengths(match - 4 - 15);
    }
  };
  for (let at = 1; at + 12 < bytes.length; ) {
    let run = 0;
    while (at + run + 5 < bytes.length && bytes[at + run] === bytes[at - 1]) run++;
    if (run < 4) {
      at++;
      continue;
    }
    emit(at - anchor, run);
    at += run;
    anchor = at;
    at++;
  }
  emit(bytes.length - anchor, 0);
  return out;
}

/** Filter 32008 with LZ4. */
export function bitshuffleLz4(bytes: Uint8Array, elementBytes: number, block = defaultBlock(elementBytes)): Uint8Array {
  const out = [...bigEndian(bytes.length, 8), ...bigEndian(block * elementBytes, 4)];
  for (const [part, whole] of blocks(bytes, elementBytes, block)) {
    if (!whole) out.push(...part);
    else {
      const packed = lz4(shuffleBits(part, elementBytes));
      out.push(...bigEndian(packed.length, 4), ...packed);
    }
  }
  return Uint8Array.from(out);
}

/** Filter 32004. */
export function framedLz4(bytes: Uint8Array, block: number): Uint8Array {
  const out = [...bigEndian(bytes.length, 8), ...bigEndian(block, 4)];
  for (let at = 0; at < bytes.length; at += block) {
    const part = bytes.subarray(at, at + block);
    const packed = lz4(part);
    const stored = packed.length >= part.length;
    out.push(...bigEndian(stored ? part.length : packed.length, 4), ...(stored ? part : packed));
  }
  return Uint8Array.from(out);
}

/** Filter 2. */
export function shuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const n = Math.floor(bytes.length / elementBytes);
  const out = bytes.slice();
  for (let i = 0; i < n; i++) for (let j = 0; j < elementBytes; j++) out[j * n + i] = bytes[i * elementBytes + j] ?? 0;
  return out;
}

/** LZF with literals and, where a byte repeats, matches of distance 1. */
export function lzf(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let literals: number[] = [];
  const flush = (): void => {
    if (literals.length > 0) out.push(literals.length - 1, ...literals);
    literals = [];
  };
  for (let at = 0; at < bytes.length; ) {
    let run = 0;
    while (at > 0 && at + run < bytes.length && bytes[at + run] === bytes[at - 1] && run < 264) run++;
    if (run >= 3) {
      flush();
      if (run - 2 < 7) out.push((run - 2) << 5, 0);
      else out.push(7 << 5, run - 2 - 7, 0);
      at += run;
    } else {
      literals.push(bytes[at++] ?? 0);
      if (literals.length === 32) flush();
    }
  }
  flush();
  return Uint8Array.from(out);
}

/** CBF's differences. */
export function byteOffset(pixels: Int32Array): Uint8Array {
  const out: number[] = [];
  let before = 0;
  const little = (value: number, bytes: number): void => {
    for (let i = 0; i < bytes; i++) out.push(Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * i)) & 255n));
  };
  for (const pixel of pixels) {
    const step = pixel - before;
    before = pixel;
    const bytes = [1, 2, 4, 8].find((size) => Math.abs(step) < 2 ** (8 * size - 1)) ?? 8;
    // Each size is announced by the lowest value of the next smaller one.
    const escapes = [[0x80], [0, 0x80], [0, 0, 0, 0x80]];
    for (let i = 0; 2 ** i < bytes; i++) out.push(...(escapes[i] ?? []));
    little(step, bytes);
  }
  return Uint8Array.from(out);
}

/** Values of a few bits, packed next to each other. */
export function pack(values: ArrayLike<number>, bits: number, highFirst: boolean): Uint8Array {
  const out = new Uint8Array(Math.ceil((values.length * bits) / 8));
  for (let i = 0; i < values.length; i++)
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      const set = ((values[i] ?? 0) >> (highFirst ? bits - 1 - b : b)) & 1;
      if (set) out[at >> 3] = (out[at >> 3] ?? 0) | (highFirst ? 0x80 >> (at & 7) : 1 << (at & 7));
    }
  return out;
}

/** HDF5's checksum, word by word. */
export function fletcher32(bytes: Uint8Array): number {
  let [first, second] = [0, 0];
  for (let i = 0; i < bytes.length; i += 2) {
    first = (first + (((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0))) % 65535;
    second = (second + first) % 65535;
  }
  return ((second << 16) | first) >>> 0;
}
