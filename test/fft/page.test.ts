// @module-tag all: Chromium.
/** The example page of image filtering: what it keeps of an image is what its settings say. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumArgs } from '../../scripts/lib/chromium.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { startChromium } from '../support/chromium.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let page: Page;
const faults: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-filter-'));
  cpSync(join(root, 'examples/page'), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/ewald'));
  server = await serve(folder);
  browser = await startChromium(chromiumArgs);
  page = await browser.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${server.url}/filter.html?backend=wasm`);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

const kept = async (): Promise<number> => Number(await page.evaluate(() => document.documentElement.dataset.kept));
const choose = (name: string, value: string): Promise<unknown> =>
  page.evaluate(
    ([field, text]) => {
      const control = document.querySelector<HTMLInputElement>(`[name=${field}]`);
      if (control) control.value = text as string;
      control?.dispatchEvent(new Event('input', { bubbles: true }));
    },
    [name, value],
  );

test('shows what a ring keeps of the sample, all of it without one, and nothing of what is painted alone', async () => {
  // Two waves at 0.149 and 0.159 cycles per pixel, in noise that is spread over all frequencies.
  await expect.poll(kept).toBeGreaterThan(0.5);
  await choose('kind', 'all');
  await expect.poll(kept).toBe(1);
  await choose('painted', 'keep');
  await expect.poll(kept).toBe(0);
  await page.locator('#spectrum').click({ position: { x: 20, y: 20 } });
  await expect.poll(kept).toBeGreaterThan(0);
  await page.locator('#clear').click();
  await expect.poll(kept).toBe(0);
  expect(await page.locator('#status').textContent()).toMatch(/256 × 256, on wasm: forward [\d.]+ ms/);
});

test('an image of odd size comes back as it was, and a file that is none is named', async () => {
  const png = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(7, 9);
    const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
    for (let i = 0; i < 63; i++) {
      context.fillStyle = `rgb(${4 * i} ${4 * i} ${4 * i})`;
      context.fillRect(i % 7, Math.floor(i / 7), 1, 1);
    }
    return Array.from(new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer()));
  });
  await choose('painted', 'remove');
  await page.setInputFiles('#file', { name: 'steps.png', mimeType: 'image/png', buffer: Buffer.from(png) });
  await expect.poll(() => page.locator('#status').textContent()).toContain('steps.png, 7 × 9');
  const greys = await page.evaluate(() => {
    const canvas = document.getElementById('result') as HTMLCanvasElement;
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, 7, 9);
    return Array.from({ length: 63 }, (_, i) => data[4 * i]);
  });
  // Stretched from 0 … 248 to 0 … 255.
  expect(greys.map((grey, i) => Math.abs((grey as number) - (i * 255) / 62) <= 1)).not.toContain(false);
  await page.setInputFiles('#file', { name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('no') });
  await expect.poll(() => page.locator('#status').textContent()).toMatch(/decode/i);
  expect(faults).toEqual([]);
});
