/** The largest and the smallest count of each pixel. */
import { elementBytes } from '../../frames/dtype.js';
import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type Tiling, type UdfMeta } from '../../udf/functions/udf.js';
import { product } from '../../util/product.js';
import { requireReal } from './real-frames.js';

const builtin = 'ewald/udf';

/** Takes numbers into those that are known; one that is no number stays, as in sums. */
type Take = (known: Float64Array, numbers: ArrayLike<number>, from: number, first: number, end: number) => void;

const takeMax: Take = (known, numbers, from, first, end) => {
  for (let p = first; p < end; p++) {
    const value = numbers[from + p] as number;
    if (!(value <= (known[p] as number))) known[p] = Math.max(value, known[p] as number);
  }
};

const takeMin: Take = (known, numbers, from, first, end) => {
  for (let p = first; p < end; p++) {
    const value = numbers[from + p] as number;
    if (!(value >= (known[p] as number))) known[p] = Math.min(value, known[p] as number);
  }
};

/** Pixels that stay in the nearest cache while the frames of a tile pass. */
const block = 2048;

/** Frames of a tile: at most those of a partition. */
const tiling = ({ meta }: { readonly meta: UdfMeta }): Tiling => ({
  depth: Math.max(1, Math.min(32, Math.floor(2 ** 25 / (product(meta.sig) * elementBytes(meta.inputDtype))))),
});

/** The numbers of a scope. */
interface Numbers {
  readonly intensity: Float64Array;
}

/** What both have: `start` is what every number replaces. */
const extreme = (name: string, take: Take, start: number) => ({
  name,
  module: builtin,
  tiling,
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
    const { length } = intensity;
    for (let first = 0; first < length; first += block)
      for (let i = 0; i < depth; i++) take(intensity, tile, i * length, first, Math.min(length, first + block));
  },
  merge({ dest, src }: { readonly dest: Numbers; readonly src: Numbers }) {
    take(dest.intensity, src.intensity, 0, 0, dest.intensity.length);
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
