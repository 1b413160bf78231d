// @module-tag nightly: it opens Chromium
/** A frame drawn by the processor is the one that the shaders draw; moved, it equals one that is drawn anew. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chromiumArgs } from '../../scripts/lib/chromium.mjs';
import { startChromium } from '../support/chromium.js';
import { browsing, drawnBy, npyHead, serve, Visit } from './visit.js';

const at = browsing();
const [width, rows] = [120, 50];
/** Panels of a ring, each turned by another angle. */
const angles = [0, 90, 180, 33, 147, 271.5];

function geometryText(): string {
  const panels = angles.map((degrees, i) => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const [x, y] = [-190 + 140 * (i % 3), i < 3 ? -120 : 20];
    return `p${i}/min_fs = 0
p${i}/max_fs = ${width - 1}
p${i}/min_ss = ${rows * i}
p${i}/max_ss = ${rows * (i + 1) - 1}
p${i}/corner_x = ${x}
p${i}/corner_y = ${y}
p${i}/fs = ${cos.toFixed(12)}x +${sin.toFixed(12)}y
p${i}/ss = ${(-sin).toFixed(12)}x +${cos.toFixed(12)}y
`.replaceAll('+-', '-');
  });
  return `photon_energy = 9500\nclen = 0.1\nres = 10000\nadu_per_photon = 1\n${panels.join('')}`;
}

/** What the page's console offers, as far as it is needed here. */
interface View {
  zoom: number;
  centre: readonly [number, number];
}
declare const viewer: {
  toggle(name: string, shown?: boolean): void;
  show: Set<string>;
  pane: {
    viewport: View;
    picture: {
      limits: [number, number];
      scale: string;
      isSoftware: boolean;
      draw(viewport: object, anew?: boolean): void;
      show(frame: object): void;
      frame?: { data: ArrayLike<number>; width: number; height: number };
    };
  };
};

/** The same pseudo-random frame in different types, with bad and saturated pixels. */
function frameOf(dtype: '<u2' | '<i4' | '<f4'): Uint8Array {
  const length = width * rows * angles.length;
  let state = 3;
  const values = Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const share = (state >>> 8) / 2 ** 24;
    const value = share > 0.99 ? 60_000 : 300 * share ** 4;
    return dtype === '<u2' ? Math.floor(value) : dtype === '<i4' ? Math.floor(value) - 40 : value - 40.5;
  });
  if (dtype === '<f4') for (let i = 0; i < length; i += 97) values[i] = Number.NaN;
  const kind = dtype === '<u2' ? Uint16Array : dtype === '<i4' ? Int32Array : Float32Array;
  return new Uint8Array(kind.from(values).buffer);
}

/** The pixels of a picture at some zooms, scales and centres. */
async function picturesOf(visit: Visit, views: readonly (View & { scale: string })[]): Promise<Uint8Array[]> {
  await visit.page.waitForFunction(() => viewer.pane.picture.frame !== undefined, undefined, { timeout: 60_000 });
  const texts = await visit.page.evaluate((wanted) => {
    const { viewport, picture } = viewer.pane;
    const canvas = document.querySelector('#pane .picture') as HTMLCanvasElement;
    // The panels beside a picture open after its first frame, on one page later than on the other.
    const size = { width: 680, height: 520 };
    Object.assign(canvas, size);
    const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    const { frame } = picture;
    picture.show({ ...frame, validRange: [-35, 50_000] });
    return wanted.map(({ scale, ...place }) => {
      Object.assign(picture, { limits: scale === 'asinh' ? [-20, 250] : [2, 200], scale });
      picture.draw(Object.assign(Object.create(Object.getPrototypeOf(viewport)), viewport, size, place), true);
      pen?.drawImage(canvas, 0, 0);
      const { data = [] } = pen?.getImageData(0, 0, canvas.width, canvas.height) ?? {};
      // One byte of each pixel as a letter: arrays of numbers travel slowly.
      const pixels = Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] as number);
      return new TextDecoder('latin1').decode(pixels);
    });
  }, views);
  return texts.map((text) => Buffer.from(text, 'latin1'));
}

const size = { width: 1000, height: 640 };
const zooms = [0.21, 0.25, 0.5, 0.7656, 1, 1.3, 3];
const views = zooms.flatMap((zoom, i) => [
  { zoom, centre: [0.3, 0.2] as const, scale: ['linear', 'sqrt', 'log', 'asinh'][i % 4] as string },
  { zoom, centre: [12.34, -7.1] as const, scale: 'linear' },
]);

