/** The largest and the smallest count of each pixel. */
import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { requireReal } from './real-frames.js';

const builtin = 'ewald/udf';

/** Takes numbers into those that are known; one that is no number stays, as in sums. */
type Take = (known: Float64Array, numbers: ArrayLike<number>, from: number) => void;

const takeMax: Take = (known, numbers, from) => {
  for (let p = 0; p < known.length; p++) {
    const value = numbers[from + p] as number;
    if (!(value <= (known[p] as number))) known[p] = Math.max(value, known[p] as number);
  }
};

const takeMin: Take = (known, numbers, from) => {
  for (let p = 0; p < known.length; p++) {
    const value = numbers[from + p] as number;
    if (!(value >= (known[p] as number))) known[p] = Math.min(value, known[p] as number);
  }
};

// Of whole numbers, four at a time, without a branch: in the first frames the extremes change at random, which processors
// do not foresee (6 frames of counts: 3.9 ns a number with branches, 1.2 without). The long loop is the last one: V8
// compiles it while it runs, and what would follow had not run by then.
const takeWholeMax: Take = (known, numbers, from) => {
  const rest = known.length % 4;
  if (rest > 0) takeMax(known.subarray(0, rest), numbers, from);
  for (let p = rest, i = from + rest; p < known.length; p += 4, i += 4) {
    const ka = known[p] as number;
    const kb = known[p + 1] as number;
    const kc = known[p + 2] as number;
    const kd = known[p + 3] as number;
    const a = (numbers[i] as number) - ka;
    const b = (numbers[i + 1] as number) - kb;
    const c = (numbers[i + 2] as number) - kc;
    const d = (numbers[i + 3] as number) - kd;
    known[p] = ka + (a + Math.abs(a)) / 2;
    known[p + 1] = kb + (b + Math.abs(b)) / 2;
    known[p + 2] = kc + (c + Math.abs(c)) / 2;
    known[p + 3] = kd + (d + Math.abs(d)) / 2;
  }
};

const takeWholeMin: Take = (known, numbers, from) => {
  const rest = known.length % 4;
  if (rest > 0) takeMin(known.subarray(0, rest), numbers, from);
  for (let p = rest, i = from + rest; p < known.length; p += 4, i += 4) {
    const ka = known[p] as number;
    const kb = known[p + 1] as number;
    const kc = known[p + 2] as number;
    const kd = known[p + 3] as number;
    const a = ka - (numbers[i] as number);
    const b = kb - (numbers[i + 1] as number);
    const c = kc - (numbers[i + 2] as number);
    const d = kd - (numbers[i + 3] as number);
    known[p] = ka - (a + Math.abs(a)) / 2;
    known[p + 1] = kb - (b + Math.abs(b)) / 2;
    known[p + 2] = kc - (c + Math.abs(c)) / 2;
    known[p + 3] = kd - (d + Math.abs(d)) / 2;
  }
};

/** Whether all differences of such numbers, and of `farthest`, are exact. */
const areWhole = ({ inputDtype }: UdfMeta): boolean => /^[ui](8|16|32)$/.test(inputDtype);

/** Beyond every whole number of 32 bits. */
const farthest = 2 ** 40;

/** The numbers of a scope. */
interface Numbers {
  readonly intensity: Float64Array;
}

/** What both have: every number replaces one that is infinite, or `farthest`, with this sign. */
const extreme = (name: string, take: Take, takeWhole: Take, sign: 1 | -1) => ({
  name,
  module: builtin,
  buffers(meta: UdfMeta): { intensity: BufferDeclaration<'f64'> } {
    requireReal(name, meta);
    return { intensity: { kind: 'sig' as const, dtype: 'f64' as const } };
  },
  preprocess({ results: { intensity }, meta }: { readonly results: Numbers; readonly meta: UdfMeta }) {
    intensity.fill(sign * (areWhole(meta) ? farthest : Number.POSITIVE_INFINITY));
  },
  processTile({
    tile,
    depth,
    results: { intensity },
    meta,
  }: {
    readonly tile: ArrayLike<number>;
    readonly depth: number;
    readonly results: Numbers;
    readonly meta: UdfMeta;
  }) {
    const each = areWhole(meta) ? takeWhole : take;
    for (let i = 0; i < depth; i++) each(intensity, tile, i * intensity.length);
  },
  merge({ dest, src }: { readonly dest: Numbers; readonly src: Numbers }) {
    take(dest.intensity, src.intensity, 0);
  },
  mergesParts: true,
  // Nothing is the largest number of no frames.
  getResults: ({ results: { intensity }, damage }: { readonly results: Numbers; readonly damage: Uint8Array }) => ({
    intensity: damage.includes(1) ? intensity : new Float64Array(intensity.length).fill(Number.NaN),
  }),
});

/** Largest count of each pixel in all frames: `intensity`, [y, x]; NaN where one of them is. */
export const maxUdf = /* @__PURE__ */ defineUdf(extreme('max', takeMax, takeWholeMax, -1));

/** Smallest count of each pixel in all frames: `intensity`, [y, x]; NaN where one of them is. */
export const minUdf = /* @__PURE__ */ defineUdf(extreme('min', takeMin, takeWholeMin, 1));
