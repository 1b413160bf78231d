/** The largest and the smallest count of each pixel, to the ends of every type. */
import { Context, maxUdf, minUdf } from 'ewald/udf';
import { expect, test } from 'vitest';

test('extremes are those of the numbers, of every type, and NaN where one of them is', async () => {
  const ctx = await Context.makeWith('inline');
  let state = 5;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (const [Type, low, high] of [
    [Uint8Array, 0, 255],
    [Int8Array, -128, 127],
    [Uint16Array, 0, 65535],
    [Int16Array, -32768, 32767],
    [Uint32Array, 0, 2 ** 32 - 1],
    [Int32Array, -(2 ** 31), 2 ** 31 - 1],
    [Float32Array, -(2 ** 100), 2 ** 100],
    [Float64Array, -1e300, 1e300],
  ] as const)
    for (const [height, width, frames] of [
      [1, 1, 1],
      [3, 5, 3],
      [2, 4, 40],
    ] as const) {
      const pixels = height * width;
      const data = new Type(frames * pixels).map(() => {
        const at = random();
        return at < 0.1 ? low : at > 0.9 ? high : low + Math.floor(at * (high - low));
      });
      if (Type === Float32Array) data.set([Number.NaN, 1 / 0, -1 / 0].slice(0, data.length));
      const scan = ctx.fromMemory(data, { navShape: [frames], sigShape: [height, width] });
      const [most, least] = await ctx.runUdf(scan, [maxUdf(), minUdf()]);
      const of = (take: typeof Math.max) =>
        Array.from({ length: pixels }, (_, p) => take(...data.filter((_, i) => i % pixels === p)));
      expect([...most.intensity.data]).toEqual(of(Math.max));
      expect([...least.intensity.data]).toEqual(of(Math.min));
    }
  await ctx.close();
});
