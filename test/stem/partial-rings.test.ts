/** Disks and rings about centres outside of the frame: their part within it, and what share that is. */
import { Context } from 'ewald/udf';
import { afterAll, expect, test } from 'vitest';

const ctx = new Context({ context: { backend: 'wasm' } });
afterAll(() => ctx.close());

const [height, width] = [12, 14];
const data = Uint16Array.from({ length: 4 * height * width }, (_, i) => (i * 7919) % 251);
const scan = ctx.fromMemory(data, { navShape: [2, 2], sigShape: [height, width] });

/** The pixels of an endless detector in a ring, and those of the frame among them. */
function ringOf(cy: number, cx: number, ri: number, ro: number) {
  let all = 0;
  const pixels: [y: number, x: number][] = [];
  for (let y = -60; y < 60; y++)
    for (let x = -60; x < 60; x++) {
      const square = (y - cy) ** 2 + (x - cx) ** 2;
      if (square > ro * ro || (ri >= 0 && square <= ri * ri)) continue;
      all++;
      if (y >= 0 && y < height && x >= 0 && x < width) pixels.push([y, x]);
    }
  return { all, pixels };
}
const values = (frame: number, pixels: readonly (readonly [y: number, x: number])[]): number[] =>
  pixels.map(([y, x]) => data[(frame * height + y) * width + x] as number);
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test.each([
  [-3, 5, 7],
  [6.5, 20.25, 11],
  [-2, -4.5, 9],
  [14, 3, 8.5],
])('disk, ring and com about (%d, %d) to %d use what is in the frame and say its share', async (cy, cx, ro) => {
  const ri = 0.6 * ro;
  const [disk, ring] = [ringOf(cy, cx, -1, ro), ringOf(cy, cx, ri, ro)];
  const runs = [
    [await ctx.run(ctx.createDiskAnalysis(scan, { cy, cx, r: ro })), disk, 'disk'],
    [await ctx.run(ctx.createRingAnalysis(scan, { cy, cx, ri, ro })), ring, 'ring'],
  ] as const;
  for (const [found, { all, pixels }, name] of runs) {
    expect(Array.from(found.intensity.data), name).toEqual([0, 1, 2, 3].map((frame) => sum(values(frame, pixels))));
    expect(found.notes.join('\n')).toContain(`has ${pixels.length} of ${all} pixels of the ${name}, `);
  }
  const com = await ctx.run(ctx.createComAnalysis(scan, { cy, cx, maskRadius: ro }));
  expect(com.notes.join('\n')).toContain(`has ${disk.pixels.length} of ${disk.all} pixels of the disk, `);
  for (const frame of [0, 1, 2, 3]) {
    const weights = values(frame, disk.pixels);
    const mean = sum(weights.map((weight, i) => weight * (disk.pixels[i]?.[1] as number))) / sum(weights);
    expect(com.x.data[frame]).toBeCloseTo(mean - cx, 9);
  }
});

test('a disk or ring that does not reach the frame is refused with the place, and so is a centre without a radius', () => {
  for (const make of [
    () => ctx.createDiskAnalysis(scan, { cx: 30, r: 5 }),
    () => ctx.createRingAnalysis(scan, { cx: 30, ri: 2, ro: 5 }),
    () => ctx.createComAnalysis(scan, { cx: 30, maskRadius: 5 }),
    () => ctx.createComAnalysis(scan, { cx: 30 }),
    () => ctx.createPolarAnalysis(scan, { cx: 30 }),
  ])
    expect(make).toThrow(/cx is 30, which is outside the frame.*; expected 0 to 13/);
});

test('a flat frame has no orders on rings that reach beyond it, and none is told where half of a ring is missing', async () => {
  const [rows, columns] = [40, 56];
  const flat = ctx.fromMemory(new Uint16Array(rows * columns).fill(100), { navShape: [1], sigShape: [rows, columns] });
  const options = { cy: 14, cx: 25, ri: 0, ro: 30, nBins: 6, maxOrder: 5 };
  for (const more of [{}, { useSparse: false }]) {
    const found = await ctx.run(ctx.createRadialFourierAnalysis(flat, { ...options, ...more }));
    const orders = [0, 1, 2, 3, 4, 5].map((ring) =>
      [1, 2, 3, 5].map((order) => found[`absolute_${ring}_${order}`]?.data[0] as number),
    );
    for (const [ring, sizes] of orders.entries()) {
      // Whole rings have the orders of their pixels, of which that in the middle has all, as in LiberTEM.
      if (ring < 5) expect(Math.max(...sizes), `ring ${ring}`).toBeLessThan(ring < 2 ? 0.015 : 1e-6);
      else expect([...sizes, found[`dominant_${ring}`]?.data[0]]).toEqual(Array(5).fill(Number.NaN));
      expect(found[`absolute_${ring}_0`]?.data[0]).toBeGreaterThan(0);
    }
    expect(found.notes).toEqual([expect.stringMatching(/^3 of 6 rings reach beyond the frame, which holds 4\d % /)]);
  }
  const { notes } = ctx.createRadialBinsAnalysis(flat, { cy: 14, cx: 25, ri: 0, ro: 30, nBins: 6 });
  expect(notes).toEqual([
    expect.stringMatching(/^3 of 6 rings reach beyond the frame.*: the sums are of the pixels that are in it$/),
  ]);
  const polar = ctx.createPolarAnalysis(flat, { cy: 14, cx: 25, ro: 36 });
  expect(polar.notes).toEqual([
    expect.stringMatching(/^21 of 36 radii reach beyond the frame, which holds 4 % of one and more/),
  ]);
  expect(ctx.createPolarAnalysis(flat, { cy: 14, cx: 25, ro: 15 }).notes).toEqual([]);
  expect(ctx.createRadialFourierAnalysis(flat, { cy: 20, cx: 25, ro: 19 }).notes).toEqual([]);
});

test.each([Float32Array, Float64Array])('a ring with an infinite pixel has no Fourier components: %o', async (Type) => {
  const frames = new Type(2 * 24 * 24).map((_, i) => 1 + (i % 7));
  frames[24 * 24 + 24 * 9 + 15] = Number.POSITIVE_INFINITY;
  const one = ctx.fromMemory(frames, { navShape: [2], sigShape: [24, 24] });
  for (const more of [{}, { useSparse: false }]) {
    const found = await ctx.run(ctx.createRadialFourierAnalysis(one, { cy: 12, cx: 12, ro: 9, ...more }));
    for (const channel of found.channels) {
      const numbers = Array.from(channel.data);
      const each = channel.complex ? 2 : 1;
      for (const [i, value] of numbers.entries())
        expect([channel.key, i, Number.isFinite(value)]).toEqual([channel.key, i, Math.floor(i / each) % 2 === 0]);
      expect(numbers.some(Number.isNaN)).toBe(true);
    }
  }
});

test('a second order on a ring of which a part is missing is found to a few percent', async () => {
  const [rows, columns] = [64, 64];
  const pattern = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - 20, (i % columns) - 32];
    return 100 * (1 + 0.4 * Math.cos(2 * Math.atan2(y, x)));
  });
  const one = ctx.fromMemory(pattern, { navShape: [1], sigShape: [rows, columns] });
  const found = await ctx.run(
    ctx.createRadialFourierAnalysis(one, { cy: 20, cx: 32, ri: 18, ro: 22, nBins: 1, maxOrder: 3 }),
  );
  expect(found.absolute_0_2?.data[0]).toBeCloseTo(0.2, 1);
  expect(found.absolute_0_1?.data[0]).toBeLessThan(0.05);
});
