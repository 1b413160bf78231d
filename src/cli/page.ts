/** `ewald page`: the pages of the package in a browser, served from this computer to itself. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EwaldError } from '../errors.js';
import { bold, type CliDeps, dim, exitCode, parseNumber, print, printJson } from './output.js';

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
  const port = parseNumber(options.port, '--port');
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new EwaldError('Argument', `--port is "${options.port}"; needed is an integer from 0 to 65535`);
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

/**
 * Answers with the pages, scripts and the wasm module that lie flat in `folder`, and with nothing else of this
 * computer.
 */
function answer(folder: string): Parameters<typeof createServer>[1] & object {
  return async (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    const name = path.slice(1);
    if (name === '') {
      const links = Object.entries(pages).map(([page, about]) => `<li><a href="${page}">${page}</a>: ${about}`);
      response
        .writeHead(200, { 'Content-Type': types['.html'] })
        .end(`<!doctype html><title>ewald</title><ul>${links.join('')}</ul>`);
      return;
    }
    const type = types[extname(name)];
    const body =
      type && /^[a-z0-9][a-z0-9.-]*$/.test(name) ? await readFile(folder + name).catch(() => undefined) : undefined;
    if (body) response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache' }).end(body);
    else response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not here');
  };
}
