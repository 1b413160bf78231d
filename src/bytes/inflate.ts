/**
 * Decompression of deflate (RFC 1951) in the frames of zlib and gzip (RFC 1950 and 1952) by the engine, to the end of
 * the stream and bounded: never more than requested, whatever the data claim. The checksums that end a frame are
 * compared here, because engines verify them at different points and differ in what may follow them.
 */
import { adler32 } from '../util/adler32.js';
import { crc32 } from '../util/crc32.js';
import { messageOf } from '../util/errors.js';
import { compare, hex32 } from './checksums/check.js';
import { inflatedPieces } from './engine-inflate.js';

/** What surrounds a deflate stream. */
export type Frame = 'raw' | 'zlib' | 'gzip';

/** Limits and verification of `inflate`. */
interface InflateOptions {
  /** Most bytes, for data that may continue after those that are wanted. Default `length`. */
  readonly most?: number;
  /** Whether the checksum of the frame is compared. Default true. */
  readonly checksums?: boolean | undefined;
}

/**
 * Unpacks `length` bytes, and reads up to `most` for the checksum. Throws if there are fewer or more, if the data are
 * damaged, or if the stream does not end where its frame does.
 */
export async function inflate(
  stored: Uint8Array,
  length: number,
  frame: Frame,
  { most = length, checksums = true }: InflateOptions = {},
): Promise<Uint8Array> {
  const [head, tail] = frame === 'raw' ? [0, 0] : frame === 'zlib' ? [zlibHead(stored), 4] : [gzipHead(stored), 8];
  const end = Math.max(head, stored.length - tail);
  const out = new Uint8Array(length);
  let at = 0;
  let sum = frame === 'zlib' ? 1 : 0;
  for await (const piece of pieces(stored.subarray(head, end))) {
    if (piece.length > most - at) throw new Error(`the compressed data hold more than ${most} bytes`);
    if (at < length) out.set(piece.subarray(0, length - at), at);
    at += piece.length;
    if (checksums && frame !== 'raw') sum = frame === 'zlib' ? adler32(piece, sum) : crc32(piece, sum);
  }
  if (at < length) throw new Error(`the compressed data end after ${at} of ${length} bytes`);
  if (!checksums || frame === 'raw') return out;
  const view = new DataView(stored.buffer, stored.byteOffset + end, tail);
  const isGzip = frame === 'gzip';
  compare(isGzip ? 'CRC-32' : 'Adler-32', hex32(view.getUint32(0, isGzip)), hex32(sum));
  if (isGzip) compare('length', hex32(view.getUint32(4, true)), hex32(at));
  return out;
}

/** The first bytes of a deflate stream, at most `length`, whatever follows. */
export async function inflateHead(stored: Uint8Array, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let at = 0;
  for await (const piece of pieces(stored)) {
    out.set(piece.subarray(0, length - at), at);
    at = Math.min(length, at + piece.length);
    if (at === length) return out;
  }
  throw new Error(`the compressed data end after ${at} of ${length} bytes`);
}

/** Bytes before the deflate stream of a zlib frame. */
function zlibHead([method = 0, flags = 0]: Uint8Array): number {
  if ((method & 15) !== 8 || (method * 256 + flags) % 31 !== 0) throw new Error('the compressed data are not zlib');
  if (flags & 32) throw new Error('the compressed data require a preset dictionary');
  return 2;
}

/** Bytes before the deflate stream of a gzip member. */
function gzipHead(stored: Uint8Array): number {
  const [first, second, method, flags = 0] = stored;
  if (first !== 0x1f || second !== 0x8b || method !== 8) throw new Error('the compressed data are not gzip');
  // Flags from the lowest bit on: text, checksum of the header, further fields, a name, a comment.
  let at = 10;
  if (flags & 4) at += 2 + (stored[at] ?? 0) + 256 * (stored[at + 1] ?? 0);
  for (const named of [8, 16]) if (flags & named) at = stored.indexOf(0, at) + 1 || stored.length;
  return flags & 2 ? at + 2 : at;
}

/** Bytes that the engine is given at a time. */
const pieceBytes = 2 ** 20;

async function* inPieces(stored: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < stored.length; at += pieceBytes) yield stored.subarray(at, at + pieceBytes);
}

/** What a deflate stream holds, in pieces; throws unless the stream ends. */
async function* pieces(stored: Uint8Array): AsyncGenerator<Uint8Array> {
  try {
    yield* inflatedPieces('deflate-raw', inPieces(stored));
  } catch (cause) {
    throw new Error(`the compressed data are damaged or end too early (${messageOf(cause)})`, { cause });
  }
}
