/** Filters of integrated centres of mass: what they keep of a wave, and what they refuse. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy } from 'ewald';
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

/** Frames of 3 x 3 pixels whose centre of mass moves along x as a wave of `periods` over the scan. */
function waves(rows: number, columns: number, periods: readonly number[]) {
  const frames = new Float32Array(rows * columns * 9);
  for (let i = 0; i < rows * columns; i++) {
    const angle = (2 * Math.PI * (i % columns)) / columns;
    const shift = periods.reduce((sum, n) => sum + 0.2 * Math.cos(n * angle), 0);
    frames.set([0.5 - shift / 2, 0, 0.5 + shift / 2], 9 * i + 3);
  }
  return ctx.fromMemory(frames, { navShape: [rows, columns], sigShape: [3, 3] });
}

const amplitude = (image: ArrayLike<number>, columns: number, n: number): number => {
  let sum = 0;
  for (let x = 0; x < columns; x++) sum += (image[x] as number) * Math.sin((2 * Math.PI * n * x) / columns);
  return (2 * sum) / columns;
};

const columns = 32;
const scan = waves(4, columns, [2, 8]);
const phaseOf = async (options: object): Promise<ArrayLike<number>> => {
  const { phase } = await ctx.run(ctx.createIcomAnalysis(scan, { mirrored: false, ...options }));
  return phase.data;
};
/** Amplitudes of the two waves, in units of those without a filter. */
async function kept(options: object): Promise<[slow: number, fast: number]> {
  const [without, found] = [await phaseOf({}), await phaseOf(options)];
  return [2, 8].map((n) => amplitude(found, columns, n) / amplitude(without, columns, n)) as [number, number];
}

test('a wave at the frequency of a filter has half of its height, others by the order', async () => {
  // Two and eight periods in 32 positions of .05 nm = .5 Å: .125 and .5 cycles per Å.
  const dpix = 0.05;
  const [slow, fast] = await kept({ qLowpass: 0.5, dpix });
  expect([slow, fast]).toEqual([expect.closeTo(1 / (1 + 0.25 ** 4), 6), expect.closeTo(0.5, 6)]);
  const high = await kept({ qHighpass: 0.125, butterworthOrder: 1, dpix });
  expect(high).toEqual([expect.closeTo(0.5, 6), expect.closeTo(16 / 17, 6)]);
  const both = await kept({ qLowpass: 0.5, qHighpass: 0.125, dpix });
  expect(both).toEqual([expect.closeTo(0.5 * slow, 6), expect.closeTo(0.5 * (1 - 1 / 257), 6)]);
});

test('a region is integrated by itself: its image is that of a scan which ends there', async () => {
  const values = Float32Array.from({ length: 6 * 7 * 9 }, (_, i) => 1 + ((i * 7919) % 101));
  const scanOf = (data: Float32Array, navShape: number[]) => ctx.fromMemory(data, { navShape, sigShape: [3, 3] });
  const roi = Uint8Array.from({ length: 42 }, (_, i) => Number(i >= 14 && i < 35 && i % 7 >= 1 && i % 7 < 5));
  const whole = scanOf(values, [6, 7]);
  const { phase } = await ctx.run(ctx.createIcomAnalysis(whole), { roi });
  const inside = [...roi.keys()].filter((i) => roi[i] === 1);
  const cut = Float32Array.from(inside.flatMap((i) => [...values.subarray(9 * i, 9 * i + 9)]));
  const alone = (await ctx.run(ctx.createIcomAnalysis(scanOf(cut, [3, 4])))).phase.data;
  expect(inside.map((i) => phase.data[i])).toEqual(Array.from(alone, (value) => expect.closeTo(value, 9)));
  expect(Array.from(phase.data).filter((value, i) => roi[i] === 0 && !Number.isNaN(value))).toEqual([]);
});

test('positions without a shift have no phase, and change that of the others little', async () => {
  const [rows, width] = [12, 16];
  // The object, and frames whose centre of mass is its gradient.
  const object = (y: number, x: number): number =>
    Math.sin((2 * Math.PI * y) / rows) + Math.cos((4 * Math.PI * x) / width);
  const frames = new Float32Array(rows * width * 9);
  for (let i = 0; i < rows * width; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    const shiftY = (object(y + 1, x) - object(y - 1, x)) / 2;
    const shiftX = (object(y, x + 1) - object(y, x - 1)) / 2;
    frames.set([0, 0.25 - shiftY / 2, 0, 0.25 - shiftX / 2, 0, 0.25 + shiftX / 2, 0, 0.25 + shiftY / 2, 0], 9 * i);
  }
  const integrated = async (data: Float32Array): Promise<number[]> => {
    const stack = ctx.fromMemory(data, { navShape: [rows, width], sigShape: [3, 3] });
    return Array.from((await ctx.run(ctx.createIcomAnalysis(stack))).phase.data);
  };
  const whole = await integrated(frames);
  const missing = [1, 16, 17, 37, 90, 91, 92, 107, 191];
  const spoilt = frames.slice();
  for (const i of missing) spoilt[9 * i + 4] = Number.NaN;
  const phase = await integrated(spoilt);
  expect(phase.flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual(missing);
  const off = Math.max(
    ...phase.flatMap((value, i) => (Number.isNaN(value) ? [] : [Math.abs(value - (whole[i] as number))])),
  );
  // It is .37 with shifts of 0 in their places, of an image between −1.8 and 1.9.
  expect(off).toBeLessThan(0.2);
  expect((await integrated(new Float32Array(frames.length).fill(Number.NaN))).every(Number.isNaN)).toBe(true);
});

test('filters say what they need', () => {
  expect(() => ctx.createIcomAnalysis(scan, { qHighpass: 0.1 })).toThrow(/in 1\/Å and require the step.*dpix in nm/);
  expect(() => ctx.createIcomAnalysis(scan, { butterworthOrder: 3 })).toThrow(/requires qLowpass or qHighpass/);
  expect(() => ctx.createIcomAnalysis(scan, { qLowpass: 0, dpix: 1 })).toThrow(/qLowpass is 0/);
});

test('the command has the filters of JavaScript', { tags: 'all' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-dpc-'));
  const ewald = (...words: string[]) => ewaldTogether(words, { cwd: folder });
  try {
    await ctx.exportDataset(scan, join(folder, 'scan.npy'));
    const words = ['run', 'icom', 'scan.npy', '--nav-shape', `4,${columns}`, '--no-mirrored', '--backend', 'wasm'];
    const filter = ['--q-highpass', '.3', '--channel', 'phase', '-o', 'phase.npy'];
    expect(await ewald(...words, ...filter, '--dpix', '.05')).toMatchObject({ code: 0, err: '' });
    const { data } = readNpy(readFileSync(join(folder, 'phase.npy')), 'phase.npy');
    expect(Array.from(data)).toEqual(Array.from(await phaseOf({ qHighpass: 0.3, dpix: 0.05 })));
    expect(await ewald(...words, ...filter, '--force')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--q-lowpass and --q-highpass are in 1/Å and require the step of the scan, --dpix'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
