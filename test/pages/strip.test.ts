// @module-tag all: it opens Chromium
/** The chart of a run in the page: shares over time, in light and dark; a page that slept catches up. */
import { readFileSync } from 'node:fs';
import { setTimeout as rest } from 'node:timers/promises';
import { cellFromParameters } from 'ewald';
import type { FrameRecord, FrameSink, RunEvent } from 'ewald/pipeline';
import { simulateFrames } from 'ewald/shell';
import { type ServedView, serveView } from 'ewald/view';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { browsing, Visit } from './visit.js';

const at = browsing();
declare const viewer: { frame: number; opened?: { frames: number } };
declare const liveState: () => { count: number; following: boolean };
declare const stripState: () => { tookMs: number; hitsNow: number; marks: string[]; lagS?: number };

let frames = '';
let geometry = '';
beforeAll(async () => {
  const cell = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
  const made = await simulateFrames(at('sim'), { images: 4, symmetry: '4/mmm', cell, detectorPx: [256, 256] });
  frames = made.frames;
  geometry = readFileSync(made.geometry, 'utf8');
}, 60_000);

const views: ServedView[] = [];
/** Time that the server believes to have passed, ms. */
let skew = 0;
const real = performance.now.bind(performance);
afterEach(() => {
  vi.restoreAllMocks();
  skew = 0;
});
afterAll(async () => {
  for (const view of views) await view.close();
});

/** A run of this many frames, 120 ms apart; hits are 60 % of the first 60 % and 15 % of the others. */
async function runOf(count: number, status?: () => string[]): Promise<{ view: ServedView; sink: FrameSink }> {
  vi.spyOn(performance, 'now').mockImplementation(() => real() + skew);
  const view = await serveView([]);
  views.push(view);
  const sink = view.runSink({
    ...{ name: frames, geometry, cells: [], peaks: { threshold: 12 }, size: [256, 256] },
    ...{ total: undefined, received: undefined, status },
  });
  await add(sink, 0, count, count);
  return { view, sink };
}

async function add(sink: FrameSink, from: number, to: number, all: number): Promise<void> {
  const crystal = { lengths: [79, 79, 38], angles: [90, 90, 90], resolution: 0.5, peaks: [0] };
  for (let i = from; i < to; i++) {
    skew += 120;
    const hit = (i * 7919) % 100 < (i < 0.6 * all ? 60 : 15);
    const peaks = { count: hit ? 30 : 3, fs: [], ss: [], intensity: [], snr: [], panel: [] };
    const origin = { filename: frames, event: i % 4, serial: i + 1 };
    const crystals = hit && i % 3 > 0 ? [crystal] : [];
    await sink.add({ origin, hit, peaks, spots: new Float32Array(0), crystals, chunk: '' } as unknown as FrameRecord);
  }
}

