// @module-tag all: it opens Chromium
/** A run, and a stream with its frames, in the page of the viewer: it shows what was found, within its budget. */
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, type PipelineItem, readStream } from 'ewald';
import { type ServedView, serveView } from 'ewald/view';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';
import { dataFolder, readData } from '../support/data.js';

declare const viewer: {
  frame: number;
  peaks?: { count: number };
  crystals: { lengths: number[] }[];
  summaries: unknown[];
};

let browser: Browser;
let folder: string;
const views: ServedView[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-live-page-'));
  browser = await chromium.launch({
    executablePath: findChromium() ?? '/usr/bin/chromium',
    args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
});
afterAll(async () => {
  await browser?.close();
  for (const view of views) await view.close();
  rmSync(folder, { recursive: true });
});

interface Visit {
  readonly page: Page;
  /** Errors and violations of the content security policy. */
  readonly faults: string[];
  /** Bytes of pages, scripts and wasm as they were sent. */
  readonly loaded: () => number;
}

async function open(view: ServedView): Promise<Visit> {
  views.push(view);
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
  const faults: string[] = [];
  let bytes = 0;
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('response', (response) => {
    if (!/^\/(?:files|live)\/|session/.test(new URL(response.url()).pathname))
      bytes += Number(response.headers()['content-length'] ?? 0);
  });
  await page.goto(view.url);
  return { page, faults, loaded: () => bytes };
}

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const textOf = (page: Page, id: string) => async (): Promise<string | null> => page.locator(id).textContent();

describe.skipIf(!dataFolder)('in Chromium', () => {
  test('a run is followed: its newest frame with its peaks and crystals, its rates, and its end', async () => {
    const view = await serveView([]);
    const { page, faults, loaded } = await open(view);
    await expect.poll(textOf(page, '#welcome h2')).toBe('Drop frames here');
    const context = await createContext({ backend: 'wasm' });
    const items: PipelineItem[] = [];
    const settings = { geometry: sim('mono.geom'), cells: [sim('mono.cell')], peaks: { threshold: 12 } };
    for await (const item of context.pipeline({ inputs: sim('mono.h5'), ...settings, view })) {
      items.push(item);
      // The last frame is only finished when the page shows the one before.
      if (items.length === 5) await expect.poll(() => page.evaluate(() => viewer.frame), { timeout: 60_000 }).toBe(4);
    }
    await context.dispose();
    const last = items.at(-1);
    await expect.poll(() => page.evaluate(() => viewer.frame), { timeout: 60_000 }).toBe(items.length - 1);
    const shown = await page.evaluate(() => [viewer.peaks?.count, viewer.crystals.length, viewer.summaries.length]);
    expect(shown).toEqual([last?.result?.peaks.count, last?.result?.crystals.length, items.length]);
    expect(loaded()).toBeLessThan(600_000);
    await page.click('[role="tab"][data-tab="powder"]');
    await expect.poll(textOf(page, '#powder-of')).toContain(`${items.length} frames`);
    await expect.poll(textOf(page, '#badge')).toBe('the run has ended');
    expect(await textOf(page, '#rates')()).toContain(`${items.length} of ${items.length} frames · hits 100 %`);
    expect(faults).toEqual([]);
  }, 180_000);

  test('a stream of CrystFEL is shown with its frames, its peaks and its crystals', async () => {
    copyFileSync(sim('peers/multi.xgandalf.stream'), join(folder, 'a.stream'));
    symlinkSync(sim('multi.h5'), join(folder, 'multi.h5'));
    const { page, faults, loaded } = await open(await serveView([join(folder, 'a.stream')]));
    await expect.poll(() => page.evaluate(() => viewer.peaks?.count), { timeout: 60_000 }).toBeGreaterThan(0);
    expect(loaded(), 'bytes until the first picture and its peaks').toBeLessThanOrEqual(380_000);
    const reader = await readStream(readData('sim/peers/multi.xgandalf.stream').toString().split('\n'));
    let frame = 0;
    for await (const chunk of reader.chunks()) {
      await expect.poll(() => page.evaluate(() => viewer.frame), { timeout: 60_000 }).toBe(frame);
      const found = await page.evaluate(() => [viewer.peaks?.count, viewer.crystals.map(({ lengths }) => lengths[0])]);
      const lengths = chunk.crystals.map(({ parameters }) => 10 * parameters[0]);
      expect(found, `frame ${frame}`).toEqual([chunk.peaks?.length, lengths]);
      if (++frame === 3) break;
      await page.keyboard.press('ArrowRight');
    }
    expect(faults).toEqual([]);
  }, 180_000);
});
