// @module-tag all: it opens Chromium
/**
 * The viewer in Chromium, served by `ewald view` and used as a person would: files, keys, sliders, drops. Its display
 * is compared with the truth of simulated frames, and its results with those of the command.
 */
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { Context, comUdf, fourierMagnitude, masks, masksUdf, sumUdf } from 'ewald/udf';
import { describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { tier, variants } from '../support/variants.js';
import {
  browsing,
  drawnBy,
  endServer,
  filesOf,
  npyHead,
  type Shape,
  type Shown,
  type ShownScan,
  serve,
  Visit,
} from './visit.js';

declare const viewer: Shown;
declare const scan: ShownScan;
/** The workers that a mortal page has started. */
declare const workers: readonly Worker[];
const temporary = browsing();

describe.skipIf(!dataFolder)('frames that the command offers', () => {
  test('a copied address shows the same picture in another browser, and a lost context is restored', {
    tags: 'nightly',
  }, async () => {
    const url = await serve(filesOf('sim/run.h5', 'sim/run'));
    const first = await Visit.open(url);
    await first.peaks();
    await first.page.keyboard.press('ArrowRight');
    await first.peaks(1);
    await first.page.keyboard.press('c');
    await first.page.keyboard.press('l');
    await first.page.fill('#high', '40');
    await first.page.keyboard.press('Enter');
    await first.page.locator('#pane .overlay').hover({ position: { x: 300, y: 300 } });
    await first.page.mouse.wheel(0, -500);
    await expect.poll(() => first.page.url()).toMatch(/f=1&at=.*lim=/);
    await expect.poll(() => first.page.evaluate(() => viewer.pane.viewport.zoom)).toBeGreaterThan(0.9);
    const settled = (): Promise<boolean> =>
      first.page.evaluate(() => location.hash.includes(`,${viewer.pane.viewport.zoom / devicePixelRatio}&`));
    await expect.poll(settled).toBe(true);
    await first.page.mouse.move(5, 5);
    await first.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    const second = await Visit.open(`${url}${new URL(first.page.url()).hash}`);
    await second.peaks(1);
    // The browser may draw the overlay with other shades at its edges later on, so the picture is compared alone,
    // and of the overlay what it covers.
    const shows = (visit: Visit, selector: string, visibility: string): Promise<void> =>
      visit.page.locator(selector).evaluate((canvas: HTMLElement, value) => {
        canvas.style.visibility = value;
      }, visibility);
    const covered = (visit: Visit): Promise<number> =>
      visit.page.locator('#pane .overlay').evaluate((overlay: HTMLCanvasElement) => {
        const canvas = new OffscreenCanvas(overlay.width, overlay.height);
        const drawn = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
        drawn.drawImage(overlay, 0, 0);
        const { data } = drawn.getImageData(0, 0, overlay.width, overlay.height);
        return data.reduce((sum, value, i) => (i % 4 === 3 ? sum + value / 255 : sum), 0);
      });
    for (const visit of [first, second]) await shows(visit, '#pane .overlay', 'hidden');
    // Both are taken anew each time: neither has settled for certain when it is taken first.
    const isSame = async (): Promise<boolean> => (await first.picture()) === (await second.picture());
    await expect.poll(isSame, { interval: 500, timeout: 60_000 }).toBe(true);
    const expected = await covered(first);
    expect(expected).toBeGreaterThan(100);
    await expect.poll(async () => Math.abs((await covered(second)) / expected - 1)).toBeLessThan(0.01);
    expect(await second.page.evaluate(() => [viewer.locked, viewer.colours, viewer.pane.picture.limits[1]])).toEqual([
      true,
      'grey',
      40,
    ]);
    const third = await Visit.open(`${drawnBy('gpu', url)}${new URL(first.page.url()).hash}`);
    await third.peaks(1);
    await shows(third, '#pane .overlay', 'hidden');
    await shows(third, '#pane .picture', 'hidden');
    const empty = await third.picture();
    await shows(third, '#pane .picture', 'visible');
    let before = empty;
    const isDrawn = async (): Promise<boolean> => {
      const last = before;
      before = await third.picture();
      return before !== empty && before === last;
    };
    await expect.poll(isDrawn, { interval: 500, timeout: 60_000 }).toBe(true);
    await third.page.evaluate(async () => {
      const gl = (document.querySelector('.picture') as HTMLCanvasElement).getContext('webgl2');
      const extension = gl?.getExtension('WEBGL_lose_context');
      extension?.loseContext();
      await new Promise((resolve) => setTimeout(resolve, 50));
      extension?.restoreContext();
    });
    await expect.poll(() => third.picture(), { timeout: 60_000 }).toBe(before);
    expect([...first.faults, ...second.faults, ...third.faults].filter((text) => !/CONTEXT_LOST/.test(text))).toEqual(
      [],
    );
  });

  test('T shows what the search saw: all peaks lie on strong pixels, and the picture follows a slider', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')));
    await visit.peaks();
    for (let press = 0; press < 5; press++) await visit.page.keyboard.press('t');
    await visit.page.waitForFunction(() => viewer.pane.picture.limits[1] === 4);
    expect(await visit.page.locator('#name').textContent()).toMatch(/Strong pixels, frame 0$/);
    const marks = () =>
      visit.page.evaluate(() => {
        const data = Array.from(viewer.pane.picture.frame?.data ?? []);
        const { fs = [], ss = [] } = viewer.peaks ?? {};
        const width = viewer.opened?.width ?? 1;
        const onPeaks = Array.from(fs, (x, i) => data[Math.floor(ss[i] as number) * width + Math.floor(x)]);
        return { onPeaks, strong: data.filter((mark) => mark === 4).length };
      });
    const { onPeaks, strong } = await marks();
    expect(onPeaks.length).toBeGreaterThan(100);
    expect(onPeaks.every((mark) => mark === 4)).toBe(true);
    await visit.page.locator('input[name=minSnr]').fill('12');
    await expect.poll(async () => (await marks()).strong).toBeLessThan(strong);
    expect(visit.faults).toEqual([]);
  });

  test('sliders change the peaks of the frame at once, and the last requested frame is shown', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')));
    await visit.peaks();
    const before = await visit.page.evaluate(() => viewer.peaks?.count ?? 0);
    await visit.page.locator('input[name=minSnr]').fill('12');
    await visit.page.waitForFunction((count) => (viewer.peaks?.count ?? count) < count, before);
    await visit.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    for (let i = 0; i < 8; i++) await visit.page.keyboard.press('ArrowRight');
    await visit.page.keyboard.press('Home');
    await visit.page.keyboard.press('End');
    await visit.peaks(11);
    expect(await visit.page.locator('#frame').inputValue()).toBe('11');
    expect(visit.faults).toEqual([]);
  });
});

