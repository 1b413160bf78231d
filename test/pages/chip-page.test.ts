// @module-tag all: it opens Chromium
/** The pane of a chip in the page of a run: wells in any order, a click shows the frame, its speed, and its looks. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameSink, ViewedRun } from 'ewald/pipeline';
import { type ServedView, serveView } from 'ewald/view';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parseGrid, wellOfImage } from '../../src/pipeline/chip/grid.js';
import { startChromium } from '../support/chromium.js';

interface ChipState {
  readonly quantity: string;
  readonly drawings: number;
  readonly ms: number;
  readonly wells: number;
  readonly wholes: number;
  readonly frames: number;
  readonly mark: { row: number; column: number } | undefined;
}
declare const chipState: () => ChipState;
declare const chipValues: () => number[];
declare const viewer: { frame: number };

let browser: Browser;
const views: ServedView[] = [];
const pages: Page[] = [];
beforeAll(async () => {
  browser = await startChromium();
});
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
  for (const view of views.splice(0)) await view.close();
});
afterAll(() => browser?.close());

const geometry =
  'photon_energy = 9500 eV\nclen = 0.1 m\np0/min_fs = 0\np0/max_fs = 127\np0/min_ss = 0\np0/max_ss = 127\n' +
  'p0/corner_x = -64\np0/corner_y = -64\np0/fs = +1x\np0/ss = +1y\np0/res = 5000\n';

/** A page that follows a run over a chip. */
async function chipOf(text: string, look: BrowserContextOptions = { viewport: { width: 1280, height: 800 } }) {
  const grid = parseGrid(text);
  const view = await serveView([]);
  views.push(view);
  const context = await browser.newContext(look);
  const page = await context.newPage();
  pages.push(page);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/404|410/.test(message.text())) faults.push(message.text());
  });
  const pixels = Uint16Array.from({ length: 128 * 128 }, (_, i) => (i * 7919) % 50);
  const received: ViewedRun['received'] = () =>
    ({ numbers: pixels, dtype: 'u16', shape: [128, 128], values: {} }) as never;
  const facts = { name: 'tcp://dcu:31001', geometry, cells: [], peaks: { threshold: 7 }, total: undefined };
  const sink = view.runSink({ ...facts, size: [128, 128], received, wells: grid });
  await page.goto(view.url);
  return { page, faults, sink, add: adder(sink, grid) };
}

/** Adds images of a run: those near the middle of the chip have spots, those of every third well a crystal. */
function adder(sink: FrameSink, grid: ReturnType<typeof parseGrid>) {
  let serial = 0;
  return async (image: number, count?: number): Promise<void> => {
    const place = wellOfImage(grid, image);
    const { row = 0, column = 0 } = place;
    const far = Math.hypot(row / grid.rows - 0.45, column / grid.columns - 0.5);
    const n = count ?? Math.max(0, Math.round(60 * (1 - 1.6 * far) * (0.5 + ((image * 7919) % 97) / 97)));
    const peaks = { count: n, fs: [], ss: [], intensity: [], snr: [], panel: [] };
    const spots = Float32Array.from({ length: 3 * n }, (_, i) => (i % 3 === 0 ? 0.2 + 0.004 * (i / 3) : 0));
    const crystal = { lengths: [79, 79, 38], angles: [90, 90, 90], resolution: 0.4, peaks: [] };
    const origin = { filename: 'tcp://dcu:31001', event: serial, serial: ++serial };
    const crystals = n >= 20 && image % 3 > 0 ? [crystal] : [];
    const grids = { ...place, series: 'series 1' };
    await sink.add({ origin, hit: n >= 12, peaks, spots, crystals, chunk: '', grid: grids } as never);
  };
}

const state = (page: Page): Promise<ChipState | undefined> =>
  page.evaluate(() => (typeof chipState === 'function' ? chipState() : undefined));

