/**
 * Bitshuffle and LZ4, packed by the descriptions of the formats (HDF5's filter 32008, LZ4 blocks) and without any code
 * of cpp/frames: what a decoder must return are the numbers that were packed.
 */

/** A whole number in big-endian order. */
export const bigEndian = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256);

/** The bits of a block, by their position in the element. */
export function shuffleBits(block: Uint8Array, elementBytes: number): Uint8Array {
  const n = block.length / elementBytes;
  const out = new Uint8Array(block.length);
  for (let bit = 0; bit < elementBytes * 8; bit++)
    for (let e = 0; e < n; e++) {
      const set = ((block[e * elementBytes + (bit >> 3)] as number) >> (bit & 7)) & 1;
      const at = bit * n + e;
      out[at >> 3] = (out[at >> 3] as number) | (set << (at & 7));
    }
  return out;
}

/** The token, literals and lengths of a sequence, which ends with `match` bytes repeated from `distance` before. */
export function sequence(literals: ArrayLike<number>, distance = 0, match = 0): number[] {
  const further = (length: number): number[] =>
    length < 15 ? [] : [...Array(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];
  const nibbles = (Math.min(literals.length, 15) << 4) | (match > 0 ? Math.min(match - 4, 15) : 0);
  const end = match > 0 ? [distance & 255, distance >> 8, ...further(match - 4)] : [];
  return [nibbles, ...further(literals.length), ...Array.from(literals), ...end];
}

/** An LZ4 block. A match repeats the latest place with the same four bytes, so a run has the distance of its period. */
export function lz4Block(bytes: Uint8Array): number[] {
  const out: number[] = [];
  const seen = new Map<number, number>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [anchor, at] = [0, 0];
  // The last five bytes are literals, and no match begins in the last twelve.
  while (at < bytes.length - 12) {
    const word = view.getUint32(at);
    const from = seen.get(word);
    seen.set(word, at);
    if (from === undefined || at - from > 65535) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length < bytes.length - 5 && bytes[from + length] === bytes[at + length]) length++;
    for (const value of sequence(bytes.subarray(anchor, at), at - from, length)) out.push(value);
    at += length;
    anchor = at;
  }
  for (const value of sequence(bytes.subarray(anchor))) out.push(value);
  return out;
}

/** A chunk of packed blocks, with the bytes after the last one. */
export function chunkOf(
  bytes: number,
  block: number,
  blocks: readonly number[][],
  rest: ArrayLike<number>,
): Uint8Array {
  const out = [...bigEndian(bytes, 8), ...bigEndian(block, 4)];
  for (const packed of blocks) for (const value of [...bigEndian(packed.length, 4), ...packed]) out.push(value);
  for (const value of Array.from(rest)) out.push(value);
  return Uint8Array.from(out);
}

/** A frame as a chunk. */
export function packFrame(frame: Uint8Array, elementBytes: number, block: number): Uint8Array {
  const unit = 8 * elementBytes;
  const blocks: number[][] = [];
  let at = 0;
  while (frame.length - at >= unit) {
    const length = Math.min(block, Math.floor((frame.length - at) / unit) * unit);
    blocks.push(lz4Block(shuffleBits(frame.subarray(at, at + length), elementBytes)));
    at += length;
  }
  return chunkOf(frame.length, block, blocks, frame.subarray(at));
}

/** The bytes of an LZ4 block of `size` bytes; undefined if it is none. */
function unpackLz4(block: Uint8Array, size: number): number[] | undefined {
  const out: number[] = [];
  let at = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    for (let more = 255; nibble === 15 && more === 255; sum += more) more = block[at++] ?? Number.NaN;
    return sum;
  };
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = length(token >> 4);
    if (!(literals <= block.length - at) || out.length + literals > size) return undefined;
    for (let i = 0; i < literals; i++) out.push(block[at++] as number);
    if (at === block.length) return out.length === size ? out : undefined;
    if (block.length - at < 2) return undefined;
    const distance = (block[at++] as number) + 256 * (block[at++] as number);
    const match = length(token & 15) + 4;
    if (!(match <= size - out.length) || distance === 0 || distance > out.length) return undefined;
    for (let i = 0; i < match; i++) out.push(out[out.length - distance] as number);
  }
  return undefined;
}

/** The numbers of a chunk of `bytes` bytes; undefined if it is damaged. */
export function unpackFrame(chunk: Uint8Array, bytes: number, elementBytes: number): Uint8Array | undefined {
  const number = (at: number, count: number): number =>
    chunk.subarray(at, at + count).reduce((sum, byte) => 256 * sum + byte, 0);
  const unit = 8 * elementBytes;
  const block = number(8, 4);
  if (chunk.length < 12 || number(0, 8) !== bytes || block === 0 || block % unit !== 0) return undefined;
  const out = new Uint8Array(bytes);
  let [at, done] = [12, 0];
  while (bytes - done >= unit) {
    const size = Math.min(block, Math.floor((bytes - done) / unit) * unit);
    const length = number(at, 4);
    if (chunk.length - at < 4 || length > chunk.length - at - 4) return undefined;
    const planes = unpackLz4(chunk.subarray(at + 4, at + 4 + length), size);
    if (!planes) return undefined;
    const n = size / elementBytes;
    for (let bit = 0; bit < 8 * elementBytes; bit++)
      for (let e = 0; e < n; e++) {
        const place = bit * n + e;
        const to = done + e * elementBytes + (bit >> 3);
        out[to] = (out[to] as number) | ((((planes[place >> 3] as number) >> (place & 7)) & 1) << (bit & 7));
      }
    at += 4 + length;
    done += size;
  }
  if (chunk.length - at !== bytes - done) return undefined;
  out.set(chunk.subarray(at), done);
  return out;
}
