// @module-tag all: it opens Chromium
/** A run, and a stream with its frames, in the page of the viewer: it shows what was found, within its budget. */
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, type PipelineItem, readStream } from 'ewald';
import type { ViewedRun } from 'ewald/pipeline';
import { convert } from 'ewald/shell';
import { type ServedView, serveView } from 'ewald/view';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';
import { dataFolder, readData } from '../support/data.js';
import { killWorker, npyHead, recordWorkers } from './visit.js';

declare const viewer: {
  frame: number;
  peaks?: { count: number } | undefined;
  crystals: { lengths: number[] }[];
  summaries: ({ hit: boolean; crystals: number } | undefined)[];
  opened?: { name: string; frames: number };
};
declare const liveState: () => { count: number };

let browser: Browser;
let folder: string;
const views: ServedView[] = [];
const pages: Page[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-live-page-'));
  browser = await startChromium();
});
// A page that is left open goes on drawing.
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
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
  pages.push(page);
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
  await page.addInitScript(recordWorkers);
  await page.goto(view.url);
  return { page, faults, loaded: () => bytes };
}

test('the newest frame is shown even if the page has not heard yet that there are this many', {
  tags: 'nightly',
  timeout: 180_000,
}, async () => {
  const view = await serveView([]);
  const { page, faults } = await open(view);
  const received: ViewedRun['received'] = (event) =>
    ({ numbers: new Uint16Array(64 * 64).fill(event), dtype: 'u16', shape: [64, 64], values: {} }) as never;
  const facts = { name: 'tcp://host:5002', geometry: '', cells: [], peaks: { threshold: 7 }, total: undefined };
  const sink = view.runSink({ ...facts, size: [64, 64], received });
  let count = 0;
  const add = async (): Promise<void> => {
    const origin = { filename: 'tcp://host:5002', event: count++, serial: count };
    const peaks = { count: 0, fs: [], ss: [], intensity: [], snr: [], panel: [] };
    await sink.add({ origin, hit: false, peaks, spots: new Float32Array(0), crystals: [] } as never);
  };
  const told: string[] = [];
  await page.exposeFunction('told', (text: string) => told.push(text));
  await page.evaluate(() => {
    const line = document.querySelector('#message') as HTMLElement;
    new MutationObserver(() => (window as never as { told(text: string): void }).told(line.textContent ?? '')).observe(
      line,
      { childList: true, characterData: true, subtree: true },
    );
  });
  // Every answer names a frame that the events, which are sent ten times a second, have not announced.
  await page.route('**/live/newest*', async (route) => {
    for (let i = 0; i < 5; i++) await add();
    await route.continue();
  });
  // Every third frame is gone when the page asks for its pixels.
  let asked = 0;
  await page.route('**/live/received/*', (route) =>
    ++asked % 3 === 2 ? route.fulfill({ status: 404, body: '' }) : route.continue(),
  );
  const shown = async (): Promise<number> => {
    await add();
    return page.evaluate(() => viewer.frame);
  };
  await expect.poll(shown, { timeout: 60_000, interval: 200 }).toBeGreaterThan(30);
  expect(told.filter((text) => text.includes('kept'))).toEqual([]);
  expect(asked).toBeGreaterThan(3);
  expect(await page.locator('#name').textContent()).toContain('received frames');
  expect(faults.filter((text) => !/\b404\b/.test(text))).toEqual([]);
});

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

  test('a stream of CrystFEL is shown with its frames, its peaks and its crystals', {
    tags: 'nightly',
    timeout: 180_000,
  }, async () => {
    copyFileSync(sim('peers/multi.xgandalf.stream'), join(folder, 'a.stream'));
    symlinkSync(sim('multi.h5'), join(folder, 'multi.h5'));
    const { page, faults, loaded } = await open(await serveView([join(folder, 'a.stream')]));
    await expect.poll(() => page.evaluate(() => viewer.peaks?.count), { timeout: 60_000 }).toBeGreaterThan(0);
    expect(loaded(), 'bytes until the first picture and its peaks').toBeLessThanOrEqual(475_000);
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
  });

  test('a folder is followed: the newest frame with the peaks that the tab finds, without a run', async () => {
    const at = join(folder, 'arriving');
    mkdirSync(at);
    // The geometry finds its mask by this name.
    const names = ['1.h5', '2.h5', '3.h5'];
    const view = await serveView([at], { follow: true, geometry: sim('mono.geom'), cell: sim('mono.cell') });
    const { page, faults } = await open(view);
    await expect.poll(textOf(page, '#badge')).toBe('waiting for the first frame');
    // Whoever follows a run is not asked for files.
    expect(await page.isVisible('#choose')).toBe(false);
    const shown = (): Promise<unknown[]> =>
      page.evaluate(() => [viewer.frame, viewer.peaks?.count ?? 0, viewer.summaries.filter(Boolean).length]);
    let frames = 0;
    const add = async (name: string): Promise<number> => {
      symlinkSync(sim('mono.h5'), join(at, name));
      frames += 6;
      await expect.poll(async () => (await shown())[0], { timeout: 60_000 }).toBe(frames - 1);
      await expect.poll(async () => (await shown())[1], { timeout: 60_000 }).toBeGreaterThan(20);
      return (await shown())[1] as number;
    };
    const first = await add(names[0] as string);
    expect(await add(names[1] as string), 'the same frame under another name').toBe(first);
    expect(await textOf(page, '#rates')()).toMatch(/^12 frames · peaks are found in the frames shown/);
    expect(await textOf(page, '#rates')()).toMatch(/\d+ not shown/);
    // Nothing has searched all of them: that is no 0 % of hits.
    await expect.poll(() => page.getAttribute('#chart', 'aria-label')).toMatch(/12 frames, not searched/);
    expect(await page.isVisible('#strip-alarm')).toBe(false);
    // Only what the page has searched is listed.
    expect((await shown())[2]).toBeLessThan(12);
    // A frame that is chosen stays, while others arrive.
    await page.fill('#frame', '0');
    await page.press('#frame', 'Enter');
    await expect.poll(async () => (await shown())[0]).toBe(0);
    symlinkSync(sim('mono.h5'), join(at, names[2] as string));
    await expect.poll(textOf(page, '#rates'), { timeout: 20_000 }).toMatch(/^18 frames/);
    expect((await shown())[0]).toBe(0);
    // Keys belong to a field that has the focus.
    await page.locator('#frame').blur();
    await page.keyboard.press('x');
    await expect.poll(() => page.evaluate(() => viewer.crystals.length), { timeout: 60_000 }).toBe(1);
    // Hits only: a frame without peaks is searched and listed, and the picture stays at the last hit.
    const number = (): Promise<number> => page.evaluate(() => viewer.frame);
    await page.keyboard.press('f');
    await expect.poll(number, { timeout: 60_000 }).toBe(17);
    await page.selectOption('#only', 'hits');
    const blank = join(folder, 'blank.npy');
    const even = new Uint16Array(1024 ** 2).fill(5);
    writeFileSync(blank, Buffer.concat([npyHead([1, 1024, 1024], '<u2'), new Uint8Array(even.buffer)]));
    await convert(blank, join(at, '4.h5'), { packing: 'none' });
    const isHit = (frame: number) => page.evaluate((n) => viewer.summaries[n]?.hit, frame);
    await expect.poll(() => isHit(18), { timeout: 60_000 }).toBe(false);
    expect(await number()).toBe(17);
    expect(await textOf(page, '#rates')()).toMatch(/ · \d+ of them searched, \d+ are hits/);
    symlinkSync(sim('mono.h5'), join(at, '5.h5'));
    await expect.poll(number, { timeout: 60_000 }).toBe(24);
    expect(await isHit(24)).toBe(true);
    // Unindexed hits: the frames that arrive are indexed, and those with a crystal are not shown.
    await page.selectOption('#only', 'unindexed');
    symlinkSync(sim('mono.h5'), join(at, '6.h5'));
    await expect.poll(() => page.evaluate(() => viewer.summaries[30]?.crystals), { timeout: 60_000 }).toBe(1);
    expect(await number()).toBe(24);
    await page.selectOption('#only', 'all');
    // Other files are dropped: they are not mixed with the run, and the run is one key away.
    await page.setInputFiles('#files', blank);
    await expect.poll(() => page.evaluate(() => viewer.opened?.name), { timeout: 60_000 }).toBe('blank.npy');
    symlinkSync(sim('mono.h5'), join(at, '7.h5'));
    await expect.poll(() => page.evaluate(() => liveState().count), { timeout: 20_000 }).toBe(37);
    expect(await page.evaluate(() => [viewer.opened?.frames, viewer.summaries.length])).toEqual([1, 1]);
    await page.keyboard.press('f');
    await expect.poll(number, { timeout: 60_000 }).toBe(36);
    expect(await page.evaluate(() => viewer.opened?.frames)).toBe(37);
    // A worker that dies is replaced, and the newest frame is shown again.
    await page.evaluate(() => {
      viewer.peaks = undefined;
    });
    await page.evaluate(killWorker);
    await expect.poll(textOf(page, '#message'), { timeout: 60_000 }).toMatch(/out of memory.*have been opened again/);
    await expect.poll(async () => (await shown())[1], { timeout: 60_000 }).toBeGreaterThan(20);
    await view.close();
    await expect.poll(textOf(page, '#badge'), { timeout: 20_000 }).toBe('the server does not answer; trying again');
    expect(faults.filter((fault) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY/.test(fault))).toEqual([]);
  }, 180_000);

  test('a followed folder with a file of no known format, and frames that do not fit their geometry', {
    tags: 'nightly',
    timeout: 180_000,
  }, async () => {
    const at = join(folder, 'unfit');
    mkdirSync(at);
    const geometry = join(dataFolder ?? '', 'real/frames/pilatus_thaumatin.geom');
    const { page } = await open(await serveView([at], { follow: true, geometry }));
    writeFileSync(join(at, 'a.h5'), 'these are no frames');
    await expect
      .poll(textOf(page, '#message'), { timeout: 20_000 })
      .toMatch(/unfit contains no files of frames yet; files of/);
    rmSync(join(at, 'a.h5'));
    symlinkSync(sim('mono.h5'), join(at, 'b.h5'));
    await expect.poll(textOf(page, '#message'), { timeout: 60_000 }).toMatch(/is it the geometry of this detector/);
    // The page stays usable: files that are dropped are shown.
    await page.setInputFiles('#files', sim('mono.h5'));
    await expect.poll(() => page.evaluate(() => viewer.opened?.name), { timeout: 60_000 }).toBe('mono.h5');
  });

  test('a stream that is being written is followed, from before its first frame', {
    tags: 'nightly',
    timeout: 180_000,
  }, async () => {
    const at = join(folder, 'growing');
    mkdirSync(at);
    symlinkSync(sim('multi.h5'), join(at, 'multi.h5'));
    symlinkSync(sim('multi.h5'), join(at, 'later.h5'));
    const whole = readData('sim/peers/multi.xgandalf.stream').toString();
    const ends = [...whole.matchAll(/----- End chunk -----\n/g)].map(({ index }) => index + 22);
    const file = join(at, 'b.stream');
    writeFileSync(file, whole.slice(0, whole.indexOf('----- Begin chunk')));
    const { page, faults } = await open(await serveView([file], { follow: true }));
    await expect.poll(textOf(page, '#message')).toBe('Waiting for the first frame of b.stream…');
    writeFileSync(file, whole.slice(0, ends[0]));
    const frame = (): Promise<number | undefined> =>
      page.evaluate(() => (viewer.summaries.length > 0 ? viewer.frame : undefined));
    await expect.poll(frame, { timeout: 60_000 }).toBe(0);
    await expect.poll(textOf(page, '#badge'), { timeout: 20_000 }).toMatch(/^(live|last frame)/);
    // The next frames are in a file that the stream has not named before.
    appendFileSync(file, whole.slice(ends[0], ends[2]).replaceAll('multi.h5', 'later.h5'));
    await expect.poll(frame, { timeout: 60_000 }).toBe(2);
    await expect.poll(() => page.evaluate(() => viewer.peaks?.count)).toBeGreaterThan(0);
    expect(await textOf(page, '#rates')()).toMatch(/1 not shown$/);
    expect(faults).toEqual([]);
  });
});
