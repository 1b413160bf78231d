// @module-tag nightly: it opens Chromium
/**
 * The pages of frames, of a run and of a scan, and the report of a run, at each width, light and dark, used by mouse,
 * fingers and keyboard.
 * `EWALD_SHOTS` names a folder for the pictures of them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FrameRecord } from 'ewald/pipeline';
import { runToFiles } from 'ewald/shell';
import { Context, comUdf, simulateMerlin, sumSigUdf } from 'ewald/udf';
import { type ServedView, serveView } from 'ewald/view';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';
import { dataFolder } from '../support/data.js';
import { blankCanvases, faultsOfLooks, rememberWords } from './looks.js';
import { browsing, filesOf, type Shown, type ShownScan, serve, Visit } from './visit.js';

declare const viewer: Shown;
declare const scan: ShownScan;
declare const liveState: () => { count: number };
declare const axe: {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
};
const rulesText = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const temporary = browsing();
const allSizes = [
  [390, 844],
  [768, 1024],
  [1440, 900],
  [2560, 1440],
  [3840, 2160],
] as const;
const ways = ['mouse', 'fingers', 'keyboard'] as const;
type Way = (typeof ways)[number];
/** How each page is used in `npm run test:all`; in every other way, too, in `npm run nightly`. */
const usualWay = {
  ...{ frames: 'fingers', run: 'keyboard', panes: 'mouse', report: 'fingers' },
  ...{ empty: 'fingers', loading: 'keyboard', refused: 'mouse', live: 'fingers' },
} as const;
const [phone, , desk, , wall] = allSizes;
/** The narrowest telephone. */
const narrow = [320, 700] as const;
/** The widths at which a page is used in each way; every one of them in `npm run soak -- rows`. */
const sizes =
  process.env.EWALD_TEST_ROWS === '0/1'
    ? { mouse: allSizes, fingers: allSizes, keyboard: allSizes }
    : { mouse: [desk, wall], fingers: [phone, narrow], keyboard: [desk] };
const patient = { timeout: 60_000 };
const views: ServedView[] = [];
/** The clock itself: a second spy on it would call the first one, which is the same. */
const realNow = performance.now.bind(performance);
afterAll(async () => {
  vi.restoreAllMocks();
  for (const view of views) await view.close();
});

/** Presses a control in one of three ways. */
async function press({ page }: Visit, way: Way, selector: string): Promise<void> {
  const control = page.locator(selector);
  if (way === 'mouse') await control.click();
  else if (way === 'fingers') await control.tap();
  else {
    await control.focus();
    await page.keyboard.press((await control.evaluate(({ localName }) => localName)) === 'canvas' ? 'Enter' : 'Space');
  }
}

/** A page, what is done on it at every size, and how it is opened. */
interface Scene {
  /** Requests that are never answered. */
  readonly held?: string;
  address(): Promise<string>;
  prepare(visit: Visit, way: Way): Promise<void>;
  use(visit: Visit, way: Way): Promise<void>;
}

const frames: Scene = {
  address: () => serve(filesOf('sim/run.h5', 'sim/run')),
  async prepare(visit, way) {
    await visit.peaks();
    await press(visit, way, '#run');
    await visit.message(/^Searched 12 frames/);
    await press(visit, way, '#list-of-frames summary');
    await press(visit, way, '#tools summary');
    await expect.poll(() => visit.page.inputValue('#beam-distance'), patient).not.toBe('');
  },
  async use(visit, way) {
    const { page } = visit;
    const before = await page.evaluate(() => viewer.frame);
    await press(visit, way, before < 11 ? '#next' : '#previous');
    await visit.peaks(before < 11 ? before + 1 : before - 1);
    const showsRings = () => page.evaluate(() => viewer.show.has('rings'));
    const were = await showsRings();
    await press(visit, way, '#overlays [name=rings]');
    expect(await showsRings()).toBe(!were);
    for (const tab of ['cells', 'powder', 'peakogram', 'frame']) {
      await press(visit, way, `[role=tab][data-tab=${tab}]`);
      expect(await page.locator('aside').getAttribute('data-tab')).toBe(tab);
      if (tab !== 'frame') expect(await faultsOfLooks(page), tab).toEqual([]);
    }
  },
};

