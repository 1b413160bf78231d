/** Passes over frames on wasm: frames are copied into the heap a few at a time, so that they are still in the cache. */

import type { Core } from '../../backends/wasm/heap.js';
import type { WasmHost } from '../../backends/wasm/host.js';
import { EwaldError } from '../../errors.js';
import type { UdfDescriptor, UdfKernel, UdfOp } from '../contract.js';

/** The udf room of a core. */
export const udfOp = ({ core }: WasmHost): UdfOp => ({
  supports: () => true,
  plan: async (descriptor) => planUdf(core, descriptor),
});

/** Bytes of frames that are in the heap at a time, and frames at least: the core adds eight before it touches a sum. */
const heapBytes = 2 ** 20;
const leastFrames = 8;

function planUdf(core: Core, descriptor: UdfDescriptor): UdfKernel {
  const { fields, steps, indices, weights, pixels, bytesOfNumber, columns, planes } = descriptor;
  const frameBytes = pixels * bytesOfNumber;
  const most = Math.max(leastFrames, Math.floor(heapBytes / frameBytes));
  const before = core.liveBytes;
  const held: number[] = [];
  const hold = (bytes: number): number => {
    const address = core.alloc(Math.max(8, bytes));
    held.push(address);
    return address;
  };
  let udf = 0;
  const release = (): void => {
    if (udf !== 0) core.call('ewald_udf_destroy', udf);
    udf = 0;
    for (const address of held.splice(0)) core.free(address);
  };
  try {
    const made = hold(4);
    const frames = hold(most * frameBytes);
    const nav = hold(most * columns * 8);
    const sig = hold(planes * pixels * 8);
    const given: number[] = [];
    try {
      for (const array of [fields, steps, indices, weights]) {
        given.push(core.alloc(Math.max(8, array.byteLength)));
        core.write(given.at(-1) as number, array);
      }
      core.check('ewald_udf_create', ...given, made);
    } finally {
      for (const address of given) core.free(address);
    }
    const handle = new Uint32Array(1);
    core.read(made, handle);
    udf = handle[0] ?? 0;
    return {
      bytes: core.liveBytes - before,
      async run(run) {
        core.check('ewald_udf_begin', udf);
        for (let first = 0; first < run.count; first += most) {
          const count = Math.min(most, run.count - first);
          core.write(frames, run.frames.subarray(first * pixels, (first + count) * pixels));
          core.check('ewald_udf_run', udf, frames, count, nav);
          if (columns > 0) core.read(nav, run.nav.subarray(first * columns, (first + count) * columns));
        }
        if (planes === 0) return;
        core.check('ewald_udf_end', udf, sig);
        core.read(sig, run.sig);
      },
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    if (error instanceof RangeError) throw new EwaldError('OutOfMemory', error.message, { cause: error });
    throw error;
  }
}
