/** The lines of a file. */
import { createReadStream } from 'node:fs';
import { fileError } from '../base/file-errors.js';

/** The lines of a file, ended by line feeds only, so that bytes can be counted. Throws `File`. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const piece of createReadStream(file)) {
      const lines = (rest + decoder.decode(piece as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (cause) {
    throw fileError(file, 'read', cause);
  }
  if (rest !== '') yield rest;
}
