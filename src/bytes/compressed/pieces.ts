/** Texts that may be gzipped, in pieces of bytes as they are read. */

import { compressedError, compressionBegin, compressionOfHead } from '../../util/compression.js';
import { EwaldError } from '../../util/errors.js';
import { joined } from '../../util/joined.js';
import { gunzip } from './gunzip.js';

/**
 * The pieces of a text, decompressed if it is gzipped. Throws `Format` for a damaged archive, and for a file in another
 * compression with `because`, which says why it is not read. The source is closed when this ends or is left.
 */
export async function* unpackedPieces(
  pieces: AsyncGenerator<Uint8Array>,
  name: string,
  because: string,
): AsyncGenerator<Uint8Array> {
  try {
    // The first bytes of an archive may arrive in different pieces.
    let begin: Uint8Array = new Uint8Array(0);
    while (begin.length < compressionBegin) {
      const { done, value } = await pieces.next();
      if (done) break;
      begin = joined(Uint8Array, [begin, value]);
    }
    const whole = following(begin, pieces);
    const compression = compressionOfHead(begin);
    if (!compression) yield* whole;
    else if (compression.name === 'gzip') yield* gunzip(whole, (cause) => damaged(name, cause));
    else throw compressedError(name, compression, because);
  } finally {
    await pieces.return(undefined);
  }
}

const damaged = (name: string, cause: unknown): EwaldError =>
  new EwaldError('Format', `${name} is a damaged or incomplete gzip archive; unpack it, or copy it again`, {
    cause,
    detail: { path: name },
  });

async function* following(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}
