// A function with methods for dense and for sparse frames, as workers import it.
/** The number of pixels that are not 0 in each frame, and the sum of each pixel over the scan. */
export const lit = {
  name: 'lit',
  module: import.meta.url,
  buffers: { lit: { kind: 'nav', dtype: 'u32' }, total: { kind: 'sig', dtype: 'f64' } },
  processFrame({ frame, results }) {
    for (let p = 0; p < frame.length; p++) {
      if (frame[p] !== 0) results.lit[0]++;
      results.total[p] += frame[p];
    }
  },
  processSparse({ starts, pixels, values, count, results }) {
    for (let i = 0; i < count; i++)
      for (let k = starts[i]; k < starts[i + 1]; k++) {
        results.lit[i]++;
        results.total[pixels[k]] += values[k];
      }
  },
  merge({ dest, src }) {
    dest.lit.set(src.lit);
    for (let p = 0; p < dest.total.length; p++) dest.total[p] += src.total[p];
  },
};
