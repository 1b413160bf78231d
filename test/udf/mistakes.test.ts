/** Mistakes of options that give an image all the same: each is refused, or said beside the result. */
import { Context, type Scan } from 'ewald/udf';
import { afterAll, describe, expect, test } from 'vitest';

const [rows, columns, n] = [8, 9, 48];
const ctx = new Context({ context: { backend: 'wasm', strict: true } });
afterAll(() => ctx.close());

/** A disk of radius 7 that moves by a pixel; rows in `gap` have no counts. */
function scanOf({ gap = [], top = 20, dtype = 'u16' }: { gap?: number[]; top?: number; dtype?: 'u16' | 'u8' } = {}) {
  const frames = new (dtype === 'u16' ? Uint16Array : Uint8Array)(rows * columns * n * n);
  for (let i = 0; i < frames.length; i++) {
    const [frame, y, x] = [Math.floor(i / (n * n)), Math.floor(i / n) % n, i % n];
    const r = Math.hypot(y - 24 - Math.sin(frame), x - 22 - Math.cos(frame));
    frames[i] = gap.includes(y) ? 0 : r < 7 ? top + (i % 3) : i % 41 === 0 ? 1 : 0;
  }
  return ctx.fromMemory(frames, { navShape: [rows, columns], sigShape: [n, n] });
}

describe('centres of mass within a disk', () => {
  const notesOf = async (scan: Scan, options: object): Promise<string> =>
    (await ctx.run(ctx.createComAnalysis(scan, { maskRadius: 12, ...options }))).notes.join();

  test('about the beam have nothing against them', async () => {
    expect(await notesOf(scanOf(), { cy: 24, cx: 22 })).toBe('');
  });

  test('beside the beam say where it is', async () => {
    expect(await notesOf(scanOf(), { cy: 40, cx: 38, maskRadius: 6 })).toMatch(
      /^\d+ % of the direct beam is outside of the disk .* radius of \d\.\d pixels about cy 2\d\.\d, cx 2\d\.\d, and the disk/,
    );
  });

  test('over a gap of the detector say what falls into it', async () => {
    expect(await notesOf(scanOf({ gap: [25, 26] }), { cy: 24, cx: 22 })).toMatch(/% of the pattern falls into a gap/);
  });
});

test('a virtual detector between the pixels is refused', () => {
  expect(() => ctx.createDiskAnalysis(scanOf(), { cy: 10.5, cx: 10.5, r: 0.4 })).toThrow(
    /no pixel of a frame lies within the disk/,
  );
  expect(() => ctx.createDiskAnalysis(scanOf(), { cy: 10, cx: 10, r: 0.4 })).not.toThrow();
});

test('a mask of most pixels is taken for an inverted one', async () => {
  const excludedPixels = new Uint8Array(n * n).fill(1, n);
  await expect(ctx.run(ctx.createSumAnalysis(scanOf()), { corrections: { excludedPixels } })).rejects.toThrow(
    /marks 2256 of the 2304 pixels of a frame.*is the mask inverted\?/,
  );
});

test('a calibration says which pixels are the largest number of their type', async () => {
  const { notes } = await ctx.calibrate(scanOf({ top: 253, dtype: 'u8' }));
  expect(notes.join()).toMatch(/\d+ pixels are 255 in some frames, the largest number of u8: saturated/);
  expect((await ctx.calibrate(scanOf())).notes.join()).not.toMatch(/largest number/);
});

test('a calibration says numbers of the microscope that are usually of another unit', async () => {
  const notesOf = async (optics: object): Promise<string> => (await ctx.calibrate(scanOf(), optics)).notes.join();
  expect(await notesOf({ semiconv: 0.02, voltage: 200 })).toMatch(/semi-angle is 0\.02 mrad, and those of microscopes/);
  expect(await notesOf({ semiconv: 20, voltage: 0.2 })).toMatch(
    /voltage is 0\.2 kV, and those of microscopes are 1 to/,
  );
  expect(await notesOf({ semiconv: 20, voltage: 200 })).not.toMatch(/microscopes/);
});
