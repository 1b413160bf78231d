/** Corrections on CUDA: frames are uploaded in chunks and read back corrected; see cuda/udf. */
import { planCuda } from '../../compute/backends/addon-plan.js';
import type { CudaHost } from '../../compute/backends/cuda/host.js';
import type { CorrectionOp } from './contract.js';

/** The corrections of a CUDA device. */
export const correctionOp = (host: CudaHost): CorrectionOp => ({
  supports: () => true,
  async plan({ fields, dark = null, gain = null, mask = null, limits }) {
    const plan = await planCuda(host, 'correction', fields, dark, gain, mask, limits);
    return { ...plan, run: ({ frames, count, out }) => plan.run(frames, count, out) };
  },
});
