/** One page in Chromium for `npm test`: the viewer opens a frame that the command offers, and indexes it. */
import { describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
browsing();

describe.skipIf(!dataFolder)('the viewer', () => {
  test('finds the peaks of a frame and indexes it with the cell that was given', { tags: 'all' }, async () => {
    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')));
    await visit.peaks();
    await visit.index();
    const lengths = await visit.page.evaluate(() => viewer.crystals.map((crystal) => [...crystal.lengths]));
    expect(lengths.length).toBeGreaterThan(0);
    for (const [a = 0, b = 0, c = 0] of lengths) {
      expect(Math.abs(a - 79.1)).toBeLessThan(0.8);
      expect(Math.abs(b - 79.1)).toBeLessThan(0.8);
      expect(Math.abs(c - 38.1)).toBeLessThan(0.4);
    }
    expect(visit.faults).toEqual([]);
  });
});
