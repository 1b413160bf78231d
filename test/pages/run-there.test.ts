// @module-tag all: Chromium, and runs that the page starts.
/** Runs that the viewer starts on the machine of its server, as a person does it. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { shellWords } from '../../src/options/shell-words.js';
import { ewald } from '../support/cli.js';
import { faultsOfLooks } from './looks.js';
import { browsing, type Shown, type ShownScan, serve, Visit } from './visit.js';

declare const viewer: Shown & { setParameters(some: object): Promise<void> };
declare const scan: ShownScan & {
  readonly calibration?: { readonly json: string };
  compute(what: object): Promise<void>;
};
const temporary = browsing();

let folders = 0;
/** An empty folder for outputs. */
function outputs(): string {
  const out = temporary(`out${folders++}`);
  mkdirSync(out);
  return out;
}

/** Opens the dialog, and waits for its command. */
async function openDialog(page: Page): Promise<void> {
  await page.locator('.run-there:visible').click();
  await page.locator('#runs > pre').filter({ hasText: 'ewald' }).waitFor();
}
const commandIn = (page: Page): Promise<string> =>
  page
    .locator('#runs > pre')
    .textContent()
    .then((text) => text ?? '');
/** Presses Start, and waits until a run of this name has ended well. */
async function runTo(page: Page, name: string): Promise<void> {
  await page.locator('#runs').getByRole('button', { name: 'Start' }).click();
  const ended = page.locator('#runs li:not([data-state=running])', { hasText: name });
  await ended.waitFor();
  expect(await ended.getAttribute('data-state'), (await ended.textContent()) ?? '').toBe('finished');
}
/** Runs the command that was shown once more, and compares its file. */
async function expectPasted(command: string, file: string): Promise<void> {
  const found = readFileSync(file);
  for (const one of [file, file.replace(/\.\w+$/, '.html')]) rmSync(one);
  const pasted = await ewald(shellWords(command).slice(1));
  expect(pasted.code, pasted.err).toBe(0);
  expect(readFileSync(file).equals(found)).toBe(true);
}
/** Looks for words and controls that are cut, small, or over each other; `EWALD_SHOTS` names a folder for pictures. */
async function look(page: Page, name: string): Promise<void> {
  if (process.env.EWALD_SHOTS) await page.screenshot({ path: join(process.env.EWALD_SHOTS, `${name}.png`) });
  expect(await faultsOfLooks(page)).toEqual([]);
}

async function simulated(images: number): Promise<string[]> {
  const folder = temporary(`seen${images}`);
  if (!existsSync(folder))
    expect((await ewald(['simulate', 'frames', '-o', folder, '--images', String(images)])).code).toBe(0);
  return [`${folder}/run.h5`, '-g', `${folder}/run.geom`, '-p', `${folder}/run.cell`];
}

describe('frames', () => {
  test('the settings of the page become a run, which is watched, survives the page and links its report', async () => {
    const out = outputs();
    const url = await serve([...(await simulated(40)), '--output-dir', out]);
    const visit = await Visit.open(url, { width: 1200, height: 800 });
    const { page } = visit;
    await page.waitForFunction(() => 'viewer' in globalThis && viewer.peaks !== undefined);
    await openDialog(page);
    expect(await commandIn(page)).toMatch(/^ewald index \/\S+\/run\.h5 -g \S+ -p \S+ -o \S+\/run\.stream --html \S+$/);
    await page.keyboard.press('Escape');
    await page.evaluate(() => viewer.setParameters({ threshold: 12 }));
    await page.locator('#cell').fill('79.11 79.11 38.1 90 90 90');
    await page.locator('#cell').blur();
    await page.waitForFunction(() => Math.abs((viewer.opened?.cell?.[0] ?? 0) - 79.11) < 1e-6);
    await openDialog(page);
    const name = page.locator('#runs [aria-label="Name of the files"]');
    await name.fill('mine');
    await page.locator('#runs > pre').filter({ hasText: 'mine.stream' }).waitFor();
    const command = await commandIn(page);
    expect(command).toMatch(
      / --threshold 12 --min-snr [\d.]+ --local-bg-radius \d --cell 79\.11,79\.11,38\.1,90,90,90 -o /,
    );
    expect(command).not.toMatch(/ -p /);
    await look(page, 'run-there-desk');
    await runTo(page, 'mine');
    expect(await page.locator('#runs li pre').textContent()).toMatch(/40 of 40 frames indexed/);
    await look(page, 'run-there-desk-done');
    const [report] = await Promise.all([
      page.context().waitForEvent('page'),
      page.locator('#runs').getByRole('link', { name: 'Report' }).click(),
    ]);
    await report.getByText('40').first().waitFor();
    // A report reaches nothing of the server.
    expect(await report.evaluate(() => origin)).toBe('null');
    expect(
      await report.evaluate(() =>
        fetch('list').then(
          () => 'answered',
          () => 'refused',
        ),
      ),
    ).toBe('refused');
    await report.close();
    // The name is taken.
    await name.fill('mine');
    await page.locator('#runs .wrong').filter({ hasText: 'there already' }).waitFor();
    expect(await page.locator('#runs').getByRole('button', { name: 'Start' }).isDisabled()).toBe(true);
    await page.reload();
    await page.waitForFunction(() => 'viewer' in globalThis && viewer.peaks !== undefined);
    await openDialog(page);
    await page.locator('#runs li[data-state=finished]', { hasText: 'mine' }).waitFor();
    expect(visit.faults).toEqual([]);
    await expectPasted(command, `${out}/mine.stream`);
  });

  test('a run is stopped and resumed from the page, on a telephone as well', async () => {
    const out = outputs();
    const [file = '', ...others] = await simulated(40);
    const many = Array.from({ length: 24 }, (_, i) => temporary(`seen40/many${i}.h5`));
    for (const one of many) writeFileSync(one, readFileSync(file));
    const url = await serve([...many, ...others, '--output-dir', out]);
    const visit = await Visit.open(url, { width: 390, height: 800 });
    const { page } = visit;
    await page.waitForFunction(() => 'viewer' in globalThis && viewer.peaks !== undefined);
    await openDialog(page);
    await look(page, 'run-there-phone');
    const start = page.locator('#runs').getByRole('button', { name: 'Start' });
    await start.click();
    // A frame has been searched.
    await page.locator('#runs li', { hasText: /running · [1-9]\d* %/ }).waitFor();
    await page.locator('#runs').getByRole('button', { name: 'Stop' }).click();
    await page.locator('#runs li[data-state=stopped]').waitFor();
    await page.locator('#runs').getByRole('button', { name: 'Resume' }).click();
    await page.locator('#runs li[data-state=finished]').waitFor();
    await look(page, 'run-there-phone-done');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(existsSync(`${out}/many0.stream`)).toBe(true);
    expect(visit.faults).toEqual([]);
  });
});

