/** The lines of a file. */

import { unpackedPieces } from '../../bytes/compressed/pieces.js';
import { EwaldError } from '../../util/errors.js';
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
    refuseReturns(file, rest);
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Refuses a text whose lines end with carriage returns alone, which is one line of it all; frames have such bytes, too. */
function refuseReturns(file: string, line: string): void {
  const head = line.slice(0, 4096);
  const isText = [...head].every((letter) => (letter >= ' ' && letter !== '\ufffd') || '\t\r\f'.includes(letter));
  if (isText && /\r[^\r\n]/.test(head))
    throw new EwaldError(
      'Format',
      `${file}: its lines end with carriage returns alone, as on old Macs; write them with line feeds (tr '\\r' '\\n')`,
      { detail: { path: file } },
    );
}

async function* storedPieces(file: string, onRead?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of filePieces(file)) {
    yield piece;
    onRead?.(piece.length);
  }
}
