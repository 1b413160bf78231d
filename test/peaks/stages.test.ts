/**
 * The stages of a search: the values that the finder compares each pixel with, checked against the definitions in
 * float64.
 */
import { type Context, createContext, type PeakStages, stageMarks } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ringLimits } from '../../src/validate/oracle/peaks/peakfinder8.js';

const [width, height] = [72, 60] as const;
const [centre, validRange] = [[35, 27] as const, [0, 5000] as const];
let seed = 9;
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
/** Counts on a background of about 20, spots of four pixels, bad and saturated pixels. */
const frame = Uint16Array.from({ length: width * height }, () => 14 + Math.floor(6 * (random() + random())));
for (let y = 7; y < height - 8; y += 9)
  for (let x = 7; x < width - 8; x += 11)
    for (const [dx, dy, counts] of [
      [0, 0, 90],
      [1, 0, 60],
      [0, 1, 50],
      [1, 1, 40],
    ] as const)
      frame[(y + dy) * width + x + dx] = 20 + Math.round(counts * (0.4 + random()));
// A single strong pixel is no peak, and one on the border starts none.
frame[30 * width + 12] = 400;
frame[20 * width] = 400;
frame[33 * width + 50] = 60_000;
const bad = new Uint8Array(frame.length);
bad.fill(1, 44 * width + 10, 44 * width + 30);
const pixels = [...frame.keys()];
const usable = (i: number): boolean => !bad[i] && (frame[i] as number) <= validRange[1];

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

/** Numbers of pixels by mark. */
const countsOf = ({ marks }: PeakStages): number[] =>
  Object.values(stageMarks).map((mark) => marks.reduce((count, value) => count + (value === mark ? 1 : 0), 0));

test('peakfinder8: mean, sigma and limit of the rings, the pixels above it, and the pixels of peaks', async () => {
  const finder = await context.peaks({ width, height, dtype: 'u16', centre, bad });
  const search = { threshold: 25, minSnr: 4, minPixCount: 2, maxPixCount: 200, localBgRadius: 3, validRange };
  const stages = await finder.stages(frame, { ...search, maxPeaks: 3 });
  const ring = pixels.map((i) =>
    bad[i] ? -1 : Math.round(Math.hypot((i % width) - centre[0], Math.floor(i / width) - centre[1])),
  );
  const panels = [{ fs: 0, ss: 0, endFs: width, endSs: height }];
  const limits = ringLimits({ width, height, frame, ring, panels }, usable, search);
  const expected = (column: number) => pixels.map((i) => limits[ring[i] as number]?.[column] ?? Number.NaN);
  expect([...stages.background]).toEqual(expected(0));
  expect([...stages.noise]).toEqual(expected(1));
  expect([...stages.limit]).toEqual(expected(3));
  const above = pixels.filter((i) => usable(i) && (frame[i] as number) > (limits[ring[i] as number]?.[3] ?? 0));
  expect(pixels.filter((i) => (stages.marks[i] as number) >= stageMarks.strong)).toEqual(above);
  expect(pixels.filter((i) => stages.marks[i] === stageMarks.excluded)).toEqual(pixels.filter((i) => !usable(i)));
  const { peaks } = stages;
  expect(peaks.count).toBeGreaterThan(20);
  expect(countsOf(stages)[stageMarks.peak]).toBe(peaks.pixels.reduce((a, b) => a + b));
  for (const [k, fs] of peaks.fs.entries())
    expect(stages.marks[Math.floor(peaks.ss[k] as number) * width + Math.floor(fs)]).toBe(stageMarks.peak);
  expect([stages.marks[30 * width + 12], stages.marks[20 * width]]).toEqual([stageMarks.strong, stageMarks.strong]);
});

describe.each(['dispersion', 'dispersion-extended'] as const)('%s', (name) => {
  test('means and limits of the windows, and the pixels of its spots', async () => {
    const finder = await context.peaks({ width, height, dtype: 'u16', centre, bad, finder: name });
    const [k, gain, strongSigmas, threshold] = [3, 1.5, 3, 25];
    const stages = await finder.stages(frame, { validRange, threshold, gain, minPixCount: 2 });
    /** Good pixels within `reach` of a pixel. */
    const windowOf = (i: number, reach: number): number[] => {
      const [x, y] = [i % width, Math.floor(i / width)];
      const found: number[] = [];
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++)
          if (usable(v * width + u)) found.push(v * width + u);
      return found;
    };
    const varies = pixels.map((i) => {
      if (!usable(i)) return false;
      const values = windowOf(i, k).map((j) => frame[j] as number);
      const n = values.length;
      const mean = values.reduce((a, b) => a + b, 0) / n;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
      return variance / mean / gain > 1 + 6 * Math.sqrt(2 / (n - 1));
    });
    const extended = name === 'dispersion-extended';
    const within = pixels.map((i) => extended && windowOf(i, k).every((j) => varies[j]));
    const expected = pixels.map((i) => {
      if (!usable(i)) return [Number.NaN, Number.NaN, Number.NaN, stageMarks.excluded];
      const inner = extended && varies[i];
      const values = windowOf(i, inner ? k + 2 : k).flatMap((j) => (inner && within[j] ? [] : [frame[j] as number]));
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const sigma = Math.sqrt(gain * mean);
      const limit = Math.max(threshold, mean + strongSigmas * sigma);
      const passes = varies[i] && (frame[i] as number) > limit;
      const mark = passes ? stageMarks.strong : varies[i] ? stageMarks.varied : stageMarks.below;
      return [Math.fround(mean), Math.fround(sigma), Math.fround(limit), mark];
    });
    const { background, noise, limit, marks } = stages;
    const found = pixels.map((i) => [
      background[i],
      noise[i],
      limit[i],
      Math.min(marks[i] as number, stageMarks.strong),
    ]);
    expect(found).toEqual(expected);
    const strong = expected.filter(([, , , mark]) => mark === stageMarks.strong).length;
    expect(strong).toBeGreaterThan(50);
    expect(stages.peaks.count).toBeGreaterThan(20);
    expect(countsOf(stages)[stageMarks.peak]).toBe(stages.peaks.pixels.reduce((a, b) => a + b));
  });
});

test('zaef refuses, because it compares no pixel with a background', async () => {
  const finder = await context.peaks({ width, height, dtype: 'u16', finder: 'zaef' });
  await expect(finder.stages(frame)).rejects.toThrow(/zaef climbs along gradients/);
});
