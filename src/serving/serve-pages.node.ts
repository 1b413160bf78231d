/** `servePages`: serves the pages of the package on this computer. */
import { open } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EwaldError } from '../base/errors.js';

const pages = {
  'fft.html': 'an image, its spectrum, a filter, and the image back, live',
  'validate.html': 'the shipped cases, on every backend of the browser, against the reference',
};
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Pages that are being served. */
export interface ServedPages {
  /** http://127.0.0.1:PORT/ */
  readonly url: string;
  /** The pages, with a description of each. */
  readonly pages: readonly { readonly url: string; readonly about: string }[];
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Serves the pages of the package (image filtering, validation) on 127.0.0.1 until `close`.
 *
 * @param options `port`: 0 to 65535; 0, the default, chooses a free one. Throws `Argument` for a port that is in use.
 */
export async function servePages({ port = 0 }: { readonly port?: number } = {}): Promise<ServedPages> {
  // In the built package, this file is next to the files that it serves.
  const server = createServer(answer(fileURLToPath(new URL('.', import.meta.url))));
  await listen(server, port);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    pages: Object.entries(pages).map(([page, about]) => ({ url: url + page, about })),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something else is listening there' : error.message;
      reject(
        new EwaldError('Argument', `port ${port} cannot be used: ${why}; leave port out for a free one`, {
          cause: error,
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** The file for a path of the address; undefined if it is not served. */
const served = (path: string): string | undefined =>
  types[extname(path)] && /^\/[a-z0-9][a-z0-9.-]*$/.test(path) ? path.slice(1) : undefined;

/**
 * Answers with the pages, scripts and the wasm module directly in `folder`, and with no other file of this computer.
 * Requests that name another host are refused, since another site's name may resolve to this address.
 */
function answer(folder: string): Parameters<typeof createServer>[1] & object {
  // Concurrent requests on one connection are answered one after another, so that it has one open file.
  const turns = new WeakMap<Socket, Promise<void>>();
  return (request, response) => {
    const say = (code: number, text: string, headers: Record<string, string> = {}): void => {
      response
        .writeHead(code, { 'Content-Type': 'text/plain; charset=utf-8', ...headers })
        .end(request.method === 'HEAD' ? undefined : text);
    };
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(request.headers.host ?? ''))
      return say(403, 'this server answers for 127.0.0.1 and localhost alone');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return say(405, 'only GET and HEAD are answered', { Allow: 'GET, HEAD' });
    const [path = '/'] = (request.url ?? '/').split('?');
    if (path === '/') {
      const links = Object.entries(pages).map(([page, about]) => `<li><a href="${page}">${page}</a>: ${about}`);
      return say(200, `<!doctype html><title>ewald</title><ul>${links.join('')}</ul>`, {
        'Content-Type': types['.html'] as string,
      });
    }
    const name = served(path);
    if (!name) return say(404, 'not here');
    const { socket } = request;
    const mine = (turns.get(socket) ?? Promise.resolve()).then(() =>
      send(folder + name, types[extname(name)] as string, request.method === 'HEAD', response, socket).catch(() => {
        if (response.headersSent || response.destroyed) response.destroy();
        else say(404, 'not here');
      }),
    );
    turns.set(socket, mine);
  };
}

/** Number of bytes read and sent at a time. */
const pieceBytes = 2 ** 16;

/**
 * Sends a file piece by piece, as fast as the client reads it: waiting requests hold no copy of it. If the client
 * disconnects, sending ends and the file is closed. A response that is queued behind others on its connection receives
 * no event for this, so the connection itself is watched; a stream of the file would wait for such a response forever.
 */
async function send(
  file: string,
  type: string,
  headOnly: boolean,
  response: ServerResponse,
  socket: Socket,
): Promise<void> {
  const gone = (): boolean => socket.destroyed || response.destroyed;
  if (gone()) return;
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': size, 'Cache-Control': 'no-cache' });
    for (let at = 0; at < size && !headOnly && !gone(); ) {
      const piece = new Uint8Array(Math.min(pieceBytes, size - at));
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new Error(`${file} was cut short while it was sent`);
      at += bytesRead;
      if (!gone() && !response.write(piece.subarray(0, bytesRead))) await taken(response, socket);
    }
    response.end();
  } finally {
    await handle.close();
  }
}

/** Waits until the response accepts more data, or its client has disconnected. */
function taken(response: ServerResponse, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done);
      socket.removeListener('close', done);
      resolve();
    };
    response.once('drain', done);
    socket.once('close', done);
    if (socket.destroyed) done();
  });
}
