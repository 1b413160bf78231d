/** Starts and ends servers on this computer. */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EwaldError } from '../util/errors.js';

/**
 * Starts a server and returns its port; 0 chooses a free one. Throws `Argument` for a port or a host that is unusable.
 */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(unusable(error, host, port)));
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Closes the oldest connection without an answer under way for each one beyond `most`: a client that holds many and
 * says nothing, or says it slowly, does not keep others out. A connection is refused only if all others have answers.
 */
export function keepNewest(server: Server, most: number): void {
  const waiting = new Set<Socket>();
  const answering = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    waiting.add(socket);
    socket.once('close', () => {
      waiting.delete(socket);
      answering.delete(socket);
    });
    const [oldest] = waiting;
    if (waiting.size + answering.size > most) oldest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket);
    answering.add(socket);
    response.once('close', () => {
      answering.delete(socket);
      if (!socket.destroyed) waiting.add(socket);
    });
  });
}

/** Ends all connections, and the server. */
export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function unusable(cause: NodeJS.ErrnoException, host: string, port: number): EwaldError {
  if (cause.code === 'EADDRNOTAVAIL')
    return new EwaldError('Argument', `${host} is no address of this computer; leave host out for 127.0.0.1`, {
      cause,
    });
  const why = cause.code === 'EADDRINUSE' ? 'something else is listening there' : cause.message;
  return new EwaldError('Argument', `port ${port} cannot be used: ${why}; give another one, or 0 for a free one`, {
    cause,
  });
}
