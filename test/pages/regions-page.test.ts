// @module-tag all: it opens Chromium
/** Regions on the page of frames: written, drawn over the frame, dragged, and their counts those of a run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext } from 'ewald';
import { open } from 'ewald/data';
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
    const drag = async (...places: readonly (readonly [fs: number, ss: number])[]): Promise<void> => {
      const [from, to] = await page.evaluate(
        (pixels) =>
          pixels.map(([fs, ss]) =>
            viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(fs, ss) as [number, number]),
          ),
        places,
      );
      await page.mouse.move(x + (from?.[0] ?? 0), y + (from?.[1] ?? 0));
      await page.mouse.down();
      await page.mouse.move(x + (to?.[0] ?? 0), y + (to?.[1] ?? 0), { steps: 4 });
      await page.mouse.up();
    };
    await drag([400.5, 800.5], [430.5, 780.5]);
    await expect.poll(() => page.inputValue('#region-texts'), patient).toContain('jet=rect:230:630,680:880');
    await expect.poll(async () => (await shown())[0], patient).toBe(sums[0]?.[4]);
    // It stays within the frame.
    await drag([430.5, 780.5], [30.5, 780.5]);
    await expect.poll(() => page.inputValue('#region-texts'), patient).toContain('jet=rect:0:400,680:880');
    expect(visit.faults).toEqual([]);
  });

  test('and the line and the value under the pointer are those of the frame and the distance that are shown', async () => {
    const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
    const context = await createContext({ backend: 'wasm' });
    const geometry = readFileSync(sim('run.geom'), 'utf8').replace('clen = 0.06 m', 'clen = 0.065 m');
    const how = {
      inputs: sim('run.h5'),
      geometry,
      peaks: { threshold: 12 },
      cells: [],
      frames: '0:1',
      rois: texts.slice(2),
    };
    const sums: string[] = [];
    for await (const { result } of context.pipeline(how))
      sums.push(...Object.values(result?.rois ?? {}).map(({ sum }) => `${sum}`));
    await context.dispose();
    const dataset = await open(sim('run.h5'));
    const at = 303 * 1024 + 795;
    const values = await Promise.all([0, 1].map(async (frame) => Number((await dataset.read(frame, 1))[at])));
    await dataset.dispose();
    expect(values[0]).not.toBe(values[1]);

    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')), { width: 1300, height: 1000 });
    const { page } = visit;
    await visit.peaks();
    await page.click('#regions summary');
    await page.fill('#region-texts', texts.slice(2).join('\n'));
    const shown = (): Promise<string[]> => page.locator('#region-values td:nth-child(3)').allTextContents();
    await expect.poll(async () => (await shown()).length, patient).toBe(2);
    // A line over a good part of the frame.
    await page.click('#tools summary');
    await page.selectOption('#tool', 'line');
    const overlay = page.locator('#pane .overlay');
    const { x = 0, y = 0, width = 0, height = 0 } = (await overlay.boundingBox()) ?? {};
    await page.mouse.move(x + 0.4 * width, y + 0.4 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.7 * width, y + 0.6 * height, { steps: 3 });
    await page.mouse.up();
    const apart = async (): Promise<number> =>
      Number(/([\d.]+) Å/.exec((await page.textContent('#tool-words')) ?? '')?.[1]);
    await expect.poll(apart, patient).toBeGreaterThan(0);
    const before = await apart();
    await page.fill('#beam-distance', '65');
    await page.press('#beam-distance', 'Enter');
    await expect.poll(shown, patient).toEqual(sums);
    await expect.poll(async () => (await apart()) / before, patient).toBeCloseTo(65 / 60, 1);
    // The pointer rests while the next frame is shown.
    await page.selectOption('#tool', 'move');
    const [left = 0, top = 0] = await page.evaluate(() =>
      viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(795.5, 303.5) as [number, number]),
    );
    await page.mouse.move(x + left, y + top);
    const reading = page.locator('#reading');
    await expect
      .poll(() => reading.textContent(), patient)
      .toContain(`fs 795  ss 303   panel p0   value ${values[0]} `);
    await page.evaluate(() => viewer.go(1));
    await expect
      .poll(() => reading.textContent(), patient)
      .toContain(`fs 795  ss 303   panel p0   value ${values[1]} `);
    expect(visit.faults).toEqual([]);
  });
});
