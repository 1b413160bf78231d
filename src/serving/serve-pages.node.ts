/** `servePages`: the pages of the package, served from this computer to itself. */
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
  /** The pages, with what each is. */
  readonly pages: readonly { readonly url: string; readonly about: string }[];
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Serves the pages of the package (image filtering, validation) on 127.0.0.1 until `close`.
 *
 * @param options `port`: 0 to 65535; 0, the default, takes a free one. Throws `Argument` for a port that is in use.
 */
export async function servePages({ port = 0 }: { readonly port?: number } = {}): Promise<ServedPages> {
  // Bundled, this file lies beside what it serves.
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

/** The file a path of the address means; undefined if it is none of those that are served. */
const served = (path: string): string | undefined =>
  types[extname(path)] && /^\/[a-z0-9][a-z0-9.-]*$/.test(path) ? path.slice(1) : undefined;

/**
 * Answers with the pages, scripts and the wasm module that lie flat in `folder`, and with nothing else of this
 * computer. Requests that name another host are refused: another site's name may resolve to this address.
 */
function answer(folder: string): Parameters<typeof createServer>[1] & object {
  // Requests that come at once on one connection are answered one after another: one file is open for it.
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

/** Bytes read and handed on at a time. */
const pieceBytes = 2 ** 16;

/**
 * Sends a file piece by piece, as fast as it is taken: requests that wait hold no copy of it. A client that leaves ends
 * it, and closes the file: a response that waits behind others on its connection is never told, so the connection is
 * asked. A stream of the file would wait for such a response for ever.
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

/** Until the response takes more, or its client has left. */
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
