/** Reads a text stream, in any of the forms that callers have, as pieces of bytes. */

import type { ByteSource } from '../../bytes/byte-source.js';
import { unpackedPieces } from '../../bytes/compressed/pieces.js';
import { blobSource } from '../../bytes/sources/blob.js';
import { memorySource } from '../../bytes/sources/memory.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformBlob } from '../../util/globals.js';
import { inspect } from '../../util/options.js';

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
export async function* unpackedMergePieces(bytes: MergeBytes, name: string): AsyncGenerator<Uint8Array> {
  yield* unpackedPieces(piecesAsGiven(bytes, name), name, ', and merging reads gzip alone');
}

/** The input as a source that can be read at any position; undefined if its bytes come in pieces. */
function mergeSource(bytes: MergeBytes, name: string): ByteSource | undefined {
  const given = bytes as unknown;
  if (given instanceof Uint8Array) return memorySource(given, name);
  if (isSource(given)) return given;
  return isBlob(given) ? blobSource(given as unknown as PlatformBlob, { name }) : undefined;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Throws `Format` for the first bytes of an HDF5 file, and names the stream that is merged in its place. */
export function refuseHdf5(begin: Uint8Array, name: string): void {
  if (!signature.every((byte, i) => begin[i] === byte)) return;
  const stream = `${name.replace(/\.(h5|hdf5|hdf|nxs)(\.gz)?$/i, '')}.stream`;
  throw new EwaldError(
    'Format',
    `${name} is an HDF5 file, and merging reads streams; expected the stream of the run, such as ${stream}, which ` +
      'ewald index writes (-o)',
    { detail: { path: name } },
  );
}

/** The pieces in order, not decompressed. */
async function* piecesAsGiven(bytes: MergeBytes, name: string): AsyncGenerator<Uint8Array> {
  const given = bytes as unknown;
  const source = mergeSource(bytes, name);
  if (source) for (let at = 0; at < source.size; at += slice) yield source.read(at, Math.min(slice, source.size - at));
  else if (isIterable(given)) {
    for await (const piece of given) {
      if (!(piece instanceof Uint8Array))
        throw new EwaldError('Argument', `${name} comes in pieces such as ${inspect(piece)}; expected Uint8Array`);
      yield piece;
    }
  } else
    throw new EwaldError(
      'Argument',
      `${name} is ${inspect(given)}; expected its bytes: a Uint8Array, a Blob or an iterable of Uint8Array`,
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
