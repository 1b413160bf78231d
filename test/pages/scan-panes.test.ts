// @module-tag all: it opens Chromium
/** The panes of a scan in the page of the viewer: what they show and save, and the command that gives the same. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { readNpy } from 'ewald';
import { describe, expect, test } from 'vitest';
import type { StoredPage } from '../../src/stem/output/results-page.js';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { browsing, type Shown, type ShownScan, serve, Visit } from './visit.js';

/** A pane of the scan, as the page provides it for the console. */
interface ShownPane {
  readonly quantity: string;
  readonly image?: Float64Array;
  readonly unit: readonly [unit: string, factor: number];
  readonly locked: boolean;
  readonly pane: { readonly picture: { readonly limits: readonly number[] } };
  show(image: { readonly image: Float64Array }): void;
}
declare const viewer: Shown;
declare const scan: ShownScan & {
  readonly images: readonly ShownPane[];
  readonly calibration?: { readonly centre?: readonly number[] };
  readonly region?: unknown;
};

const temporary = browsing();
const [rows, columns, n, radius, step] = [20, 16, 48, 10, 2];
const [voltage, semiconv] = [200, 20];
/** Step in nm: the wavelength at 200 kV is 2.50793 pm. */
const dpix = (step * (radius / n) * 0.00250793) / (semiconv * 1e-3);
const made = simulatedScan({ kind: 'amorphous', rows, columns, n, radius, dose: 40, rotation: 30, seed: 5, step });
const frames = Uint16Array.from(made.frames);
const shape = ['--dtype', 'u16', '--sig-shape', `${n},${n}`, '--nav-shape', `${rows},${columns}`];

function rawFile(): string {
  const file = temporary('panes.raw');
  writeFileSync(file, frames);
  return file;
}

const isIdle = (visit: Visit): Promise<unknown> =>
  visit.page.waitForFunction(() => scan.idle && scan.image !== undefined, undefined, { timeout: 120_000 });

/** Clicks something that saves a file, and returns where it is. */
async function saved(visit: Visit, selector: string): Promise<string> {
  const waiting = visit.page.waitForEvent('download');
  await visit.page.locator(selector).click();
  const file = await waiting;
  const path = temporary(file.suggestedFilename());
  await file.saveAs(path);
  return path;
}

const add = async (visit: Visit, name: string): Promise<void> => {
  await visit.page.locator('#add-pane').selectOption(name);
  await isIdle(visit);
};
const pane = (k: number): string => `.image-pane >> nth=${k}`;
const readings = (visit: Visit): Promise<string[]> => visit.page.locator('.pane-reading').allTextContents();
/** What is read under the pointer in a pane, which a busy machine takes a while to write. */
const reading = (visit: Visit, k: number) =>
  expect.poll(() => readings(visit).then((all) => all[k]), { timeout: 20_000 });

