/** Corrections compared with float64 loops: folded into masks, and applied to frames. */
import { devices } from 'ewald';
import {
  Context,
  type CorrectionSet,
  Corrections,
  comUdf,
  logSumUdf,
  masks,
  masksUdf,
  stddevUdf,
  sumSigUdf,
  sumUdf,
} from 'ewald/udf';
import { describe, expect, test } from 'vitest';

const [width, height, count] = [37, 29, 6];
const pixels = width * height;
const random = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};
const next = random(5);
const frames = Uint16Array.from({ length: count * pixels }, () => 300 + Math.floor(next() * 4000));
const dark = Float32Array.from({ length: pixels }, () => 290 + 10 * next());
const gain = Float32Array.from({ length: pixels }, () => 0.8 + 0.4 * next());
// A single pixel, two neighbours, one at the edge.
const excluded: readonly (readonly [number, number])[] = [
  [7, 9],
  [14, 20],
  [14, 21],
  [0, 30],
];
const whole = { sigShape: [height, width], navShape: [2, 3] } as const;

/** Corrected frames in float64, by the description in the README. */
function corrected(data: ArrayLike<number>, given: CorrectionSet): number[][] {
  const bad = (given.excludedPixels ?? []) as readonly (readonly [number, number])[];
  const isBad = (y: number, x: number): boolean => bad.some(([v, u]) => v === y && u === x);
  return Array.from({ length: data.length / pixels }, (_, f) => {
    const value = (p: number): number =>
      ((data[f * pixels + p] as number) - (given.dark?.[p] ?? 0)) * (given.gain?.[p] ?? 1);
    return Array.from({ length: pixels }, (_, p) => {
      const [y, x] = [Math.floor(p / width), p % width];
      if (!isBad(y, x)) return value(p);
      const around: number[] = [];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
          if (!isBad(v, u)) around.push(value(v * width + u));
      return around.reduce((a, b) => a + b, 0) / around.length;
    });
  });
}

const disk = masks.circular({ width, height, cx: 17, cy: 13, r: 9 });
const wave = Float32Array.from({ length: pixels }, (_, p) => Math.sin(p));
const few = new Float32Array(pixels);
few.set([0.5, -2, 3], 7 * width + 8);
const under = (frame: readonly number[], weight: (p: number) => number): number =>
  frame.reduce((sum, value, p) => sum + value * weight(p), 0);
/** Largest difference over the largest expected value. */
const apart = (given: ArrayLike<number | bigint>, expected: readonly number[]): number => {
  const found = given as ArrayLike<number>;
  const most = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((want, i) => Math.abs((found[i] as number) - want))) / most;
};

const emulated = (await devices({ backend: 'cuda-emulated' }).catch(() => [])).some(({ available }) => available);
// WebGPU tests the corrections of the golden file.
const backends = ['wasm', 'native', ...(emulated ? (['cuda-emulated'] as const) : [])] as const;

describe.each(backends)('corrections on %s', (backend) => {
  // Runs of pixels are added as integers, and products over a dark frame are computed in float64. Without a dark frame,
  // gain weights are float32.
  test.each([
    ['dark', { dark }, 1e-14],
    ['dark and bad pixels', { dark, excludedPixels: excluded }, 1e-14],
    ['dark, gain and bad pixels', { dark, gain, excludedPixels: excluded }, 1e-14],
    ['gain alone', { gain }, 1e-6],
  ])('%s', async (_, corrections: CorrectionSet, bound) => {
    const ctx = new Context({ context: { backend, strict: true } });
    try {
      const scan = ctx.fromMemory(frames, whole);
      const udfs = [
        sumUdf(),
        sumSigUdf(),
        masksUdf({ masks: [disk, wave, few] }),
        comUdf({ cx: 17, cy: 13, r: 9 }),
      ] as const;
      const [summed, each, masked, com] = await ctx.runUdf(scan, udfs, { corrections, numPartitions: 2 });
      const expected = corrected(frames, corrections);
      const plane = Array.from({ length: pixels }, (_, p) =>
        expected.reduce((sum, one) => sum + (one[p] as number), 0),
      );
      expect(apart(summed.intensity.data, plane)).toBeLessThan(1e-14);
      const sums = (weight: (p: number) => number): number[] => expected.map((frame) => under(frame, weight));
      expect(
        apart(
          each.intensity.data,
          sums(() => 1),
        ),
      ).toBeLessThan(bound);
      const column = (k: number) => (masked.intensity.data as Float64Array).filter((_, i) => i % 3 === k);
      expect(
        apart(
          column(0),
          sums((p) => disk[p] as number),
        ),
      ).toBeLessThan(bound);
      // The terms of the wave cancel: the remainder is a hundredth of them.
      expect(
        apart(
          column(1),
          sums((p) => wave[p] as number),
        ),
      ).toBeLessThan(100 * bound);
      expect(
        apart(
          column(2),
          sums((p) => few[p] as number),
        ),
      ).toBeLessThan(10 * bound);
      const all = sums((p) => disk[p] as number);
      const y = sums((p) => (disk[p] as number) * Math.floor(p / width)).map((sum, f) => sum / (all[f] as number));
      const x = sums((p) => (disk[p] as number) * (p % width)).map((sum, f) => sum / (all[f] as number));
      const centres = com.rawCom.data as Float64Array;
      expect(
        apart(
          centres,
          y.flatMap((at, f) => [at, x[f] as number]),
        ),
      ).toBeLessThan(bound);
    } finally {
      await ctx.close();
    }
  });
});

