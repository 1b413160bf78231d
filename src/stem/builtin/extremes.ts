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

/** The numbers of a scope. */
interface Numbers {
  readonly intensity: Float64Array;
}

/** What both have: `start` is what every number replaces. */
const extreme = (name: string, take: Take, start: number) => ({
  name,
  module: builtin,
  buffers(meta: UdfMeta): { intensity: BufferDeclaration<'f64'> } {
    requireReal(name, meta);
    return { intensity: { kind: 'sig' as const, dtype: 'f64' as const } };
  },
  preprocess({ results: { intensity } }: { readonly results: Numbers }) {
    intensity.fill(start);
  },
  processTile({
    tile,
    depth,
    results: { intensity },
  }: {
    readonly tile: ArrayLike<number>;
    readonly depth: number;
    readonly results: Numbers;
  }) {
    for (let i = 0; i < depth; i++) take(intensity, tile, i * intensity.length);
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
export const maxUdf = /* @__PURE__ */ defineUdf(extreme('max', takeMax, Number.NEGATIVE_INFINITY));

/** Smallest count of each pixel in all frames: `intensity`, [y, x]; NaN where one of them is. */
export const minUdf = /* @__PURE__ */ defineUdf(extreme('min', takeMin, Number.POSITIVE_INFINITY));