describe('two pictures', () => {
  test.for(['<u2', '<i4', '<f4'] as const)('of %s are the same', { timeout: 120_000 }, async (dtype) => {
    writeFileSync(at('frame.npy'), Buffer.concat([npyHead([1, rows * angles.length, width], dtype), frameOf(dtype)]));
    writeFileSync(at('frame.geom'), geometryText());
    const url = await serve([at('frame.npy'), '-g', at('frame.geom')]);
    const [card, software] = [await Visit.open(drawnBy('gpu', url), size), await Visit.open(drawnBy('cpu', url), size)];
    const [wanted, found] = [await picturesOf(card, views), await picturesOf(software, views)];
    expect(await card.page.evaluate(() => document.querySelector('canvas')?.getContext('2d') === null)).toBe(true);
    expect(await software.page.evaluate(() => document.querySelector('canvas')?.getContext('2d') === null)).toBe(false);
    for (const [i, picture] of wanted.entries()) {
      const same = found[i] as Uint8Array;
      expect(same.length, `view ${i}`).toBe(picture.length);
      expect(new Set(picture).size, `view ${i}`).toBeGreaterThan(20);
      // A level of the table of colours may differ by rounding, and pixels at the edges of panels and windows.
      const others = picture.filter((value, k) => Math.abs(value - (same[k] as number)) > 2).length;
      const { zoom } = views[i] as View;
      expect(others / picture.length, `zoom ${zoom}, view ${i}`).toBeLessThan(0.002);
    }
    expect([...card.faults, ...software.faults]).toEqual([]);
  });

  test('at whole zooms, every pixel of both is the same', async () => {
    writeFileSync(at('flat.npy'), Buffer.concat([npyHead([1, rows * angles.length, width], '<u2'), frameOf('<u2')]));
    const url = await serve([at('flat.npy')]);
    const [card, software] = [await Visit.open(drawnBy('gpu', url), size), await Visit.open(drawnBy('cpu', url), size)];
    // Where the middle of a screen pixel falls on the border of frame pixels, each renderer takes another of both.
    const centre = [60 + 1 / 7, 150 + 1 / 7] as const;
    const whole = [1, 2, 8].flatMap((zoom) =>
      ['linear', 'sqrt', 'log', 'asinh'].map((scale) => ({ zoom, centre, scale })),
    );
    const [wanted, found] = [await picturesOf(card, whole), await picturesOf(software, whole)];
    for (const [i, picture] of wanted.entries()) {
      const others = picture.filter((value, k) => value !== found[i]?.[k]).length;
      expect(others, JSON.stringify(whole[i])).toBe(0);
    }
  }, 60_000);

  test('a picture that is moved step by step equals one that is drawn anew', async () => {
    writeFileSync(at('moved.npy'), Buffer.concat([npyHead([1, rows * angles.length, width], '<u2'), frameOf('<u2')]));
    writeFileSync(at('moved.geom'), geometryText());
    const visit = await Visit.open(drawnBy('cpu', await serve([at('moved.npy'), '-g', at('moved.geom')])));
    await visit.page.waitForFunction(() => viewer.pane.picture.frame !== undefined, undefined, { timeout: 60_000 });
    const faults = await visit.page.evaluate(() => {
      const { viewport, picture } = viewer.pane;
      const canvas = document.querySelector('#pane .picture') as HTMLCanvasElement;
      const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
      const pixels = () => new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      const wrong: string[] = [];
      for (const zoom of [0.2, 0.36, 0.55, 0.77, 1, 3.3]) {
        const view = Object.assign(Object.create(Object.getPrototypeOf(viewport)), viewport, { zoom, centre: [0, 0] });
        picture.draw(view);
        for (let step = 0; step < 30; step++) {
          view.pan(((step * 37) % 101) - 50, ((step * 53) % 89) - 44);
          if (step === 15) picture.limits = [picture.limits[0], picture.limits[1] * 1.1];
          picture.draw(view);
        }
        const moved = pixels();
        picture.draw({ ...view, zoom: 9 });
        picture.draw(view);
        const anew = pixels();
        const differ = moved.reduce((sum, value, i) => sum + Number(value !== anew[i]), 0);
        if (differ > 0 || new Set(anew).size < 20)
          wrong.push(`zoom ${zoom}: ${differ} pixels, ${new Set(anew).size} colours`);
      }
      return wrong;
    });
    expect(faults).toEqual([]);
    expect(visit.faults).toEqual([]);
  });

  test('a browser without WebGL shows frames and scans, and saves its pictures', async () => {
    const noGl = ['--disable-gpu', '--disable-software-rasterizer'];
    const browser = await startChromium([...chromiumArgs, ...noGl]);
    try {
      const scan = Uint16Array.from({ length: 6 * 8 * 32 * 32 }, (_, i) => 100 + ((i * 7919) % (1 + (i >> 10))));
      writeFileSync(at('scan.npy'), Buffer.concat([npyHead([6, 8, 32, 32], '<u2'), new Uint8Array(scan.buffer)]));
      const page = await browser.newPage();
      const visit = new Visit(page);
      await page.goto(await serve([at('scan.npy')]));
      await page.waitForFunction(
        () => (globalThis as unknown as { scan: { image?: object } }).scan.image !== undefined,
      );
      expect(await page.evaluate(() => document.createElement('canvas').getContext('webgl2'))).toBe(null);
      await visit.drawn();
      const colours = (selector: string) =>
        page.evaluate((name) => {
          const canvas = document.querySelector(name) as HTMLCanvasElement;
          const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
          return new Set(new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
        }, selector);
      await expect.poll(() => colours('#pane .picture')).toBeGreaterThan(20);
      await expect.poll(() => colours('#scan-pane .picture')).toBeGreaterThan(5);
      const download = page.waitForEvent('download');
      await page.click('#scan-pane [name=png]');
      expect((await download).suggestedFilename()).toBe('sum.png');
      expect(visit.faults).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
