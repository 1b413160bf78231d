/** pi on CUDA: one call per range of points, off the main thread; see cuda/pi. */

import type { CudaHost } from '../../backends/cuda/host.js';
import type { PiOp } from '../contract.js';

/** The addon's counts; see cuda/addon. */
interface PiAddon {
  piCount(context: object, params: Uint8Array): Promise<bigint>;
}

/** The pi kernels of a CUDA device. */
export function piOp(host: CudaHost): PiOp {
  const addon = host.addon as PiAddon;
  return {
    supports: () => true,
    plan: async () => ({
      bytes: 0,
      // A few tens of milliseconds on a large card; the emulator counts about 10⁷ points a second.
      pointsPerCall: host.device.kind === 'software' ? 2 ** 22 : 2 ** 35,
      count: (params) => host.track(() => addon.piCount(host.context, params)),
      dispose: async () => {},
    }),
  };
}