describe.skipIf(!dataFolder)('by keyboard, in small windows, and for screen readers', () => {
  test('every control has a name and is reached by the Tab key', async () => {
    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')));
    const { page } = visit;
    await visit.peaks();
    const controls = await page.evaluate(() => {
      const all = [...document.querySelectorAll<HTMLElement>('button, input, select, summary, canvas[tabindex]')];
      const shown = all.filter((control) => control.checkVisibility() && !(control as HTMLButtonElement).disabled);
      return shown.map((control, i) => {
        control.dataset.order = String(i);
        const labels = [...((control as HTMLInputElement).labels ?? [])].map((label) => label.textContent);
        return [control.ariaLabel, ...labels, control.textContent, control.title].find((name) => name?.trim());
      });
    });
    expect(controls.length).toBeGreaterThan(25);
    expect(controls.filter((name) => !name)).toEqual([]);
    const reached = new Set<string | undefined>();
    for (let press = 0; press < controls.length + 5; press++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.order));
    }
    const missed = controls.filter((_, i) => !reached.has(String(i)));
    expect(missed).toEqual([]);
  });

  test('the page fits at 200 % zoom and on a telephone', { tags: 'nightly' }, async () => {
    const url = await serve(filesOf('sim/run.h5', 'sim/run'));
    for (const size of [
      { width: 650, height: 450 },
      { width: 360, height: 740 },
    ]) {
      const visit = await Visit.open(url, size);
      await visit.peaks();
      const [wide, picture] = await visit.page.evaluate(() => [
        (document.scrollingElement?.scrollWidth ?? 0) - innerWidth,
        document.querySelector('#pane')?.clientHeight ?? 0,
      ]);
      expect(wide).toBeLessThanOrEqual(0);
      expect(picture).toBeGreaterThan(150);
      // The frame is whole within its window, and the page scrolls to the controls below it.
      const ends = await visit.page.evaluate(() =>
        ['#pane', 'footer', 'aside'].map((name) => document.querySelector(name)?.getBoundingClientRect().bottom ?? 0),
      );
      const [ofPicture = 0, ofNumbers = 0, ofControls = 0] = ends;
      expect(ofPicture).toBeLessThanOrEqual(size.height);
      expect(ofNumbers).toBeGreaterThan(ofPicture);
      expect(ofControls).toBeGreaterThan(ofNumbers);
      expect(await visit.page.evaluate(() => document.scrollingElement?.scrollHeight)).toBeGreaterThan(size.height);
    }
  });
});