test('the list of a folder says how the runs of its entries stand', async () => {
  const [folder, out] = [temporary('many'), outputs()];
  mkdirSync(folder, { recursive: true });
  const data = Float32Array.from({ length: 4 * 5 * 64 }, (_, i) => i % 64);
  for (const name of ['a', 'b'])
    writeFileSync(join(folder, `${name}.npy`), formatNpy({ shape: [4, 5, 8, 8], data, complex: false }));
  const visit = await Visit.open(await serve([folder, '--output-dir', out]), { width: 900, height: 600 });
  const { page } = visit;
  await page.getByRole('link', { name: 'b.npy', exact: true }).click();
  await page.waitForFunction(() => 'scan' in globalThis && scan.idle && scan.image !== undefined);
  await openDialog(page);
  await runTo(page, 'b');
  await page.goBack();
  await page.locator('li', { hasText: 'b.npy' }).getByText('runs here: b: finished').waitFor();
  await page.locator('li', { hasText: 'a.npy' }).locator('img').waitFor();
  await look(page, 'run-there-gallery');
  expect(await page.locator('.runs').count()).toBe(1);
  expect(visit.faults).toEqual([]);
});

test('the results of a scan are run with the detector of the page; without a folder there is no button', async () => {
  const [file, out] = [temporary('scan.npy'), outputs()];
  const data = Float32Array.from({ length: 6 * 5 * 256 }, (_, i) => (i * 7919) % 97);
  writeFileSync(file, formatNpy({ shape: [6, 5, 16, 16], data, complex: false }));
  const visit = await Visit.open(await serve([file, '--output-dir', out]), { width: 1000, height: 700 });
  const { page } = visit;
  const ready = (of: Page) => of.waitForFunction(() => 'scan' in globalThis && scan.idle && scan.image !== undefined);
  await ready(page);
  await page.evaluate(() => scan.change({ cx: 8.5, cy: 7.5, outer: 3 }));
  await openDialog(page);
  const command = await commandIn(page);
  expect(command).toMatch(
    /^ewald run disk \S+scan\.npy --cx 8 --cy 7 --radius 3 --channel intensity -o \S+scan\.npy --html/,
  );
  await look(page, 'run-there-scan');
  await runTo(page, 'scan');
  expect(await page.locator('#runs a').allTextContents()).toEqual(['scan.npy', 'scan.npy.json', 'Report', 'scan.log']);
  await expectPasted(command, `${out}/scan.npy`);
  // What takes the calibration of the page takes it along.
  await page.keyboard.press('Escape');
  await page.evaluate(() => scan.compute({ quantity: 'polar' }));
  await ready(page);
  await openDialog(page);
  await page.locator('#runs > pre').filter({ hasText: 'run polar' }).waitFor();
  const own = await page.locator('#runs input').first().inputValue();
  expect(shellWords(await commandIn(page)).join(' ')).toContain(`--calibration ${out}/${own}.cal.json -o`);
  await page.locator('#runs').getByRole('button', { name: 'Start' }).click();
  const links = page
    .locator('#runs li', { hasText: own })
    .locator('a')
    .filter({ hasText: `${own}.cal.json` });
  await links.waitFor();
  const text = await page.evaluate(() => scan.calibration?.json);
  expect(readFileSync(`${out}/${own}.cal.json`, 'utf8')).toBe(text);
  expect(visit.faults).toEqual([]);
  const other = await Visit.open(await serve([file]), { width: 1000, height: 700 });
  await ready(other.page);
  expect(await other.page.locator('.run-there:visible').count()).toBe(0);
});
