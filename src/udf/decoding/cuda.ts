/** Decoding on CUDA: chunks are sent packed, and frames come back or stay on the device; see cuda/frames. */
import { handleOf } from '../../compute/arrays/kernels/cuda.js';
import { planCuda } from '../../compute/backends/addon-plan.js';
import type { CudaHost } from '../../compute/backends/cuda/host.js';
import type { DecoderOp } from './contract.js';

/** The largest block that the shared memory of a launch holds, packed and decoded. */
const maxBlock = 2 ** 15;

/** The decoding of a CUDA device. */
export const decoderOp = (host: CudaHost): DecoderOp => ({
  supports: ({ block }) =>
    block <= maxBlock || { why: `blocks of ${block} bytes do not fit its shared memory; the limit is ${maxBlock}` },
  async plan({ pixels, bytesOfNumber, block, toArray }) {
    const plan = await planCuda(host, 'decoder', pixels * bytesOfNumber, bytesOfNumber, block, toArray ? 1 : 0);
    return {
      ...plan,
      takesArrays: true,
      // Frames go to a typed array or to the handle of a device array.
      run: ({ chunks, out }) => plan.run(chunks, handleOf(out)),
    };
  },
});
