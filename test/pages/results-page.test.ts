// @module-tag all: it opens Chromium
/** The page of a run's results in Chromium, from a disk and with the network off: its numbers are those of the run. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { formatNpy, readNpy } from 'ewald';
import { expect, test } from 'vitest';
import { browsing, Visit } from './visit.js';

const temporary = browsing();

/** A scan of 6 × 9 frames of 8 × 8 whose spot moves along the rows and gets brighter along the columns. */
function scanFile(): string {
  const data = new Float32Array(6 * 9 * 64);
  for (let y = 0; y < 6; y++)
    for (let x = 0; x < 9; x++) data[(y * 9 + x) * 64 + 8 * (1 + y) + 3] = 10 + x * x + (y === 2 ? 5 : 0);
  const file = temporary('scan.npy');
  writeFileSync(file, formatNpy({ shape: [6, 9, 8, 8], data, complex: false }));
  return file;
}

test('the page shows the numbers of the run under the pointer and along a line, and asks for nothing', async () => {
  const [scan, page, numbers] = [scanFile(), temporary('page.html'), temporary('out.npy')];
  const words = [
    'run',
    'com,sum,ring',
    scan,
    '--html',
    page,
    '-o',
    numbers,
    '--backend',
    'wasm',
    '--cx',
    '3',
    '--cy',
    '3',
  ];
  execFileSync(process.execPath, ['dist/cli.js', ...words, '--ro', '6', '--ri', '0'], { stdio: 'pipe' });
  const truth = readNpy(readFileSync(temporary('out-ring-intensity.npy')), 'ring').data as Float64Array;
  const visit = await Visit.open(pathToFileURL(page).href, undefined, { offline: true });
  const requests: string[] = [];
  visit.page.on('request', (request) => requests.push(request.url()));
  await visit.page.waitForSelector('html[data-ready]');
  await visit.page.reload();
  await visit.page.waitForSelector('html[data-ready]');
  expect(requests).toEqual([pathToFileURL(page).href]);
  expect(await visit.page.locator('pre').first().textContent()).toContain('ewald run com,sum,ring');
  const card = visit.page.locator('.result', { hasText: 'ring-intensity' });
  const picture = card.locator('.picture');
  await picture.scrollIntoViewIfNeeded();
  const box = await card.locator('canvas').first().boundingBox();
  if (!box) throw new Error('there is no picture');
  const at = (y: number, x: number): [number, number] => [
    box.x + ((x + 0.5) / 9) * box.width,
    box.y + ((y + 0.5) / 6) * box.height,
  ];
  const readout = card.locator('.readout');
  for (const [y, x] of [
    [0, 0],
    [2, 7],
    [5, 8],
  ] as const) {
    await visit.page.mouse.move(...at(y, x));
    expect(await readout.textContent()).toBe(`scan_y ${y}, scan_x ${x}: ${truth[y * 9 + x]} counts`);
  }
  // A line along a row: its curve has the row's numbers.
  await visit.page.mouse.move(...at(4, 0));
  await visit.page.mouse.down();
  await visit.page.mouse.move(...at(4, 8), { steps: 4 });
  await visit.page.mouse.up();
  const label = await card.locator('.chart').getAttribute('aria-label');
  expect(label).toBe(`curve of 9 numbers from ${truth[36]} to ${truth[44]}`);
  // The picture's colours follow its limits, and a wrong limit is refused.
  const colour = () =>
    card
      .locator('canvas')
      .first()
      .evaluate((canvas) => [...((canvas as HTMLCanvasElement).getContext('2d')?.getImageData(4, 0, 1, 1).data ?? [])]);
  const before = await colour();
  const [low, high] = [card.getByLabel('lower limit'), card.getByLabel('upper limit')];
  await high.fill('26');
  await high.press('Enter');
  expect(await colour()).not.toEqual(before);
  await low.fill('300');
  await low.press('Enter');
  expect(await low.getAttribute('aria-invalid')).toBe('true');
  // Keys move the place.
  await picture.focus();
  await picture.press('ArrowUp');
  expect(await readout.textContent()).toContain('scan_y 3, scan_x 8');
  // The numbers are saved as the run has written them.
  const [download] = await Promise.all([
    visit.page.waitForEvent('download'),
    card.getByRole('button', { name: 'Save numbers' }).click(),
  ]);
  const saved = readFileSync((await download.path()) ?? '');
  expect(saved.equals(readFileSync(temporary('out-ring-intensity.npy')))).toBe(true);
  // A narrow page is not wider than its window.
  await visit.page.setViewportSize({ width: 360, height: 700 });
  expect(await visit.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  expect(visit.faults).toEqual([]);
});
