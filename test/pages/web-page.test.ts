// @module-tag all: Chromium.
/** The page of docs/web-page.md, as it stands there, in a browser that enforces its policy. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulateFrames } from 'ewald/shell';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(root, 'docs/web-page.md'), 'utf8');
const script = (name: string): string =>
  new RegExp(`\\n {4}// ${name}\\n((?: {4}.*\\n)+)`).exec(guide)?.[1]?.replace(/^ {4}/gm, '') ?? '';
const files: Readonly<Record<string, string>> = {
  '/': /```html\n([\s\S]*?)```/.exec(guide)?.[1] ?? '',
  '/app.js': script('app.js'),
  '/worker.js': script('worker.js'),
};
const types: Readonly<Record<string, string>> = {
  '': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
const server = createServer((request, response) => {
  const path = (request.url ?? '/').replace(/\?.*/, '');
  try {
    const body = files[path] ?? readFileSync(join(root, path.replace(/^\/node_modules\/ewald/, '')));
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'text/plain' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
const folder = mkdtempSync(join(tmpdir(), 'ewald-web-page-'));
let frames: Awaited<ReturnType<typeof simulateFrames>>;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  frames = await simulateFrames(folder, {
    cell: [
      [40, 0, 0],
      [0, 50, 0],
      [0, 0, 60],
    ],
    images: 2,
    detectorPx: [256, 256],
  });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

test('the page indexes the files that a user gives it, and shows an error with its tag', async () => {
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    const refused: string[] = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const status = page.locator('#status');
    await page.setInputFiles('#files', [frames.frames, frames.geometry, frames.cell]);
    await status.getByText('finished').waitFor({ timeout: 120_000 });
    expect(await status.textContent()).toMatch(/^ewald \d[\s\S]*frame 0: \d crystals\nframe 1: \d crystals\nfinished/);
    await page.setInputFiles('#files', [frames.cell]);
    await status.getByText(/(Argument|Format|File): /).waitFor({ timeout: 120_000 });
    expect(await status.textContent()).toMatch(/\n(Argument|Format|File): /);
    expect(refused.filter((text) => /Content Security Policy/.test(text))).toEqual([]);
  } finally {
    await browser.close();
  }
});
