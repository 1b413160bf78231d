// @module-tag all: Chromium.
/** A scan that the computer with the files computes, in a browser behind a slow network. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { formatNpy } from 'ewald';
import { expect, test } from 'vitest';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';
import { slowNetwork } from '../support/slow-network.mjs';
import { browsing, type Shape, type ShownScan, serve, Visit } from './visit.js';

declare const scan: ShownScan & {
  readonly images: readonly { readonly command: string }[];
  readonly progress: string;
  readonly loaded?: { readonly isResident?: boolean };
  change(shape: Partial<Shape>): Promise<void>;
};

declare const viewer: {
  readonly opened?: unknown;
  readonly pane: { readonly picture: { readonly frame?: { readonly data: ArrayLike<number> } } };
};

const temporary = browsing();
const [rows, columns, n] = [24, 20, 48];
const made = simulatedScan({
  kind: 'amorphous',
  rows,
  columns,
  n,
  radius: 10,
  dose: 400,
  rotation: 30,
  seed: 5,
  step: 2,
});

test.each([
  ['in memory', []],
  ['read for each image', ['--memory', '0']],
] as const)(
  'pictures of a scan %s there come in few bytes, and its saved numbers are those of the command',
  async (held, memory) => {
    const file = temporary('there.raw');
    writeFileSync(file, Uint16Array.from(made.frames));
    const shape = ['--dtype', 'u16', '--sig-shape', `${n},${n}`, '--nav-shape', `${rows},${columns}`];
    const network = await slowNetwork(await serve([file, ...shape, '--compute', 'there', ...memory]));
    try {
      const visit = await Visit.open(network.url);
      let fileBytes = 0;
      visit.page.on('response', (answer) => {
        if (answer.url().includes('/files/')) fileBytes += Number(answer.headers()['content-length'] ?? 0);
      });
      const isIdle = (): Promise<unknown> =>
        visit.page.waitForFunction(() => scan.idle && scan.image !== undefined, undefined, { timeout: 120_000 });
      await isIdle();
      expect(await visit.page.evaluate(() => scan.loaded?.isResident)).toBe(held === 'in memory');
      expect(await visit.page.locator('#compute option:checked').textContent()).toBe(`Computed on ${hostname()}`);
      // Each move gives up the image of the one before.
      await visit.page.evaluate(() =>
        Promise.all([20, 24, 21.25].map((cx) => scan.change({ cx, cy: 26.5, outer: 9.5 }))),
      );
      await visit.page.locator('#add-pane').selectOption('divergence');
      await isIdle();
      // The page saves the numbers themselves, whatever it shows while a detector moves.
      for (const [k, quantity] of (['sum', 'divergence'] as const).entries()) {
        const waiting = visit.page.waitForEvent('download');
        await visit.page.locator(`.image-pane >> nth=${k}`).locator('[name="npy"]').click();
        const saved = temporary(`page-${quantity}.npy`);
        await (await waiting).saveAs(saved);
        const command = await visit.page.evaluate((i) => scan.images[i]?.command ?? '', k);
        const words = command.split(' # ')[0]?.split(' ').slice(1) ?? [];
        const own = temporary(`run-${quantity}.npy`);
        words.splice(-1, 1, own);
        const given = words.map((word) => (word === 'there.raw' ? file : word));
        // It ends with 1 where the disk cuts the beam.
        const { status, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...given, '--force'], {
          encoding: 'utf8',
        });
        expect([0, 1], stderr).toContain(status);
        const [page, run] = [readFileSync(saved), readFileSync(own)].map((bytes) =>
          bytes.subarray(-8 * rows * columns),
        );
        expect(page?.equals(run as Buffer), quantity).toBe(true);
      }
      // The page looks at the head of the file, in blocks of 128 KiB, and at no frames.
      expect(fileBytes).toBeLessThanOrEqual(4 * 2 ** 17);
      expect(fileBytes).toBeLessThan(rows * columns * n * n);
      for (const [name, width, height] of [
        ['desk', 1200, 800],
        ['phone', 390, 800],
      ] as const) {
        await visit.page.setViewportSize({ width, height });
        await isIdle();
        if (process.env.EWALD_LOOKS)
          await visit.page.screenshot({ path: `${process.env.EWALD_LOOKS}/there-${name}.png` });
        expect(await visit.page.locator('#compute').isVisible()).toBe(true);
      }
      await visit.page.locator('#compute').selectOption('here');
      await visit.page.waitForFunction(() => scan.loaded?.isResident === undefined && scan.idle);
      expect(await visit.page.evaluate(() => scan.image?.length)).toBe(rows * columns);
    } finally {
      network.close();
    }
  },
);

test('a scan that the tab computes at first can be computed there, until the page gives it another shape', async () => {
  const file = temporary('choice.raw');
  writeFileSync(file, Uint16Array.from(made.frames));
  const shape = ['--dtype', 'u16', '--sig-shape', `${n},${n}`, '--nav-shape', `${rows},${columns}`];
  const { page } = await Visit.open(await serve([file, ...shape, '--compute', 'here']));
  const isIdle = (resident: boolean | undefined): Promise<unknown> =>
    page.waitForFunction((is) => scan.idle && scan.image !== undefined && scan.loaded?.isResident === is, resident);
  await isIdle(undefined);
  const chosen = page.locator('#compute option:checked');
  expect(await chosen.textContent()).toBe('Computed in this tab');
  const here = await page.evaluate(() => [...(scan.image ?? [])]);
  await page.locator('#compute').selectOption('there');
  await isIdle(true);
  expect(await page.evaluate(() => [...(scan.image ?? [])])).toEqual(here);
  await page.locator('#shape').fill(`${columns}, ${rows}`);
  await page.locator('#shape').press('Enter');
  await isIdle(undefined);
  expect(await page.locator('#compute').isVisible()).toBe(false);
});

test('a scan that is computed there is shown without the core of the tab', async () => {
  const file = temporary('far.raw');
  writeFileSync(file, Uint16Array.from(made.frames));
  const shape = ['--dtype', 'u16', '--sig-shape', `${n},${n}`, '--nav-shape', `${rows},${columns}`];
  const { page } = await Visit.open('about:blank');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(await serve([file, ...shape, '--compute', 'there', '--memory', '0']));
  await page.waitForFunction(() => 'scan' in globalThis && scan.image !== undefined);
  expect(asked.filter((path) => path.endsWith('ewald.wasm'))).toEqual([]);
});

test('sums of frames that are computed there are those of the tab, and one picture travels for all of them', async () => {
  const file = temporary('frames.npy');
  const data = Float32Array.from({ length: 40 * 64 * 64 }, (_, i) => (i * 7919) % 97);
  writeFileSync(file, formatNpy({ shape: [40, 64, 64], data, complex: false }));
  const shown: number[][] = [];
  for (const where of ['there', 'here']) {
    const { page } = await Visit.open(await serve([file, '--compute', where]));
    await page.waitForFunction(() => 'viewer' in globalThis && viewer.opened !== undefined);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.locator('#stack-kind').selectOption('mean');
    await page.locator('#stack-count').fill('39');
    await page.locator('#stacks').getByRole('button').first().click();
    await page.waitForFunction(() => document.querySelector('#pane-title')?.textContent?.startsWith('mean of'));
    shown.push(await page.evaluate(() => Array.from(viewer.pane.picture.frame?.data ?? [])));
    expect(asked.filter((path) => path.endsWith('/compute/stack'))).toHaveLength(where === 'there' ? 1 : 0);
  }
  expect(shown[0]).toHaveLength(64 * 64);
  expect(shown[0]).toEqual(shown[1]);
});

test('a scan of a folder is computed there as well', async () => {
  const folder = temporary('folder');
  mkdirSync(folder);
  const data = Float32Array.from({ length: 6 * 5 * 256 }, (_, i) => (i * 7919) % 97);
  writeFileSync(`${folder}/a scan.npy`, formatNpy({ shape: [6, 5, 16, 16], data, complex: false }));
  const { page, faults } = await Visit.open(await serve([folder, '--compute', 'there']));
  await page.getByRole('link', { name: 'a scan.npy' }).click();
  await page.waitForFunction(() => 'scan' in globalThis && scan.idle && scan.image !== undefined);
  expect(await page.locator('#compute option:checked').textContent()).toBe(`Computed on ${hostname()}`);
  await page.evaluate(() => scan.change({ kind: 'square', cx: 8, cy: 8, outer: 8 }));
  const sums = Array.from({ length: 30 }, (_, i) => data.slice(256 * i, 256 * (i + 1)).reduce((a, b) => a + b, 0));
  await expect.poll(() => page.evaluate(() => [...(scan.image ?? [])])).toEqual(sums);
  expect(faults).toEqual([]);
});
