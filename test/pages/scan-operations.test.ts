/** A calibration in the page of a scan, by the operations of its worker: the numbers are those of a run with it. */
import { open } from 'ewald/data';
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { beginsAt } from '../../src/pages/view/field-shapes.js';
import { pickedFrames } from '../../src/pages/view/picked-frames.js';
import type { VirtualShape } from '../../src/pages/view/protocol.js';
import { scanOperations } from '../../src/pages/view/scan-operations.js';
import { reachOf } from '../../src/stem/calibrate/calibration.js';
import * as spoilt from '../stem/bad-pixel-scan.js';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';

const [rows, columns, n, radius] = [20, 16, 48, 10];
const made = simulatedScan({
  ...{ kind: 'amorphous', rows, columns, n, radius, dose: 400, rotation: 30, seed: 5, step: 2 },
  centre: [3, -4],
});
const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

/** The operations on a scan with a calibration, and the detector with which the page begins. */
async function opened(frames: Uint16Array, calibration: unknown, kind: VirtualShape['kind'] = 'disk') {
  const how = { format: 'raw', dtype: 'u16', sigShape: [n, n], navShape: [rows, columns] } as const;
  const dataset = await open(new Uint8Array(frames.buffer, frames.byteOffset, frames.byteLength), how);
  const current = { dataset, calibration, closing: new AbortController(), virtual: undefined };
  const operations = scanOperations({ current } as never);
  const shape = { kind, cx: n / 2 + 0.5, cy: n / 2 + 0.5, outer: n / 10, inner: n / 20 };
  const loaded = await operations.loadScan({ maxBytes: 2 ** 30, shape }, () => undefined);
  const known = loaded.calibration;
  if (!known) throw new Error('the page has no calibration');
  const axes = { scanRotation: known.scanRotation, flipY: known.flipY, without: known.without, radius: known.radius };
  return { operations, axes, shape: beginsAt(shape, known), known };
}

test('integrated centres of mass begin with centre, radius, rotation and hot pixels of the calibration', {
  tags: 'all',
}, async () => {
  const frames = Uint16Array.from(made.frames);
  // A hot pixel inside the disk.
  const [y, x] = [n / 2 + 4, n / 2 - 5];
  for (let i = 0; i < rows * columns; i++) frames[i * n * n + y * n + x] = 60000;
  const scan = ctx.fromMemory(frames, { navShape: [rows, columns], sigShape: [n, n] });
  const calibration = await ctx.calibrate(scan);
  expect(calibration.badPixels.hot).toContainEqual([y, x]);
  const { operations, axes, shape } = await opened(frames, calibration);
  for (const quantity of ['icom', 'curl'] as const) {
    const { image } = await operations.virtual({ shape, quantity, fourier: false, axes });
    const how = { calibration, regression: 'mean' } as const;
    const results =
      quantity === 'icom'
        ? [(await ctx.run(ctx.createIcomAnalysis(scan, how))).phase]
        : [(await ctx.run(ctx.createComAnalysis(scan, how))).curl];
    const wanted = Array.from(results[0]?.data ?? []);
    expect(wanted).toHaveLength(rows * columns);
    const most = Math.max(...wanted.map(Math.abs));
    for (const [i, value] of wanted.entries()) expect(Math.abs((image[i] as number) - value)).toBeLessThan(1e-9 * most);
  }
});

test.each(['disk', 'ring'] as const)('the %s of a calibration is that of a run', { tags: 'all' }, async (kind) => {
  // The disk moves by 4 pixels along the scan: a detector of its radius would cut it at both ends.
  const moved = simulatedScan({
    ...{ kind: 'amorphous', rows, columns, n, radius, dose: 400, rotation: 30, seed: 5, step: 2 },
    centre: [3, -4],
    descan: (u) => [2 * u, 0],
  });
  const frames = Uint16Array.from(moved.frames);
  const scan = ctx.fromMemory(frames, { navShape: [rows, columns], sigShape: [n, n] });
  const calibration = await ctx.calibrate(scan);
  const { operations, axes, shape } = await opened(frames, calibration, kind);
  const { image } = await operations.virtual({ shape, quantity: 'sum', fourier: false, axes });
  const make = kind === 'disk' ? ctx.createDiskAnalysis : ctx.createRingAnalysis;
  const { intensity } = await ctx.run(make.call(ctx, scan, { calibration }));
  expect(Array.from(intensity.data)).toEqual(Array.from(image));
  const all = Array.from({ length: rows * columns }, (_, i) =>
    frames.subarray(i * n * n, (i + 1) * n * n).reduce((sum, value) => sum + value, 0),
  );
  const shares = Array.from(intensity.data, (sum, i) => sum / (all[i] as number));
  // What is within the disk of each position, wherever it is, and only that.
  if (kind === 'disk') expect(Math.min(...shares)).toBeGreaterThan(0.97);
  else expect(Math.max(...shares)).toBeLessThan(0.03);
});

