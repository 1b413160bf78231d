/**
 * Passes over frames on wasm: frames are copied into the heap a few at a time, so that they are still in the cache, and
 * only the part that a step reads.
 */

import type { FrameArray } from '../../bytes/dtype.js';
import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { planStaged } from '../../compute/backends/wasm/staging.js';
import type { UdfDescriptor, UdfKernel, UdfOp } from '../contract.js';
import { planStrips } from './wasm-strips.js';

/** The udf feature of the wasm core. */
export const udfOp = ({ core }: WasmHost): UdfOp => ({
  supports: () => true,
  plan: async (descriptor) => planUdf(core, descriptor),
});

/**
 * Bytes of frames in the heap at a time, so that they fit into the cache of one core. Sums per pixel process eight
 * frames before a sum is written, and the core itself splits at a megabyte.
 */
const heapBytes = { byFrame: 2 ** 18, byPixel: 2 ** 20 };
const minFrames = { byFrame: 1, byPixel: 8 };
/** Bytes that a separate copy must save per frame. */
const worthACopy = 2 ** 10;

function planUdf(core: Core, descriptor: UdfDescriptor): UdfKernel {
  const { fields, steps, indices, weights, pixels, bytesOfNumber, columns, planes } = descriptor;
  const frameBytes = pixels * bytesOfNumber;
  const { byPixel } = minFrames;
  const isLarge = byPixel * frameBytes > heapBytes.byPixel;
  if (isLarge && columns === 0 && !descriptor.kinds.includes('logSum')) return planStrips(core, descriptor, byPixel);
  const { first: low, end: high } = descriptor.seen;
  const sort = planes > 0 ? 'byPixel' : 'byFrame';
  const most = Math.max(minFrames[sort], Math.floor(heapBytes[sort] / frameBytes));
  const whole = (pixels - (high - low)) * bytesOfNumber < worthACopy;
  return planStaged(core, (staging) => {
    const frames = staging.place(most * frameBytes);
    const nav = staging.place(most * columns * 8);
    const sig = staging.place(planes * pixels * 8);
    const udf = staging.create('udf', fields, steps, indices, weights);
    return {
      bytes: staging.bytes,
      takesArrays: false,
      takesPieces: true,
      async run(run) {
        const all = run.frames as FrameArray;
        if (!run.continues) core.check('ewald_udf_begin', udf);
        for (let first = 0; first < run.count; first += most) {
          const count = Math.min(most, run.count - first);
          if (whole) core.write(frames, all.subarray(first * pixels, (first + count) * pixels));
          else
            for (let i = 0; i < count; i++)
              core.write(
                frames + i * frameBytes + low * bytesOfNumber,
                all.subarray((first + i) * pixels + low, (first + i) * pixels + high),
              );
          core.check('ewald_udf_run', udf, frames, count, nav);
          if (columns > 0) core.read(nav, run.nav.subarray(first * columns, (first + count) * columns));
        }
        if (planes === 0 || !run.sig) return;
        core.check('ewald_udf_end', udf, sig);
        core.read(sig, run.sig);
      },
      dispose: async () => staging.release(),
    };
  });
}