describe('a run of 24 minutes', () => {
  test.for(['light', 'dark'] as const)(
    'its fall of hits is in the words, in the number and in the chart: %s',
    { timeout: 180_000 },
    async (colorScheme) => {
      const status = ['CC1/2 .912, complete 98 % to 2.1 Å'];
      const { view, sink } = await runOf(12_000, () => [...status]);
      const visit = await Visit.open(view.url, { width: 1300, height: 900 }, { colorScheme });
      const { page } = visit;
      await expect.poll(() => page.evaluate(() => liveState().count), { timeout: 60_000 }).toBe(12_000);
      await expect.poll(() => page.textContent('#rates'), { timeout: 20_000 }).toContain('hits 42 % (1 min: 15 %)');
      await expect.poll(() => page.evaluate(() => stripState().hitsNow), { timeout: 20_000 }).toBeCloseTo(0.15, 1);
      status[0] = 'CC1/2 .934, complete 98 % to 2.1 Å';
      await add(sink, 12_000, 12_010, 0);
      sink.fail?.({ origin: { filename: frames, event: 3, serial: 4 }, tag: 'Format', message: 'damaged' });
      await page.fill('#strip-alarm', '30');
      await page.press('#strip-alarm', 'Enter');
      await visit.message(/^Hits are below 30.0 % \(1\d\.\d %\)/);
      await page.waitForFunction(() => viewer.opened !== undefined, undefined, { timeout: 30_000 });
      await page.fill('#strip-alarm', '25');
      await page.press('#strip-alarm', 'Enter');
      await visit.drawn();
      await page.selectOption('#strip-window', 'tenMinutes');
      await visit.drawn();
      expect(await page.getAttribute('#chart', 'aria-label')).toMatch(
        /^The run over time: 4\d{3} frames, hits 1[4-8] %/,
      );
      await page.selectOption('#strip-window', 'whole');
      await visit.drawn();
      // The first frame of the column in the middle is shown, and the page stops following.
      const box = await page.locator('#chart').boundingBox();
      await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + 60);
      const isMiddle = () => viewer.frame > 4000 && viewer.frame < 8000;
      await page.waitForFunction(isMiddle, undefined, { timeout: 20_000 });
      const frame = await page.evaluate(() => viewer.frame);
      await expect.poll(() => page.inputValue('#frame')).toBe(String(frame));
      expect(await page.evaluate(() => liveState().following)).toBe(false);
      expect(await page.textContent('#strip-reading')).toMatch(/frames from \d+ on, hits \d+ %/);
      expect(visit.faults).toEqual([]);
    },
  );

  test('a page that is opened late shows what has happened before, and how old unfinished frames were', {
    tags: 'nightly',
  }, async () => {
    const { view, sink } = await runOf(2000);
    const summary = { arrived: 2000, lost: 0 };
    const progress = { kind: 'progress', stage: 'frames', share: 0, summary } as unknown as RunEvent;
    view.happened?.(progress);
    view.happened?.({ kind: 'warning', text: 'the folder /data/run7 has disappeared; the run looks for it' });
    view.happened?.({ kind: 'resumed', after: 12, again: 0 });
    await rest(1500);
    summary.arrived = 2040;
    skew += 60_000;
    await rest(1500);
    summary.lost = 3;
    skew += 60_000;
    await rest(1500);
    const visit = await Visit.open(view.url, { width: 1300, height: 900 });
    const { page } = visit;
    await expect
      .poll(() => page.evaluate(() => stripState().marks), { timeout: 30_000 })
      .toEqual([
        '■ the folder /data/run7 has disappeared; the run looks for it',
        '◆ resumed after frame 12',
        '■ 3 frames lost',
      ]);
    await expect.poll(() => page.evaluate(() => stripState().lagS), { timeout: 30_000 }).toBeGreaterThan(59);
    await add(sink, 2000, 2040, 0);
    await expect.poll(() => page.evaluate(() => stripState().lagS), { timeout: 30_000 }).toBe(0);
    // A page that connects again knows each of them once.
    view.happened?.({ kind: 'failed', error: new Error('full') });
    await expect.poll(() => page.evaluate(() => stripState().marks.length), { timeout: 30_000 }).toBe(4);
    if (process.env.SHOT) await page.screenshot({ path: process.env.SHOT });
    expect(visit.faults).toEqual([]);
  });

  test('a page that was asleep shows all frames when it wakes up, and the server has kept nothing for it', {
    tags: 'nightly',
    timeout: 180_000,
  }, async () => {
    const { view, sink } = await runOf(500);
    const visit = await Visit.open(view.url);
    const { page } = visit;
    await expect.poll(() => page.evaluate(() => liveState().count), { timeout: 60_000 }).toBe(500);
    const session = await page.context().newCDPSession(page);
    await session.send('Page.enable');
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    const { arrayBuffers: before } = process.memoryUsage();
    // An hour: the server forgets a page that does not read for a minute.
    await add(sink, 500, 30_500, 0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000 * 40 + 8e6);
    skew += 3_600_000;
    await add(sink, 30_500, 30_600, 0);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await expect.poll(() => page.evaluate(() => liveState().count), { timeout: 60_000 }).toBe(30_600);
    await expect.poll(() => page.getAttribute('#chart', 'aria-label')).toContain('30600 frames');
    // What is shown is the newest frame.
    await expect.poll(() => page.evaluate(() => viewer.frame), { timeout: 30_000 }).toBeGreaterThan(30_500);
  });
});
