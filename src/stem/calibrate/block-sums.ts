/** The sums of the frames of blocks of a scan, in one pass. */

import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { addAll } from '../builtin/sums.js';

/** Edges of `side` blocks of n positions. */
export const blockEdges = (n: number, side: number): number[] =>
  Array.from({ length: side + 1 }, (_, i) => Math.floor((i * n) / side));

/**
 * `sums`, [side · side, y, x]: the sum of the frames of each block of a scan of two axes, and `missing`, [y, x]: in how
 * many frames a pixel is no finite number; these are omitted. `full`, [y, x]: in how many frames it is `top`, the largest
 * number of its type, NaN for none.
 */
export const blockSumsUdf = /* @__PURE__ */ defineUdf({
  name: 'block-sums',
  module: 'ewald/udf',
  params: { side: 6, top: Number.NaN },
  buffers: ({ sig }: UdfMeta, { side }) => ({
    sums: { kind: 'single', dtype: 'f64', extraShape: [side * side, ...sig] } as const,
    missing: { kind: 'single', dtype: 'f64', extraShape: sig } as const,
    full: { kind: 'single', dtype: 'f64', extraShape: sig } as const,
  }),
  getTaskData({ params: { side }, meta: { nav } }) {
    const [rows, columns] = nav.map((n) => {
      const edges = blockEdges(n, side);
      return Uint8Array.from({ length: n }, (_, i) => edges.findIndex((edge) => edge > i) - 1);
    }) as [Uint8Array, Uint8Array];
    return { rows, columns };
  },
  processTile({ tile, depth, pixels, firstPixel, positions, results, params: { side, top }, task, meta }) {
    const frame = (meta.sig[0] as number) * (meta.sig[1] as number);
    const { rows, columns } = task;
    const { sums, missing, full } = results;
    for (let i = 0; i < depth; i++) {
      const position = positions[i] as number;
      const row = rows[Math.floor(position / columns.length)] as number;
      const block = row * side + (columns[position % columns.length] as number);
      const [to, from] = [block * frame + firstPixel, i * pixels];
      for (let p = 0; p < pixels; p++) {
        const value = tile[from + p] as number;
        if (value === top) full[firstPixel + p] = (full[firstPixel + p] as number) + 1;
        if (Number.isFinite(value)) sums[to + p] = (sums[to + p] as number) + value;
        else missing[firstPixel + p] = (missing[firstPixel + p] as number) + 1;
      }
    }
  },
  merge: addAll,
  mergesParts: true,
});