/** A run of this many frames, 120 ms apart; hits are 60 % of the first 60 % and 15 % of the others. */
async function runOf(count: number): Promise<string> {
  let skew = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + skew);
  const view = await serveView([]);
  views.push(view);
  const at = (name: string): string => join(dataFolder ?? '', 'sim', name);
  const geometry = readFileSync(at('run.geom'), 'utf8');
  const sink = view.runSink({
    ...{ name: at('run.h5'), geometry, cells: [], peaks: { threshold: 12 }, size: [1024, 1024] },
    ...{ total: undefined, received: undefined, status: () => ['CC1/2 .934, complete 98 % to 2.1 Å'] },
  });
  const crystal = { lengths: [79, 79, 38], angles: [90, 90, 90], resolution: 0.5, peaks: [0] };
  for (let i = 0; i < count; i++) {
    skew += 120;
    const hit = (i * 7919) % 100 < (i < 0.6 * count ? 60 : 15);
    const peaks = { count: hit ? 30 : 3, fs: [], ss: [], intensity: [], snr: [], panel: [] };
    const origin = { filename: at('run.h5'), event: i % 12, serial: i + 1 };
    const crystals = hit && i % 3 > 0 ? [crystal] : [];
    await sink.add({ origin, hit, peaks, spots: new Float32Array(0), crystals, chunk: '' } as unknown as FrameRecord);
    if (i === 0.7 * count)
      view.happened?.({ kind: 'warning', text: 'the folder /data/run7 has disappeared; the run looks for it' });
  }
  view.happened?.({ kind: 'resumed', after: 12, again: 0 });
  return view.url;
}

const run: Scene = {
  address: () => runOf(12_000),
  async prepare({ page }) {
    await expect.poll(() => page.evaluate(() => liveState().count), patient).toBe(12_000);
    await page.waitForFunction(() => viewer.opened !== undefined, undefined, patient);
    await page.fill('#strip-alarm', '25');
    await page.press('#strip-alarm', 'Enter');
  },
  async use(visit, way) {
    const { page } = visit;
    // A click shows the first frame of the column in the middle; by keyboard, the frames before the newest one.
    if (way === 'keyboard') {
      // Arrows in the field of the alarm move in its text.
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      await page.keyboard.press('ArrowLeft');
    } else await press(visit, way, '#chart');
    await page.waitForFunction(() => viewer.frame < 11_999, undefined, patient);
    await press(visit, way, '#follow');
    await page.waitForFunction(() => viewer.frame === 11_999, undefined, patient);
  },
};

const panes: Scene = {
  async address() {
    const [rows, columns, n, radius, step] = [20, 16, 48, 10, 2];
    const how = { kind: 'amorphous', rows, columns, n, radius, dose: 40, rotation: 30, seed: 5, step } as const;
    const file = temporary('looks.raw');
    writeFileSync(file, Uint16Array.from(simulatedScan(how).frames));
    return serve([file, '--dtype', 'u16', '--sig-shape', `${n},${n}`, '--nav-shape', `${rows},${columns}`]);
  },
  async prepare({ page }) {
    const idle = () => scan.idle && scan.image !== undefined;
    await page.waitForFunction(idle, undefined, patient);
    for (const [name, value] of Object.entries({ voltage: 200, semiconv: 20, dpix: 0.02 })) {
      await page.fill(`.optics [name="${name}"]`, String(value));
      await page.press(`.optics [name="${name}"]`, 'Tab');
      await page.waitForFunction(idle, undefined, patient);
    }
    for (const name of ['field', 'icom']) {
      await page.selectOption('#add-pane', name);
      await page.waitForFunction(idle, undefined, patient);
    }
    // The name of the scale and the unit stand over the same bar.
    for (const scale of await page.locator('.image-pane select[name="scale"]:visible').all())
      await scale.selectOption('log');
  },
  async use(visit, way) {
    const { page } = visit;
    await press(visit, way, '#dark-field');
    await page.waitForFunction(() => scan.idle && scan.shape.kind === 'ring', undefined, patient);
    await press(visit, way, '#bright-field');
    await page.waitForFunction(() => scan.idle && scan.shape.kind === 'disk', undefined, patient);
  },
};

const report: Scene = {
  async address() {
    const file = temporary('looks.html');
    const words = [...filesOf('sim/run.h5', 'sim/run'), '-o', temporary('looks.stream'), '--html', file, '-j', '1'];
    execFileSync(process.execPath, ['dist/cli.js', 'index', ...words, '--backend=wasm'], { stdio: 'pipe' });
    return pathToFileURL(file).href;
  },
  async prepare() {},
  async use({ page }, way) {
    for (const name of ['peaks', 'number']) {
      const button = page.getByLabel(name, { exact: true }).last();
      if (way === 'mouse') await button.click();
      else if (way === 'fingers') await button.tap();
      else {
        await button.focus();
        await page.keyboard.press('Space');
      }
    }
  },
};

