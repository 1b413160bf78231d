/** Single frames: those of the region of interest, unchanged. */

import { elements } from '../../bytes/dtype.js';
import type { BufferDeclaration, BufferDeclarations } from '../../udf/functions/buffers.js';
import { callMethod, settled } from '../../udf/functions/call-method.js';
import type { BufferDtype } from '../../udf/functions/dtypes.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { expects, isPlainNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformUrl } from '../../util/globals.js';
import { inspect } from '../../util/options.js';

/** `intensity`, [positions, …sig], of the input's dtype; integers of 64 bits are float64, as in all functions. */
export const pickUdf = /* @__PURE__ */ defineUdf({
  name: 'pick',
  module: 'ewald/udf',
  buffers: (meta: UdfMeta): { intensity: BufferDeclaration<Exclude<BufferDtype, 'bool' | 'u64' | 'i64'>> } => ({
    intensity: { kind: 'nav', dtype: meta.inputDtype as 'f64', extraShape: meta.sig },
  }),
  processFrame({ frame, results }) {
    (results.intensity as Float64Array).set(frame as Float64Array);
  },
});

/** What the function of `map` may return for a frame: one number, or as many for each frame. */
export type MapResult = number | boolean | ArrayLike<number>;

/** Rejects what the function of a map may not return. Throws `Argument`. */
function checkMapped(name: string, found: unknown, count?: number): asserts found is MapResult {
  const isNumber = typeof found === 'number' || typeof found === 'boolean';
  // The error of a frame names the function and the frame.
  const [whose, where] = count === undefined ? [` ${name}`, ' for a frame of ones'] : ['', ''];
  if (!isNumber && !(isPlainNumbers(found) && found.length > 0))
    throw new EwaldError(
      'Argument',
      `the function${whose} returned ${inspect(found)}${where}; expected a number, a boolean (which counts as 1 or 0), ` +
        'an array of numbers or a typed array of them',
      // Of a frame, it is the cause of an error that names the frame.
      { detail: { threw: count === undefined } },
    );
  const length = isNumber ? 1 : found.length;
  if (count !== undefined && length !== count)
    throw new EwaldError(
      'Argument',
      `the function returned ${length} numbers, and ${count} for a frame of ones; expected as many for every ` +
        'frame',
    );
}

/**
 * A UDF that calls a function for each frame, for `Context.map`. The shape of its result comes from a trial on a frame
 * of ones.
 */
export function autoUdf(f: (frame: never) => MapResult, module?: string | PlatformUrl) {
  expects(typeof f === 'function', 'autoUdf: the first argument', f, 'a function of a frame');
  const name = f.name || 'auto';
  const shapeOf = (meta: UdfMeta): { count: number; scalar: boolean } => {
    const make = elements[meta.inputDtype].array as unknown as new (length: number) => Float64Array;
    const ones = new make(meta.sig.reduce((a, b) => a * b, 1)).fill(1);
    const found: unknown = callMethod(name, 'the function', () => f(ones as never), 'the function for a frame of ones');
    checkMapped(name, found);
    return typeof found === 'object' ? { count: found.length, scalar: false } : { count: 1, scalar: true };
  };
  return defineUdf({
    name,
    ...(module !== undefined && { module: String(module) }),
    buffers: (meta: UdfMeta): { result: BufferDeclaration<'f64'> } => {
      const { count, scalar } = shapeOf(meta);
      return { result: { kind: 'nav', dtype: 'f64', extraShape: scalar ? [] : [count] } } satisfies BufferDeclarations;
    },
    processFrame({ frame, results }) {
      const found: unknown = settled(name, 'the function', f(frame as never));
      checkMapped(name, found, results.result.length);
      if (typeof found === 'object') results.result.set(found);
      else results.result[0] = Number(found);
    },
  });
}