/** Mean and standard deviation of each pixel. */
function momentsOf(stack: readonly (readonly number[])[]): { means: number[]; deviations: number[] } {
  const means = Array.from(stack[0] as readonly number[], (_, p) => {
    let sum = 0;
    for (const frame of stack) sum += frame[p] as number;
    return sum / stack.length;
  });
  const deviations = means.map((mean, p) =>
    Math.sqrt(stack.reduce((sum, frame) => sum + ((frame[p] as number) - mean) ** 2, 0) / stack.length),
  );
  return { means, deviations };
}

// Corrected frames are float32, which would leave differences of 1e-8.
test.each(backends)(
  'standard deviations are those of unrounded corrected frames on %s',
  { tags: 'all' },
  async (backend) => {
    const ctx = new Context({ context: { backend, strict: true } });
    try {
      for (const corrections of [{ dark, gain, excludedPixels: excluded }, { gain }, { excludedPixels: excluded }])
        for (const data of [frames, Int32Array.from(frames, (value) => 1000 * value - 2 ** 20)]) {
          const { means, deviations } = momentsOf(corrected(data, corrections));
          const scan = ctx.fromMemory(data, whole);
          const { mean, std } = await ctx.runUdf(scan, stddevUdf(), { corrections, numPartitions: 3 });
          expect(apart(mean.data, means)).toBeLessThan(1e-14);
          expect(apart(std.data, deviations)).toBeLessThan(1e-12);
        }
      // A bad pixel without a panel is 0.
      const mask = Uint8Array.from({ length: pixels }, (_, p) => Number(p === 40));
      const zero = await ctx.runUdf(ctx.fromMemory(frames, whole), stddevUdf(), {
        corrections: new Corrections({ mask }),
      });
      expect([zero.mean.data[40], zero.std.data[40]]).toEqual([0, 0]);
      expect(zero.std.data[41]).toBeGreaterThan(0);
    } finally {
      await ctx.close();
    }
  },
);

test('frames are corrected one by one if their sums cannot be', async () => {
  const ctx = new Context({ context: { backend: 'wasm', strict: true } });
  try {
    const corrections = { dark, gain, excludedPixels: excluded };
    const sums = (data: ArrayLike<number>): number[] => corrected(data, corrections).map((one) => under(one, () => 1));
    // A logarithm is not linear in the frames; the sum computed together with it uses the same frames.
    const [{ logsum }, { intensity }] = await ctx.runUdf(ctx.fromMemory(frames, whole), [logSumUdf(), sumSigUdf()], {
      corrections,
    });
    const expected = corrected(frames, corrections);
    const least = expected.map((frame) => Math.min(...frame));
    const logarithms = Array.from({ length: pixels }, (_, p) =>
      expected.reduce((sum, frame, f) => sum + Math.log((frame[p] as number) - (least[f] as number) + 1), 0),
    );
    expect(apart(logsum.data, logarithms)).toBeLessThan(1e-6);
    expect(apart(intensity.data, sums(frames))).toBeLessThan(1e-6);
    // Float32 would lose 32-bit numbers on a high dark frame.
    const high = Float32Array.from(dark, (value) => value + 2 ** 30);
    const wide = ctx.fromMemory(
      Uint32Array.from(frames, (value) => value + 2 ** 30),
      whole,
    );
    const above = await ctx.runUdf(wide, sumSigUdf(), { corrections: { ...corrections, dark: high } });
    const rest = Float32Array.from(
      frames,
      (value, i) => value + 2 ** 30 - (high[i % pixels] as number) + (dark[i % pixels] as number),
    );
    expect(apart(above.intensity.data, sums(rest))).toBeLessThan(1e-6);
    // A pixel that is bad in only one frame: overloaded, or NaN.
    const limited = new Corrections({ dark, gain, saturation: 4000, length: pixels });
    const under4000 = frames.map((value) => (value > 4000 ? 0 : value));
    const overload = await ctx.runUdf(ctx.fromMemory(frames, whole), sumSigUdf(), { corrections: limited });
    const without = Array.from({ length: count }, (_, f) => {
      let sum = 0;
      for (let p = 0; p < pixels; p++)
        if (under4000[f * pixels + p])
          sum += ((frames[f * pixels + p] as number) - (dark[p] as number)) * (gain[p] as number);
      return sum;
    });
    expect(apart(overload.intensity.data, without)).toBeLessThan(1e-6);
    const floats = Float32Array.from(frames, (value, i) => (i % pixels === 600 ? Number.NaN : value));
    const hole = [...excluded, [Math.floor(600 / width), 600 % width] as const];
    const filled = corrected(frames, { ...corrections, excludedPixels: hole }).map((one) => under(one, () => 1));
    const mask = Uint8Array.from({ length: pixels }, (_, p) =>
      excluded.some(([y, x]) => y * width + x === p) ? 1 : 0,
    );
    const marked = new Corrections({ dark, gain, mask, patch: { width, height } });
    for (const one of [marked, { ...corrections, excludedPixels: hole }]) {
      const patched = await ctx.runUdf(ctx.fromMemory(floats, whole), sumSigUdf(), { corrections: one });
      expect(apart(patched.intensity.data, filled)).toBeLessThan(1e-6);
    }
    // Only excluded pixels are replaced, as in LiberTEM.
    const kept = await ctx.runUdf(ctx.fromMemory(floats, whole), sumSigUdf(), { corrections });
    expect([...kept.intensity.data]).toEqual(Array(count).fill(Number.NaN));
  } finally {
    await ctx.close();
  }
});

