/** Turns the bytes of numbers round, in place. */

interface Swapping {
  swap16(): unknown;
  swap32(): unknown;
  swap64(): unknown;
}
interface BufferType {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): Swapping;
}

/** Reverses the bytes of each number of `width` bytes (1, 2, 4 or 8). */
export function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  const { Buffer } = globalThis as { Buffer?: BufferType };
  if (Buffer) {
    // Node's own are vectorised; a copy in a typed array is some five times slower.
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