/** The page without frames. */
const empty: Scene = {
  async address() {
    const view = await serveView([]);
    views.push(view);
    return view.url;
  },
  async prepare({ page }) {
    await expect.poll(() => page.textContent('#welcome h2'), patient).toBe('Drop frames here');
  },
  async use() {},
};

/** A file that is no frames was dropped. */
const refused: Scene = {
  address: empty.address,
  async prepare(visit) {
    await empty.prepare(visit, 'mouse');
    const file = { name: 'notes.h5', mimeType: '', buffer: Buffer.from('no frames') };
    await visit.page.setInputFiles('input[type=file]', file);
    await visit.message(/notes\.h5/);
  },
  async use() {},
};

/** A file that is still being opened, since what its server reads never comes. */
const loading: Scene = {
  address: frames.address,
  held: '**/files/**',
  async prepare(visit) {
    await visit.message(/^Opening run\.h5…/);
  },
  async use() {},
};

/** A live scan that stalls after half of its frames. */
const live: Scene = {
  async address() {
    const [navShape, sigShape] = [
      [8, 10],
      [16, 12],
    ] as const;
    const values = Uint16Array.from({ length: 80 * 192 }, (_, i) => (i * 7919) % 4093);
    const file = temporary('live.raw');
    writeFileSync(file, values);
    const open = { format: 'raw', dtype: 'u16', sigShape, navShape } as const;
    const detector = await simulateMerlin(file, { port: 0, open, faults: [{ at: 50, kind: 'stall' }] });
    const view = await serveView([]);
    const context = new Context({ context: { backend: 'wasm' } });
    const { host, port, dataPort } = detector;
    const scanned = await (await context.connect(`merlin://${host}:${port}`, { dataPort })).next();
    if (!scanned) throw new Error('no acquisition');
    const running = runToFiles(context, scanned, { udfs: [sumSigUdf(), comUdf()], view });
    views.push({
      ...view,
      close: async () => {
        scanned.live.stop();
        await running;
        await context.close();
        await detector.close();
        await view.close();
      },
    });
    return view.url;
  },
  async prepare({ page }) {
    await expect.poll(() => page.textContent('#rates'), patient).toMatch(/50 received/);
  },
  async use() {},
};

/** Appearances do not depend on what is pressed: together, the three ways see both at every width. */
const appearances = { mouse: ['light', 'dark'], fingers: ['light', 'dark'], keyboard: ['light'] } as const;
const scenes = { frames, run, panes, report, empty, loading, refused, live };

/** What is wrong with the looks of a page, and what axe finds in it. */
async function found(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ['violations'] }));
  const broken = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
  return [...(await faultsOfLooks(page)), ...(await blankCanvases(page)), ...broken];
}

/** Uses a page at every width, and looks at it in light and dark; returns what is wrong by width and appearance. */
async function lookedAt(name: keyof typeof scenes, way: Way): Promise<Record<string, string[]>> {
  const { address, held, prepare, use }: Scene = scenes[name];
  const options = way === 'fingers' ? { hasTouch: true, isMobile: true } : {};
  const visit = await Visit.open('about:blank', { width: 1440, height: 900 }, options);
  const { page } = visit;
  await page.addInitScript(rememberWords);
  if (held) await page.context().route(held, () => undefined);
  await page.goto(await address());
  await prepare(visit, way);
  // The content security policy of the server refuses other scripts; this one is not part of the page.
  await page.evaluate(rulesText);
  const all: Record<string, string[]> = {};
  for (const [width, height] of sizes[way]) {
    await page.setViewportSize({ width, height });
    await visit.drawn();
    await use(visit, way);
    for (const colorScheme of appearances[way]) {
      await page.emulateMedia({ colorScheme });
      await visit.drawn();
      const path = join(process.env.EWALD_SHOTS ?? '', `${name}-${way}-${width}-${colorScheme}.png`);
      if (process.env.EWALD_SHOTS) await page.screenshot({ path, fullPage: width < 800 });
      const wrong = await found(page);
      if (wrong.length > 0) all[`${width} ${colorScheme}`] = wrong;
    }
  }
  if (visit.faults.length > 0) all.console = visit.faults;
  return all;
}

describe.skipIf(!dataFolder)('nothing is cut, small, or over other words, and axe finds nothing', () => {
  for (const name of Object.keys(scenes) as (keyof typeof scenes)[])
    for (const way of ways)
      test(`${name}, by ${way}`, { timeout: 180_000, tags: way === usualWay[name] ? 'all' : 'nightly' }, async () =>
        expect(await lookedAt(name, way)).toEqual({}),
      );
});
