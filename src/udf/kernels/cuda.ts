/**
 * Passes over frames on CUDA: frames are uploaded in chunks or are already on the device; sums are downloaded. See
 * cuda/udf.
 */

import { handleOf } from '../../compute/arrays/kernels/cuda.js';
import { planCuda } from '../../compute/backends/addon-plan.js';
import type { CudaHost } from '../../compute/backends/cuda/host.js';
import type { UdfOp } from '../contract.js';

/** The udf feature of a CUDA device, which allocates all memory of a pass when it is planned. */
export const udfOp = (host: CudaHost): UdfOp => ({
  supports: () => true,
  async plan({ fields, steps, indices, weights }) {
    const plan = await planCuda(host, 'udf', fields, steps, indices, weights);
    return {
      ...plan,
      takesArrays: true,
      takesPieces: false,
      // Frames are a typed array or the handle of a device array.
      run: ({ frames, count, nav, sig }) => plan.run(handleOf(frames), count, nav, sig),
    };
  },
});
