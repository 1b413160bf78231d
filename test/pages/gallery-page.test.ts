// @module-tag all: it opens Chromium
/** The list of a folder in Chromium: its entries are looked at as they come into view, and open in the viewer. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { expect, test } from 'vitest';
import { browsing, type Shown, type ShownScan, serve, Visit } from './visit.js';

declare const viewer: Shown;
declare const scan: ShownScan;
const temporary = browsing();

test('a folder is listed, an entry opens, and the way leads back', async () => {
  const folder = temporary('many');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  const data = Float32Array.from({ length: 4 * 5 * 64 }, (_, i) => i % 64);
  for (let k = 0; k < 40; k++)
    writeFileSync(join(folder, `scan${k}.npy`), formatNpy({ shape: [4, 5, 8, 8], data, complex: false }));
  writeFileSync(join(folder, 'a.txt'), 'Notes.\n');
  symlinkSync('/etc/hostname', join(folder, 'b'));
  const visit = await Visit.open(await serve([folder]), { width: 900, height: 700 });
  const { page } = visit;
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.waitForSelector('html[data-ready]');
  await page.locator('li', { hasText: 'scan0.npy' }).locator('img').waitFor();
  const line = page.locator('li', { hasText: 'scan0.npy' });
  expect(await line.locator('.facts').textContent()).toMatch(/^scan · 4 × 5 × 8 × 8 f32 · /);
  expect(await page.locator('li', { hasText: 'a.txt' }).locator('.why').textContent()).toMatch(/known formats/);
  // No message that reaches a page speaks of a shell.
  expect(await page.locator('body').textContent()).not.toMatch(/ewald (?:index|view|run)| -g/);
  expect(await page.locator('li', { hasText: /^b/ }).textContent()).toContain('/etc/hostname');
  // What is below the window has not been looked at.
  const looked = () => asked.filter((url) => /gallery-item/.test(url)).length;
  expect(looked()).toBeLessThan(30);
  await page.locator('li', { hasText: 'scan39.npy' }).scrollIntoViewIfNeeded();
  await page.locator('li', { hasText: 'scan39.npy' }).locator('img').waitFor();
  await page.setViewportSize({ width: 360, height: 700 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.setViewportSize({ width: 900, height: 700 });
  await page.getByRole('link', { name: 'scan39.npy', exact: true }).click();
  await page.waitForFunction(() => 'scan' in globalThis && scan.idle && scan.image !== undefined);
  expect(await page.evaluate(() => viewer.opened)).toMatchObject({ name: 'scan39.npy', navigation: [4, 5] });
  await page.locator('h1 a').click();
  await page.getByRole('link', { name: 'sub/' }).click();
  await page.getByText('This folder is empty.').waitFor();
  expect(visit.faults).toEqual([]);
});
