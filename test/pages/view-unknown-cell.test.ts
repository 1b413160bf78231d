// @module-tag all: it opens Chromium
/** The viewer without a cell: all frames are indexed as `ewald index` does without one, or searched for peaks alone. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { browsing, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
const temporary = browsing();
const at = (name: string): string => join(dataFolder ?? '', name);

/** The chunks of a stream, without the names of its files. */
const chunksOf = (text: string): string =>
  text.slice(text.indexOf('----- Begin chunk -----')).replace(/^Image filename: .*$/gm, '');

/** The chunks that `ewald index` writes. */
function commandChunks(words: readonly string[]): string {
  const file = temporary('command.stream');
  const done = spawnSync(process.execPath, [
    ...['dist/cli.js', 'index', ...words, '-o', file, '--backend', 'wasm', '-j', '1'],
  ]);
  expect(done.stderr.toString(), String(done.status)).not.toMatch(/^ewald:/m);
  return chunksOf(readFileSync(file, 'utf8'));
}

test.skipIf(!dataFolder)(
  'a cell may be given as numbers, as ewald index prints and takes them',
  { tags: 'nightly' },
  async () => {
    const words = [at('sim/run.h5'), '-g', at('sim/run.geom'), '-p', '79.00,79.00,38.00,90.00,90.00,90.00'];
    const visit = await Visit.open(await serve(words));
    await visit.peaks();
    const [first, ...others] = await visit.page.evaluate(() => viewer.opened?.cell ?? []);
    expect([first, ...others].map((x) => Math.round(1e6 * (x ?? 0)) / 1e6)).toEqual([79, 79, 38, 90, 90, 90]);
    await visit.index();
    expect(await visit.page.evaluate(() => viewer.crystals.length)).toBe(1);
    expect(visit.faults).toEqual([]);
  },
);

describe.skipIf(!dataFolder)('without a cell', () => {
  const allFrames = async (workers: number): Promise<void> => {
    const words = [at('sim/run.h5'), '-g', at('sim/run.geom')];
    const visit = await Visit.open(await serve(words));
    const { page } = visit;
    await visit.peaks();
    await page.keyboard.press('x');
    await visit.message(/drop a \.cell file, or let "Index all" determine it/);
    await page.evaluate((n) => {
      viewer.workers = n;
    }, workers);
    await page.locator('#run').click();
    await visit.message(
      /^Searched 12 frames in .* s; cell 79\.0\d, 79\.0\d, 38\.0\d, 90\.00.* \(tP\) from 12 of the first 12 frames$/,
    );
    expect(chunksOf(await page.evaluate(async () => viewer.stream?.text() ?? ''))).toBe(commandChunks(words));
    // The determined cell also indexes single frames.
    await visit.index();
    expect(await page.evaluate(() => viewer.crystals.length)).toBe(1);
    expect(visit.faults).toEqual([]);
  };
  const title = 'all frames are indexed with the cell that the command determines; workers:';
  test(`${title} 3`, { tags: 'nightly' }, () => allFrames(3));
  test(`${title} 1`, { tags: 'nightly' }, () => allFrames(1));

  test('frames that no cell explains are searched for peaks alone; their report can be saved', {
    tags: 'nightly',
  }, async () => {
    // A level background with a few bright pixels: peaks, but too few for a cell.
    const [frames, side] = [5, 1024];
    const data = Float32Array.from({ length: frames * side * side }, (_, i) => 10 + ((i * 7919) % 5));
    for (let frame = 0; frame < frames; frame++)
      for (let spot = 0; spot < 6; spot++)
        for (let pixel = 0; pixel < 6; pixel++)
          data[frame * side * side + (300 + 70 * spot + (pixel >> 1)) * side + 200 + 90 * spot + (pixel & 1)] = 2000;
    const file = temporary('few.npy');
    writeFileSync(file, formatNpy({ data, shape: [frames, side, side], complex: false }));
    const words = [file, '-g', at('sim/run.geom')];
    const visit = await Visit.open(await serve(words));
    const { page } = visit;
    await visit.peaks();
    expect(await page.locator('#save-report').isDisabled()).toBe(true);
    await page.keyboard.press('Shift+X');
    await visit.message(
      /^Searched 5 frames in .* s; no cell explains the first 5 frames, .*only peaks are searched for$/,
    );
    const summaries = await page.evaluate(() => viewer.summaries.map((one) => [one?.peaks, one?.crystals]));
    expect(summaries).toEqual(new Array(frames).fill([6, 0]));
    expect(chunksOf(await page.evaluate(async () => viewer.stream?.text() ?? ''))).toBe(commandChunks(words));
    await page.locator('#list-of-frames summary').click();
    const download = page.waitForEvent('download');
    await page.locator('#save-report').click();
    expect((await download).suggestedFilename()).toBe('few.html');
    expect(visit.faults).toEqual([]);
  });

  test('without a geometry, what needs one is disabled or states the reason', async () => {
    const visit = await Visit.open(await serve([]));
    const { page } = visit;
    const data = new Float32Array(2 * 64 * 64).fill(3);
    const file = temporary('plain.npy');
    writeFileSync(file, formatNpy({ data, shape: [2, 64, 64], complex: false }));
    await page.setInputFiles('#files', file);
    await page.waitForFunction(() => viewer.opened !== undefined);
    for (const id of ['run', 'tune', 'stage', 'save-stream', 'save-csv', 'save-report'])
      await expect.poll(() => page.locator(`#${id}`).isDisabled(), { message: id }).toBe(true);
    for (const key of ['x', 'Shift+X']) {
      await page.evaluate(() => {
        (document.querySelector('#message') as HTMLElement).textContent = '';
      });
      await page.keyboard.press(key);
      await visit.message(/^No detector: (?!http).*; open it together with its \.geom$/);
    }
    expect(visit.faults).toEqual([]);
  });
});

test.skipIf(!dataFolder)(
  'the results of a stream stay when all frames are asked to be searched',
  { tags: 'nightly' },
  async () => {
    const stream = temporary('run.stream');
    const words = [at('sim/run.h5'), '-g', at('sim/run.geom'), '-p', at('sim/run.cell'), '-o', stream];
    expect(spawnSync(process.execPath, ['dist/cli.js', 'index', ...words, '-j', '1']).status).toBe(0);
    const visit = await Visit.open(await serve([stream]));
    await visit.peaks();
    await visit.page.keyboard.press('Shift+X');
    await visit.message(/^These frames have their results/);
    const listed = await visit.page.evaluate(() => viewer.summaries.filter(Boolean).length);
    expect(listed).toBe(12);
    expect(visit.faults).toEqual([]);
  },
);