describe('numbers that float32 does not hold', () => {
  const small = { sigShape: [3, 3], navShape: [2] } as const;
  const high = Float64Array.from({ length: 9 }, (_, i) => 1e9 + i);
  const one = (make: (i: number) => number): number[] => Array.from({ length: 18 }, (_, i) => make(i % 9));
  test.each([
    ['i32', Int32Array.from(one((i) => 1e9 + i + 1))],
    ['u32', Uint32Array.from(one((i) => 1e9 + i + 1))],
    ['f64', Float64Array.from(one((i) => 1e9 + i + 1))],
    ['i64', BigInt64Array.from(one((i) => 1e9 + i + 1).map(BigInt))],
  ])('%s frames over a dark frame of 1e9 are 1, folded or not, whatever the UDF', async (_, data) => {
    const ctx = new Context({ context: { backend: 'wasm', strict: true } });
    try {
      const scan = ctx.fromMemory(data, small);
      const corrections = { dark: high };
      const weights = masksUdf({ masks: [new Float32Array(9).fill(0.5)] });
      const [summed, each, half] = await ctx.runUdf(scan, [sumUdf(), sumSigUdf(), weights] as const, { corrections });
      expect([...summed.intensity.data]).toEqual(Array(9).fill(2));
      expect([...each.intensity.data]).toEqual([9, 9]);
      expect([...half.intensity.data]).toEqual([4.5, 4.5]);
      const [{ mean, std }, beside] = await ctx.runUdf(scan, [stddevUdf(), sumSigUdf()] as const, { corrections });
      expect([...mean.data, ...std.data]).toEqual([...Array(9).fill(1), ...Array(9).fill(0)]);
      expect([...beside.intensity.data]).toEqual([9, 9]);
      const [logs] = await ctx.runUdf(scan, [logSumUdf(), sumSigUdf()] as const, { corrections });
      expect([...logs.logsum.data]).toEqual(Array(9).fill(0));
    } finally {
      await ctx.close();
    }
  });

  test('a gain of 0 is a factor of 0, with excluded pixels and without, folded or not', async () => {
    const ctx = new Context({ context: { backend: 'wasm', strict: true } });
    try {
      const data = Uint16Array.from({ length: 9 }, (_, i) => 10 + i);
      const scan = ctx.fromMemory(data, { sigShape: [3, 3], navShape: [1] });
      const gain = Float64Array.from({ length: 9 }, (_, i) => (i === 4 ? 0 : 1.1));
      const plain = { gain };
      const repaired = { gain, excludedPixels: [[0, 0]] as const };
      for (const corrections of [plain, repaired]) {
        const expected = Array.from(data, (value, i) => value * (gain[i] as number));
        // The mean of the neighbours of the corner: pixels 1, 3 and the dead one.
        if (corrections === repaired) expected[0] = (11 * 1.1 + 13 * 1.1 + 0) / 3;
        const folded = await ctx.runUdf(scan, sumUdf(), { corrections });
        const shown = await ctx.runUdf(scan, [sumUdf(), logSumUdf()] as const, { corrections });
        for (const { intensity } of [folded, shown[0]]) {
          expect(apart(intensity.data, expected)).toBeLessThan(1e-7);
          expect(intensity.data[4]).toBe(0);
        }
      }
    } finally {
      await ctx.close();
    }
  });
});
