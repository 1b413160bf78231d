/** Selected pixels of each frame: feature vectors of scan positions. */

import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type UdfMeta } from '../../udf/functions/udf.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { product } from '../../util/product.js';
import { requireReal } from './real-frames.js';

/**
 * `intensity`, [positions, pixels] f64: the pixels with the flat indices `pixels`, exactly as they are. Not for complex
 * frames.
 */
export const pixelsUdf = /* @__PURE__ */ defineUdf({
  name: 'pixels',
  module: 'ewald/udf',
  params: { pixels: new Uint32Array(0) as ArrayLike<number> },
  buffers(meta: UdfMeta, { pixels }): { intensity: BufferDeclaration<'f64'> } {
    const end = product(meta.sig);
    requireReal('pixels', meta);
    if (pixels.length === 0) throw new EwaldError('Argument', 'pixels: there is no pixel; expected at least one');
    for (let k = 0; k < pixels.length; k++)
      if (!Number.isInteger(pixels[k]) || (pixels[k] as number) < 0 || (pixels[k] as number) >= end)
        throw new EwaldError(
          'Argument',
          `pixels: pixel ${k} is ${inspect(pixels[k])}; expected a whole number from 0 to ${end - 1}`,
        );
    return { intensity: { kind: 'nav', dtype: 'f64', extraShape: [pixels.length] } };
  },
  processFrame({ frame, results: { intensity }, params: { pixels } }) {
    for (let k = 0; k < pixels.length; k++) intensity[k] = frame[pixels[k] as number] as number;
  },
});
