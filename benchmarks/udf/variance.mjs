// Radial variance into 128 rings about the middle of a frame: a user's function, as `defineUdf` takes it and as a bare
// loop. Workers import this file and find `variance`; its module is sent to them.
import { defineUdf } from '../../dist/udf.node.js';

export const rings = 128;

/** What a loop over one frame needs. */
export function tablesFor(height, width) {
  const ring = new Uint8Array(height * width);
  for (let i = 0; i < ring.length; i++) {
    const [dy, dx] = [Math.floor(i / width) - height / 2, (i % width) - width / 2];
    ring[i] = Math.min(rings - 1, Math.floor(Math.sqrt(dy * dy + dx * dx)));
  }
  const counts = new Float64Array(rings);
  for (const k of ring) counts[k]++;
  return { ring, counts, sums: new Float64Array(rings), squares: new Float64Array(rings) };
}

/** The loop, as one writes it. */
export function varianceOf(frame, out, { ring, counts, sums, squares }) {
  sums.fill(0);
  squares.fill(0);
  for (let i = 0; i < frame.length; i++) {
    const [k, value] = [ring[i], frame[i]];
    sums[k] += value;
    squares[k] += value * value;
  }
  for (let k = 0; k < rings; k++) out[k] = counts[k] ? squares[k] / counts[k] - (sums[k] / counts[k]) ** 2 : 0;
}

export const varianceBy = (wasm) =>
  defineUdf({
    name: 'variance',
    module: import.meta.url,
    // A module has its own tables.
    ...(wasm ? { wasm } : { prepare: ({ meta }) => tablesFor(...meta.sig) }),
    params: { centreY: 128, centreX: 128 },
    buffers: { variance: { kind: 'nav', dtype: 'f64', extraShape: [rings] } },
    processFrame: ({ frame, results, prepared }) => varianceOf(frame, results.variance, prepared),
  });

export const variance = varianceBy(undefined);

/**
 * The same with four tables in turn, so that no addition waits for that of the neighbouring pixel; written out,
 * with `|` where an addition would be checked for an overflow.
 */
export function varianceOfFour(frame, out, { ring, counts, tables }) {
  tables.fill(0);
  for (let i = 0; i < frame.length; i += 4) {
    const a = frame[i];
    const b = frame[i + 1];
    const c = frame[i + 2];
    const d = frame[i + 3];
    const p = ring[i];
    const q = ring[i + 1] | 128;
    const r = ring[i + 2] | 256;
    const s = ring[i + 3] | 384;
    tables[p] += a;
    tables[p | 512] += a * a;
    tables[q] += b;
    tables[q | 512] += b * b;
    tables[r] += c;
    tables[r | 512] += c * c;
    tables[s] += d;
    tables[s | 512] += d * d;
  }
  const total = (k) => tables[k] + tables[k + rings] + tables[k + 2 * rings] + tables[k + 3 * rings];
  for (let k = 0; k < rings; k++)
    out[k] = counts[k] ? total(k + 4 * rings) / counts[k] - (total(k) / counts[k]) ** 2 : 0;
}

export const varianceByFour = defineUdf({
  name: 'varianceByFour',
  module: import.meta.url,
  buffers: { variance: { kind: 'nav', dtype: 'f64', extraShape: [rings] } },
  prepare: ({ meta }) => ({ ...tablesFor(...meta.sig), tables: new Float64Array(8 * rings) }),
  processFrame: ({ frame, results, prepared }) => varianceOfFour(frame, results.variance, prepared),
});

export const empty = defineUdf({
  name: 'empty',
  module: import.meta.url,
  buffers: { number: { kind: 'nav', dtype: 'f32' } },
  processFrame({ results }) {
    results.number[0] = 1;
  },
});
