/**
 * The fused pass compared with the five plain passes that it replaces, in the same build: limits are equal to the last
 * bit for integers, and peaks are always equal, on frames designed to break it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import type { Frame, FrameDtype } from '../../src/peaks/peaks.js';
import { tier, variants } from '../support/variants.js';

const ranges = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
  u32: [0, 4294967295],
  i32: [-2147483648, 2147483647],
  f32: [-3e38, 3e38],
} as const;
const types = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
};
const dtypes = Object.keys(ranges) as FrameDtype[];

/** Background levels; each tests a way in which limits can be wrong or an offset can wrap around. */
const levels = {
  'near the lowest number': ([least]: readonly number[]) => least ?? 0,
  'near the highest number': ([, greatest]: readonly number[]) => (greatest ?? 0) - 30,
  'at a few counts': () => 4,
  'at a thousand counts': ([, greatest]: readonly number[]) => Math.min(1000, (greatest ?? 0) / 2),
  'rising by decades with the radius': () => 1,
  'in steps from tile to tile': () => 20,
} as const;

interface Scene {
  readonly frame: Frame;
  readonly bad: Uint8Array;
  readonly badHere: Uint8Array | undefined;
  readonly centre: readonly [number, number];
  readonly width: number;
  readonly height: number;
}

function sceneOf(dtype: FrameDtype, level: keyof typeof levels, seed: number): Scene {
  const random = new Random(seed, 1);
  const [width, height] = [40 + random.below(170), 40 + random.below(120)];
  // Beam centres inside the frame and far outside, where rings are straight and many pixels wide.
  const centre = [(random.uniform() * 3 - 1) * width, (random.uniform() * 3 - 1) * height] as const;
  const [least, greatest] = ranges[dtype];
  const base = levels[level](ranges[dtype]);
  const noise = [0, 0.4, 3, 25][random.below(4)] ?? 0;
  const values = Float64Array.from({ length: width * height }, (_, i) => {
    const radius = Math.hypot((i % width) - centre[0], Math.floor(i / width) - centre[1]);
    const factor = level.startsWith('rising') ? 10 ** ((5 * radius) / (width + height)) : 1;
    const step = level.startsWith('in steps') ? 40 * (((i % width) >> 3) % 3) : 0;
    return base * factor + step + noise * random.normal() * Math.sqrt(factor);
  });
  const odd = [least, greatest, 0, 1, -1, base + 300, base - 300, Number.NaN, 1e30, -0.5];
  const share = [0, 0.002, 0.03, 0.4][random.below(4)] ?? 0;
  for (let i = 0; i < values.length; i++) {
    if (random.uniform() < share) values[i] = odd[random.below(odd.length)] ?? 0;
    else if (random.uniform() < 0.004) values[i] = (values[i] ?? 0) + 12 * noise * random.uniform() + 10;
  }
  const frame = new types[dtype](values.length);
  for (const [i, v] of values.entries())
    frame[i] = dtype === 'f32' ? v : Math.min(greatest, Math.max(least, Math.round(v) || 0));
  const mark = (part: number): Uint8Array =>
    Uint8Array.from({ length: values.length }, () => (random.uniform() < part ? 1 : 0));
  return {
    frame,
    bad: mark([0, 0.01, 0.3][random.below(3)] ?? 0),
    badHere: random.below(3) === 0 ? mark(0.05) : undefined,
    centre,
    width,
    height,
  };
}

describe.each(['wasm', 'native'] as const)('%s', (backend) => {
  let context: Context;
  beforeAll(async () => {
    context = await createContext({ backend, strict: true });
  });
  afterAll(() => context.dispose());

  test.each(variants(dtypes, 2))(
    '%s: the fused pass finds what the five passes find',
    { tags: tier },
    async (dtype) => {
      let peaks = 0;
      for (const [l, level] of (Object.keys(levels) as (keyof typeof levels)[]).entries())
        for (let repeat = 0; repeat < 8; repeat++) {
          const seed = 1000 * l + repeat;
          const { frame, badHere, ...plan } = sceneOf(dtype, level, seed);
          const finder = await context.peaks({ ...plan, dtype });
          const run = {
            threshold: [-1e30, 0, 12, 1e6][repeat % 4] ?? 0,
            minSnr: [0, 1.5, 4.5, 8][(repeat + l) % 4] ?? 5,
            minPixCount: 1,
            rings: true,
            ...(badHere ? { bad: badHere } : {}),
            ...(repeat % 3 === 0 ? { validRange: [-100, 30000] as const } : {}),
          };
          const quick = await finder.run(frame, run);
          const plain = await finder.run(frame, { ...run, plain: true });
          await finder.dispose();
          peaks += plain.count;
          const where = `${level}, seed ${seed}`;
          if (dtype === 'f32') {
            // Sums of real numbers are rounded in another order.
            expect(quick.count, where).toBe(plain.count);
            expect(quick.pixels, where).toEqual(plain.pixels);
            expect(quick.fs, where).toEqual(plain.fs);
          } else expect(quick, where).toEqual(plain);
        }
      expect(peaks, 'peaks to differ in').toBeGreaterThan(1000);
    },
  );

  test('rings that vary too much for samples are listed by the first frame that has them', async () => {
    const [width, height] = [120, 100];
    const random = new Random(3, 1);
    const even = Uint16Array.from({ length: width * height }, () => 20 + random.below(9));
    // Counts of many decades between two radii, in fewer than half of the pixels.
    const wild = (from: number, to: number): Uint16Array =>
      even.map((value, i) => {
        const radius = Math.hypot((i % width) - 60, Math.floor(i / width) - 50);
        return radius >= from && radius < to ? Math.min(65535, 10 ** (2 + random.normal())) : value;
      });
    const finder = await context.peaks({ width, height, dtype: 'u16' });
    // Lists of peaks take memory as well; no peak is so large.
    const run = { threshold: 30, minSnr: 3, minPixCount: 190, rings: true, sums: true };
    const planned = finder.bytes;
    await finder.run(even, run);
    const before = finder.bytes;
    expect(before - planned).toBeLessThan(width * height);
    const frames = [wild(0, 20), wild(32, 40), wild(10, 36)];
    for (const [i, frame] of frames.entries()) {
      const found = await finder.run(frame, run);
      expect(finder.bytes - before).toBeGreaterThan(2 * width * height);
      expect(found, `frame ${i}`).toEqual(await finder.run(frame, { ...run, plain: true }));
    }
    await finder.dispose();
  });

  test('data left by one frame do not affect the next', async () => {
    const { frame, bad, centre, width, height } = sceneOf('u16', 'at a few counts', 5);
    const finder = await context.peaks({ bad, centre, width, height, dtype: 'u16' });
    const run = { threshold: 5, minSnr: 3, rings: true };
    const first = await finder.run(frame, run);
    await finder.run(new Uint16Array(frame.length).fill(65535), run);
    await finder.run(frame, { ...run, minSnr: 0, threshold: -1e30 });
    expect(await finder.run(frame, run)).toEqual(first);
    await finder.dispose();
  });
});