test('a ring begins outside of the beam, and a calibration of other frames is refused', { tags: 'all' }, async () => {
  const frames = Uint16Array.from(made.frames);
  const scan = ctx.fromMemory(frames, { navShape: [rows, columns], sigShape: [n, n] });
  const calibration = await ctx.calibrate(scan);
  const { shape, known } = await opened(frames, calibration, 'ring');
  expect(shape).toMatchObject({ kind: 'ring', inner: reachOf(calibration), cy: (known.centre?.[0] ?? 0) + 0.5 });
  expect(shape.outer).toBeGreaterThan(shape.inner);
  const other = { ...calibration, shape: [rows, columns, 64, 64] };
  await expect(opened(frames, other)).rejects.toThrow(/of frames of 64 × 64, and those of this file are 48 × 48/);
});

test.each([-3, 5])('positions without a frame have no number, as in a run: offset %i', async (syncOffset) => {
  const navShape = [6, 5];
  const frames = Uint16Array.from({ length: 30 * 64 }, (_, i) => 1 + ((i * 7919) % 101));
  const how = { format: 'raw', dtype: 'u16', sigShape: [8, 8] } as const;
  const dataset = await open(new Uint8Array(frames.buffer), { ...how, navShape: [30] });
  const picked = pickedFrames(dataset, { navShape, syncOffset });
  const current = { dataset: picked, closing: new AbortController(), virtual: undefined };
  const operations = scanOperations({ current } as never);
  const shape = { kind: 'disk', cx: 4.5, cy: 3.5, outer: 3, inner: 0 } as const;
  const grown: Float64Array[] = [];
  await operations.loadScan({ maxBytes: 2 ** 30, shape }, ({ image }) => void grown.push(image?.image as Float64Array));
  const scan = ctx.fromMemory(frames, { navShape, sigShape: [8, 8], syncOffset });
  const centre = { cx: 4, cy: 3 };
  const disk = await ctx.run(ctx.createDiskAnalysis(scan, { ...centre, r: 3 }));
  const com = await ctx.run(ctx.createComAnalysis(scan, { ...centre, maskRadius: 3, regression: 'mean' }));
  const icom = await ctx.run(ctx.createIcomAnalysis(scan, { ...centre, maskRadius: 3 }));
  const missing = Array.from({ length: 30 }, (_, i) => i + syncOffset < 0 || i + syncOffset >= 30);
  const numbers = (values: ArrayLike<number>): unknown[] =>
    Array.from(values, (value) => (Number.isNaN(value) ? value : expect.closeTo(value, 9)));
  for (const [quantity, wanted] of [
    ['sum', Float64Array.from(disk.intensity.data, (value, i) => (missing[i] ? Number.NaN : value))],
    ['magnitude', com.magnitude.data],
    ['curl', com.curl.data],
    ['icom', icom.phase.data],
  ] as const) {
    const { image } = await operations.virtual({ shape, quantity, fourier: false, axes: {} });
    expect(Array.from(image), quantity).toEqual(numbers(wanted));
    if (quantity === 'sum') expect(Array.from(grown.at(-1) ?? [])).toEqual(numbers(wanted));
  }
  const mean = await operations.pattern(undefined);
  const seen = missing.filter((isMissing) => !isMissing).length;
  const first = Math.max(0, syncOffset);
  const total = Array.from({ length: seen }, (_, k) => frames[(first + k) * 64] as number).reduce((a, b) => a + b);
  expect(mean.data[0]).toBeCloseTo(total / seen, 3);
  // Two rows, of which one begins or ends without a frame; and such a position alone.
  const y = syncOffset < 0 ? 0 : 4;
  const shown = Array.from({ length: 10 }, (_, k) => 5 * y + k).filter((i) => !missing[i]);
  const ofRegion = await operations.pattern({ x: 0, y, w: 5, h: 2 });
  const sum = shown.reduce((all, i) => all + (frames[(i + syncOffset) * 64] as number), 0);
  expect(ofRegion.data[0]).toBeCloseTo(sum / shown.length, 3);
  const alone = missing.indexOf(true);
  const none = await operations.pattern({ x: alone % 5, y: Math.floor(alone / 5), w: 1, h: 1 });
  expect(none.data[0]).toBeNaN();
});

