/** The lines of a file. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { compressionBegin, compressionOfHead } from '../base/compression.js';
import { EwaldError, isEwaldError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';

/**
 * The lines of a file, gzipped or not, ended by line feeds only, so that bytes can be counted. Throws `File`, and
 * `Format` for a file in another compression and for a damaged archive.
 */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of piecesOf(file)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** The contents of a file in pieces, decompressed if it is gzipped. */
async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  const pieces = storedPieces(file);
  let begin: Uint8Array = new Uint8Array(0);
  while (begin.length < compressionBegin) {
    const { done, value } = await pieces.next();
    if (done) break;
    begin = Buffer.concat([begin, value]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield begin;
    yield* pieces;
  };
  const compression = compressionOfHead(begin);
  try {
    if (!compression) yield* whole();
    else if (compression.name === 'gzip') yield* unpacked(whole(), file);
    else
      throw new EwaldError(
        'Format',
        `${file} is compressed by ${compression.name}, which is not read here; unpack it first: ${compression.unpack}`,
        { detail: { path: file } },
      );
  } finally {
    await pieces.return(undefined);
  }
}

async function* storedPieces(file: string): AsyncGenerator<Uint8Array, undefined, undefined> {
  try {
    for await (const piece of createReadStream(file)) yield piece as Uint8Array;
  } catch (cause) {
    throw fileError(file, 'read', cause);
  }
  return undefined;
}

/** The contents of a gzip archive. */
async function* unpacked(stored: AsyncGenerator<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  Readable.from(stored)
    .on('error', (cause) => gunzip.destroy(cause))
    .pipe(gunzip);
  try {
    for await (const piece of gunzip) yield piece as Uint8Array;
  } catch (cause) {
    if (isEwaldError(cause)) throw cause;
    throw new EwaldError('Format', `${file} is a damaged or incomplete gzip archive; unpack it, or copy it again`, {
      cause,
      detail: { path: file },
    });
  } finally {
    gunzip.destroy();
  }
}
