// @module-tag all: Chromium.
/** The package on another origin, as a CDN serves it: its module, and its worker, which no page may start by its address. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerOf } from './site.js';
import { emptyFolder, installed } from './support.js';

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
let host: Server;
let at = '';
beforeAll(async () => {
  host = createServer(async ({ url = '' }, response) => {
    const body = await readFile(join(installed, 'node_modules/ewald/dist', url.slice(1))).catch(() => undefined);
    const type = types[extname(url)] ?? 'text/plain';
    response.writeHead(body ? 200 : 404, { 'Access-Control-Allow-Origin': '*', 'Content-Type': type }).end(body);
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  at = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
});
afterAll(() => {
  host.closeAllConnections();
  host.close();
});

/** Indexes three lists on two workers, with more options of the context. */
const page = (options = ''): string => `<!doctype html><meta charset="utf-8"><output></output><script type="module">
import { createContext } from '${at}/index.browser.js';
const still = Array.from({ length: 48 }, (_, i) => [((i % 4) - 1.5) / 25, (((i >> 2) % 4) - 1.5) / 30, ((i >> 4) + 1) / 70]).flat();
async function main() {
  const ctx = await createContext({ backend: 'wasm', ${options} });
  const indexer = await ctx.indexer({ maxSpots: 64, batch: 4, threads: 2 });
  const spots = Float32Array.from([still, still, still].flat());
  const result = await indexer.run({ spots, offsets: Uint32Array.of(0, 48, 96, 144), cells: Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70) });
  await ctx.dispose();
  return result.images + ' images';
}
document.querySelector('output').textContent = await main().catch((error) => error.tag + ': ' + error.message);
</script>`;
const policy = (worker: string): Record<string, string> => ({
  'Content-Security-Policy': `script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' ${at}; connect-src ${at}; worker-src ${worker}`,
});

test('indexes on workers of the other origin, by default and by their address', async () => {
  expect(await answerOf(emptyFolder({ 'index.html': page() }))).toBe('3 images');
  const named = page(`worker: '${at}/worker.browser.js'`);
  expect(await answerOf(emptyFolder({ 'index.html': named }), '', policy(`blob: ${at}`))).toBe('3 images');
});

test('a policy that refuses such a worker is named with what it lacks', async () => {
  const answer = await answerOf(emptyFolder({ 'index.html': page() }), '', policy("'self'"));
  expect(answer).toMatch(/^Load: .*worker.*another origin.*worker-src blob: http/s);
});
