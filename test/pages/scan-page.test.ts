// @module-tag all: it opens Chromium
/** A run over a live scan in the page of the viewer: its images grow while frames arrive. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToFiles } from 'ewald/shell';
import { Context, comUdf, simulateMerlin, sumSigUdf } from 'ewald/udf';
import { serveView } from 'ewald/view';
import { expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';

/** The scan of the page. */
type ShownScan = { readonly pane: { readonly picture: { readonly background: readonly number[] } } };
declare const liveState: () => { readonly title: string; readonly image: Float32Array; readonly images: number };

test('the image of a live scan grows in the page, another result can be chosen, and the end is stated', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ewald-scan-page-'));
  const [navShape, sigShape] = [
    [8, 10],
    [16, 12],
  ] as const;
  const frames = Uint16Array.from({ length: 80 * 192 }, (_, i) => (i * 7919) % 4093);
  const file = join(folder, 'frames.raw');
  await writeFile(file, frames);
  const detector = await simulateMerlin(file, {
    port: 0,
    open: { format: 'raw', dtype: 'u16', sigShape, navShape },
    faults: [{ at: 50, kind: 'stall' }],
  });
  const view = await serveView([]);
  const ctx = new Context({ context: { backend: 'wasm' } });
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(view.url);
    await expect.poll(() => page.textContent('#welcome h2')).toBe('Drop frames here');
    const connection = await ctx.connect(`merlin://${detector.host}:${detector.port}`, { dataPort: detector.dataPort });
    const scan = await connection.next();
    if (!scan) throw new Error('no acquisition');
    const analyses = [ctx.createIcomAnalysis(scan, { maskRadius: 5, maskRadiusInner: 1 })];
    const running = runToFiles(ctx, scan, { analyses, udfs: [sumSigUdf(), comUdf()], view });
    await expect.poll(() => page.textContent('#scan-title'), { timeout: 60_000 }).toBe('icom-phase');
    await page.selectOption('#image-of-scan', 'sumsig-intensity');
    const half = ctx.fromMemory(frames, { navShape, sigShape });
    const shifts = ctx.runUdf(half, comUdf(), {
      roi: Uint8Array.from(frames.subarray(0, 80), (_, i) => (i < 50 ? 1 : 0)),
    });
    const shown = (): Promise<[string, number[]]> =>
      page.evaluate(() => [liveState().title, [...(liveState().image ?? [])]]);
    const sums = Array.from({ length: 80 }, (_, f) =>
      f < 50 ? frames.subarray(192 * f, 192 * (f + 1)).reduce((a, b) => a + b, 0) : Number.NaN,
    );
    await expect.poll(shown, { timeout: 60_000 }).toEqual(['sumsig-intensity', sums]);
    await expect.poll(() => page.textContent('#rates')).toMatch(/^63 % · 50 received · 0 waiting/);
    // The detector stalls here, which the badge states after some seconds.
    expect(await page.textContent('#badge')).toMatch(/^live$|^last image \d+ s ago$/);
    expect(await page.textContent('#rates')).toMatch(/row 5 of 8 · \d+ frames\/s$/);
    expect(await page.isVisible('#scan-pane')).toBe(true);
    // The picture has the room of the page, on a phone as well, and no chart of hits is below it.
    for (const [width, height] of [
      [390, 800],
      [1000, 700],
    ] as const) {
      await page.setViewportSize({ width, height });
      await expect
        .poll(async () => (await page.locator('#scan-pane canvas.picture').boundingBox())?.height ?? 0)
        .toBeGreaterThan(height / 2);
      expect((await page.locator('#scan-pane canvas.picture').boundingBox())?.width).toBeGreaterThan(0.9 * width);
      expect(await page.isVisible('#chart')).toBe(false);
      expect(await page.isVisible('#strip-controls')).toBe(false);
    }
    expect(await page.isVisible('#welcome')).toBe(false);
    // In the dark, the pane is as dark as the page.
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const brightness = () =>
        page.evaluate(() => Math.max(...(globalThis as unknown as { scan: ShownScan }).scan.pane.picture.background));
      await expect.poll(async () => (await brightness()) > 0.5, { timeout: 60_000 }).toBe(colorScheme === 'light');
    }
    await page.selectOption('#image-of-scan', 'com-magnitude');
    await expect.poll(() => page.textContent('#scan-title')).toBe('com-magnitude');
    const { magnitude } = await shifts;
    const measured = Float32Array.from(magnitude.data, (value, i) => (i < 50 ? value : Number.NaN));
    await expect.poll(async () => (await shown())[1]).toEqual([...measured]);
    scan.live.stop();
    await running;
    await expect.poll(() => page.textContent('#badge')).toBe('the run was stopped');
    // What the run warns of stands under the picture.
    await expect.poll(() => page.textContent('#scan-pane .pane-notes')).toContain('the ring from 1 to 5 pixels');
    expect(await page.isVisible('#scan-pane .pane-notes')).toBe(true);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
    await ctx.close();
    await view.close();
    await detector.close();
    await rm(folder, { recursive: true });
  }
}, 120_000);
