/** A stream of text in whatever form a program has it, as pieces of bytes. */
import { EwaldError } from '../base/errors.js';
import type { PlatformBlob } from '../base/globals.js';
import { shown } from '../base/options.js';

/** Bytes in hand, a File or Blob, or pieces as they come, such as those of `createReadStream`. */
export type MergeBytes = Uint8Array | PlatformBlob | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A Blob is read in slices of this many bytes: not every browser iterates over its stream. */
const slice = 2 ** 22;

/** The pieces, in order. Throws `Argument` for what has none. */
export async function* piecesOf(bytes: MergeBytes, name: string): AsyncGenerator<Uint8Array> {
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
