/** The pi kernels of the backends that only Node has: one call per range of points, off the main thread. */
import type { CudaHost } from '../compute/backends/cuda/host.js';
import { addKernels } from '../compute/backends/feature.js';
import type { NativeHost } from '../compute/backends/native/host.js';
import { addonError } from '../compute/backends/status.js';
import type { PiOp } from './contract.js';
import { piFeature } from './kernels.js';

/** The counts of the addon with the core; see cpp/addon. */
interface NativeAddon {
  piCount(params: Uint8Array): Promise<bigint>;
}

/** The kernels of the core; see cpp/pi. */
function native({ addon }: NativeHost): PiOp {
  const { piCount } = addon as NativeAddon;
  return {
    supports: () => true,
    plan: async () => ({
      bytes: 0,
      pointsPerCall: 2 ** 28,
      count: (params) => piCount(params).catch((error) => Promise.reject(addonError(error))),
      dispose: async () => {},
    }),
  };
}

/** The counts of the addon with CUDA; see cuda/addon. */
interface CudaAddon {
  piCount(context: object, params: Uint8Array): Promise<bigint>;
}

/** The kernels of a CUDA device; see cuda/pi. */
function cuda(host: CudaHost): PiOp {
  const addon = host.addon as CudaAddon;
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

export const nodeKernels = [addKernels(piFeature, { native, cuda })];