describe('a scan', () => {
  const [rows, columns, height, width] = [128, 128, 16, 14] as const;
  const data = Float32Array.from({ length: rows * columns * height * width }, (_, i) => (i * 7919) % 1009);

  /** A scan of 128 × 128 positions, as .npy. */
  function scanFile(): string {
    const file = temporary('scan.npy');
    if (!existsSync(file))
      writeFileSync(file, formatNpy({ data, shape: [rows, columns, height, width], complex: false }));
    return file;
  }

  /** What the library computes of the scan. */
  async function computed<T>(use: (ctx: Context, scan: ReturnType<Context['fromMemory']>) => Promise<T>): Promise<T> {
    const ctx = new Context({ context: { backend: 'wasm' } });
    try {
      return await use(ctx, ctx.fromMemory(data, { navShape: [rows, columns], sigShape: [height, width] }));
    } finally {
      await ctx.close();
    }
  }

  const digest = (numbers: ArrayLike<number>): string =>
    createHash('sha256')
      .update(new Uint8Array(Float64Array.from(numbers).buffer))
      .digest('hex');

  test('without a header has the shape that the command gives, and another by the field of the page', async () => {
    const few = Uint16Array.from({ length: 48 * height * width }, (_, i) => (i * 7919) % 1009);
    const file = temporary('scan.raw');
    writeFileSync(file, few);
    const how = ['--dtype', 'u16', '--sig-shape', `${height},${width}`];
    const { page } = await Visit.open(await serve([file, ...how, '--nav-shape', '6,8']));
    const shown = async (): Promise<unknown> =>
      page.evaluate(() => viewer.opened && [...viewer.opened.navigation, scan.image?.length]);
    await expect.poll(shown, { timeout: 60_000 }).toEqual([6, 8, 48]);
    const { shape, image } = await page.evaluate(() => ({ shape: scan.shape, image: [...(scan.image ?? [])] }));
    const inside = insideOf(shape);
    const sums = Array.from({ length: 48 }, (_, f) => {
      let sum = 0;
      for (let p = 0; p < height * width; p++)
        if (inside(p % width, Math.floor(p / width))) sum += few[f * height * width + p] as number;
      return sum;
    });
    expect(image).toEqual(sums);
    expect(await page.inputValue('#shape')).toBe('6, 8');
    expect(
      await page.locator('#shapes option').evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value)),
    ).toContain('4, 12');
    const change = async (text: string): Promise<void> => {
      await page.fill('#shape', text);
      await page.keyboard.press('Enter');
    };
    await change('12 x 4');
    await expect.poll(shown, { timeout: 60_000 }).toEqual([12, 4, 48]);
    // A shape that does not fit is refused in words, and the scan remains.
    await change('7, 7');
    await expect
      .poll(() => page.textContent('#message'))
      .toMatch(/^7 × 7 positions are 49, but there are 48 frames: try 6, 8/);
    expect(await page.inputValue('#shape')).toBe('12, 4');
    expect(await shown()).toEqual([12, 4, 48]);
    // So is what is no shape, until the next one that is.
    await change('qq');
    expect(await page.getAttribute('#shape', 'aria-invalid')).toBe('true');
    expect(await shown()).toEqual([12, 4, 48]);
    await change('6, 8');
    await expect.poll(shown, { timeout: 60_000 }).toEqual([6, 8, 48]);
    expect(await page.getAttribute('#shape', 'aria-invalid')).not.toBe('true');
    await change('');
    await expect.poll(() => page.locator('#scan-pane').isVisible(), { timeout: 60_000 }).toBe(false);
  });

  test.each(variants(['disk', 'ring', 'square', 'point'] as const))(
    'all numbers of its virtual image equal those of the library after each of 200 drags of a %s',
    { tags: tier },
    async (kind) => {
      const visit = await Visit.open(await serve([scanFile()]));
      const { page } = visit;
      await page.waitForFunction(() => scan.image !== undefined && viewer.stackName !== undefined);
      expect(await page.locator('#finder').isVisible()).toBe(false);
      await page.locator('#virtual-kind').selectOption(kind);
      const drags = await page.evaluate(async () => {
        const seen: { shape: typeof scan.shape; digest: string }[] = [];
        let seed = 3;
        for (let drag = 0; drag < 200; drag++) {
          seed = (seed * 1103515245 + 12345) % 2147483648;
          await scan.move((seed % 5) - 2, ((seed >> 8) % 5) - 2);
          const hash = await crypto.subtle.digest('SHA-256', new Float64Array(scan.image ?? []));
          const digest = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
          seen.push({ shape: { ...scan.shape }, digest });
        }
        return seen;
      });
      const places = new Map(drags.map(({ shape }) => [JSON.stringify(shape), shape]));
      expect(places.size).toBeGreaterThan(20);
      const shapes = [...places.values()].map((shape) => {
        const inside = insideOf(shape);
        return Uint8Array.from({ length: height * width }, (_, p) =>
          inside(p % width, Math.floor(p / width)) ? 1 : 0,
        );
      });
      const { intensity } = await computed((ctx, whole) => ctx.runUdf(whole, masksUdf({ masks: shapes })));
      const sums = intensity.data as ArrayLike<number>;
      const digests = new Map(
        [...places.keys()].map((key, m) => [
          key,
          digest(Array.from({ length: rows * columns }, (_, i) => sums[i * shapes.length + m] as number)),
        ]),
      );
      for (const { shape, digest: found } of drags)
        expect(found, JSON.stringify(shape)).toBe(digests.get(JSON.stringify(shape)));
      expect(visit.faults).toEqual([]);
    },
  );

  test('shows centres of mass, spectra and means of regions, and a copied address shows them again', {
    tags: 'nightly',
  }, async () => {
    const url = await serve([scanFile()]);
    const visit = await Visit.open(url);
    const { page } = visit;
    await page.waitForFunction(() => scan.image !== undefined && viewer.stackName !== undefined);
    // Keys move the detector, a click sets the cross, and the pattern at the cross is shown.
    const before = await page.evaluate(() => scan.shape.cx);
    await page.keyboard.press('a');
    await expect.poll(() => page.evaluate(() => scan.shape.cx)).toBe(before - 1);
    await page.keyboard.press('d');
    await page.locator('#scan-pane .overlay').click();
    await page.waitForFunction(() => viewer.stackName?.startsWith('pattern at '));
    const shown = () =>
      page.evaluate(
        () => [scan.region, Array.from(viewer.pane.picture.frame?.data ?? []), [...(scan.image ?? [])]] as const,
      );
    const [cross, pattern] = await shown();
    const first = ((cross?.y ?? 0) * columns + (cross?.x ?? 0)) * height * width;
    expect(pattern).toEqual(Array.from(data.subarray(first, first + height * width)));
    // The mean of 3 × 3 patterns.
    await page.keyboard.press('g');
    await page.waitForFunction(() => viewer.stackName?.startsWith('mean of 3 × 3 patterns'));
    const [region, mean] = await shown();
    const roi = new Uint8Array(rows * columns);
    for (let y = 0; y < 3; y++)
      roi.fill(
        1,
        ((region?.y ?? 0) + y) * columns + (region?.x ?? 0),
        ((region?.y ?? 0) + y) * columns + (region?.x ?? 0) + 3,
      );
    const { intensity } = await computed((ctx, whole) => ctx.runUdf(whole, sumUdf(), { roi }));
    expect(mean).toEqual(Array.from(intensity.data as ArrayLike<number>, (sum) => Math.fround(sum / 9)));
    // Centres of mass in the disk about half of the size, which is the middle as LiberTEM has it.
    const com = await computed((ctx, whole) => ctx.runUdf(whole, comUdf({ cx: 7, cy: 8, r: 1.4, regression: 0 })));
    for (const quantity of ['field', 'magnitude', 'divergence', 'curl'] as const) {
      await page.locator('#quantity').selectOption(quantity);
      await page.waitForFunction((name) => scan.quantity === name && scan.idle, quantity);
      const [, , image] = await shown();
      const expected = com[quantity === 'field' ? 'magnitude' : quantity].data as ArrayLike<number>;
      for (const [i, value] of image.entries()) expect(value).toBeCloseTo(expected[i] as number, 9);
    }
    for (const quantity of ['icom', 'sum']) {
      await page.keyboard.press('q');
      await page.waitForFunction((name) => scan.quantity === name && scan.idle, quantity);
    }
    await page.locator('#fourier').check();
    await page.waitForFunction(() => scan.quantity === 'sum' && scan.fourier && scan.idle);
    const [, , spectrum] = await shown();
    const sums = await computed((ctx, whole) =>
      ctx.runUdf(whole, masksUdf({ masks: [masks.circular({ width, height, cx: 7, cy: 8, r: 1.4 })] })),
    );
    // Node and Chromium differ in the last digits of cosines.
    const expected = fourierMagnitude(sums.intensity.data as ArrayLike<number>, [rows, columns]);
    const greatest = Math.max(...expected);
    for (const [i, value] of spectrum.entries())
      expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-13 * greatest);
    await expect.poll(() => page.url()).toMatch(/p=\d+,\d+,3,3&v=disk,7.5,8.5,1.4&fft=1/);
    const second = await Visit.open(`${url}${new URL(page.url()).hash}`);
    await second.page.waitForFunction(() => scan.fourier && scan.idle && scan.region !== undefined);
    const again = await second.page.evaluate(() => [scan.region, [...(scan.image ?? [])]] as const);
    expect(again).toEqual([region, spectrum]);
    expect([...visit.faults, ...second.faults]).toEqual([]);
  });

  /** The pixels inside a detector; their centres are at half-integers. */
  function insideOf({ kind, cx, cy, outer, inner }: Shape): (x: number, y: number) => boolean {
    const distance = (x: number, y: number): number => (x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2;
    if (kind === 'disk') return (x, y) => distance(x, y) <= outer ** 2;
    if (kind === 'ring') return (x, y) => distance(x, y) <= outer ** 2 && distance(x, y) > inner ** 2;
    if (kind === 'point') return (x, y) => x === Math.min(13, Math.floor(cx)) && y === Math.min(15, Math.floor(cy));
    return (x, y) => Math.abs(x + 0.5 - cx) <= outer && Math.abs(y + 0.5 - cy) <= outer;
  }
});

