/** The parts of a scan's page that need no browser: bars, commands, sums that grow, parts of a scan. */
import { Context, sumSigUdf } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';
import { drawColourBar, drawScaleBar, roundBelow, ticksOf, written } from '../../src/pages/view/bars.js';
import { colourMaps } from '../../src/pages/view/colour-maps.js';
import { commandOf, openingFlags } from '../../src/pages/view/commands.js';
import { pickedFrames } from '../../src/pages/view/picked-frames.js';
import { scanOperations } from '../../src/pages/view/scan-operations.js';
import { isLive, quantities, quantityNames } from '../../src/pages/view/scan-quantities.js';
import { scales, shareOf } from '../../src/pages/view/shaders.js';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());
const sigShape = [4, 5];
const framesOf = (count: number): Uint16Array => Uint16Array.from({ length: 20 * count }, (_, i) => (i * 7919) % 1009);

describe('bars', () => {
  test('numbers of a linear bar are round and lie within its limits', () => {
    expect(ticksOf([4500, 31000], 'linear', 0.2)).toEqual([10000, 20000, 30000]);
    expect(ticksOf([-0.0164, 0.0164], 'linear', 0.2).map((tick) => Number(tick.toPrecision(6)))).toEqual([
      -0.01, 0, 0.01,
    ]);
    expect(ticksOf([3, 3], 'linear', 0.1)).toEqual([]);
    expect(ticksOf([0, Number.POSITIVE_INFINITY], 'linear', 0.1)).toEqual([]);
  });

  test.each([
    ['px', '1 px'],
    ['pixels', '1 pixels'],
    ['positions', '1 positions'],
    ['nm', '0.1 nm'],
  ])('a scale bar counts whole pixels and positions: %s', (unit, text) => {
    const texts: string[] = [];
    const pen = {
      canvas: { width: 400, height: 300 },
      measureText: () => ({ width: 20 }),
      fillRect: () => undefined,
      fillText: (one: string) => texts.push(one),
    };
    drawScaleBar(pen as never, 0.0015, unit, 1);
    expect(texts).toEqual([text]);
  });

  test.each(scales)('numbers of a bar rise, are apart and within the limits: %s', (scale) => {
    for (const limits of [
      [0, 6000],
      [0.47, 60.6],
      [-3, 5],
      [1e-9, 2e-9],
      [-20, -4],
      [100, 101],
    ] as const) {
      const shares = ticksOf(limits, scale, 0.1).map((tick) => shareOf(tick, limits, scale));
      for (const [i, share] of shares.entries()) {
        expect(share).toBeGreaterThanOrEqual(-1e-6);
        expect(share).toBeLessThanOrEqual(1 + 1e-6);
        expect(share - (shares[i - 1] ?? -1)).toBeGreaterThan(0.099);
      }
      expect([shareOf(limits[0], limits, scale), shareOf(limits[1], limits, scale)]).toEqual([0, 1]);
    }
  });

  test.each([1, 1.25, 2])('its colours are those of the map on whole pixels: %s screen pixels a CSS pixel', (dpr) => {
    const drawn: (readonly [string, number[]])[] = [];
    const pen = {
      fillStyle: '',
      fillRect: (...box: number[]) => drawn.push([pen.fillStyle, box]),
      fillText: () => undefined,
    };
    const colours = colourMaps.inferno;
    const bar = { colours, limits: [0, 1], scale: 'linear', title: '', ink: 'ink' } as const;
    drawColourBar(pen as never, { width: 541, height: 401 }, bar, dpr);
    const rows = drawn.filter(([style, [, , , height]]) => style.startsWith('rgb') && height === 1);
    expect(rows.length).toBeGreaterThan(150);
    for (const [, box] of rows) expect(box.every(Number.isInteger)).toBe(true);
    const at = (entry: number): string => `rgb(${[0, 1, 2].map((k) => colours[3 * entry + k]).join(',')})`;
    expect([rows[0]?.[0], rows.at(-1)?.[0]]).toEqual([at(255), at(0)]);
  });

  test('lengths are 1, 2 or 5 times a power of ten, and numbers have a true minus', () => {
    expect([0.9, 1, 4.9, 5, 37, 0.0042].map(roundBelow).map((value) => Number(value.toPrecision(6)))).toEqual([
      0.5, 1, 2, 5, 20, 0.002,
    ]);
    expect([-0.5, 0, 12000, 1500, 2.5e-7, 3e8].map(written)).toEqual([
      ...['−0.5', '0', '12\u202f000', '1500', '2.5e−7', '3e8'],
    ]);
  });

  test('the map for numbers about zero is as light on both sides, and lightest in the middle', () => {
    const light = (i: number): number =>
      [0, 1, 2].reduce((sum, k) => sum + (colourMaps['blue-red'][3 * i + k] ?? 0), 0);
    for (let i = 1; i < 128; i++) {
      expect(light(i)).toBeGreaterThanOrEqual(light(i - 1));
      expect(light(255 - i)).toBeGreaterThanOrEqual(light(256 - i));
    }
    expect(Math.abs(light(0) - light(255))).toBeLessThan(60);
  });
});

