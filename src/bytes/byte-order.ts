/** Numbers in the other byte order: swapped in place, or while they are copied. */
import type { ByteSource } from './byte-source.js';

interface Swapping {
  swap16(): unknown;
  swap32(): unknown;
  swap64(): unknown;
}
interface BufferType {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): Swapping;
}

/** Functions that an addon performs faster. */
export interface Turning {
  readonly swapBytes: NonNullable<ByteSource['swapBytes']>;
  /**
   * Fills `out` with frames of `bytes` bytes that start `stride` bytes apart in an open file, reversing the bytes of
   * each number of `width` bytes (1: unchanged). Absent on systems without this read.
   */
  readonly readTurned?: (
    file: number,
    offset: number,
    stride: number,
    bytes: number,
    width: number,
    out: Uint8Array,
  ) => Promise<void>;
}

/** For arrays smaller than this, calling an addon costs more than it saves. */
const minForAddon = 4096;
/** Bytes copied and reversed at a time, so that they stay in the L1 cache in between. */
const pieceBytes = 1 << 15;

/** The object that swaps large arrays: the source from which the bytes come. */
export type Swapper = Pick<ByteSource, 'swapBytes'>;

/**
 * Copies numbers of `width` bytes (1, 2, 4 or 8), the bytes of each in reverse, into other memory of the same length.
 */
export function swapCopy(from: Uint8Array, into: Uint8Array, width: number, source: Swapper): void {
  const swap = width > 1 && from.length >= minForAddon ? source.swapBytes : undefined;
  if (swap) {
    swap(from, into, width);
    return;
  }
  for (let at = 0; at < from.length; at += pieceBytes) {
    const piece = into.subarray(at, Math.min(at + pieceBytes, from.length));
    piece.set(from.subarray(at, at + piece.length));
    swapBytes(piece, width, source);
  }
}

/** Reverses the bytes of each number of `width` bytes (1, 2, 4 or 8). */
export function swapBytes(bytes: Uint8Array, width: number, source: Swapper): void {
  if (width === 1) return;
  // Node's own turn pairs and eights in vectors, fours one by one.
  const swap = width === 4 && bytes.length >= minForAddon ? source.swapBytes : undefined;
  if (swap) {
    swap(bytes, bytes, width);
    return;
  }
  const { Buffer } = globalThis as { Buffer?: BufferType };
  if (Buffer) {
    // A copying loop over a typed array is about five times slower.
    const whole = Math.floor(bytes.byteLength / width) * width;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, whole);
    if (width === 2) buffer.swap16();
    else if (width === 4) buffer.swap32();
    else buffer.swap64();
    return;
  }
  const half = width >> 1;
  for (let at = 0; at + width <= bytes.length; at += width) {
    for (let i = 0; i < half; i++) {
      const other = at + width - 1 - i;
      const byte = bytes[at + i] as number;
      bytes[at + i] = bytes[other] as number;
      bytes[other] = byte;
    }
  }
}
