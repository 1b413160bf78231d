/** `servePages`: serves the pages of the package on this computer. */
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { typeOfAsset } from './assets.js';
import { close, listen } from './listening.js';
import { isGone, sendPieces, Turns } from './send.js';

const pages = {
  'fft.html': 'an image, its spectrum, a filter, and the image back, live',
  'validate.html': 'the shipped cases, on every backend of the browser, against the reference',
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
  const url = `http://127.0.0.1:${await listen(server, port)}/`;
  return {
    url,
    pages: Object.entries(pages).map(([page, about]) => ({ url: url + page, about })),
    close: () => close(server),
  };
}

/**
 * Answers with the pages, scripts and the wasm module directly in `folder`, and with no other file of this computer.
 * Requests that name another host are refused, since another site's name may resolve to this address.
 */
function answer(folder: string): Parameters<typeof createServer>[1] & object {
  const turns = new Turns();
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
        'Content-Type': 'text/html; charset=utf-8',
      });
    }
    const type = typeOfAsset(path);
    if (!type) return say(404, 'not here');
    turns.take(request.socket, () =>
      send(folder + path.slice(1), type, request, response).catch(() => {
        if (response.headersSent || response.destroyed) response.destroy();
        else say(404, 'not here');
      }),
    );
  };
}

/** Sends a file of the package. */
async function send(
  file: string,
  type: string,
  { socket, method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (isGone(response, socket)) return;
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': size, 'Cache-Control': 'no-cache' });
    await sendPieces(handle, [0, method === 'HEAD' ? 0 : size], response, socket);
  } finally {
    await handle.close();
  }
}
