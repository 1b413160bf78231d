/**
 * Files that were compressed as a whole by gzip or bzip2, such as frame.cbf.gz: they are decompressed into memory when
 * they are opened, since neither allows reading from the middle.
 */

import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { joined } from '../../util/joined.js';
import { checkSignal, yieldToEventLoop } from '../../util/options.js';
import { badFile, defaultFrameBytes } from '../bad-file.js';
import type { ByteSource } from '../byte-source.js';
import { memorySource } from '../sources/memory.js';
import { Bzip2Error, bzip2Blocks } from './bzip2.js';
import { gunzip } from './gunzip.js';

type Compression = 'gzip' | 'bzip2';

/** Endings that a compressed file has in addition to that of its format. */
export const compressedEnding = /\.(?:gz|bz2)$/i;

/** Number of bytes that are read at once. */
const pieceBytes = 2 ** 20;

/** The compression of a file that begins with these bytes. */
function compressionOf(head: Uint8Array): Compression | undefined {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b, 8)) return 'gzip';
  const level = head[3] ?? 0;
  if (!starts(0x42, 0x5a, 0x68) || level < 0x31 || level > 0x39) return undefined;
  // A block, or the end of an empty stream.
  return head[4] === 0x31 && head[5] === 0x41 ? 'bzip2' : head[4] === 0x17 && head[5] === 0x72 ? 'bzip2' : undefined;
}

/** Limits of decompression. */
export interface DecompressionOptions {
  readonly maxFrameBytes?: number | undefined;
  readonly signal?: PlatformSignal | undefined;
}

/**
 * The source itself, or the decompressed contents of its file. Throws `Limit` for more than `maxFrameBytes`, `Format`
 * for damaged data.
 */
export async function decompressed(source: ByteSource, options: DecompressionOptions): Promise<ByteSource> {
  const { signal } = options;
  const compression = compressionOf(await source.read(0, Math.min(10, source.size), { signal }));
  if (!compression) return source;
  const most = options.maxFrameBytes ?? defaultFrameBytes;
  if (source.size > most) throw tooLong(source, most);
  const pieces: Uint8Array[] = [];
  let length = 0;
  const unpack = compression === 'gzip' ? gunzipped : bunzip2;
  for await (const piece of unpack(source, signal)) {
    checkSignal(signal);
    length += piece.length;
    // Checked before the next piece, because a small file may decompress to petabytes.
    if (length > most) throw tooLong(source, most);
    pieces.push(piece);
  }
  return {
    ...memorySource(joined(Uint8Array, pieces), source.name),
    sibling: (path, siblingOptions) => source.sibling(path, siblingOptions),
    close: () => source.close(),
  };
}

const tooLong = (source: ByteSource, most: number): EwaldError =>
  new EwaldError(
    'Limit',
    `${source.name} decompresses to more than ${most} bytes, which would be held in memory; raise maxFrameBytes ` +
      '(--max-frame-bytes), or decompress the file first',
    { detail: { path: source.name, limit: most } },
  );

async function* sourcePieces(source: ByteSource, signal: PlatformSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; ) {
    const piece = await source.read(at, Math.min(pieceBytes, source.size - at), { signal });
    at += piece.length;
    yield piece;
  }
}

const gunzipped = (source: ByteSource, signal: PlatformSignal | undefined): AsyncGenerator<Uint8Array> =>
  gunzip(sourcePieces(source, signal), (cause) =>
    badFile(source, `its gzip data are damaged or incomplete (${messageOf(cause)})`),
  );

async function* bunzip2(source: ByteSource, signal: PlatformSignal | undefined): AsyncGenerator<Uint8Array> {
  const stored = await source.read(0, source.size, { signal });
  try {
    for (const block of bzip2Blocks(stored)) {
      yield block;
      await yieldToEventLoop();
    }
  } catch (cause) {
    if (cause instanceof Bzip2Error) throw badFile(source, `its bzip2 data are damaged: ${cause.message}`);
    throw cause;
  }
}
