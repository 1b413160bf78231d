/** Single frames: those of the region of interest, unchanged. */
import { expects } from '../../base/arguments.js';
import type { PlatformUrl } from '../../base/globals.js';
import { elements } from '../../data/dtype.js';
import type { BufferDeclaration, BufferDeclarations } from '../buffers.js';
import type { BufferDtype } from '../dtypes.js';
import { settled } from '../running.js';
import { defineUdf, type UdfMeta } from '../udf.js';

/** `intensity`, [positions, …sig], of the input's dtype. */
export const pickUdf = defineUdf({
  name: 'pick',
  module: 'ewald/udf',
  buffers: (meta: UdfMeta): { intensity: BufferDeclaration<Exclude<BufferDtype, 'bool' | 'u64' | 'i64'>> } => ({
    intensity: { kind: 'nav', dtype: meta.inputDtype as 'f64', extraShape: meta.sig },
  }),
  processFrame({ frame, results }) {
    (results.intensity as Float64Array).set(frame as Float64Array);
  },
});

/**
 * A UDF that calls a function for each frame, for `Context.map`. The shape of its result comes from a trial on a frame
 * of ones.
 */
export function autoUdf(f: (frame: never) => number | ArrayLike<number>, module?: string | PlatformUrl) {
  expects(typeof f === 'function', 'autoUdf: the first argument', f, 'a function of a frame');
  const shapeOf = (meta: UdfMeta): { count: number; scalar: boolean } => {
    const make = elements[meta.inputDtype].array as unknown as new (length: number) => Float64Array;
    const ones = new make(meta.sig.reduce((a, b) => a * b, 1)).fill(1);
    const found = settled(f.name || 'auto', 'the function', f(ones as never));
    return typeof found === 'number' ? { count: 1, scalar: true } : { count: found.length, scalar: false };
  };
  return defineUdf({
    name: f.name || 'auto',
    ...(module !== undefined && { module: String(module) }),
    buffers: (meta: UdfMeta): { result: BufferDeclaration<'f64'> } => {
      const { count, scalar } = shapeOf(meta);
      return { result: { kind: 'nav', dtype: 'f64', extraShape: scalar ? [] : [count] } } satisfies BufferDeclarations;
    },
    processFrame({ frame, results }) {
      const found = f(frame as never);
      if (typeof found === 'number') results.result[0] = found;
      else results.result.set(found);
    },
  });
}
