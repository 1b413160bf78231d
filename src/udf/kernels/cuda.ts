/**
 * Passes over frames on CUDA: frames are uploaded in chunks or are already on the device; sums are downloaded. See
 * cuda/udf.
 */

import { handleOf } from '../../core/arrays/kernels/cuda.js';
import type { CudaHost } from '../../core/backends/cuda/host.js';
import type { UdfDescriptor, UdfKernel, UdfOp } from '../contract.js';

/** The addon's passes; see cuda/addon. */
interface UdfAddon {
  udfCreate(
    context: object,
    descriptor: Uint8Array,
    steps: Uint8Array,
    indices: Uint32Array,
    weights: Float32Array,
  ): Promise<object>;
  udfBytes(udf: object): { readonly device: number; readonly host: number };
  /** Frames are a typed array or the handle of a device array. */
  udfRun(
    udf: object,
    frames: ArrayBufferView | object,
    count: number,
    nav: Float64Array,
    sig: Float64Array,
  ): Promise<void>;
  udfDestroy(udf: object): void;
}

/** The udf feature of a CUDA device. */
export const udfOp = (host: CudaHost): UdfOp => ({
  supports: () => true,
  plan: (descriptor) => planUdf(host, descriptor),
});

/** Plans a pass and allocates all its memory, on the device and page-locked on the host. */
async function planUdf(host: CudaHost, { fields, steps, indices, weights }: UdfDescriptor): Promise<UdfKernel> {
  const addon = host.addon as UdfAddon;
  const udf = await host.track(() => addon.udfCreate(host.context, fields, steps, indices, weights));
  const bytes = addon.udfBytes(udf);
  host.holdHostBytes(bytes.host);
  return {
    bytes: bytes.device + bytes.host,
    takesArrays: true,
    takesPieces: false,
    run: ({ frames, count, nav, sig }) =>
      host.track(() => addon.udfRun(udf, handleOf(frames), count, nav, sig as Float64Array)),
    async dispose() {
      addon.udfDestroy(udf);
      host.holdHostBytes(-bytes.host);
    },
  };
}
