/** Sends files to clients that may be slow or leave, with one open file for each connection. */
import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that a connection may send before it reads an answer; browsers wait for each. */
const maxAhead = 64;

/**
 * Answers the requests of one connection one after another, each when the client has taken the answer before it: a
 * connection has one open file, and what is not taken is not kept.
 */
export class RequestQueue {
  readonly #last = new WeakMap<Socket, Promise<void>>();
  readonly #ahead = new WeakMap<Socket, number>();

  /** Runs `answer` after the earlier requests of the connection; `answer` must not reject. */
  take(response: ServerResponse, socket: Socket, answer: () => Promise<void>): void {
    const ahead = (this.#ahead.get(socket) ?? 0) + 1;
    if (ahead > maxAhead) return void socket.destroy();
    this.#ahead.set(socket, ahead);
    const next = async (): Promise<void> => {
      if (!isGone(response, socket)) await answer();
      if (!response.writableFinished && !isGone(response, socket)) await eventOrClose('finish', response, socket);
      this.#ahead.set(socket, (this.#ahead.get(socket) ?? 1) - 1);
    };
    this.#last.set(socket, (this.#last.get(socket) ?? Promise.resolve()).then(next));
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
      response.removeListener('close', done);
      socket.removeListener('close', done);
      resolve();
    };
    response.once(event, done);
    response.once('close', done);
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
