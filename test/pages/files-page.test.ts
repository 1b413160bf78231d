// @module-tag all: it opens Chromium
/** What the page of frames shows of files that differ from the usual ones: numbers, gaps, names, addresses. */
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { createContext } from 'ewald';
import { expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, npyHead, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
const at = browsing();
const patient = { timeout: 60_000 };
const [width, height] = [10, 8];

/** Rests the pointer on a pixel, and returns the line about it. */
async function readingAt({ page }: Visit, fs: number, ss: number): Promise<string> {
  await page.waitForFunction(() => viewer.pane.picture.frame !== undefined);
  const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
  const place = await page.evaluate(
    ([i, j]) => viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(i as number, j as number) as [number, number]),
    [fs + 0.5, ss + 0.5],
  );
  await page.mouse.move(x + place[0], y + place[1]);
  return (await page.locator('#reading').textContent()) ?? '';
}

/** A file of whole numbers of 64 bits, those of each frame from another one on. */
async function wide(name: string, first: readonly bigint[]): Promise<string> {
  const values = new BigUint64Array(first.length * width * height);
  for (let i = 0; i < values.length; i++) values[i] = (first[Math.floor(i / (width * height))] ?? 0n) + BigInt(i % 80);
  const bytes = new Uint8Array(values.buffer);
  await writeFile(at(name), Buffer.concat([npyHead([first.length, height, width], '<u8'), bytes]));
  return at(name);
}

test('all digits of whole numbers of 64 bits, and the frame of an address that is pasted', async () => {
  const visit = await Visit.open(await serve([await wide('wide.npy', [2n ** 53n + 1n, 2n ** 64n - 100n])]));
  const { page } = visit;
  await expect.poll(() => readingAt(visit, 3, 2), patient).toContain(`value ${2n ** 53n + 24n}`);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => readingAt(visit, 4, 2), patient).toContain(`value ${2n ** 64n - 76n}`);
  await expect.poll(() => page.evaluate(() => location.hash), patient).toMatch(/^#f=1&/);
  const address = await page.evaluate(() => location.hash);
  await page.keyboard.press('ArrowLeft');
  // The page writes its own address a moment later.
  await expect.poll(() => page.evaluate(() => location.hash), patient).toMatch(/^#f=0&/);
  await page.evaluate((hash) => location.assign(hash), address);
  await expect.poll(() => page.evaluate(() => viewer.frame), patient).toBe(1);
  expect(visit.faults).toEqual([]);
});

test('a frame that cannot be read is passed by, after its reason has been said', async () => {
  const noise = Uint16Array.from({ length: 3 * width * height }, (_, i) => (i * 7919) % 65521);
  await writeFile(at('whole.npy'), Buffer.concat([npyHead([3, height, width], '<u2'), new Uint8Array(noise.buffer)]));
  expect(await ewald(['convert', at('whole.npy'), '-o', at('damaged.h5'), '--packing', 'gzip'])).toMatchObject({
    code: 0,
  });
  const bytes = await readFile(at('damaged.h5'));
  // Frames begin with the same two bytes of zlib; the second one is damaged behind them.
  const first = bytes.findIndex((byte, i) => byte === 0x78 && bytes.readUInt16BE(i) % 31 === 0);
  const second = bytes.indexOf(bytes.subarray(first, first + 2), first + 2);
  await writeFile(at('damaged.h5'), bytes.fill(0xff, second + 2, second + 60));
  const visit = await Visit.open(await serve([at('damaged.h5')]));
  const { page } = visit;
  await expect.poll(() => readingAt(visit, 3, 2), patient).toContain(`value ${noise[23]}`);
  await page.keyboard.press('ArrowRight');
  await visit.message(/damaged\.h5/);
  expect(await page.evaluate(() => viewer.frame)).toBe(1);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => readingAt(visit, 3, 2), patient).toContain(`value ${noise[160 + 23]}`);
});

test.skipIf(!dataFolder)('results of other frames are shown with a doubt, or refused', async () => {
  const [frames = '', , geometry = '', , cell = ''] = filesOf('sim/run.h5', 'sim/run');
  await copyFile(frames, at('run.h5'));
  const context = await createContext({ backend: 'wasm' });
  const run = context.pipeline({ inputs: at('run.h5'), geometry, cells: [cell], first: 2, output: at('run.stream') });
  for await (const { error } of run) expect(error).toBeUndefined();
  await context.dispose();
  await rename(at('run.h5'), at('renamed.h5'));
  const doubted = await Visit.open(await serve([at('run.stream'), at('renamed.h5')]));
  await doubted.message(/run\.stream is of .*run\.h5, and is shown over renamed\.h5/);
  await writeFile(at('large.npy'), Buffer.concat([npyHead([1, 1026, 1030], '<u2'), new Uint8Array(2 * 1026 * 1030)]));
  const refused = await Visit.open(await serve([at('run.stream'), at('large.npy')]));
  await refused.message(/1024 × 1024 pixels of .*run\.h5, and those of large\.npy are 1030 × 1026/);
});
