/** Complex frames: analyses return the five channels of complex results, or refuse complex frames. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, comUdf, crystallinityUdf, femUdf, logSumUdf, pixelsUdf, stddevUdf } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { npyHeadOf } from '../../src/frames/npy.js';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';

const [frames, height, width] = [5, 6, 8];
const numbers = Float32Array.from({ length: 2 * frames * height * width }, (_, i) => ((i * 37) % 101) - 50);
let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-complex-'));
  file = join(folder, 'c64.npy');
  await writeFile(file, Buffer.concat([npyHeadOf('<c8', [frames, height, width]), Buffer.from(numbers.buffer)]));
});
afterAll(() => rm(folder, { recursive: true }));

/** The sum over frames of a pixel, or over pixels of a frame, in float64: part 0 is real, 1 imaginary. */
const sumOf = (of: (frame: number, pixel: number) => boolean, part: number): number => {
  let sum = 0;
  for (let f = 0; f < frames; f++)
    for (let p = 0; p < height * width; p++)
      if (of(f, p)) sum += numbers[2 * (f * height * width + p) + part] as number;
  return sum;
};

test('sum, sumsig and masks have a magnitude, both parts, an angle and the complex numbers', async () => {
  const ctx = new Context();
  try {
    const scan = await ctx.load(file);
    const sum = await ctx.run(ctx.createSumAnalysis(scan));
    const perFrame = await ctx.run(ctx.createSumSigAnalysis(scan));
    const disk = await ctx.run(ctx.createDiskAnalysis(scan, { cx: 4, cy: 3, r: 6 }));
    const keys = ['intensity', 'intensity_real', 'intensity_imag', 'intensity_angle', 'intensity_complex'];
    for (const found of [sum, perFrame, disk]) expect(found.channels.map(({ key }) => key)).toEqual(keys);
    const channel = (found: typeof sum, key: string): number[] =>
      Array.from(found.channels.find((one) => one.key === key)?.data ?? []);
    for (let p = 0; p < height * width; p += 7) {
      const [re, im] = [0, 1].map((part) => sumOf((_, pixel) => pixel === p, part)) as [number, number];
      expect(channel(sum, 'intensity_real')[p]).toBe(re);
      expect(channel(sum, 'intensity_imag')[p]).toBe(im);
      expect(channel(sum, 'intensity')[p]).toBeCloseTo(Math.hypot(re, im), 9);
    }
    for (const found of [perFrame, disk])
      for (let f = 0; f < frames; f++)
        for (const [part, key] of ['intensity_real', 'intensity_imag'].entries())
          expect(channel(found as typeof sum, key)[f]).toBe(sumOf((frame) => frame === f, part));
    const analyses = [ctx.createComAnalysis(scan), ctx.createStddevAnalysis(scan), ctx.createLogSumAnalysis(scan)];
    for (const refusedOne of analyses)
      await refused(() => ctx.run(refusedOne), 'Unsupported', 'c64', 'requires real ones');
    // Their functions would take real and imaginary parts for pixels.
    const ofReal = [stddevUdf(), logSumUdf(), comUdf(), femUdf(), crystallinityUdf(), pixelsUdf({ pixels: [0] })];
    for (const udf of ofReal) await refused(() => ctx.runUdf(scan, udf as never), 'Unsupported', 'complex (c64)');
  } finally {
    await ctx.close();
  }
});

test('the command writes complex results, and refuses analyses that require real frames', { tags: 'all' }, async () => {
  const out = join(folder, 'sum.npy');
  const { code, err } = await ewald(['run', 'sum', file, '--channel', 'intensity_complex', '-o', out]);
  expect(code, err).toBe(0);
  const ctx = new Context();
  const written = await ctx.load(out);
  expect(written.dtype).toBe('c128');
  await ctx.close();
  const stddev = await ewald(['run', 'stddev', file]);
  expect(stddev.code).not.toBe(0);
  expect(stddev.err).toContain('complex');
});