test('images and their notes are those of a run, whatever pixels without a count say and where frames have none', async () => {
  const { nav, side, pixels, known, calibration } = spoilt;
  const shape = { kind: 'disk', cx: known.cx + 0.5, cy: known.cy + 0.5, outer: 5, inner: 2 } as const;
  const seen: unknown[] = [];
  for (const most of [10, 60000]) {
    const frames = spoilt.framesOf(5, most);
    // Frames without a count have no shift.
    for (const position of [7, 20])
      for (let i = 0; i < pixels; i++) if (!spoilt.covered.includes(i)) frames[position * pixels + i] = 0;
    const how = { format: 'raw', dtype: 'u16', sigShape: [side, side], navShape: nav } as const;
    const dataset = await open(new Uint8Array(frames.buffer), how);
    const operations = scanOperations({ current: { dataset, calibration, closing: new AbortController() } } as never);
    const { calibration: shown } = await operations.loadScan({ maxBytes: 2 ** 30, shape }, () => undefined);
    const { scanRotation, flipY, without, radius: beam } = shown as NonNullable<typeof shown>;
    const axes = { scanRotation, flipY, without, radius: beam };
    const scan = ctx.fromMemory(frames, { navShape: nav, sigShape: [side, side] });
    const centre = { cx: known.cx, cy: known.cy, calibration };
    const com = { ...centre, maskRadius: 5, scanRotation, flipY, regression: 'mean' } as const;
    const run = {
      disk: await ctx.run(ctx.createDiskAnalysis(scan, { ...centre, r: 5 })),
      ring: await ctx.run(ctx.createRingAnalysis(scan, { ...centre, ri: 2, ro: 5 })),
      com: await ctx.run(ctx.createComAnalysis(scan, com)),
      icom: await ctx.run(ctx.createIcomAnalysis(scan, com)),
    };
    for (const [kind, quantity, { notes }, { data }] of [
      ['disk', 'sum', run.disk, run.disk.intensity],
      ['ring', 'sum', run.ring, run.ring.intensity],
      ['disk', 'magnitude', run.com, run.com.magnitude],
      ['disk', 'icom', run.icom, run.icom.phase],
    ] as const) {
      const request = { shape: { ...shape, kind }, quantity, axes };
      const { image } = await operations.virtual({ ...request, fourier: false });
      for (const [i, value] of Array.from(data).entries())
        if (Number.isNaN(value)) expect(image[i], quantity).toBeNaN();
        else expect(image[i], quantity).toBeCloseTo(value, 9);
      const said = await operations.fieldNotes(request);
      expect([...said].sort(), quantity).toEqual([...notes].sort());
      expect(said.join()).toMatch(/\d+ pixels of \d+ of the (disk|ring) have no count/);
      if (quantity !== 'sum') expect(said.join()).toMatch(/2 of 36 positions have no counts/);
      seen.push([quantity, Array.from(image), said]);
    }
  }
  expect(seen.slice(4)).toEqual(seen.slice(0, 4));
});

test('the notes of the page say overloads, and pixels at the largest number of a type', async () => {
  const shape = { kind: 'disk', cx: 4, cy: 4, outer: 3, inner: 0 } as const;
  const notesOf = async (end: number, meta: object): Promise<string> => {
    const frames = Uint16Array.from({ length: 4 * 64 }, (_, i) => (i % 64 === 27 ? end : i % 50));
    const { dataset } = ctx.fromMemory(frames, { navShape: [2, 2], sigShape: [8, 8], meta });
    const operations = scanOperations({ current: { dataset, closing: new AbortController() } } as never);
    await operations.loadScan({ maxBytes: 2 ** 30, shape }, () => undefined);
    return (await operations.fieldNotes({ shape, quantity: 'sum', axes: {} })).join();
  };
  expect(await notesOf(4095, { saturation: 4094, bitDepth: 12 })).toMatch(/^4 values in 4 frames .* above 4094/);
  expect(await notesOf(65535, {})).toMatch(/^1 pixel of a frame is 65535, the largest number of u16/);
  expect(await notesOf(4095, {})).toBe('');
});

test('a point between pixels is the nearest one, in a run as in the page', async () => {
  const frames = Uint16Array.from({ length: 4 * 64 }, (_, i) => (i * 7919) % 1009);
  const how = { format: 'raw', dtype: 'u16', sigShape: [8, 8], navShape: [2, 2] } as const;
  const dataset = await open(new Uint8Array(frames.buffer), how);
  const operations = scanOperations({ current: { dataset, closing: new AbortController() } } as never);
  const scan = ctx.fromMemory(frames, { navShape: [2, 2], sigShape: [8, 8] });
  for (const [x, y] of [
    [3.6, 2.4],
    [0.5, 6.99],
  ] as const) {
    const shape = { kind: 'point', cx: x + 0.5, cy: y + 0.5, outer: 1, inner: 0 } as const;
    await operations.loadScan({ maxBytes: 2 ** 30, shape }, () => undefined);
    const { image } = await operations.virtual({ shape, quantity: 'sum', fourier: false, axes: {} });
    const { intensity } = await ctx.run(ctx.createPointAnalysis(scan, { x, y }));
    const at = 8 * Math.round(y) + Math.round(x);
    expect(Array.from(intensity.data)).toEqual([0, 1, 2, 3].map((i) => frames[64 * i + at]));
    expect(Array.from(image)).toEqual(Array.from(intensity.data));
  }
});
