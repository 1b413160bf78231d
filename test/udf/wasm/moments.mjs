// The UDF of moments.c, in JavaScript too; imports only the package, so that workers can load it.
import { defineUdf } from 'ewald/udf';

/** The UDF with a module. */
export const momentsOf = (wasm) =>
  defineUdf({
    name: 'moments',
    module: import.meta.url,
    wasm,
    params: { factor: 2, weights: new Float64Array([1, -0.5, 0.25]) },
    buffers: {
      moments: { kind: 'nav', dtype: 'f64', extraShape: [2] },
      total: { kind: 'sig', dtype: 'f64' },
      count: { kind: 'single', dtype: 'u32' },
      where: { kind: 'nav', dtype: 'u32' },
    },
    processFrame({ frame, params, position, results }) {
      let [sum, squares] = [0, 0];
      for (let k = 0; k < frame.length; k++) {
        const value = frame[k];
        sum += params.weights[k % params.weights.length] * value;
        squares += value * value;
        results.total[k] += value;
      }
      results.moments[0] = params.factor * sum;
      results.moments[1] = squares;
      results.count[0] += 1;
      results.where[0] = position;
    },
    merge({ dest, src }) {
      dest.moments.set(src.moments);
      dest.where.set(src.where);
      for (let i = 0; i < dest.total.length; i++) dest.total[i] += src.total[i];
      dest.count[0] += src.count[0];
    },
  });

/** The definition that workers find by name; the run sends them the module. */
export const moments = momentsOf(undefined);
