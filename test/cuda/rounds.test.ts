/**
 * Steps of a frame pass on emulated CUDA take turns with rounds of frames that fit into the cache, and their results do
 * not depend on it.
 */
import type { FrameSums, PassStep } from 'ewald/udf';
import { afterEach, expect, test } from 'vitest';
import { type EmulatedCard, loadAddon, onCard, present, resetCard } from '../support/emulated-card.js';

interface CountingCard extends EmulatedCard {
  launches(): number;
}

const addon = loadAddon<CountingCard>();
const MiB = 2 ** 20;
/** Memory of 100 GB/s, from which a round is read in more time than its kernels take to start. */
const slow = { memoryClock: 781_250, memoryBus: 512 };

afterEach(() => {
  if (present) resetCard(addon);
});

interface Problem {
  readonly side: number;
  readonly frames: number;
  readonly dtype: 'u8' | 'f32';
  readonly steps: readonly PassStep[];
}

/** Values of different magnitudes, so that the sums in float64 are rounded. */
const valuesOf = ({ side, frames, dtype }: Problem): Uint8Array | Float32Array => {
  const length = side * side * frames;
  const at = (i: number): number => Math.imul(i + 1, 2654435761) >>> 0;
  return dtype === 'u8'
    ? Uint8Array.from({ length }, (_, i) => at(i) >>> 24)
    : Float32Array.from({ length }, (_, i) => (at(i) - 2 ** 31) * 2 ** (6 * (i % 11) - 60));
};

/** Whether two arrays have the same bits; `toEqual` takes many seconds for a million numbers. */
const sameBits = (a: Float64Array, b: Float64Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

function expectSame(found: FrameSums, wanted: FrameSums): void {
  expect(sameBits(found.nav, wanted.nav), 'sums of frames').toBe(true);
  expect(sameBits(found.sig, wanted.sig), 'planes').toBe(true);
}

/** Results and number of launches with a cache of this size. */
async function passed(problem: Problem, l2Bytes: number, onDevice: boolean, card: object = {}) {
  const { side, frames, dtype, steps } = problem;
  addon.setCard({ l2Bytes, ...slow, ...card });
  await using ctx = await onCard();
  await using pass = await ctx.framePass({ width: side, height: side, dtype, steps });
  const data = valuesOf(problem);
  await using there = await ctx.array(data, { backend: 'cuda-emulated' });
  const before = addon.launches();
  const results = await pass.run(onDevice ? there : data, frames);
  return { results, launches: addon.launches() - before };
}

const disk = Uint32Array.of(70, 90, 200, 250, 1000, 1020);
const weights = Float32Array.from({ length: 6 * 64 * 64 }, (_, i) => Math.sin(i));
const sparse = {
  starts: Uint32Array.of(0, 2, 3),
  pixels: Uint32Array.of(1, 77, 4095),
  weights: Float32Array.of(1, 2, -3),
};
// Frames of 16 KiB, of which 8 MiB hold 512: two rounds and a half.
const small: Problem = {
  side: 64,
  frames: 1100,
  dtype: 'f32',
  steps: [
    { kind: 'com', spans: disk },
    { kind: 'dense', weights, masks: 6 },
    { kind: 'sparse', masks: sparse },
    { kind: 'moments' },
    { kind: 'logSum' },
  ],
};
// Sums are in seven slices; the second round of 32 frames begins with the fifth.
const uneven: Problem = {
  side: 272,
  frames: 40,
  dtype: 'f32',
  steps: [{ kind: 'sumOf', spans: disk }, { kind: 'sum' }, { kind: 'logSum' }],
};
// Frames of 256 KiB, of which 8 MiB hold 32; reading and writing their sums takes as many bytes as these.
const large: Problem = {
  side: 512,
  frames: 40,
  dtype: 'u8',
  steps: [{ kind: 'sumOf', spans: disk }, { kind: 'com', spans: disk }, { kind: 'sum' }],
};

test.skipIf(!present)(
  'results have the same bits in rounds as in one launch of each step',
  { tags: 'all' },
  async () => {
    // Kernels of the steps: sums and their gathering twice, pixels, moments, least numbers and logarithms.
    const [steps, conclusions] = [2 + 2 + 1 + 1 + 2, 2];
    const whole = await passed(small, MiB, true);
    expect(whole.launches).toBe(steps + conclusions);
    const rounds = await passed(small, 16 * MiB, true);
    expect(rounds.launches).toBe(3 * steps + conclusions);
    expectSame(rounds.results, whole.results);
    // An upload has 1024 frames, which are two rounds.
    const uploaded = await passed(small, 16 * MiB, false);
    expect(uploaded.launches).toBe(3 * steps + conclusions);
    expectSame(uploaded.results, whole.results);
  },
);

test.skipIf(!present)(
  'a round begins with the slice after the last one of the round before',
  { tags: 'all' },
  async () => {
    const whole = await passed(uneven, MiB, true);
    const rounds = await passed(uneven, 19 * MiB, true);
    expect(rounds.launches).toBe(2 * whole.launches - 2);
    expectSame(rounds.results, whole.results);
  },
);

test.skipIf(!present)(
  'planes whose sums outweigh their frames are added apart from the rounds',
  { tags: 'all' },
  async () => {
    const whole = await passed(large, MiB, true);
    expect(whole.launches).toBe(2 + 2 + 1 + 1);
    const rounds = await passed(large, 16 * MiB, true);
    expect(rounds.launches).toBe(2 * (2 + 2) + 1 + 1);
    expectSame(rounds.results, whole.results);
    const sum = new Float64Array(large.side ** 2);
    valuesOf(large).forEach((value, i) => {
      sum[i % sum.length] = (sum[i % sum.length] as number) + value;
    });
    expect(sameBits(rounds.results.sig, sum)).toBe(true);
  },
);

test.skipIf(!present)('there are no rounds where they would save nothing', { tags: 'nightly' }, async () => {
  const of = (...steps: PassStep[]): Problem => ({ ...small, steps });
  const cases: [why: string, problem: Problem, l2Bytes: number, launches: number, card?: object][] = [
    ['a single step', of({ kind: 'sum' }), 16 * MiB, 1 + 1],
    ['a step and a few pixels', of({ kind: 'sum' }, { kind: 'sparse', masks: sparse }), 16 * MiB, 1 + 1 + 1],
    ['a small cache', of({ kind: 'sum' }, { kind: 'moments' }), 2 * MiB, 2 + 2],
    [
      'the memory of an H100',
      of({ kind: 'sum' }, { kind: 'moments' }),
      16 * MiB,
      2 + 2,
      { memoryClock: 2_619_000, memoryBus: 5120 },
    ],
    ['no rate reported', of({ kind: 'sum' }, { kind: 'moments' }), 16 * MiB, 2 + 2, { memoryClock: 0 }],
    // Each of 64 multiprocessors needs 8 warps, each with one of 2 parts of 8 frames: 32 MiB.
    [
      'more multiprocessors than the frames in the cache employ',
      of({ kind: 'sum' }, { kind: 'dense', weights, masks: 6 }),
      16 * MiB,
      1 + 1 + 2,
      { multiprocessors: 64 },
    ],
  ];
  for (const [why, problem, l2Bytes, launches, card] of cases)
    expect((await passed(problem, l2Bytes, true, card)).launches, why).toBe(launches);
  // Logarithms alone read their frames twice.
  expect((await passed(of({ kind: 'logSum' }), 16 * MiB, true)).launches).toBe(3 * 2 + 1);
});
