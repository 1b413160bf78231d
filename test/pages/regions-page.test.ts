// @module-tag all: it opens Chromium
/** Regions on the page of frames: written, drawn over the frame, dragged, and their counts those of a run. */
import { join } from 'node:path';
import { createContext } from 'ewald';
import { describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
browsing();
const patient = { timeout: 60_000 };
const texts = ['jet=rect:200:600,700:900', 'stop=circle:512,300,40', 'water=ring:1:1.5', 'up=sector:1:1.4,30:60'];

describe.skipIf(!dataFolder)('regions', () => {
  test('are summed as in a run, and follow a drag; what is wrong with a text is said', async () => {
    const context = await createContext({ backend: 'wasm' });
    const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
    const given = { inputs: sim('run.h5'), geometry: sim('run.geom'), peaks: { threshold: 12 }, cells: [], first: 2 };
    const sums: string[][] = [];
    const rois = [...texts, 'moved=rect:230:630,680:880'];
    for await (const { result } of context.pipeline({ ...given, rois }))
      sums.push(Object.values(result?.rois ?? {}).map(({ sum }) => `${sum}`));
    await context.dispose();

    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')), { width: 1300, height: 1000 });
    const { page } = visit;
    await visit.peaks();
    await page.click('#regions summary');
    await page.fill('#region-texts', [...texts, 'far=ring:8:9'].join('\n'));
    const shown = (): Promise<string[]> => page.locator('#region-values td:nth-child(3)').allTextContents();
    await expect.poll(shown, patient).toEqual(sums[0]?.slice(0, 4));
    expect(await page.locator('#region-values tr').last().textContent()).toContain('lies beyond the corner');
    // Another frame has its own counts.
    await page.click('#next');
    await expect.poll(shown, patient).toEqual(sums[1]?.slice(0, 4));
    await page.click('#previous');
    await expect.poll(shown, patient).toEqual(sums[0]?.slice(0, 4));
    // A drag by thirty pixels along fs, and twenty against ss.
    const overlay = page.locator('#pane .overlay');
    const { x = 0, y = 0 } = (await overlay.boundingBox()) ?? {};
    const [from, to] = await page.evaluate(() =>
      [
        [400.5, 800.5],
        [430.5, 780.5],
      ].map(([fs, ss]) =>
        viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(fs as number, ss as number) as [number, number]),
      ),
    );
    await page.mouse.move(x + (from?.[0] ?? 0), y + (from?.[1] ?? 0));
    await page.mouse.down();
    await page.mouse.move(x + (to?.[0] ?? 0), y + (to?.[1] ?? 0), { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => page.inputValue('#region-texts'), patient).toContain('jet=rect:230:630,680:880');
    await expect.poll(async () => (await shown())[0], patient).toBe(sums[0]?.[4]);
    expect(visit.faults).toEqual([]);
  });
});
