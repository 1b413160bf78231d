/** Sums: of all frames, of each frame, of logarithms. Integers are exact as long as they stay below 2^53. */
import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { filled, fillOf, type PixelList } from '../images/without-count.js';
import { requireReal } from './real-frames.js';

const builtin = 'ewald/udf';
const complex = ({ inputDtype }: UdfMeta): boolean => inputDtype.startsWith('c');
const realOr128 = (meta: UdfMeta): 'f64' | 'c128' => (complex(meta) ? 'c128' : 'f64');

/** Adds `src` to `dest`, name by name: the merge of all results that are sums. */
export function addAll({ dest, src }: { readonly dest: object; readonly src: object }): void {
  for (const [name, array] of Object.entries(dest) as [string, Float64Array][]) {
    const more = (src as Record<string, Float64Array>)[name] as Float64Array;
    const { length } = array;
    for (let i = 0; i < length; i++) array[i] = (array[i] as number) + (more[i] as number);
  }
}

/** Whole frames as one span per row. */
function rowSpans({ sig }: UdfMeta): Uint32Array {
  const width = sig.at(-1) as number;
  const rows = sig.slice(0, -1).reduce((a, b) => a * b, 1);
  return Uint32Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? (i / 2) * width : ((i + 1) / 2) * width));
}

/** Sum of all frames: `intensity`, [y, x]. */
export const sumUdf = /* @__PURE__ */ defineUdf({
  name: 'sum',
  module: builtin,
  buffers: (meta: UdfMeta): { intensity: BufferDeclaration<'f64' | 'c128'> } => ({
    intensity: { kind: 'sig', dtype: realOr128(meta) },
  }),
  processTile({ tile, depth, results }) {
    const { intensity } = results;
    const numbers = intensity.length;
    for (let i = 0; i < depth; i++) {
      const at = i * numbers;
      for (let p = 0; p < numbers; p++) intensity[p] = (intensity[p] as number) + (tile[at + p] as number);
    }
  },
  merge: addAll,
  mergesParts: true,
  kernel: () => ({
    steps: [{ kind: 'sum' }],
    planes: ['intensity'],
  }),
  resident: ({ scan }) => ({ intensity: scan.sum }),
});

/** Sum of each frame: `intensity`, one number per scan position. */
export const sumSigUdf = /* @__PURE__ */ defineUdf({
  name: 'sumsig',
  module: builtin,
  buffers: (meta: UdfMeta): { intensity: BufferDeclaration<'f64' | 'c128'> } => ({
    intensity: { kind: 'nav', dtype: realOr128(meta) },
  }),
  processFrame({ frame, results }) {
    const { intensity } = results;
    const step = intensity.length;
    for (let i = 0; i < frame.length; i += step)
      for (let k = 0; k < step; k++) intensity[k] = (intensity[k] as number) + (frame[i + k] as number);
  },
  kernel: ({ meta }) => ({
    steps: [{ kind: 'sumOf', spans: rowSpans(meta) }],
    finish: ({ nav }, { intensity }) => intensity.set(nav),
  }),
});

/**
 * Sum of log(I − minimum of the frame + 1): `logsum`, [y, x]; shows weak and strong parts of a pattern together. A NaN
 * makes its whole frame NaN. Pixels (y, x) of `without` have the mean of their neighbours.
 */
export const logSumUdf = /* @__PURE__ */ defineUdf({
  name: 'logsum',
  module: builtin,
  params: { without: [] as PixelList },
  buffers(meta: UdfMeta): { logsum: BufferDeclaration<'f64'> } {
    requireReal('logsum', meta);
    return { logsum: { kind: 'sig', dtype: 'f64' } };
  },
  getTaskData: ({ params: { without }, meta }) =>
    without.length === 0 ? undefined : fillOf(without, { height: meta.sig[0] ?? 1, width: meta.sig[1] ?? 1 }),
  processFrame({ frame: recorded, results: { logsum }, task }) {
    const frame = filled(recorded, task);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < frame.length; i++) least = Math.min(least, frame[i] as number);
    for (let i = 0; i < frame.length; i++)
      logsum[i] = (logsum[i] as number) + Math.log((frame[i] as number) - least + 1);
  },
  merge: addAll,
  mergesParts: true,
  kernel: ({ params: { without } }) =>
    without.length > 0
      ? undefined
      : {
          steps: [{ kind: 'logSum' }],
          planes: ['logsum'],
        },
});
