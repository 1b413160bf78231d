/**
 * UDFs × backends × executors over frames that are difficult to sum: NaN and infinity, a high mean, integers of 32 and
 * 64 bits, float64, positions without a frame, a region of interest. The truth is float64 loops by the definitions
 * (truth.ts).
 */
import { devices } from 'ewald';
import {
  type AnyUdf,
  Context,
  comUdf,
  logSumUdf,
  masksUdf,
  maxUdf,
  minUdf,
  type ResultBuffer,
  stddevUdf,
  sumSigUdf,
  sumUdf,
} from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { squares, squaresOfPartitions, squaresOfTiles } from './module.mjs';
import {
  apart,
  divergenceTruth,
  extremeTruth,
  type Frames,
  fieldTruth,
  logSumTruth,
  masksTruth,
  meanTruth,
  stdTruth,
  sumSigTruth,
  sumTruth,
  type Truth,
} from './truth.js';

const nav = [4, 5] as const;
const sig = [6, 7] as const;
const pixels = 42;
const all = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
let state = 7;
const next = (): number => {
  state = (Math.imul(1664525, state) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const numbers = all(20 * pixels, () => Math.floor(1000 * next()));
type Data = Parameters<Context['fromMemory']>[0];
interface Look {
  readonly data: Data;
  readonly syncOffset?: number;
  readonly roi?: readonly number[];
  /** Error bounds relative to the terms, for float64 sums of frames and for float32 kernels. */
  readonly single?: boolean;
}

/** Frames of floats, some of whose pixels are not finite, including some in the first frame. */
const broken = Float32Array.from(numbers, (value) => value / 8);
for (const [frame, pixel, value] of [
  [3, 5, Number.NaN],
  [0, 8, Number.POSITIVE_INFINITY],
  [7, 9, Number.NEGATIVE_INFINITY],
  [2, 11, Number.POSITIVE_INFINITY],
  [4, 11, Number.NEGATIVE_INFINITY],
  [0, 13, Number.NaN],
] as const)
  broken[frame * pixels + pixel] = value;

const looks: Readonly<Record<string, Look>> = {
  'f32 with NaN and infinity': { data: broken, single: true },
  'f64 with NaN and infinity': { data: Float64Array.from(broken) },
  'u16 with gaps before the scan': { data: Uint16Array.from(numbers), syncOffset: -3 },
  'f32 with gaps behind the scan': {
    data: Float32Array.from(numbers, (value) => value / 8),
    syncOffset: 4,
    single: true,
  },
  'i16 in a region': {
    data: Int16Array.from(numbers, (value) => value - 300),
    roi: all(20, (i) => (i % 3 === 1 ? 1 : 0)),
  },
  'u32 near their end': { data: Uint32Array.from(numbers, (value) => 2 ** 32 - 1 - value) },
  'i64 beyond 32 bits': { data: BigInt64Array.from(numbers, (value) => BigInt(value) - 2n ** 45n) },
  'f64 on a high mean': { data: Float64Array.from(numbers, (value) => 1e9 + value / 7) },
};

/** The frames of a dataset by position. */
function framesOf({ data, syncOffset = 0, roi }: Look): Frames {
  const frames = all(20, (i) => {
    const file = i + syncOffset;
    if (file < 0 || file >= 20 || roi?.[i] === 0) return undefined;
    return Array.from(data.subarray(file * pixels, (file + 1) * pixels) as ArrayLike<number>, Number);
  });
  return { nav, sig, frames };
}

/**
 * A disk, a float32 wave, a float64 mask whose sum is 0, and two masks with few pixels; NaN is only in pixels of weight
 * 0.
 */
const disk = Uint8Array.from(all(pixels, (p) => (Math.hypot((p % 7) - 4, Math.floor(p / 7) - 3) <= 1.5 ? 1 : 0)));
const wave = Float32Array.from(all(pixels, (p) => (p > 20 ? Math.sin(p) : 0)));
const balanced = Float64Array.from(all(pixels, (p) => (p > 20 ? (p % 2 === 0 ? 1 / 11 : -1 / 10) : 0)));
const few = Float32Array.from(all(pixels, (p) => (p % 14 === 1 ? p : 0)));
const fewDouble = Float64Array.from(few, (value) => value / 3);
const singles = [disk, wave, few];
const doubles = [balanced, fewDouble];

type Found = Readonly<Record<string, ResultBuffer<'f64'>>>;
/** UDFs, and the results that are compared. */
const cases: readonly {
  readonly name: string;
  readonly udf: AnyUdf;
  readonly truths: (frames: Frames, gap: number) => Readonly<Record<string, Truth>>;
  /** Computed in float64 on every backend that supports it. */
  readonly double?: boolean;
}[] = [
  { name: 'sum', udf: sumUdf(), truths: (frames) => ({ intensity: sumTruth(frames) }) },
  { name: 'sumsig', udf: sumSigUdf(), truths: (frames, gap) => ({ intensity: sumSigTruth(frames, gap) }) },
  { name: 'logsum', udf: logSumUdf(), truths: (frames) => ({ logsum: logSumTruth(frames) }) },
  {
    name: 'stddev',
    udf: stddevUdf(),
    truths: (frames) => ({ sum: sumTruth(frames), mean: meanTruth(frames), std: stdTruth(frames) }),
  },
  { name: 'max', udf: maxUdf(), truths: (frames) => ({ intensity: extremeTruth(frames, Math.max) }) },
  { name: 'min', udf: minUdf(), truths: (frames) => ({ intensity: extremeTruth(frames, Math.min) }) },
  {
    name: 'masks in float32',
    udf: masksUdf({ masks: singles }),
    truths: (frames, gap) => ({ intensity: masksTruth(frames, singles, gap) }),
  },
  {
    name: 'com',
    udf: comUdf({ regression: 1 }),
    truths(frames) {
      const field = fieldTruth(frames);
      return { field, divergence: divergenceTruth(frames, field.values) };
    },
  },
  ...[squares, squaresOfTiles, squaresOfPartitions].map((udf) => ({
    name: udf.name,
    udf,
    truths: (frames: Frames, gap: number) => ({
      each: sumSigTruth({ ...frames, frames: frames.frames.map((frame) => frame?.map((v) => v * v)) }, gap),
      pixel: sumTruth({ ...frames, frames: frames.frames.map((frame) => frame?.map((v) => v * v)) }),
    }),
    double: true,
  })),
  {
    name: 'masks in float64',
    udf: masksUdf({ masks: doubles }),
    truths: (frames, gap) => ({ intensity: masksTruth(frames, doubles, gap) }),
    double: true,
  },
];

const present = async (backend: 'webgpu' | 'cuda-emulated'): Promise<boolean> =>
  (await devices({ backend }).catch(() => [])).some(({ available }) => available);
const places = [
  'wasm',
  'native',
  ...((await present('cuda-emulated')) ? (['cuda-emulated'] as const) : []),
  ...((await present('webgpu')) ? (['webgpu'] as const) : []),
  'workers',
  'delayed',
] as const;
/**
 * A software GPU takes seconds to compile kernels, so it tests only these frames and these UDFs, which show something
 * new on it.
 */
const onGpu = ['f32 with NaN and infinity', 'logsum', 'stddev', 'masks in float32'];

/** Integers and floats on the CPU: a kernel that takes none of them fails in the tests of every change. */
const ofEachTest = ['u16 with gaps before the scan', 'f32 with NaN and infinity'];

describe.each(places)('%s', (place) => {
  let ctx: Context;
  beforeAll(async () => {
    const here = place === 'workers' || place === 'delayed';
    const context = { backend: here ? ('wasm' as const) : place, strict: true };
    ctx = here
      ? await Context.makeWith(place, { context, ...(place === 'workers' && { cpus: 1 }) })
      : new Context({ context });
  });
  afterAll(() => ctx.close());

  const compare = async (_: string, look: Look): Promise<void> => {
    const scan = ctx.fromMemory(look.data, {
      navShape: [...nav],
      sigShape: [...sig],
      syncOffset: look.syncOffset ?? 0,
    });
    const own = cases.filter(({ name }) => place !== 'webgpu' || onGpu.includes(name));
    const results = (await ctx.runUdf(
      scan,
      own.map(({ udf }) => udf),
      { ...(look.roi && { roi: look.roi }), numPartitions: 3 },
    )) as readonly Found[];
    const frames = framesOf(look);
    const found: Record<string, number> = {};
    const bounds: Record<string, number> = {};
    for (const [i, { name, truths, double }] of own.entries())
      for (const [key, truth] of Object.entries(truths(frames, look.roi ? Number.NaN : 0))) {
        const id = `${name}: ${key}`;
        const planes = key === 'std' || key === 'mean' || key === 'sum' || name === 'sum' || key === 'logsum';
        const single = place === 'webgpu' ? look.single || key === 'logsum' : look.single && !planes;
        const wide = !double && (single || (name === 'masks in float32' && /16/.test(scan.dtype)));
        found[id] = apart(((results[i] as Found)[key] as ResultBuffer<'f64'>).data, truth);
        bounds[id] = wide ? 4e-6 : 1e-12;
      }
    const wrong = Object.entries(found).filter(([id, error]) => !(error <= (bounds[id] as number)));
    expect(Object.fromEntries(wrong)).toEqual({});
  };
  const own = Object.entries(looks).filter(([name]) => place !== 'webgpu' || onGpu.includes(name));
  const isOfEach = (name: string): boolean => ['wasm', 'native'].includes(place) && ofEachTest.includes(name);
  test.each(own.filter(([name]) => isOfEach(name)))('%s', compare);
  test.each(own.filter(([name]) => !isOfEach(name)))('%s', { tags: 'all' }, compare);
});

test('a mask of float64 over a flat frame equals float64 arithmetic on every backend', async () => {
  const [height, width] = [64, 64];
  const flat = Float32Array.from({ length: 2 * height * width }, (_, i) => (i < height * width ? 3e5 : 1e6));
  const few = new Float64Array(height * width);
  few.set([1 / 3, 1 / 3, -2 / 3], 100);
  // A disk minus the ring around it: its sum is 0 within the rounding of its weights.
  const disk = all(height * width, (p) => {
    const far = Math.hypot((p % width) - 31, Math.floor(p / width) - 30);
    return far <= 12 ? 1 : far <= 25 ? -1 : 0;
  });
  const [inside, around] = [1, -1].map((v) => disk.filter((value) => value === v).length) as [number, number];
  const subtracted = Float64Array.from(disk, (value) => (value < 0 ? -inside / around : value));
  const frames = [0, 1].map((f) => [...flat.subarray(f * height * width, (f + 1) * height * width)]);
  const whole: Frames = { nav: [1, 2], sig: [height, width], frames };
  const masks = [subtracted, few];
  const truth = masksTruth(whole, masks, 0);
  for (const place of places) {
    if (place === 'workers' || place === 'delayed') continue;
    // Without `strict` WebGPU passes them to a backend that has float64.
    const ctx = new Context({ context: { backend: place } });
    try {
      const scan = ctx.fromMemory(flat, { navShape: [1, 2], sigShape: [height, width] });
      const { intensity } = await ctx.runUdf(scan, masksUdf({ masks }));
      expect(apart(intensity.data, truth), place).toBeLessThan(1e-13);
    } finally {
      await ctx.close();
    }
  }
});
