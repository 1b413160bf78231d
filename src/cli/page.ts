/** `ewald page`: the pages of the package in a browser, served from this computer to itself. */
import { open } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { bold, type CliDeps, dim, exitCode, parseInteger, print, printJson } from './output.js';

const pages = {
  'fft.html': 'an image, its spectrum, a filter, and the image back, live',
  'validate.html': 'the shipped cases, on every backend of the browser, against the reference',
};
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

export function register(program: Command, { signal }: CliDeps): void {
  program
    .command('page')
    .description('open the pages in your browser: serves them on this computer until Ctrl-C')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', '0')
    .option('--json', 'one line {url, pages: [url]} when it is ready')
    .action((options: { port: string; json?: boolean }) => run(options, signal));
}

async function run(options: { port: string; json?: boolean }, signal: AbortSignal): Promise<void> {
  const port = parseInteger(options.port, '--port', 0, 65535);
  // Bundled, this file lies beside what it serves.
  const server = createServer(answer(fileURLToPath(new URL('.', import.meta.url))));
  await listen(server, port);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  if (options.json) printJson({ url, pages: Object.keys(pages).map((page) => url + page) });
  else {
    for (const [page, about] of Object.entries(pages)) print(`${bold(url + page)}  ${dim(about)}`);
    print(dim('Open one in a browser. Ctrl-C ends.'));
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  // Ctrl-C is how it is meant to end.
  process.exitCode = exitCode.ok;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something else is listening there' : error.message;
      reject(
        new EwaldError('Argument', `port ${port} cannot be used: ${why}; leave --port out for a free one`, {
          cause: error,
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** The file a path of the address means; undefined when it is none of those that are served. */
const served = (path: string): string | undefined =>
  types[extname(path)] && /^\/[a-z0-9][a-z0-9.-]*$/.test(path) ? path.slice(1) : undefined;

/**
 * Answers with the pages, scripts and the wasm module that lie flat in `folder`, and with nothing else of this
 * computer. Requests that name another host are refused: a page of elsewhere may have its name lead here.
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
