/**
 * Named pipes, whose other end may never be opened, or stop: the event loop waits for it. A thread that waits in a call
 * of the system cannot be ended by a signal, and not even by the end of the process.
 */
import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { abortable } from '../../util/aborted.js';
import { fileError } from '../../util/file-errors.js';
import type { PlatformSignal } from '../../util/globals.js';

const openFile = promisify(open);
/** Milliseconds between two attempts to open a pipe that has no reader. */
const retryMs = 100;

/** The reading end of a pipe. */
export const readPipe = async (file: string): Promise<Socket> =>
  new Socket({ fd: await openFile(file, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });

/** The writing end, once the pipe has a reader. */
async function writePipe(file: string, signal: PlatformSignal | undefined): Promise<Socket> {
  for (;;) {
    try {
      const fd = await openFile(file, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: false, writable: true });
    } catch (error) {
      // The answer of the system while there is no reader.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    await abortable(new Promise((resolve) => setTimeout(resolve, retryMs)), signal);
  }
}

/** An output into a pipe, which the signal ends while it waits for its reader. */
export async function pipeOutput(file: string, signal: PlatformSignal | undefined) {
  const socket = await writePipe(file, signal);
  // Each write receives its error.
  socket.on('error', () => {});
  const waiting = (work: (done: (cause?: Error | null) => void) => unknown): Promise<void> =>
    abortable(
      new Promise<void>((resolve, reject) => {
        work((cause) => (cause ? reject(fileError(file, 'written', cause)) : resolve()));
      }),
      signal,
    );
  const discard = async (): Promise<void> => void socket.destroy();
  return {
    write: (content: string | Uint8Array) => waiting((done) => socket.write(content, done)),
    close: () => waiting((done) => socket.end(done)).finally(discard),
    keep: async (): Promise<undefined> => void socket.destroy(),
    discard,
  };
}
