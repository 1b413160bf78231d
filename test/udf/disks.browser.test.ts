// @module-tag all: Chromium.
/** Diffraction disks and strain in a tab. */
import { expect, test } from 'vitest';
import { Context } from '../../dist/udf.browser.js';

test('strain of exact disks in Chromium', async () => {
  const [size, radius] = [64, 4];
  const frames = new Uint16Array(2 * size * size);
  for (const [position, scale] of [1, 0.98].entries())
    for (let i = 0; i < 9; i++)
      for (let pixel = 0; pixel < size * size; pixel++) {
        const [dy, dx] = [
          Math.floor(pixel / size) - 32 - 18 * scale * (Math.floor(i / 3) - 1),
          (pixel % size) - 32 - 18 * ((i % 3) - 1),
        ];
        const at = position * size * size + pixel;
        frames[at] = (frames[at] as number) + 1000 * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dy, dx)));
      }
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  const scan = ctx.fromMemory(frames, { navShape: [1, 2], sigShape: [size, size] });
  const options = { diskRadius: radius, numPeaks: 9, reference: [1, 0] };
  const { eyy, exx, disks } = await ctx.run(ctx.createStrainAnalysis(scan, options));
  expect(eyy.data[1]).toBeCloseTo(0.02, 2);
  expect(exx.data[1]).toBeCloseTo(0, 2);
  expect([...(disks.data as Float64Array)]).toEqual([9, 9]);
  await ctx.close();
});