describe('the panes of a scan', () => {
  test('each result has its pane, and the command below it gives the numbers that it saves in its own unit', async () => {
    const visit = await Visit.open(await serve([rawFile(), ...shape]));
    await isIdle(visit);
    await visit.page.locator('#add-pane').selectOption('phase');
    expect(await visit.message(/voltage/)).toContain('below "Calibration"');
    for (const [name, value] of Object.entries({ voltage, semiconv, dpix })) {
      await visit.page.locator(`.optics [name="${name}"]`).fill(String(value));
      await visit.page.locator(`.optics [name="${name}"]`).press('Tab');
      await isIdle(visit);
    }
    await visit.page.locator('#bright-field').click();
    await isIdle(visit);
    for (const name of ['icom', 'magnitude', 'field']) await add(visit, name);
    expect(await visit.page.evaluate(() => scan.images.map(({ quantity }) => quantity))).toEqual([
      ...['sum', 'phase', 'icom', 'magnitude', 'field'],
    ]);
    const calibration = await saved(visit, '#save-calibration');
    expect(calibration).toMatch(/panes\.raw\.cal\.json$/);
    await visit.page.mouse.move(0, 0);
    const files: string[] = [];
    for (const [k, command] of (await readings(visit)).entries()) {
      const [said = '', remark] = command.split(' # ');
      const [program, ...words] = said.split(' ');
      expect(program).toBe('ewald');
      const file = await saved(visit, `${pane(k)} >> [name="npy"]`);
      files.push(file);
      const at = `of-command-${k}.npy`;
      const { code, err } = await ewald([...words.slice(0, -1), at], { cwd: dirname(file) });
      expect(code, err).toBe(0);
      const [shown, computed] = [file, join(dirname(file), at)].map((path) => readNpy(readFileSync(path)));
      const [unit, factor] = await visit.page.evaluate((i) => scan.images[i]?.unit ?? ['', 1], k);
      expect(file).toContain(`(${unit})`);
      expect(remark).toBe(factor === 1 ? undefined : `times ${Number(factor.toPrecision(6))} for ${unit}`);
      // A field has the two components of its vectors.
      expect(shown?.shape).toEqual(/--channel field/.test(command) ? [rows, columns, 2] : [rows, columns]);
      const most = Math.max(...(computed?.data ?? []).map(Math.abs));
      for (const [i, value] of (computed?.data ?? []).entries())
        expect(Math.abs((shown?.data[i] ?? Number.NaN) / factor - value)).toBeLessThan(1e-6 * most);
    }
    // The page that is saved has the same numbers, and the pattern.
    const html = readFileSync(await saved(visit, '#save-page'), 'utf8');
    const { results, command } = JSON.parse(/id="stored">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '') as StoredPage;
    expect(results.map(({ name }) => name).at(-1)).toBe('pattern');
    expect(command?.split('\n')).toHaveLength(files.length);
    for (const [k, path] of files.entries()) {
      const bytes = inflateSync(Buffer.from(results[k]?.numbers ?? '', 'base64'));
      expect(bytes.equals(readFileSync(path).subarray(-bytes.length)), path).toBe(true);
    }
    // A detector that is moved as far as it goes has a command as well.
    const last = await visit.page.evaluate(async () => {
      await scan.move(1000, -1000);
      return (viewer.opened?.width ?? 0) - 1;
    });
    await isIdle(visit);
    expect(await readings(visit)).toEqual(expect.arrayContaining([expect.stringContaining(`--cx ${last} --cy 0 `)]));
    // What is saved of a transform is the transform.
    await visit.page.locator('#fourier').check();
    await isIdle(visit);
    expect(await saved(visit, `${pane(0)} >> [name="npy"]`)).toMatch(/sum transform\.npy$/);
    expect(visit.faults).toEqual([]);
  }, 240_000);

  test('what is wrong with shifts stands below them, and Calibrate takes the disk that it finds', {
    tags: 'nightly',
    timeout: 120_000,
  }, async () => {
    const visit = await Visit.open(await serve([rawFile(), ...shape]));
    await isIdle(visit);
    await add(visit, 'icom');
    const notes = visit.page.locator('.pane-notes >> nth=1');
    // The first detector is a tenth of the frame about its middle pixel.
    await expect.poll(() => notes.textContent(), { timeout: 20_000 }).toMatch(/of the direct beam is outside/);
    expect(await readings(visit)).toEqual([expect.stringContaining('--cx 24 --cy 24'), expect.any(String)]);
    await visit.page.locator('#calibrate').click();
    await expect.poll(() => notes.isHidden(), { timeout: 60_000 }).toBe(true);
    const { outer } = await visit.page.evaluate(() => (scan as unknown as { shape: { outer: number } }).shape);
    expect(outer).toBeGreaterThan(radius);
    expect(outer).toBeLessThan(radius + 5);
    expect(visit.faults).toEqual([]);
  });

  test('what is clicked while a scan is calibrated is done when it is', {
    tags: 'nightly',
    timeout: 120_000,
  }, async () => {
    const visit = await Visit.open(await serve([rawFile(), ...shape]));
    await isIdle(visit);
    // All of it before the calibration can have begun.
    await visit.page.evaluate(() => {
      document.querySelector<HTMLElement>('#calibrate')?.click();
      document.querySelector<HTMLElement>('#dark-field')?.click();
      const add = document.querySelector('#add-pane') as HTMLSelectElement;
      add.value = 'magnitude';
      add.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await expect.poll(() => visit.page.evaluate(() => scan.shape.kind), { timeout: 60_000 }).toBe('ring');
    await isIdle(visit);
    expect(await visit.page.evaluate(() => scan.images.map(({ quantity }) => quantity))).toEqual(['sum', 'magnitude']);
    expect(await visit.page.evaluate(() => scan.calibration?.centre)).toBeDefined();
    expect(await visit.page.evaluate(() => scan.shape.kind)).toBe('ring');
    expect(visit.faults).toEqual([]);
  });

  test('a Zarr array, which is a folder, is drawn', { tags: 'nightly', timeout: 120_000 }, async () => {
    const array = temporary('x.zarr');
    mkdirSync(array);
    const about = { zarr_format: 2, shape: [3, 4, 16, 16], chunks: [3, 4, 16, 16], dtype: '<u2', order: 'C' };
    writeFileSync(join(array, '.zarray'), JSON.stringify({ ...about, compressor: null, fill_value: 0, filters: null }));
    writeFileSync(
      join(array, '0.0.0.0'),
      Uint16Array.from({ length: 3072 }, (_, i) => i >> 8),
    );
    const visit = await Visit.open(await serve([array]));
    await isIdle(visit);
    const image = await visit.page.evaluate(() => [...(scan.images[0]?.image ?? [])]);
    expect(image).toHaveLength(12);
    // Within a disk, each pixel of a position counts its number.
    expect(image[0]).toBe(0);
    for (const [i, value] of image.entries()) expect(value).toBeCloseTo(i * (image[1] as number), 3);
    expect(image[1]).toBeGreaterThan(0);
    expect(visit.faults).toEqual([]);
  });

  test('Bragg vectors and polar transforms are drawn in their own planes, with their axes', {
    tags: 'nightly',
    timeout: 240_000,
  }, async () => {
    const visit = await Visit.open(await serve([rawFile(), ...shape]));
    await isIdle(visit);
    for (const name of ['bragg', 'polar']) await add(visit, name);
    const calibration = await saved(visit, '#save-calibration');
    const { disk, centre } = JSON.parse(readFileSync(calibration, 'utf8'));
    expect(disk.radius).toBeCloseTo(radius, 0);
    const box = await visit.page.locator(`${pane(1)} >> .overlay`).boundingBox();
    if (!box) throw new Error('the pane has no size');
    // The direct beam is in the middle of the map. A picture leaves the bar at its right free.
    await visit.page.mouse.move(box.x + (box.width - 78) / 2, box.y + box.height / 2);
    await reading(visit, 1).toMatch(/^qy \S+ pixels {2}qx \S+ pixels {3}[\d ]+/);
    const [, at = ''] = await readings(visit);
    for (const [, value = ''] of at.replaceAll('−', '-').matchAll(/q[yx] (\S+)/g))
      expect(Math.abs(Number(value))).toBeLessThan(3);
    const polar = await visit.page.locator(`${pane(2)} >> .overlay`).boundingBox();
    if (!polar) throw new Error('the pane has no size');
    await visit.page.mouse.move(polar.x + (polar.width - 78) / 2, polar.y + polar.height / 2);
    await reading(visit, 2).toMatch(/^azimuth 1[78]\d° {2}radius 1[123] pixels {3}\S+ counts$/);
    // The cross of the scan stays where it is.
    await visit.page.mouse.down();
    await visit.page.mouse.up();
    expect(await visit.page.evaluate(() => scan.region)).toBeUndefined();
    await visit.page.mouse.move(0, 0);
    await reading(visit, 2).toMatch(/^ewald run polar/);
    for (const [k, command] of (await readings(visit)).entries()) {
      if (k === 0) continue;
      const file = await saved(visit, `${pane(k)} >> [name="npy"]`);
      const words = command.split(' ').slice(1, -1);
      const { code, err } = await ewald([...words, `plane-${k}.npy`], { cwd: dirname(file) });
      expect(code, err).toBe(0);
      const [shown, computed] = [file, join(dirname(file), `plane-${k}.npy`)].map((path) =>
        readNpy(readFileSync(path)),
      );
      expect(shown?.data.length).toBe(computed?.data.length);
      const largest = Math.max(...[...(computed?.data ?? [])].filter((value) => !Number.isNaN(value)));
      for (const [i, value] of (computed?.data ?? []).entries())
        if (Number.isNaN(value)) expect(shown?.data[i]).toBeNaN();
        // Partitions are merged in another order.
        else expect(Math.abs((shown?.data[i] as number) - value)).toBeLessThan(1e-12 * largest);
      expect(shown?.shape).toEqual(k === 1 ? [n, n] : [180, n / 2]);
    }
    // Another result in the same pane has the plane of the scan again.
    await visit.page.locator(`${pane(1)} >> [name="quantity"]`).selectOption('sum');
    await isIdle(visit);
    await visit.page.mouse.move(box.x + (box.width - 78) / 2, box.y + box.height / 2);
    await reading(visit, 1).toMatch(/^row (9|10) {2}column [78] /);
    expect(centre.cx).toBeGreaterThan(20);
    expect(visit.faults).toEqual([]);
  });

  test('limits and colours are those of one pane, numbers of the bar and the pointer are in its unit', {
    tags: 'nightly',
    timeout: 120_000,
  }, async () => {
    const visit = await Visit.open(await serve([rawFile(), ...shape]));
    await isIdle(visit);
    await add(visit, 'curl');
    await visit.page.locator(`${pane(0)} >> [name="high"]`).fill('70000');
    await visit.page.locator(`${pane(0)} >> [name="high"]`).press('Tab');
    await visit.page.locator(`${pane(0)} >> [name="colours"]`).selectOption('cividis');
    const limits = await visit.page.evaluate(() =>
      scan.images.map(({ locked, pane: { picture } }) => [locked, ...picture.limits] as const),
    );
    expect(limits[0]?.slice(0, 3)).toEqual([true, expect.any(Number), 70000]);
    expect(limits[1]?.[0]).toBe(false);
    // Numbers about zero have it in the middle.
    expect(limits[1]?.[1]).toBe(-(limits[1]?.[2] as number));
    const colours = (): Promise<string> => visit.page.locator(`${pane(1)} >> [name="colours"]`).inputValue();
    await expect.poll(colours, { timeout: 20_000 }).toBe('blue-red');
    const box = await visit.page.locator(`${pane(0)} >> .overlay`).boundingBox();
    if (!box) throw new Error('the pane has no size');
    await visit.page.mouse.move(box.x + 0.45 * box.width, box.y + box.height / 2);
    await reading(visit, 0).toMatch(/^row \d+ {2}column \d+ {3}.* counts$/);
    const [text = ''] = await readings(visit);
    const [row = 0, column = 0] = [...text.matchAll(/\d+/g)].map(Number);
    const value = await visit.page.evaluate(([at = 0]) => scan.image?.[at], [row * columns + column]);
    expect(text.replaceAll('\u202f', '')).toContain(` ${value} counts`);
    const png = readFileSync(await saved(visit, `${pane(0)} >> [name="png"]`));
    const view = new DataView(png.buffer, png.byteOffset);
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([Math.round(box.width), Math.round(box.height) + 26]);
    await visit.page.locator(`${pane(1)} >> [name="close"]`).click();
    expect(await visit.page.locator('.image-pane').count()).toBe(1);
    expect(visit.faults).toEqual([]);
  });

  test('a result that cannot be computed leaves no image of another one, and nothing to save', async () => {
    const visit = await Visit.open(await serve([rawFile(), ...shape]));
    await isIdle(visit);
    const choose = (name: string) => visit.page.locator(`${pane(0)} >> [name="quantity"]`).selectOption(name);
    await choose('icom');
    await isIdle(visit);
    await choose('phase');
    await expect.poll(() => visit.page.locator('#message').textContent()).toMatch(/voltage/);
    await visit.page.waitForFunction(() => scan.idle);
    expect(await visit.page.evaluate(() => (scan.images[0] as ShownPane).image)).toBeUndefined();
    const downloads: string[] = [];
    visit.page.on('download', (file) => downloads.push(file.suggestedFilename()));
    await visit.page.locator(`${pane(0)} >> [name="npy"]`).click();
    await choose('icom');
    await isIdle(visit);
    expect((await visit.page.evaluate(() => (scan.images[0] as ShownPane).image?.length)) ?? 0).toBe(rows * columns);
    expect(downloads).toEqual([]);
  });

  test('the image fills in while the scan is read, and the first pattern shows its disk', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve([]));
    const file = temporary('large.raw');
    // Blocks of 4 MiB: the scan is read in several.
    const large = new Uint16Array(12 * frames.length).map((_, i) => frames[i % frames.length] as number);
    writeFileSync(file, large);
    await visit.page.evaluate(() => {
      const seen: { there: number; values: number[] }[] = [];
      const first = scan.images[0] as ShownPane;
      const { show } = first;
      first.show = (image) => {
        const values = [...image.image];
        seen.push({ there: values.filter((value) => !Number.isNaN(value)).length, values });
        show.call(first, image);
      };
      Object.assign(globalThis, { seen });
    });
    await visit.page.setInputFiles('#files', file);
    await visit.page.waitForSelector('#headerless[open]');
    await visit.page.locator('#headerless [name="navShape"]').fill(`${12 * rows}, ${columns}`);
    await visit.page.locator('#headerless [name="sigShape"]').fill(`${n}, ${n}`);
    await visit.page.locator('#headerless [name="dtype"]').selectOption('u16');
    await visit.page.locator('#headerless [value="read"]').click();
    await isIdle(visit);
    const { seen, image } = await visit.page.evaluate(() => ({
      seen: (globalThis as unknown as { seen: { there: number; values: number[] }[] }).seen,
      image: [...(scan.image ?? [])],
    }));
    expect(seen.length).toBeGreaterThan(1);
    expect(seen[0]?.there).toBeLessThan(image.length);
    for (const { values, there } of seen) expect(values.slice(0, there)).toEqual(image.slice(0, there));
    const [limits, most] = await visit.page.evaluate(() => {
      const { picture } = viewer.pane;
      return [picture.limits, Math.max(...Array.from(picture.frame?.data ?? []))] as const;
    });
    expect(limits[1]).toBeGreaterThan(0.9 * most);
    expect(visit.faults).toEqual([]);
  });

  test('on a phone they stand one below the other', { tags: 'nightly' }, async () => {
    const url = await serve([rawFile(), ...shape]);
    const visit = await Visit.open(url, { width: 390, height: 844 }, { hasTouch: true, isMobile: true });
    await isIdle(visit);
    await add(visit, 'field');
    const boxes = await visit.page.evaluate(() =>
      [...document.querySelectorAll('main > figure, main > aside')].map((part) => {
        const { left, top, width, height } = part.getBoundingClientRect();
        return [left, top, width, height] as const;
      }),
    );
    expect(boxes).toHaveLength(4);
    for (const [i, [left, top, width]] of boxes.entries()) {
      expect([left, width]).toEqual([0, 390]);
      const before = boxes[i - 1];
      if (before) expect(top).toBeGreaterThanOrEqual(before[1] + before[3] - 1);
    }
  });

  test('a part of a scan, a first frame and a calibration are taken from the command', {
    tags: 'nightly',
    timeout: 120_000,
  }, async () => {
    const file = rawFile();
    const calibration = temporary('mine.cal.json');
    const made = await ewald(['calibrate', file, ...shape, '--force', '-o', calibration]);
    expect(made.code, made.err).toBe(0);
    const flags = ['--sync-offset', '3', '--roi', '2:12,4:9', '--calibration', calibration];
    const visit = await Visit.open(await serve([file, ...shape, ...flags]));
    await isIdle(visit);
    const { navigation, image, centre } = await visit.page.evaluate(() => ({
      navigation: viewer.opened?.navigation,
      image: [...(scan.image ?? [])],
      centre: scan.calibration?.centre,
    }));
    expect(navigation).toEqual([10, 5]);
    const { cy, cx } = JSON.parse(readFileSync(calibration, 'utf8')).centre;
    expect(centre).toEqual([cy, cx]);
    await visit.page.mouse.move(0, 0);
    const [command = ''] = await readings(visit);
    const at = temporary('part.npy');
    const run = await ewald([...command.split(' ').slice(1, -1), at], { cwd: dirname(file) });
    expect(run.code, run.err).toBe(0);
    const { data } = readNpy(readFileSync(at));
    const expected = image.map((_, i) => data[(2 + Math.floor(i / 5)) * columns + 4 + (i % 5)]);
    expect(image).toEqual(expected);
    for (const [wrong, words] of [
      [['--roi', '2:99,0:3'], /roi is "2:99,0:3"; the scan is 20 × 16.*0:20,0:16/],
      [['--calibration', file], /no JSON/],
    ] as const) {
      const refused = await ewald(['view', '--no-open', file, ...shape, ...wrong]);
      expect(refused.code).not.toBe(0);
      expect(refused.err).toMatch(words);
    }
  });

  test('begins with centre, radius and rotation of a calibration, as a run with it does, and the user can move them', {
    tags: 'nightly',
    timeout: 120_000,
  }, async () => {
    const file = rawFile();
    const calibration = temporary('begins.cal.json');
    const made = await ewald(['calibrate', file, ...shape, '--force', '-o', calibration]);
    expect(made.code, made.err).toBe(0);
    const visit = await Visit.open(await serve([file, ...shape, '--calibration', calibration]));
    await isIdle(visit);
    const origin = visit.page.locator('#of-calibration');
    expect(await origin.textContent()).toBe('Centre and radius from the calibration begins.cal.json.');
    await add(visit, 'icom');
    const image = await visit.page.evaluate(() => [...(scan.images[1]?.image ?? [])]);
    const words = ['run', 'icom', file, ...shape, '--calibration', calibration, '--channel', 'phase', '--force'];
    const { code, err } = await ewald([...words, '-o', temporary('begins.npy')]);
    expect(code, err).toBe(0);
    const { data } = readNpy(readFileSync(temporary('begins.npy')));
    const most = Math.max(...[...data].map(Math.abs));
    for (const [i, value] of data.entries())
      expect(Math.abs((image[i] ?? Number.NaN) - value)).toBeLessThan(1e-9 * most);
    await visit.page.keyboard.press('d');
    await isIdle(visit);
    expect(await origin.isHidden()).toBe(true);
    expect(visit.faults).toEqual([]);
  });

  test('a .mib file without its header is a scan with the shape of the field, as with the flag', {
    tags: 'nightly',
    timeout: 120_000,
  }, async () => {
    const file = temporary('alone.mib');
    copyFileSync(join(dataFolder ?? '', 'formats-em', 'mib_Single_9_Frames_CounterDepth_12_Rows_32.mib'), file);
    const visit = await Visit.open(await serve([file]));
    await visit.page.waitForFunction(() => viewer.opened !== undefined);
    await visit.page.locator('#shape').fill('3, 3');
    await visit.page.locator('#shape').press('Enter');
    await isIdle(visit);
    const flagged = await Visit.open(await serve([file, '--nav-shape', '3,3']));
    await isIdle(flagged);
    const images = await Promise.all([visit, flagged].map(({ page }) => page.evaluate(() => [...(scan.image ?? [])])));
    expect(images[0]).toHaveLength(9);
    expect(images[1]).toEqual(images[0]);
    expect(Math.max(...(images[0] ?? []))).toBeGreaterThan(0);
  });
});