describe('the command of a pane', () => {
  const about = { file: 'a b.raw', opening: openingFlags({ navShape: [3, 4], dtype: 'u16' }), calibration: 'c.json' };
  const shape = { kind: 'disk', cx: 10.5, cy: 8, outer: 3, inner: 1 } as const;

  test('counts from the centre of the first pixel, and quotes the name of the file', () => {
    expect(commandOf({ ...about, quantity: 'sum', shape })).toBe(
      "ewald run disk 'a b.raw' --nav-shape 3,4 --dtype u16 --cx 10 --cy 7.5 -r 3 --channel intensity -o sum.npy",
    );
    expect(commandOf({ ...about, quantity: 'sum', shape: { ...shape, kind: 'point' } })).toContain(' -x 10 -y 8 ');
    const turned = { ...about, quantity: 'icom', shape, scanRotation: 30, flipY: true } as const;
    expect(commandOf(turned)).toContain('--scan-rotation 30 --flip-y --channel phase');
    expect(commandOf({ ...about, quantity: 'exx', shape })).toContain('strain');
  });

  test('is absent where no command computes the image', () => {
    for (const quantity of quantityNames.filter(isLive))
      expect(commandOf({ ...about, quantity, shape: { ...shape, kind: 'square' } })).toBeUndefined();
    expect(commandOf({ ...about, quantity: 'curl', shape: { ...shape, kind: 'point' } })).toBeUndefined();
  });

  test('units follow from what is known', () => {
    const known = { stepNm: 0.5, milliradians: 2, wavelengthNm: 0.002 };
    expect(quantities.magnitude.unit({})).toEqual(['px', 1]);
    expect(quantities.magnitude.unit(known)).toEqual(['mrad', 2]);
    expect(quantities.curl.unit(known)).toEqual(['mrad / nm', 4]);
    // A deflection of 1 mrad over 1 nm is 2π · 0.001 · 1 nm / λ.
    expect(quantities.icom.unit(known)[1] / (2 * 0.5)).toBeCloseTo((2 * Math.PI * 0.001) / 0.002, 10);
    expect(quantities.icom.unit({ ...known, stepNm: undefined })).toEqual(['px · positions', 1]);
  });
});

describe('parts of a scan', () => {
  test('the image of a scan that is being read has the sums of the frames that are there', async () => {
    const { dataset } = ctx.fromMemory(framesOf(6), { navShape: [2, 3], sigShape });
    const operations = scanOperations({ current: { dataset, closing: new AbortController() } } as never);
    const shape = { kind: 'point', cx: 2.5, cy: 1.5, outer: 0, inner: 0 } as const;
    const images: number[][] = [];
    await operations.loadScan({ maxBytes: 2 ** 30, shape }, ({ image }) => void images.push([...image.image]));
    const wanted = [0, 1, 2, 3, 4, 5].map((k) => framesOf(6)[20 * k + 7]);
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) {
      const read = image.findLastIndex((value) => !Number.isNaN(value)) + 1;
      expect(image).toEqual([...wanted.slice(0, read), ...new Array(6 - read).fill(Number.NaN)]);
    }
    expect(images.at(-1)).toEqual(wanted);
  });

  test.each([0, 3, -2, 9])('frames begin where the scan does, as in a run: offset %i', async (syncOffset) => {
    const navShape = [4, 3];
    const run = ctx.fromMemory(framesOf(12), { navShape, sigShape, syncOffset });
    const { intensity } = await ctx.runUdf(run, sumSigUdf());
    const { dataset } = ctx.fromMemory(framesOf(12), { navShape: [12], sigShape });
    const roi = '1:4,1:3';
    for (const [picked, expected] of [
      [pickedFrames(dataset, { navShape, syncOffset }), [...intensity.data]],
      [
        pickedFrames(dataset, { navShape, syncOffset, roi }),
        [4, 5, 7, 8, 10, 11].map((at) => intensity.data[at] as number),
      ],
    ] as const) {
      expect(picked.frames).toBe(expected.length);
      for (const [first, count] of [
        [0, picked.frames],
        [1, picked.frames - 2],
      ] as const) {
        const read = (await picked.read(first, count)) as Uint16Array;
        const sums = Array.from({ length: count }, (_, k) =>
          read.subarray(20 * k, 20 * (k + 1)).reduce((a, b) => a + b, 0),
        );
        expect(sums).toEqual(expected.slice(first, first + count));
      }
    }
    expect(pickedFrames(dataset, { navShape, syncOffset, roi }).shape.nav).toEqual([3, 2]);
  });

  test('a length that is left open follows from all frames of the file, as in a run', () => {
    const { dataset } = ctx.fromMemory(framesOf(12), { navShape: [12], sigShape });
    for (const syncOffset of [0, 2, -2]) {
      for (const navShape of [
        [-1, 3],
        [3, -1, -1],
      ])
        expect(pickedFrames(dataset, { navShape, syncOffset }).shape.nav).toEqual(
          ctx.fromMemory(framesOf(12), { navShape, sigShape, syncOffset }).shape.nav,
        );
    }
    expect(() => pickedFrames(dataset, { navShape: [-1, 5], syncOffset: 2 })).toThrow(/12 frames.*5/);
  });

  test('a part outside the scan, and an offset beyond the file, are refused', () => {
    const { dataset } = ctx.fromMemory(framesOf(12), { navShape: [4, 3], sigShape });
    for (const roi of ['0:5,0:3', '2:2,0:1', '0:1', '', 'x,1'])
      expect(() => pickedFrames(dataset, { roi })).toThrow(/4 × 3.*0:4,0:3/);
    expect(() => pickedFrames(dataset, { syncOffset: 12, navShape: [4, 3] })).toThrow(/12 frames/);
  });
});
