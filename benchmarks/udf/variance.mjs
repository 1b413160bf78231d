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
    ...(wasm && { wasm }),
    params: { centreY: 128, centreX: 128 },
    buffers: { variance: { kind: 'nav', dtype: 'f64', extraShape: [rings] } },
    getTaskData: ({ meta }) => tablesFor(...meta.sig),
    processFrame: ({ frame, results, task }) => varianceOf(frame, results.variance, task),
  });

export const variance = varianceBy(undefined);

export const empty = defineUdf({
  name: 'empty',
  module: import.meta.url,
  buffers: { number: { kind: 'nav', dtype: 'f32' } },
  processFrame({ results }) {
    results.number[0] = 1;
  },
});
