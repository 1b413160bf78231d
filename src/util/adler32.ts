/** Adler-32 (RFC 1950), which ends a zlib stream. */

/** Largest number of bytes that can be summed before the sums must be reduced. */
const maxSummed = 5552;

/** The checksum of bytes; `before` is that of the preceding bytes. */
export function adler32(bytes: Uint8Array, before = 1): number {
  let [a, b] = [before & 0xffff, before >>> 16];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + maxSummed);
    for (; at < end; at++) {
      a += bytes[at] as number;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b * 65536 + a;
}