test('a serpentine with lost images: each well has its own; a click shows the frame of a well', async () => {
  const { page, faults, sink, add } = await chipOf('4x5,serpentine');
  const lost = [3, 7, 8];
  for (let image = 0; image < 18; image++) if (!lost.includes(image)) await add(image, image + 1);
  sink.fail?.({ origin: { filename: 'tcp://dcu:31001', event: 90, serial: 99 }, tag: 'Format', message: 'x' });
  await expect.poll(async () => (await state(page))?.frames).toBe(15);
  await page.selectOption('#chip-pane select[name="quantity"]', 'spots');
  const expected = new Array<number | null>(20).fill(null);
  for (let image = 0; image < 18; image++) {
    const { row = 0, column = 0 } = wellOfImage(parseGrid('4x5,serpentine'), image);
    if (!lost.includes(image)) expected[row * 5 + column] = image + 1;
  }
  const values = (await page.evaluate(() => chipValues())).map((value) => (Number.isNaN(value) ? null : value));
  expect(values).toEqual(expected);
  // The newest frame is kept, and followed until a well is clicked.
  await expect.poll(async () => (await state(page))?.mark).toEqual({ row: 3, column: 2 });
  const canvas = page.locator('#chip-pane canvas');
  await canvas.focus();
  await page.keyboard.press('ArrowUp');
  await expect
    .poll(() => page.locator('#chip-pane .chip-reading').textContent())
    .toBe('row 2, column 2 · image 12 · 13 spots · to 4.03 Å');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('#follow').getAttribute('aria-pressed')).toBe('false');
  expect(await page.evaluate(() => viewer.frame)).toBe(14);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#chip-pane button:text(".npy")')]);
  expect(download.suggestedFilename()).toBe('chip-spots.npy');
  await page.click('#chip');
  expect(await page.locator('#chip-pane').isVisible()).toBe(false);
  expect(faults).toEqual([]);
}, 120_000);

test.each(['20x25,serpentine', '400x400,serpentine'])(
  '%s: a frame redraws its well alone',
  async (text) => {
    const { page, faults, add } = await chipOf(text);
    let image = 0;
    for (; image < 50; image++) await add(image);
    await expect.poll(async () => (await state(page))?.frames).toBe(50);
    // The chart and other parts of the page appear with the first frames, and change the size of the pane.
    let wholes = -1;
    const settled = async (): Promise<boolean> => {
      const now = (await state(page))?.wholes ?? -1;
      const is = now === wholes;
      wholes = now;
      return is;
    };
    await expect.poll(settled, { interval: 1000, timeout: 30_000 }).toBe(true);
    const before = (await state(page)) ?? expect.fail();
    // As many frames as arrive in two seconds at 120 a second, in batches as the server reports them.
    while (image < 290) {
      for (let i = 0; i < 24; i++) await add(image++);
      await expect.poll(async () => (await state(page))?.frames, { interval: 50 }).toBe(image);
    }
    const after = (await state(page)) ?? expect.fail();
    // Other parts of the page may change its size meanwhile, which draws all wells once.
    expect(after.wholes - before.wholes).toBeLessThan(6);
    expect(after.wells - before.wells).toBeGreaterThan((image - 50) / 3);
    // Thirty pictures a second leave 33 ms for each; the clock of a busy machine counts more than the drawing.
    expect((after.ms - before.ms) / (after.drawings - before.drawings)).toBeLessThan(8);
    expect(faults).toEqual([]);
  },
  120_000,
);

// EWALD_SHOTS=folder keeps what is seen.
test.skipIf(!process.env.EWALD_SHOTS)(
  'screenshots',
  async () => {
    const folder = process.env.EWALD_SHOTS ?? '';
    mkdirSync(folder, { recursive: true });
    const looks: Record<string, BrowserContextOptions> = {
      desktop: { viewport: { width: 1400, height: 900 } },
      phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
    };
    for (const [name, look] of Object.entries(looks))
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, add } = await chipOf(name === 'desktop' ? '120x120,serpentine' : '30x30,serpentine', {
          ...look,
          colorScheme,
        });
        const most = name === 'desktop' ? 9000 : 560;
        for (let image = 0; image < most; image++) if (image % 101 !== 7) await add(image);
        await expect.poll(async () => (await state(page))?.frames, { timeout: 30_000 }).toBeGreaterThan(0.98 * most);
        await page.selectOption('#chip-pane select[name="quantity"]', 'resolution');
        await page.locator('#chip-pane canvas').hover({ position: { x: 200, y: 120 } });
        await page.waitForTimeout(1500);
        await page.screenshot({ path: join(folder, `chip-${name}-${colorScheme}.png`), fullPage: name === 'phone' });
      }
  },
  240_000,
);
