// @module-tag all: it opens Chromium
/** The overview of a run in progress: panes for what there is, lanes, answers, alarms; what it costs; its looks. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import type { ViewedRun } from 'ewald/pipeline';
import { convert } from 'ewald/shell';
import { type ServedView, serveView } from 'ewald/view';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ShownAnswer, ShownPanes } from '../../src/merging/shown-panes.js';
import { parseGrid, wellOfImage } from '../../src/pipeline/chip/grid.js';
import { startChromium } from '../support/chromium.js';

interface StripState {
  readonly lanes?: readonly { readonly name: string; readonly of: string; readonly now: number }[];
}
interface OverviewState {
  readonly drawings: number;
  readonly panes: readonly string[];
  readonly served?: { readonly answers: readonly { readonly points: readonly { readonly crystals: number }[] }[] };
}
declare const stripState: () => StripState | undefined;
declare const overviewState: () => OverviewState;
declare const chipState: () => { readonly frames: number; readonly drawings: number; readonly ms: number };
declare const chipValues: () => number[];
declare const viewer: { readonly frame: number };

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

/** The answers of a run with so many crystals. */
function answersAt(crystals: number): ShownAnswer[] {
  const value = crystals / (crystals + 900);
  const course = [1, 2, 4].map((factor) => {
    const likely = (factor * crystals) / (factor * crystals + 900);
    return { crystals: factor * crystals, likely, least: likely - 0.05, most: likely + 0.05 };
  });
  const goal = {
    goal: 'CC1/2=.5@2.0A',
    title: 'CC1/2 .50 at 2.0 Å',
    target: 0.5,
    targetText: '.50',
    value,
    error: 0.03,
  };
  return [
    {
      ...goal,
      verdict: 'in 49 min (39 to 60)',
      state: 'forecast',
      lines: [`Now ${value.toFixed(2)}.`, 'Said 20 min ago: .31. It is .33.'],
      crystals,
      needed: { likely: 900, least: 800, most: 1100 },
      course,
      said: value - 0.02,
    },
    {
      goal: 'difference=5s',
      title: 'Difference 5.0 σ',
      target: 5,
      targetText: '5.0 σ',
      value: Number.NaN,
      error: Number.NaN,
      verdict: 'no forecast',
      state: 'refused',
      lines: ['the crystals to 5 σ are told from 3 σ on; before, chance decides.'],
      crystals,
    },
  ];
}

/** A page that follows a run with everything that an overview shows, or with a part of it. */
async function runOf(
  run: Partial<ViewedRun>,
  look: BrowserContextOptions = { viewport: { width: 1280, height: 860 } },
) {
  const view = await serveView([]);
  views.push(view);
  const page = await (await browser.newContext(look)).newPage();
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
  const sink = view.runSink({ ...facts, size: [128, 128], received, ...run });
  await page.goto(view.url);
  let serial = 0;
  const add = async (more: object): Promise<void> => {
    const n = serial % 3 === 0 ? 4 : 30;
    const peaks = { count: n, fs: [], ss: [], intensity: [], snr: [], panel: [] };
    const spots = Float32Array.from({ length: 3 * n }, (_, i) => (i % 3 === 0 ? 0.2 + 0.004 * (i / 3) : 0));
    const crystal = { lengths: [79, 79, 38], angles: [90, 90, 90], resolution: 0.4, peaks: [] };
    const origin = { filename: 'tcp://dcu:31001', event: serial, serial: ++serial };
    const crystals = n >= 20 ? [crystal] : [];
    await sink.add({ origin, hit: n >= 12, peaks, spots, crystals, chunk: '', ...more } as never);
  };
  return { page, faults, sink, add };
}

const bins = 60;
/** A profile with a water ring, and ice if there is some. */
function profileAt(isIcy: boolean, level = 1) {
  const q = Float64Array.from({ length: bins }, (_, i) => 0.1 + 0.05 * i);
  const norm = new Float64Array(bins).fill(100);
  const counts = q.map((at) => 100 * level * (1 + 4 * Math.exp(-((at - 1.95) ** 2) / 0.1)));
  const ice = { score: isIcy ? 1.3 : 1.01, error: 0.01, d: 3.67, isFlagged: isIcy };
  const background = { backgroundCounts: counts, backgroundNorm: norm, background: 2 * level };
  return { low: 0.1, step: 0.05, corner: 3.1, gain: 1, q, counts, norm, ...background, ice, spotsByShell: [9, 5, 2] };
}
const regionAt = (mean: number) => ({
  sum: BigInt(Math.round(100 * mean)),
  sumSquares: 0n,
  max: 9,
  pixels: 100,
  mean,
  variance: 1,
  x: 4,
  y: 4,
});

