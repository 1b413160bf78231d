// @module-tag all: it opens Chromium
/** What the page of frames shows of a file of hits: recorded numbers, pixels that were not kept, and peaks. */
import { createContext } from 'ewald';
import { open } from 'ewald/data';
import { simulateFrames } from 'ewald/shell';
import { expect, test } from 'vitest';
import { browsing, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
const at = browsing();
const patient = { timeout: 60_000 };

/** Spots of the hits of a small run, of which every third frame or so is blank; the recorded number of each. */
async function spots(): Promise<readonly number[]> {
  const folder = at('.');
  await simulateFrames(
    folder,
    {
      cell: [
        [79.1, 0, 0],
        [0, 79.1, 0],
        [0, 0, 38.1],
      ],
      images: 12,
      blank: 0.4,
      seed: 5,
      detectorPx: [400, 400],
      pixelMm: 0.19,
    },
    { name: 'run' },
  );
  const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
  await context.reduce({
    inputs: [at('run.h5')],
    geometry: at('run.geom'),
    cells: [at('run.cell')],
    keep: 'spots',
    output: at('spots.cxi'),
  });
  await context.dispose();
  const file = await open(at('spots.cxi'));
  const numbers = (await file.field?.('/entry/reduction/frame'))?.values ?? [];
  await file.dispose();
  return numbers.map(Number);
}

test('hits have the numbers with which they were recorded, and what was not kept has no count', async () => {
  const numbers = await spots();
  expect(numbers).not.toEqual(numbers.map((_, i) => i));
  const visit = await Visit.open(await serve([at('spots.cxi'), '-g', at('spots.geom')]));
  const { page } = visit;
  for (const [i, number] of numbers.slice(0, 3).entries()) {
    if (i > 0) await page.keyboard.press('ArrowRight');
    await visit.peaks(i);
    await expect.poll(() => page.locator('#name').textContent(), patient).toContain(`recorded as ${number} of run.h5`);
    expect(await page.evaluate(() => viewer.peaks?.count)).toBeGreaterThan(5);
  }
  // Corners are beyond the reflections that are predicted.
  const rest = async (fs: number, ss: number): Promise<string | null> => {
    const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
    const place = await page.evaluate(
      ([i, j]) =>
        viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(i as number, j as number) as [number, number]),
      [fs + 0.5, ss + 0.5],
    );
    await page.mouse.move(x + place[0], y + place[1]);
    return page.locator('#reading').textContent();
  };
  const data = await page.evaluate(() => Array.from(viewer.pane.picture.frame?.data as ArrayLike<number>));
  const marked = data.indexOf(65535);
  const kept = data.findIndex((value, i) => value !== 65535 && i > marked);
  await expect
    .poll(() => rest(marked % 400, Math.floor(marked / 400)), patient)
    .toContain('value 65535 (no valid count)');
  await expect
    .poll(() => rest(kept % 400, Math.floor(kept / 400)), patient)
    .toMatch(new RegExp(`value ${data[kept]}(?! \\(no)`));
  expect(visit.faults).toEqual([]);
});
