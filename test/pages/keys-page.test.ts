// @module-tag nightly: it opens Chromium
/** Every key of the viewer, on every kind of page: a key acts where its pane is, and does nothing elsewhere. */
import { writeFileSync } from 'node:fs';
import { formatNpy } from 'ewald';
import { simulateFrames } from 'ewald/shell';
import { expect, test } from 'vitest';
import { browsing, serve, Visit } from './visit.js';

const temporary = browsing();
const keys = [
  ...'abcdefghijklmnopqrstuvwxyz0123456789+-=',
  ...['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', ' '],
].flatMap((key) => [key, `Shift+${key === ' ' ? 'Space' : key}`]);

function npy(name: string, shape: readonly number[]): string {
  const file = temporary(name);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7919) % 1009);
  writeFileSync(file, formatNpy({ shape, complex: false, data }));
  return file;
}

async function frames(): Promise<string[]> {
  const cell = [
    [12, 0, 0],
    [0, 17, 0],
    [0, 0, 21],
  ] as const;
  const simulation = { cell, images: 2, detectorPx: [64, 64], distanceMm: 20 } as const;
  const files = await simulateFrames(temporary('simulated'), simulation, { name: 'two' });
  return [files.frames, '-g', files.geometry];
}

test.each([
  ['without a file', async () => []],
  ['of one frame', async () => [npy('one.npy', [64, 48])]],
  ['of frames with a geometry', frames],
  ['of a scan', async () => [npy('scan.npy', [5, 6, 24, 24])]],
] as const)(
  'on a page %s no key fails',
  async (kind, files) => {
    const visit = await Visit.open(await serve(await files()));
    const { page } = visit;
    if (kind !== 'without a file')
      await page.waitForFunction(() => (globalThis as unknown as { viewer: { opened?: unknown } }).viewer.opened);
    await visit.drawn();
    await page.keyboard.press('?');
    await expect.poll(() => page.locator('#keys').isVisible()).toBe(true);
    const listed = (await page.locator('#keys').textContent()) ?? '';
    const has = ['overview of a run', 'virtual detector'].map((words) => listed.includes(words));
    expect(has).toEqual([false, kind === 'of a scan']);
    await page.keyboard.press('Escape');
    for (const key of keys) {
      await page.keyboard.press(key);
      await visit.drawn();
      const said = (await page.locator('#message').textContent()) ?? '';
      expect(said, key).not.toMatch(/The page has no|undefined|is not a function|Cannot read|defect/);
      expect(visit.faults, key).toEqual([]);
    }
  },
  240_000,
);
