/** Small problems with known answers, one for each mechanism; the kernels are in wgsl/self_test. */
import type { Mechanism } from '../../mechanisms.js';

/** A problem: the input of its kernel, how it is run, and the expected answer. */
export interface Problem {
  /** The part of wgsl/self_test/mechanisms.wgsl, and its entry point. */
  readonly entry: string;
  readonly input: Uint32Array;
  /** Initial contents of the output; zeros if shorter than the answer. */
  readonly initial?: Uint32Array;
  readonly groups: number;
  /** A third buffer, which the kernel declares but never reads. */
  readonly unread?: true;
  readonly answer: Uint32Array;
}

/** Workgroups of most problems: more than one, so that each reuses memory of another. */
const groups = 4;
/** Invocations per workgroup: more than any GPU runs in lockstep. */
const lanes = 128;

const words = (count: number, of: (i: number) => number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => of(i));
const counting = words(lanes + 1, (i) => (i === lanes ? lanes : i));

/** Words of a mixed pattern: every bit is set in some word. */
const mixed = words(64, (i) => Math.imul(i + 1, 0x9e3779b1) ^ (i << 26));

/** Bits of numbers that float32 holds, with their sums and products: signs, fractions and powers of two. */
const reals = new Float32Array(64);
for (let i = 0; i < 64; i++) reals[i] = (i % 2 === 0 ? 1 : -1) * (i * 16 + (i % 4) / 4);

const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0] as number;
const real = (i: number): number => reals[i] as number;
const mirrored = (i: number): number => reals[63 - i] as number;
/** Ties round to even. */
function rounded(value: number): number {
  const below = Math.floor(value);
  const over = value - below;
  if (over !== 0.5) return over < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Each workgroup's part of an answer. */
const perGroup = (each: number, of: (group: number, i: number) => number): Uint32Array =>
  words(groups * each, (i) => of(Math.floor(i / each), i % each));

function runningSums(): Uint32Array {
  const sums = new Uint32Array(groups * lanes);
  for (let i = 0; i < sums.length; i++) {
    const [group, lane] = [Math.floor(i / lanes), i % lanes];
    sums[i] = (lane > 0 ? (sums[i - 1] as number) : 0) + lane + group;
  }
  return sums;
}

function uniformLoads(): Uint32Array {
  const input = (k: number): number => counting[k] as number;
  return perGroup(lanes, (group) => {
    let sum = 0;
    for (let k = 0; k < 4; k++) {
      const writer = (37 * k + group) % lanes;
      sum += input(k) + writer + (k + 1) * writer + writer * input(k + 1);
    }
    return sum;
  });
}

function throughStorage(): Uint32Array {
  let cells = words(groups * lanes, (i) => (i % lanes) + Math.floor(i / lanes));
  for (let k = 0; k < 3; k++) {
    const before = cells;
    cells = words(groups * lanes, (i) => {
      const [first, lane] = [i - (i % lanes), i % lanes];
      return (before[first + ((lane + 67 + k) % lanes)] as number) + k;
    });
  }
  return cells;
}

function floats(): Uint32Array {
  const out = new Uint32Array(384);
  for (let i = 0; i < 64; i++) {
    const [a, b] = [real(i), mirrored(i)];
    const bits = bitsOf(a);
    out[i] = bitsOf(Math.max(a, b));
    out[64 + i] = bitsOf(a + b);
    out[128 + i] = bitsOf(a * b);
    out[192 + i] = bitsOf(rounded(a * 0.5));
    out[256 + i] = Math.trunc(Math.abs(a)) ^ Math.floor(a);
    out[320 + i] = bitsOf(bits >>> 8) ^ bitsOf((bits | 0) >> 8);
  }
  return out;
}

function integers(): Uint32Array {
  const out = new Uint32Array(384);
  for (let i = 0; i < 64; i++) {
    const [a, b] = [mixed[i] as number, mixed[63 - i] as number];
    const [shift, ones] = [i & 31, b.toString(2).replaceAll('0', '').length];
    out[i] = Number((BigInt(a) * BigInt(b)) >> 32n);
    out[64 + i] = Math.imul(a, b);
    out[128 + i] = (a + b) ^ ((i + (a + b > 0xffffffff ? 1 : 0)) << 16);
    out[192 + i] = (a << shift) ^ (b >>> shift) ^ ((a | 0) >> shift);
    out[256 + i] = Math.clz32(a) + 64 * ones;
    const divisor = (b | 1) >>> 0;
    out[320 + i] = ((a << (24 - 8 * (i & 3))) >> 24) + Math.floor(a / divisor) + (a % divisor);
  }
  return out;
}

/** The sum of 0 … lanes - 1, each increased by `group`. */
const sumOfLanes = (group: number): number => (lanes * (lanes - 1)) / 2 + lanes * group;

/** The problem of each mechanism that kernels in WGSL use. */
export const problems: Readonly<Partial<Record<Mechanism, Problem>>> = {
  workgroupAtomics: {
    entry: 'workgroup_atomics',
    input: counting,
    groups,
    answer: perGroup(8, (group, i) => {
      const of = [sumOfLanes(group), 50 - (lanes - 1 + group), lanes - 1 + group, lanes];
      return of[i] ?? 0xffffffff;
    }),
  },
  storageAtomics: {
    entry: 'storage_atomics',
    input: counting,
    initial: Uint32Array.of(0, 0, 0xffffffff),
    groups,
    answer: words(141, (i) => {
      const of = [(256 * 255) / 2, 255, 0, 256];
      if (i < 4) return of[i] as number;
      if (i < 12) return 0xffffffff;
      return i === 140 || i === 12 ? 128 : i - 12;
    }),
  },
  uniformLoad: { entry: 'uniform_load', input: counting, groups, answer: uniformLoads() },
  workgroupMemory: {
    entry: 'workgroup_memory',
    input: counting,
    groups,
    answer: perGroup(lanes, (group, lane) =>
      lane < lanes - group ? ((lane + 65) % lanes) + group + (lanes - 1 - lane) + group + 3 * group : 0,
    ),
  },
  loopBarriers: { entry: 'loop_barriers', input: counting, groups, answer: runningSums() },
  storageBarriers: { entry: 'storage_barriers', input: counting, groups, answer: throughStorage() },
  floatBits: { entry: 'float_bits', input: new Uint32Array(reals.buffer), groups: 1, answer: floats() },
  integers: { entry: 'integers', input: mixed, groups: 1, answer: integers() },
  bindings: {
    entry: 'bindings',
    input: words(64, (i) => i),
    groups: 1,
    unread: true,
    answer: words(64, (i) => i + 1),
  },
};
