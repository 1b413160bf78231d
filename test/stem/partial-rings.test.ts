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
