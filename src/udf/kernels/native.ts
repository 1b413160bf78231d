/** Passes over frames on the CPU, off the main thread; see cpp/udf. */

import type { NativeHost } from '../../core/backends/native/host.js';
import { addonError } from '../../core/backends/status.js';
import type { FrameArray } from '../../io/data/dtype.js';
import type { UdfDescriptor, UdfKernel, UdfOp } from '../contract.js';

/** The addon's passes; see cpp/addon. */
interface UdfAddon {
  udfCreate(descriptor: Uint8Array, steps: Uint8Array, indices: Uint32Array, weights: Float32Array): object;
  udfBytes(udf: object): number;
  udfBegin(udf: object): void;
  udfRun(udf: object, frames: ArrayBufferView, count: number, nav: Float64Array, columns: number): Promise<void>;
  udfEnd(udf: object, sig: Float64Array, planes: number): void;
  udfDestroy(udf: object): void;
  preferHugePages(memory: ArrayBufferView): number;
}

/** Bytes of results from which on they are worth a huge page each. */
const hugeBytes = 2 ** 22;

/** The udf feature of the native core. */
export const udfOp = (host: NativeHost): UdfOp => ({
  supports: () => true,
  plan: async (descriptor) => planUdf(host, descriptor),
});

function planUdf(host: NativeHost, { fields, steps, indices, weights, columns, planes }: UdfDescriptor): UdfKernel {
  const addon = host.addon as UdfAddon;
  let udf: object;
  try {
    udf = addon.udfCreate(fields, steps, indices, weights);
  } catch (error) {
    throw addonError(error);
  }
  const bytes = addon.udfBytes(udf);
  host.hold(bytes);
  return {
    bytes,
    takesArrays: false,
    takesPieces: true,
    async run({ frames, count, nav, sig, continues }) {
      try {
        if (!continues) addon.udfBegin(udf);
        await addon.udfRun(udf, frames as FrameArray, count, nav, columns);
        // The system clears fresh memory page by page, which takes longer than the sums of a few large frames.
        if (sig && sig.byteLength >= hugeBytes) addon.preferHugePages(sig);
        if (sig && planes > 0) addon.udfEnd(udf, sig, planes);
      } catch (error) {
        throw addonError(error);
      }
    },
    async dispose() {
      addon.udfDestroy(udf);
      host.hold(-bytes);
    },
  };
}