const everything = (crystals: () => number): Partial<ViewedRun> => ({
  wells: parseGrid('20x25,serpentine'),
  rois: ['water', 'jet'],
  datasetOf: ({ chunk, origin }) => `${chunk}${(origin.serial ?? 0) % 2}`,
  panes: (): ShownPanes => ({
    answers: answersAt(crystals()),
    alarms: [
      {
        text: 'roi:jet.sum<4000 for 30s',
        isRaised: true,
        seconds: 90,
        now: 'roi:jet.sum is 312',
        value: 'roi:jet.sum',
        level: 4000,
        isBelow: true,
      },
      { text: 'ice>10% for 1min', isRaised: false, value: 'ice', level: 0.1, isBelow: false },
    ],
    origin: ['Spots and lattices: ewald.'],
  }),
});

async function feed(add: (more: object) => Promise<void>, from: number, to: number): Promise<void> {
  for (let image = from; image < to; image++) {
    const grid = { ...wellOfImage(parseGrid('20x25,serpentine'), image), series: 'series 1' };
    const rois = { water: regionAt(3 + Math.sin(image / 9)), jet: regionAt(image > 60 ? 3 : 50) };
    await add({ grid, rois, profile: profileAt(image % 40 > 30, image % 50 < 25 ? 1 : 2) });
  }
}

/** Whether each canvas of the stage shows more than its ground. */
const isDrawn = (page: Page): Promise<Record<string, boolean>> =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll<HTMLCanvasElement>('#stage-of-run canvas')].map((canvas, i) => {
        const pane = canvas.closest<HTMLElement>('#stage-of-run > *');
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
        return [`${pane?.dataset.name ?? pane?.id} ${i}`, data.some((value, k) => k > 3 && value !== data[k % 4])];
      }),
    ),
  );

