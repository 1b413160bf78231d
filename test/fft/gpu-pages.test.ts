// @module-tag all: Chromium.
/** The example pages that share a GPU device: a texture of three.js and a tensor of TensorFlow.js, against float64. */
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
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-gpu-pages-'));
  cpSync(join(root, 'examples/gpu'), folder, { recursive: true });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/ewald'));
  for (const name of ['three', '@tensorflow'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  server = await serve(folder);
  browser = await startChromium(chromiumArgs);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page that counts what is read back; `faults` are its errors and those of its device. */
async function open(path: string): Promise<{ page: Page; faults: string[]; readBacks: () => Promise<number> }> {
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error' && !/a software device: correct, but slow/.test(line.text())) faults.push(line.text());
  });
  await page.addInitScript(() => {
    const counted = globalThis as unknown as { readBacks: number };
    counted.readBacks = 0;
    const { mapAsync } = GPUBuffer.prototype;
    GPUBuffer.prototype.mapAsync = function (this: GPUBuffer, mode, ...others) {
      // The self-tests of a context read; what follows on the page does not.
      if (mode === GPUMapMode.READ && document.documentElement.dataset.set) counted.readBacks++;
      return mapAsync.call(this, mode, ...others);
    };
  });
  await page.goto(`${server.url}/${path}`);
  const readBacks = (): Promise<number> =>
    page.evaluate(() => (globalThis as unknown as { readBacks: number }).readBacks);
  return { page, faults, readBacks };
}

/** A transform of a picture of [rows, columns] in float64, by its definition, without a factor. */
function dft(re: Float64Array, im: Float64Array, [rows, columns]: readonly [number, number], sign: number): void {
  const along = (n: number, count: number, at: (line: number, i: number) => number): void => {
    for (let line = 0; line < count; line++) {
      const given = Array.from({ length: n }, (_, i) => [re[at(line, i)] ?? 0, im[at(line, i)] ?? 0] as const);
      for (let k = 0; k < n; k++) {
        let [a, b] = [0, 0];
        for (const [j, [x, y]] of given.entries()) {
          const angle = (sign * 2 * Math.PI * ((k * j) % n)) / n;
          a += x * Math.cos(angle) - y * Math.sin(angle);
          b += x * Math.sin(angle) + y * Math.cos(angle);
        }
        re[at(line, k)] = a;
        im[at(line, k)] = b;
      }
    }
  };
  along(columns, rows, (line, i) => line * columns + i);
  along(rows, columns, (line, i) => i * columns + line);
}

const greatest = (numbers: Iterable<number>): number => {
  let most = 0;
  for (const value of numbers) most = Math.max(most, Math.abs(value));
  return most;
};

test('three.js shows the texture of its scene smoothed, frame after frame, and nothing is read back', async () => {
  const { page, faults, readBacks } = await open('texture.html?sigma=1.5&offscreen');
  const status = page.locator('#status');
  await expect.poll(async () => faults[0] ?? (await status.textContent()), { timeout: 60_000 }).toMatch(/frames/);
  await page.evaluate(() => Object.assign(document.documentElement.dataset, { set: 'yes' }));
  const frames = async (): Promise<number> => Number.parseInt((await status.textContent()) ?? '', 10);
  const first = await frames();
  await expect.poll(frames, { timeout: 60_000 }).toBeGreaterThan(first + 2);
  expect(await readBacks()).toBe(0);
  type Both = { n: number; sigma: number; drawn: number[]; smooth: number[]; shown: number[] };
  const { n, sigma, drawn, smooth, shown } = await page.evaluate(() =>
    (globalThis as unknown as { both: () => Promise<Both> }).both(),
  );
  expect(await readBacks()).toBeGreaterThan(0);
  expect(sigma).toBe(1.5);
  const [re, im] = [Float64Array.from(drawn), new Float64Array(n * n)];
  expect(greatest(re)).toBeGreaterThan(1.5);
  dft(re, im, [n, n], -1);
  for (let i = 0; i < n * n; i++) {
    const [y, x] = [Math.floor(i / n), i % n].map((k) => Math.min(k, n - k) / n) as [number, number];
    const kept = Math.exp(-2 * Math.PI ** 2 * sigma ** 2 * (x * x + y * y)) / (n * n);
    re[i] = (re[i] ?? 0) * kept;
    im[i] = (im[i] ?? 0) * kept;
  }
  dft(re, im, [n, n], 1);
  // Float32: a few units in the last place of numbers up to 2.
  expect(greatest(smooth.map((value, i) => value - (re[i] ?? 0)))).toBeLessThan(2e-6);
  expect(greatest(smooth.map((value, i) => value - (drawn[i] ?? 0)))).toBeGreaterThan(0.1);
  expect(greatest(shown.map((value, i) => value - (0.25 * (smooth[i] ?? 0) + 0.5)))).toBeLessThan(1e-6);
  expect(faults).toEqual([]);
  await page.close();
});

test('a tensor of TensorFlow.js is transformed in its own memory', async () => {
  const { page, faults } = await open('tensor.html');
  const status = page.locator('#status');
  await expect.poll(async () => faults[0] ?? (await status.textContent()), { timeout: 60_000 }).toBe('transformed');
  type Both = { rows: number; columns: number; before: number[]; after: number[]; power: number[] };
  const { rows, columns, before, after, power } = await page.evaluate(() =>
    (globalThis as unknown as { both: () => Promise<Both> }).both(),
  );
  const parts = [0, 1].map((part) =>
    Float64Array.from({ length: rows * columns }, (_, i) => before[2 * i + part] ?? 0),
  );
  const [re, im] = parts as [Float64Array, Float64Array];
  expect(greatest(re)).toBe(1);
  dft(re, im, [rows, columns], -1);
  const scale = greatest(re);
  expect(scale).toBeGreaterThan(10);
  for (const [i, value] of power.entries()) {
    const [a, b] = [re[i] ?? 0, im[i] ?? 0];
    expect(Math.abs((after[2 * i] ?? 0) - a)).toBeLessThan(1e-6 * scale);
    expect(Math.abs((after[2 * i + 1] ?? 0) - b)).toBeLessThan(1e-6 * scale);
    expect(Math.abs(value - (a * a + b * b))).toBeLessThan(4e-6 * scale * scale);
  }
  expect(faults).toEqual([]);
  await page.close();
});
