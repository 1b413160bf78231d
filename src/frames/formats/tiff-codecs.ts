/** Compression of TIFF strips and tiles, and prediction of rows. */

import { inflate } from '../../bytes/inflate.js';

/** The message becomes the reason why a frame is damaged. */
const fail = (message: string): Error => new Error(message);

/** Names of the compressions that can be read. */
export const codecs: Readonly<Record<number, string>> = {
  1: 'none',
  5: 'LZW',
  8: 'deflate',
  32946: 'deflate',
  32773: 'PackBits',
  50000: 'Zstandard',
};

/** Whether a compression has predictors. libtiff ignores the tag of others: LZW, deflate and Zstandard have them. */
export const hasPredictor = (compression: number): boolean => compression !== 1 && compression !== 32773;

/** Names of some that cannot, for the error message. */
export const unread: Readonly<Record<number, string>> = {
  2: 'CCITT',
  3: 'CCITT T.4',
  4: 'CCITT T.6',
  6: 'old JPEG',
  7: 'JPEG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
};

/**
 * Decodes the first `length` bytes of a strip or tile, which has up to `most` if its last rows are below the image.
 * `checksums`: whether the one that ends deflate or Zstandard is verified.
 */
export async function decompress(
  stored: Uint8Array,
  compression: number,
  length: number,
  most: number,
  checksums: boolean,
): Promise<Uint8Array> {
  if (compression === 1) return stored;
  if (compression === 5) return lzw(stored, length);
  if (compression === 32773) return packBits(stored, length);
  if (compression !== 50000) return inflateStrip(stored, length, most, checksums);
  return (await import('../../bytes/codecs/zstd.js')).unpackZstd(stored, length, { checksums, padding: maxPadding });
}

/** Padding that a writer may leave after a strip, in bytes. */
const maxPadding = 3;

/** Decodes a zlib stream that ends the strip or comes before its padding. */
async function inflateStrip(stored: Uint8Array, length: number, most: number, checksums: boolean): Promise<Uint8Array> {
  const attempt = (padding: number): Promise<Uint8Array> =>
    inflate(stored.subarray(0, Math.max(0, stored.length - padding)), length, 'zlib', { most, checksums });
  return attempt(0).catch(async (damaged) => {
    for (let padding = 1; padding <= maxPadding; padding++) {
      const data = await attempt(padding).catch(() => undefined);
      if (data) return data;
    }
    throw damaged;
  });
}

function packBits(stored: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < stored.length && at < length; ) {
    const head = ((stored[i++] as number) << 24) >> 24;
    if (head >= 0) {
      const count = Math.min(head + 1, length - at, stored.length - i);
      out.set(stored.subarray(i, i + count), at);
      i += head + 1;
      at += count;
    } else if (head !== -128) {
      const count = Math.min(1 - head, length - at);
      if (i >= stored.length) break;
      out.fill(stored[i++] as number, at, at + count);
      at += count;
    }
  }
  if (at < length) throw fail(`the PackBits data end after ${at} of ${length} bytes`);
  return out;
}

const [clear, end, first, most] = [256, 257, 258, 4096];

/** LZW with codes of 9 … 12 bits, highest bit first. */
function lzw(stored: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  // A code stands for a run of the output: where it ends and how long it is.
  const ends = new Uint32Array(most);
  const lengths = new Uint16Array(most);
  let at = 0;
  let next = first;
  let width = 9;
  // Length of the previous run in bytes; 0 after a clear code.
  let before = 0;
  let held = 0;
  let bits = 0;
  let i = 0;
  while (at < length) {
    while (bits < width) {
      if (i >= stored.length) throw fail(`the LZW data end after ${at} of ${length} bytes`);
      held = ((held << 8) | (stored[i++] as number)) & 0xffffff;
      bits += 8;
    }
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === end) break;
    if (code === clear) {
      next = first;
      width = 9;
      before = 0;
      continue;
    }
    const start = at;
    if (code < clear) out[at++] = code;
    else {
      // The next new code is the previous run and the first byte after it, which is being written now.
      const known = code < next;
      if (before === 0 || (!known && code !== next)) throw fail(`the LZW code ${code} is used before it is defined`);
      const size = known ? (lengths[code] as number) : before + 1;
      const from = known ? (ends[code] as number) - size : start - size + 1;
      for (let k = 0; k < size && at < length; k++) out[at++] = out[from + k] as number;
    }
    if (before > 0 && next < most) {
      lengths[next] = before + 1;
      ends[next] = start + 1;
      next++;
    }
    before = at - start;
    // Codes grow one code early.
    if (next + 1 >= 1 << width && width < 12) width++;
  }
  if (at < length) throw fail(`the LZW data end after ${at} of ${length} bytes`);
  return out;
}

/** Undoes the difference to the previous pixel, in numbers of `width` bytes in the machine's byte order. */
export function undoDifferences(row: Uint8Array, width: number, samples: number): void {
  const { buffer, byteOffset, byteLength } = row;
  if (width === 8) {
    const values = new BigUint64Array(buffer, byteOffset, byteLength / 8);
    for (let i = samples; i < values.length; i++) values[i] = (values[i] as bigint) + (values[i - samples] as bigint);
    return;
  }
  const values =
    width === 1
      ? row
      : width === 2
        ? new Uint16Array(buffer, byteOffset, byteLength / 2)
        : new Uint32Array(buffer, byteOffset, byteLength / 4);
  for (let i = samples; i < values.length; i++) values[i] = (values[i] as number) + (values[i - samples] as number);
}

/** Undoes the floating-point predictor: differences of bytes, all highest bytes of a row first. */
export function undoFloatDifferences(row: Uint8Array, width: number, samples: number, little: boolean): void {
  for (let i = samples; i < row.length; i++) row[i] = (row[i] as number) + (row[i - samples] as number);
  const planes = row.slice();
  const count = row.length / width;
  for (let i = 0; i < count; i++)
    for (let byte = 0; byte < width; byte++)
      row[i * width + (little ? width - 1 - byte : byte)] = planes[byte * count + i] as number;
}

/** Unpacks a row of numbers of 1 … 31 bits, highest bit first, into bytes or 16-bit words. */
export function unpackBits(row: Uint8Array, bits: number, into: Uint8Array | Uint16Array | Uint32Array): void {
  let held = 0;
  let have = 0;
  let at = 0;
  for (let i = 0; i < into.length; i++) {
    while (have < bits) {
      held = (held * 256 + (row[at++] ?? 0)) % 2 ** 40;
      have += 8;
    }
    have -= bits;
    into[i] = Math.floor(held / 2 ** have) % 2 ** bits;
    held %= 2 ** have;
  }
}

/** Reverses the bytes of numbers of 24 bits in place: in a little-endian file the lowest byte comes first. */
export function reverseThrees(bytes: Uint8Array): void {
  for (let i = 0; i + 2 < bytes.length; i += 3) {
    const lowest = bytes[i] as number;
    bytes[i] = bytes[i + 2] as number;
    bytes[i + 2] = lowest;
  }
}

/** The bytes with their bits in the other order. */
const reversed = Uint8Array.from({ length: 256 }, (_, byte) => {
  let other = 0;
  for (let bit = 0; bit < 8; bit++) other |= ((byte >> bit) & 1) << (7 - bit);
  return other;
});

/** Reverses the bits of each byte in place: whatever a writer has stored, compressed or not, was written lowest bit first. */
export function reverseBits(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = reversed[bytes[i] as number] as number;
}
