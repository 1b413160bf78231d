/** Reads a text stream, in any of the forms that callers have, as pieces of bytes. */
import { EwaldError, isEwaldError } from '../base/errors.js';
import type { PlatformBlob } from '../base/globals.js';
import { shown } from '../base/options.js';

/** Bytes, a File or Blob, or an iterable of pieces such as the stream of `createReadStream`. */
export type MergeBytes = Uint8Array | PlatformBlob | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes per slice of a Blob; slices are read since not every browser can iterate over a Blob's stream. */
const slice = 2 ** 22;

/**
 * The pieces of a text, decompressed if it is gzipped. Throws `Argument` for any other value, `Format` for a damaged
 * archive.
 */
export async function* piecesOf(bytes: MergeBytes, name: string): AsyncGenerator<Uint8Array> {
  const pieces = piecesAsGiven(bytes, name);
  // The two magic bytes of gzip may arrive in different pieces.
  let begin = new Uint8Array(0);
  while (begin.length < 2) {
    const { done, value } = await pieces.next();
    if (done) break;
    begin = joined(begin, value);
  }
  const whole = following(begin, pieces);
  if (begin[0] === 0x1f && begin[1] === 0x8b) yield* unpacked(whole, name);
  else yield* whole;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
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
  if (given instanceof Uint8Array) yield given;
  else if (isBlob(given))
    for (let at = 0; at < given.size; at += slice)
      yield new Uint8Array(await given.slice(at, at + slice).arrayBuffer());
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

interface SlicedBlob {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

const isBlob = (value: unknown): value is SlicedBlob =>
  typeof (value as Partial<SlicedBlob> | null)?.size === 'number' &&
  typeof (value as Partial<SlicedBlob>).slice === 'function';

const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
