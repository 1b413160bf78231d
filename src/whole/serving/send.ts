/** Sends files to clients that may be slow or leave, with one open file for each connection. */
import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Answers concurrent requests on one connection one after another, so that it has one open file. */
export class RequestQueue {
  readonly #last = new WeakMap<Socket, Promise<void>>();

  /** Runs `answer` after the earlier requests of the connection; `answer` must not reject. */
  take(socket: Socket, answer: () => Promise<void>): void {
    this.#last.set(socket, (this.#last.get(socket) ?? Promise.resolve()).then(answer));
  }
}

/** Whether the client has disconnected; a response that is queued on its connection is not notified of this. */
export const isGone = (response: ServerResponse, socket: Socket): boolean => socket.destroyed || response.destroyed;

/** Ends a response with a body, and waits until the client has read it, or has disconnected. */
export function sendWhole(response: ServerResponse, socket: Socket, body: Buffer | undefined): Promise<void> {
  const sent = eventOrClose('finish', response, socket);
  if (!socket.destroyed) response.end(body);
  return sent;
}

/** Waits for an event of a response, or until its client has disconnected. */
function eventOrClose(event: 'finish' | 'drain', response: ServerResponse, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener(event, done);
      socket.removeListener('close', done);
      resolve();
    };
    response.once(event, done);
    socket.once('close', done);
    if (socket.destroyed) done();
  });
}

/** Number of bytes read and sent at a time. */
const pieceBytes = 2 ** 16;

/**
 * Sends the bytes from `first` to before `end` piece by piece, as fast as the client reads them, and ends the response:
 * waiting requests hold no copy of the file. If the client disconnects, sending ends. A response that is queued behind
 * others on its connection receives no event for this, so the connection itself is watched; a stream of the file would
 * wait for such a response forever. Throws an Error if the file was truncated meanwhile.
 */
export async function sendPieces(
  handle: FileHandle,
  [first, end]: readonly [first: number, end: number],
  response: ServerResponse,
  socket: Socket,
): Promise<void> {
  for (let at = first; at < end && !isGone(response, socket); ) {
    const piece = new Uint8Array(Math.min(pieceBytes, end - at));
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw new Error('the file was cut short while it was sent');
    at += bytesRead;
    if (!isGone(response, socket) && !response.write(piece.subarray(0, bytesRead)))
      await eventOrClose('drain', response, socket);
  }
  response.end();
}
