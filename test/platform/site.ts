/** Serves a folder over HTTP and opens it in Chromium. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromiumArgs } from '../../scripts/lib/chromium.mjs';
import { startChromium } from '../support/chromium.js';

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves `folder` on a free port while `work` runs, each file with these headers. */
async function serve<T>(
  folder: string,
  headers: Readonly<Record<string, string>>,
  work: (address: string) => Promise<T>,
): Promise<T> {
  const server = createServer(async ({ url }, response) => {
    const path = normalize(new URL(url ?? '/', 'http://localhost').pathname);
    try {
      const body = await readFile(join(folder, path === '/' ? 'index.html' : path));
      response
        .writeHead(200, { ...headers, 'Content-Type': types[extname(path === '/' ? '.html' : path)] ?? 'text/html' })
        .end(body);
    } catch {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not here');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Opens the page in `folder` with a query and returns the text that its script writes into `<output>`. */
export function answerOf(folder: string, query = '', headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return serve(folder, headers, async (address) => {
    const browser = await startChromium(chromiumArgs);
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(address + query);
      const output = page.locator('output:not(:empty)');
      await output.waitFor({ state: 'attached', timeout: 60_000 }).catch(() => {
        throw new Error(`the page gave no answer; its errors: ${errors.join('; ') || 'none'}`);
      });
      return (await output.textContent()) ?? '';
    } finally {
      await browser.close();
    }
  });
}
