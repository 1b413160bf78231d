/** Order in frames of sides that LiberTEM's known answers do not have. */
import { memoryDataset } from 'ewald/data';
import { Context, crystallinityUdf } from 'ewald/udf';
import { expect, test } from 'vitest';

test.each([
  [33, 32],
  [32, 31],
  [17, 15],
])('a wave counts where its frequency is in the ring, in frames of %i × %i', async (height, width) => {
  const [ri, ro, waves] = [2, 4, 7];
  const frames = new Float32Array(2 * waves * height * width);
  for (let k = 0; k < waves; k++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        frames[(2 * k * height + y) * width + x] = Math.cos((2 * Math.PI * k * y) / height);
        frames[((2 * k + 1) * height + y) * width + x] = Math.cos((2 * Math.PI * k * x) / width);
      }
  const ctx = new Context({ context: { backend: 'wasm' } });
  try {
    const scan = await ctx.load(memoryDataset(frames, { sigShape: [height, width] }));
    const { intensity } = await ctx.runUdf(scan, crystallinityUdf({ ri, ro }));
    for (let k = 0; k < waves; k++) {
      // A wave has the frequencies k and -k, of which the half spectrum has one along x.
      const expected = k > ri && k <= ro ? (height * width) / 2 : 0;
      expect(intensity.data[2 * k] ?? Number.NaN, `frequency ${k} along y`).toBeCloseTo(2 * expected, 2);
      expect(intensity.data[2 * k + 1] ?? Number.NaN, `frequency ${k} along x`).toBeCloseTo(expected, 2);
    }
  } finally {
    await ctx.dispose();
  }
});
