/** The bytes of texts, in pieces as they arrive: of files, of named pipes, and of standard input as `-`. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { abortableItems } from '../../util/aborted.js';
import { EwaldError } from '../../util/errors.js';
import { fileError, notAFile } from '../../util/file-errors.js';
import { interruption } from './interrupt.js';
import { readPipe } from './named-pipe.js';

const pieceBytes = 2 ** 20;

/** The names of standard input, which may be a file, a pipe, a socket or a terminal. */
export const isStandardInput = (file: string): boolean =>
  ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'].includes(file);

/** Whether a name is that of a pipe. Throws `File` for a socket, and for a device, which may never end. */
export async function isPipe(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  if (!stats || stats.isFile() || stats.isDirectory()) return false;
  if (stats.isFIFO()) return true;
  throw notAFile(file, stats);
}

/** Milliseconds after which a pipe that nobody writes into is mentioned. */
const silentMs = 1000;

/**
 * What arrives, until Ctrl-C; a source that is still open would keep the process alive. `pipe` is the name of a pipe,
 * which is mentioned on standard error if nothing arrives, since it may have no writer.
 */
async function* arriving(source: Readable, pipe?: string): AsyncGenerator<Uint8Array> {
  const waiting =
    pipe === undefined
      ? undefined
      : setTimeout(() => process.stderr.write(`ewald: waiting for a program that writes to ${pipe}\n`), silentMs);
  try {
    for await (const piece of abortableItems<Uint8Array>(source, interruption())) {
      clearTimeout(waiting);
      yield piece;
    }
  } finally {
    clearTimeout(waiting);
    source.destroy();
  }
}

/** The bytes of a file, a named pipe, or standard input as `-`, piece by piece. Throws `File`; `Aborted` at Ctrl-C. */
export async function* filePieces(file: string): AsyncGenerator<Uint8Array> {
  try {
    if (isStandardInput(file)) yield* arriving(process.stdin);
    else if (await isPipe(file)) yield* arriving(await readPipe(file), file);
    else yield* createReadStream(file, { highWaterMark: pieceBytes });
  } catch (cause) {
    throw cause instanceof EwaldError
      ? cause
      : fileError(isStandardInput(file) ? 'standard input' : file, 'read', cause);
  }
}
