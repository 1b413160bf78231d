/** The lines of a file. */
import { unpackedPieces } from '../compressed/pieces.js';
import { filePieces } from './pieces.js';

/**
 * The lines of a file, gzipped or not, ended by line feeds only, so that bytes can be counted. Throws `File`, and
 * `Format` for a file in another compression and for a damaged archive. `onRead` receives the bytes of each piece read.
 */
export async function* linesOf(file: string, onRead?: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of unpackedPieces(storedPieces(file, onRead), file, ', which is not read here')) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

async function* storedPieces(file: string, onRead?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of filePieces(file)) {
    yield piece;
    onRead?.(piece.length);
  }
}
