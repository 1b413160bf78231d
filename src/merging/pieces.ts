/** Reads a text stream, in any of the forms that callers have, as pieces of bytes. */
import { compressionBegin, compressionOfHead } from '../base/compression.js';
import { EwaldError, isEwaldError } from '../base/errors.js';
import type { PlatformBlob } from '../base/globals.js';
import { shown } from '../base/options.js';
import type { ByteSource } from '../data/byte-source.js';
import { blobSource } from '../data/sources/blob.js';
import { memorySource } from '../data/sources/memory.js';

/**
 * Bytes, a File or Blob, a source of `ewald/data`, or an iterable of pieces such as the stream of `createReadStream`.
 */
export type MergeBytes = Uint8Array | PlatformBlob | ByteSource | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes read at a time; slices of Blobs are read since not every browser can iterate over a Blob's stream. */
const slice = 2 ** 22;

/**
 * The pieces of a text, decompressed if it is gzipped. Throws `Argument` for any other value, `Format` for a damaged
 * archive.
 */
export async function* piecesOf(bytes: MergeBytes, name: string): AsyncGenerator<Uint8Array> {
  const pieces = piecesAsGiven(bytes, name);
  // The first bytes of an archive may arrive in different pieces.
  let begin: Uint8Array = new Uint8Array(0);
  while (begin.length < compressionBegin) {
    const { done, value } = await pieces.next();
    if (done) break;
    begin = joined([begin, value]);
  }
  const whole = following(begin, pieces);
  const compression = compressionOfHead(begin);
  if (compression?.name === 'gzip') yield* unpacked(whole, name);
  else if (!compression) yield* whole;
  else {
    await pieces.return(undefined);
    throw new EwaldError(
      'Format',
      `${name} is compressed by ${compression.name}, and merging reads gzip alone; unpack it first: ` +
        compression.unpack,
      { detail: { path: name } },
    );
  }
}

/** The input as a source that can be read at any position; undefined if its bytes come in pieces. */
export function sourceOf(bytes: MergeBytes, name: string): ByteSource | undefined {
  const given = bytes as unknown;
  if (given instanceof Uint8Array) return memorySource(given, name);
  if (isSource(given)) return given;
  return isBlob(given) ? blobSource(given as unknown as PlatformBlob, { name }) : undefined;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Number of bytes that show whether a file is HDF5. */
export const hdf5Begin = signature.length;

/** Whether these are the first bytes of an HDF5 file. */
export const beginsHdf5 = (bytes: Uint8Array): boolean => signature.every((byte, i) => bytes[i] === byte);

/** The bytes of all pieces. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

async function* following(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    yield* rest;
  } finally {
    // A consumer that stops early closes the source as well.
    await rest.return(undefined);
  }
}

/** The decompressed contents of a gzip archive. */
async function* unpacked(pieces: AsyncGenerator<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream('gzip') as unknown as {
    readonly writable: { getWriter(): Writer };
    readonly readable: { getReader(): Reader };
  };
  const [writer, reader] = [stream.writable.getWriter(), stream.readable.getReader()];
  let failure: unknown;
  // Writing and reading are concurrent, so that the stream buffers no more than a few pieces.
  const fed = (async () => {
    try {
      for await (const piece of pieces) await writer.write(piece);
      await writer.close();
    } catch (error) {
      failure = error;
      await writer.abort(error).catch(() => {});
    }
  })();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value as Uint8Array;
    }
    await fed;
    if (failure !== undefined) throw failure;
  } catch (cause) {
    if (isEwaldError(cause)) throw cause;
    throw new EwaldError('Format', `${name} is a damaged or incomplete gzip archive; unpack it, or copy it again`, {
      cause,
      detail: { path: name },
    });
  } finally {
    await reader.cancel().catch(() => {});
    await fed;
  }
}

interface Writer {
  write(piece: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(reason: unknown): Promise<void>;
}

interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>;
  cancel(): Promise<void>;
}

/** The pieces in order, not decompressed. */
async function* piecesAsGiven(bytes: MergeBytes, name: string): AsyncGenerator<Uint8Array> {
  const given = bytes as unknown;
  if (given instanceof Uint8Array) {
    yield given;
    return;
  }
  const source = sourceOf(bytes, name);
  if (source) for (let at = 0; at < source.size; at += slice) yield source.read(at, Math.min(slice, source.size - at));
  else if (isIterable(given)) {
    for await (const piece of given) {
      if (!(piece instanceof Uint8Array))
        throw new EwaldError('Argument', `${name} comes in pieces such as ${shown(piece)}; expected Uint8Array`);
      yield piece;
    }
  } else
    throw new EwaldError(
      'Argument',
      `${name} is ${shown(given)}; expected its bytes: a Uint8Array, a Blob or an iterable of Uint8Array`,
    );
}

const isSource = (value: unknown): value is ByteSource =>
  typeof (value as Partial<ByteSource> | null)?.read === 'function' &&
  typeof (value as Partial<ByteSource>).size === 'number';

interface SlicedBlob {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

const isBlob = (value: unknown): value is SlicedBlob =>
  typeof (value as Partial<SlicedBlob> | null)?.size === 'number' &&
  typeof (value as Partial<SlicedBlob>).slice === 'function';

const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