describe('faults are reported with a message, and the page stays usable', () => {
  test.skipIf(!dataFolder)(
    'unknown files, a geometry that does not fit, a geometry alone, a worker that dies',
    { tags: 'nightly' },
    async () => {
      const visit = await Visit.open(await serve([]));
      const { page } = visit;
      const at = (name: string): string => join(dataFolder ?? '', name);
      const noise = temporary('noise.bin');
      writeFileSync(noise, Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)));
      // Each drop has its own message, in whatever order they end.
      await page.setInputFiles('#files', noise);
      await page.setInputFiles('#files', at('sim/run.geom'));
      await visit.message(/no frames; drop the frames together/);
      await page.setInputFiles('#files', noise);
      // Plain numbers are asked about, and nothing is read if the form is closed.
      await page.waitForFunction(() => document.querySelector<HTMLDialogElement>('#headerless')?.open);
      expect(await page.textContent('#headerless-of')).toMatch(/^noise\.bin \(5000 bytes\) has no header/);
      await page.keyboard.press('Escape');
      await page.setInputFiles('#files', at('sim/run.geom'));
      await visit.message(/no frames; drop the frames together/);
      await page.setInputFiles('#files', [at('sim/run.h5'), at('real/frames/pilatus_thaumatin.geom')]);
      await visit.message(/is it the geometry of this detector/);
      await page.setInputFiles('#files', [at('sim/run.h5'), at('sim/run.geom')]);
      await visit.peaks();
      await page.keyboard.press('x');
      await visit.message(/drop a \.cell file/);
      // A cell alone is applied to the frames that are open.
      await page.setInputFiles('#files', at('sim/run.cell'));
      await page.waitForFunction(() => viewer.opened?.cell !== undefined);
      await visit.peaks();
      await visit.index();
      expect(await page.evaluate(() => viewer.crystals.length)).toBe(1);
      await page.evaluate(() => viewer.engine.end('The worker was ended by this test'));
      await page.keyboard.press('x');
      await visit.message(/No file is open/);
      await page.setInputFiles('#files', [at('sim/run.h5'), at('sim/run.geom'), at('sim/run.cell')]);
      await page.waitForFunction(() => viewer.crystals.length === 0 && viewer.peaks !== undefined);
      expect(visit.faults).toEqual([]);
    },
  );

  test('a file of 3 GB is read in pieces', async () => {
    const visit = await Visit.open(await serve([]));
    const head = Array.from(npyHead([1536, 1024, 1024], '<u2'));
    await visit.page.evaluate(async (bytes) => {
      // Blobs made of other Blobs are not copied.
      const piece = new Blob([new Uint16Array(2 ** 25).fill(7)]);
      const blob = new Blob([new Uint8Array(bytes), ...new Array<Blob>(48).fill(piece)]);
      Blob.prototype.arrayBuffer = ((original) =>
        function (this: Blob) {
          if (this.size > 2 ** 28) throw new Error('the whole file is read');
          return original.call(this);
        })(Blob.prototype.arrayBuffer);
      await viewer.open([{ name: 'large.npy', blob }]);
      await viewer.go(1535);
    }, head);
    const shown = await visit.page.evaluate(() => [viewer.frame, viewer.pane.picture.frame?.data[1024 * 1024 - 1]]);
    expect(shown).toEqual([1535, 7]);
    // If it is passed as a geometry, it is refused before it is read.
    await visit.page.evaluate(async () => {
      const blob = new Blob(new Array<Blob>(48).fill(new Blob([new Uint8Array(2 ** 26)])));
      await viewer.open([{ name: 'large.geom', blob }]);
    });
    await visit.message(/large\.geom has 3221225472 bytes; a geometry/);
    expect(visit.faults).toEqual([]);
  });

  test('a scan that does not fit in memory is binned, and the page states it', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve([]));
    const [rows, columns, side] = [6, 5, 8];
    const data = Uint16Array.from({ length: rows * columns * side * side }, (_, i) => 60_000 + (i % 101));
    const head = Array.from(npyHead([rows, columns, side, side], '<u2'));
    await visit.page.evaluate(
      async ([bytes = [], numbers = []]) => {
        scan.maxBytes = 2000;
        const blob = new Blob([new Uint8Array(bytes), Uint16Array.from(numbers)]);
        await viewer.open([{ name: 'scan.npy', blob }]);
      },
      [head, Array.from(data)],
    );
    await visit.message(/2 × 2 pixels of the detector are summed into one/);
    await visit.page.evaluate(() => scan.average({ x: 4, y: 5, w: 1, h: 1 }));
    const [pattern, size] = await visit.page.evaluate(() => {
      const { frame } = viewer.pane.picture;
      return [Array.from(frame?.data ?? []), [frame?.width, frame?.height]] as const;
    });
    const last = data.subarray(29 * side * side);
    const at = (y: number, x: number): number => last[y * side + x] as number;
    expect(size).toEqual([4, 4]);
    expect(pattern).toEqual(
      Array.from({ length: 16 }, (_, i) => {
        const [y, x] = [2 * Math.floor(i / 4), 2 * (i % 4)];
        return at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1);
      }),
    );
    expect(visit.faults).toEqual([]);
  });

  test.skipIf(!dataFolder)(
    'a server that ended, a graphics context that is lost, a worker that does not answer',
    { tags: 'nightly' },
    async () => {
      const visit = await Visit.open(drawnBy('gpu', await serve(filesOf('sim/run.h5', 'sim/run'))));
      const { page } = visit;
      await visit.peaks();
      await page.evaluate(() => {
        const gl = (document.querySelector('#pane .picture') as HTMLCanvasElement).getContext('webgl2');
        gl?.getExtension('WEBGL_lose_context')?.loseContext();
      });
      await visit.message(/graphics driver took the picture away/);
      await endServer();
      await page.evaluate(() => {
        viewer.workers = 2;
      });
      await page.keyboard.press('Shift+X');
      await visit.message(/start it again and reload this page/);
      await page.waitForFunction(() => !viewer.running);
      await page.keyboard.press('End');
      await visit.message(/start it again and reload this page/);
    },
  );

  test.skipIf(!dataFolder)('a worker that dies: its frame is shown again, and a second death is reported', async () => {
    const visit = await Visit.mortal(await serve(filesOf('sim/run.h5', 'sim/run')));
    const { page } = visit;
    await visit.peaks();
    await page.keyboard.press('End');
    await visit.peaks(11);
    await visit.killWorker();
    await visit.message(/^A worker of this page ended: out of memory\. The files have been opened again\.$/);
    await visit.peaks(11);
    await visit.index();
    expect(await page.evaluate(() => viewer.crystals.length)).toBe(1);
    await visit.killWorker();
    await visit.message(/out of memory\. Open the files again; outside of a browser, a run may use more memory\.$/);
    // One of the workers that search all frames.
    await page.setInputFiles(
      '#files',
      ['h5', 'geom', 'cell'].map((ending) => join(dataFolder ?? '', `sim/run.${ending}`)),
    );
    await visit.peaks();
    const started = await page.evaluate(() => {
      viewer.workers = 2;
      return workers.length;
    });
    await page.keyboard.press('Shift+X');
    await page.waitForFunction((n) => workers.length === n + 2, started);
    await visit.killWorker();
    await visit.message(
      /^A worker of this page ended: out of memory\. Try again; outside of a browser, a run may use more memory/,
    );
    await visit.index();
    expect(visit.faults).toEqual([]);
  });

  test('a scan whose worker dies is read into memory again', { tags: 'nightly' }, async () => {
    const visit = await Visit.mortal(await serve([]));
    const head = Array.from(npyHead([4, 4, 8, 8], '<u2'));
    await visit.page.evaluate(async (bytes) => {
      const blob = new Blob([new Uint8Array(bytes), new Uint16Array(16 * 64).fill(3)]);
      await viewer.open([{ name: 'scan.npy', blob }]);
    }, head);
    await visit.page.waitForFunction(() => scan.idle && scan.image !== undefined);
    await visit.killWorker();
    await visit.message(/The files have been opened again/);
    await visit.page.evaluate(() => scan.change({ kind: 'point', cx: 1, cy: 1 }));
    expect(await visit.page.evaluate(() => [...(scan.image ?? [])])).toEqual(new Array(16).fill(3));
    expect(visit.faults).toEqual([]);
  });

  test('a scan that fits into no memory is shown frame by frame, and the page says what else there is', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve([]));
    const head = Array.from(npyHead([4, 4, 8, 8], '<u2'));
    await visit.page.evaluate(async (bytes) => {
      scan.maxBytes = 10;
      const blob = new Blob([new Uint8Array(bytes), new Uint16Array(16 * 64).fill(3)]);
      await viewer.open([{ name: 'scan.npy', blob }]);
    }, head);
    await visit.message(/does not fit into the memory of this page.*outside of a browser, a run analyses the scan/);
    await visit.page.keyboard.press('End');
    await visit.page.waitForFunction(() => viewer.frame === 15);
    expect(await visit.page.locator('#scan-pane').isVisible()).toBe(false);
    expect(visit.faults).toEqual([]);
  });

  test('a tab with less memory than the scan takes sums more pixels', { tags: 'nightly' }, async () => {
    const visit = await Visit.open('about:blank');
    // In the worker, the first array of more than 500 numbers, which is the one for the scan, cannot be allocated.
    const poor = `if (typeof document === 'undefined') globalThis.Uint16Array = new Proxy(Uint16Array, {
      construct(Type, [size, ...more]) {
        if (!globalThis.refused && typeof size === 'number' && size > 500) {
          globalThis.refused = true;
          throw new RangeError('Array buffer allocation failed');
        }
        return new Type(size, ...more);
      },
    });\n`;
    await visit.page.context().route('**/*.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${poor}${await response.text()}` });
    });
    await visit.page.goto(await serve([]));
    const head = Array.from(npyHead([4, 4, 8, 8], '<u2'));
    await visit.page.evaluate(async (bytes) => {
      const blob = new Blob([new Uint8Array(bytes), new Uint16Array(16 * 64).fill(3)]);
      await viewer.open([{ name: 'scan.npy', blob }]);
    }, head);
    await visit.message(/pixels of the detector are summed into one/);
    await visit.page.waitForFunction(() => scan.idle && scan.image !== undefined);
    expect(visit.faults).toEqual([]);
  });

  test.skipIf(!dataFolder)('files open at once while the worker is busy with others', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')));
    await visit.peaks();
    const ended = await visit.page.evaluate(async () => {
      const running = viewer.engine.call('stack', { first: 0, count: 12, kind: 'sum' }).then(
        () => 'answered',
        (error: Error) => error.message,
      );
      // This simulates a worker that has been busy for a long time.
      const now = performance.now.bind(performance);
      performance.now = () => now() + 1e5;
      const blob = new Blob(['0 0 1']);
      await viewer.open([{ name: 'other.txt', blob }]);
      // Otherwise the page would conclude that its server has been silent for as long.
      performance.now = now;
      return running;
    });
    expect(ended).toBe('Other files were opened.');
    await visit.message(/other\.txt/);
    expect(visit.faults).toEqual([]);
  });
});