test('no answer is cut: in the heads of its pane, and beside the frame', { tags: 'nightly' }, async () => {
  const said = 'complete=99.9%@2.2A: 3.3 % ± 0.7 at 2.28–2.20 Å; reached with 4200 crystals (3200 to 5000), now 85';
  const { page, add } = await runOf({ ...everything(() => 300), status: () => [said, said, said] });
  await feed(add, 0, 20);
  // A line that is one pixel higher than its box is not cut.
  const isCut = (selector: string): Promise<boolean> =>
    page
      .locator(selector)
      .evaluateAll((all) =>
        all.some((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 8),
      );
  await page.locator('.run-pane h2 span', { hasText: 'in 49 min' }).waitFor();
  expect(await isCut('.run-pane h2 span')).toBe(false);
  await page.keyboard.press('o');
  await page.locator('#rates', { hasText: said }).waitFor();
  expect(await isCut('#rates')).toBe(false);
});

test('beside the picture of a frame, answers are in short and many lanes leave it its room', {
  tags: 'nightly',
}, async () => {
  // As a merge that goes on joins its status and its answers.
  const said = 'CC1/2=.5@2.0A: .25 ± .03 at 2.07–2.00 Å; would be reached with 900 crystals (800 to 1100); now 300';
  const status = () => [`CC1/2 .97, 300 crystals · ${said}`, 'other'];
  const rois = ['lamp', 'jet', 'up', 'centre', 'water', 'stop'];
  const { page, add } = await runOf({ ...everything(() => 300), rois, status });
  for (let image = 0; image < 30; image++)
    await add({ rois: Object.fromEntries(rois.map((name) => [name, regionAt(3)])), profile: profileAt(false) });
  await page.locator('#side-of-run h2', { hasText: 'May we stop?' }).waitFor();
  await page.keyboard.press('o');
  await page.locator('#rates', { hasText: '300 crystals · CC1/2 .50 at 2.0 Å in 49 min (39 to 60) · other' }).waitFor();
  const tall = (selector: string) => page.locator(selector).evaluate((one) => one.clientHeight / innerHeight);
  await expect.poll(() => tall('#chart')).toBeLessThan(0.43);
  expect(await tall('#pane')).toBeGreaterThan(0.3);
});

test('all panes are there, none of them is empty, and they say the numbers of the run', async () => {
  let crystals = 300;
  const { page, faults, add } = await runOf(everything(() => crystals));
  await feed(add, 0, 120);
  const text = (selector: string) => page.locator(selector).allInnerTexts();
  await expect.poll(() => text('#side-of-run h2')).toEqual(['Now', 'May we stop?', 'Last minute', 'Alarms', 'Origin']);
  const side = (await text('#side-of-run')).join('\n');
  for (const words of [
    '▲ roi:jet.sum<4000 for 30s',
    'CC1/2 .50 at 2.0 Å in 49 min (39 to 60)',
    'not yet',
    '67 %',
    '2.50 Å',
    'ice>10% for 1min – quiet',
    'Spots and lattices: ewald.',
  ])
    expect(side).toContain(words);
  expect(side).toContain('Said 20 min ago: .31. It is .33.');
  await expect.poll(async () => Object.values(await isDrawn(page))).toEqual([true, true, true, true, true]);
  // The alarm watches the sum of the jet; of the water there is its mean.
  const lanes = async () => (await page.evaluate(() => stripState()))?.lanes?.map(({ name, of }) => `${name} ${of}`);
  await expect.poll(lanes).toEqual(['Bkg counts', 'Ice of frames', 'water mean', 'jet sum']);
  // A region is a quantity of the map.
  await page.selectOption('#chip-pane select[name="quantity"]', 'roi:water.mean');
  await expect.poll(async () => (await page.evaluate(() => chipValues()))[9]).toBeCloseTo(3 + Math.sin(1), 5);
  // What was said is kept by the server: a page that is opened later has it.
  crystals = 400;
  const state = () => page.evaluate(() => overviewState());
  const points = async () => (await state()).served?.answers[0]?.points.map((one) => one.crystals);
  await expect.poll(points, { timeout: 15_000 }).toEqual([300, 400]);
  await page.reload();
  await expect.poll(points, { timeout: 15_000 }).toEqual([300, 400]);
  // Panes whose content stays are not drawn again.
  await page.waitForTimeout(2500);
  const before = await state();
  await page.waitForTimeout(1500);
  expect((await state()).drawings - before.drawings).toBeLessThanOrEqual(1);
  // A well leads to its frame, and back.
  await page.locator('#chip-pane canvas').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('#pane').isVisible()).toBe(true);
  expect(await page.evaluate(() => viewer.frame)).toBeGreaterThanOrEqual(0);
  await page.keyboard.press('o');
  await expect.poll(() => page.locator('#side-of-run').isVisible()).toBe(true);
  expect(faults).toEqual([]);
}, 120_000);

test('panes are there only for what there is; a run without any keeps the picture', {
  tags: 'nightly',
  timeout: 120_000,
}, async () => {
  const { page, faults, add } = await runOf({ rois: ['water'] });
  for (let i = 0; i < 30; i++) await add({ rois: { water: regionAt(2) } });
  await expect.poll(() => page.locator('#side-of-run h2').allInnerTexts()).toEqual(['Now', 'Last minute']);
  // What stands in their place says how to have some.
  expect(await page.locator('#stage-of-run > *').allTextContents()).toEqual([expect.stringMatching(/^No charts: /)]);
  expect((await page.locator('#side-of-run').allTextContents()).join()).not.toContain('May we stop');
  const plain = await runOf({});
  for (let i = 0; i < 30; i++) await plain.add({});
  await expect.poll(() => plain.page.evaluate(() => viewer.frame)).toBeGreaterThan(0);
  expect(await plain.page.locator('#overview').count()).toBe(0);
  expect([...faults, ...plain.faults]).toEqual([]);
});

test('frames that nothing searches are shown; their overview says which run shows more', {
  tags: 'nightly',
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ewald-overview-'));
  const data = Float32Array.from({ length: 64 * 64 }, (_, i) => (i * 7919) % 50);
  writeFileSync(join(folder, 'a.npy'), formatNpy({ shape: [1, 64, 64], complex: false, data }));
  await convert(join(folder, 'a.npy'), join(folder, 'run 1.h5'));
  rmSync(join(folder, 'a.npy'));
  const view = await serveView([folder], { follow: true });
  views.push(view);
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
  pages.push(page);
  await page.goto(view.url);
  await page.waitForSelector('#overview');
  await page.waitForSelector('body[data-overview="false"]');
  await page.click('#overview');
  await page.waitForSelector('#empty-overview code');
  expect(await page.textContent('#empty-overview code')).toMatch(
    /^ewald index \S+ --follow -o run\.stream --radial-profile --view$/,
  );
  const side = (await page.textContent('#side-of-run')) ?? '';
  expect(side).toMatch(/In the beam\? Good\?not searched/);
  expect(side).not.toContain('hits 0 %');
  await rm(folder, { recursive: true });
});

test('positions that arrive with the frames make a map, which grows with them', async () => {
  const { page, faults, add } = await runOf({});
  // Motors that are a little off, a serpentine of 6 × 5.
  for (let i = 0; i < 30; i++) {
    const [row, along] = [Math.floor(i / 5), i % 5];
    const column = row % 2 === 0 ? along : 4 - along;
    const off = 0.003 * Math.sin(37 * i);
    await add({ grid: { image: i, x: 0.1 * column + off, y: 2 + 0.1 * row - off } });
    if (i === 14) await expect.poll(() => page.evaluate(() => chipValues().length)).toBeGreaterThanOrEqual(10);
  }
  await add({ grid: { image: 30, x: 0, y: 2 } });
  const values = () => page.evaluate(() => chipValues().map((value) => (Number.isNaN(value) ? -1 : value)));
  await expect.poll(async () => (await values()).length, { timeout: 15_000 }).toBe(30);
  expect(faults).toEqual([]);
}, 120_000);

test('500 wells at 120 frames a second keep thirty pictures a second', {
  tags: 'nightly',
  timeout: 120_000,
}, async () => {
  const { page, faults, add } = await runOf(everything(() => 300));
  await feed(add, 0, 60);
  await expect.poll(() => page.evaluate(() => document.querySelectorAll('#stage-of-run canvas').length)).toBe(5);
  await page.waitForTimeout(1000);
  const measured = page.evaluate(async () => {
    const before = chipState();
    const pictures = await new Promise<number>((resolve) => {
      let count = 0;
      const began = performance.now();
      const next = (): void => {
        count++;
        if (performance.now() - began < 3000) requestAnimationFrame(next);
        else resolve((1000 * count) / (performance.now() - began));
      };
      requestAnimationFrame(next);
    });
    const after = chipState();
    return { pictures, each: (after.ms - before.ms) / Math.max(1, after.drawings - before.drawings) };
  });
  for (let image = 60; image < 420; image += 12) {
    await feed(add, image, image + 12);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { pictures, each } = await measured;
  console.log(`${pictures.toFixed(0)} pictures a second, ${each.toFixed(2)} ms for a drawing of the map`);
  // Thirty pictures leave 33 ms for each; a busy machine skips some of them.
  expect(each).toBeLessThan(8);
  expect(faults).toEqual([]);
});

// EWALD_SHOTS=folder keeps what is seen.
test.skipIf(!process.env.EWALD_SHOTS)(
  'screenshots',
  async () => {
    const folder = process.env.EWALD_SHOTS ?? '';
    mkdirSync(folder, { recursive: true });
    const looks: Record<string, BrowserContextOptions> = {
      desktop: { viewport: { width: 1280, height: 860 } },
      phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
    };
    for (const [name, look] of Object.entries(looks))
      for (const colorScheme of ['light', 'dark'] as const) {
        let crystals = 100;
        const { page, add } = await runOf(
          everything(() => crystals),
          { ...look, colorScheme },
        );
        await page.screenshot({ path: join(folder, `overview-${name}-${colorScheme}-loading.png`) });
        await feed(add, 0, 200);
        for (crystals = 120; crystals < 320; crystals += 60) await page.waitForTimeout(1200);
        await feed(add, 200, 300);
        await page.waitForTimeout(3000);
        await page.screenshot({
          path: join(folder, `overview-${name}-${colorScheme}.png`),
          fullPage: name === 'phone',
        });
      }
  },
  240_000,
);
