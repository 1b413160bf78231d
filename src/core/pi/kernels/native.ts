/** pi on the CPU: one call per range of points, off the main thread; see cpp/pi. */

import type { NativeHost } from '../../backends/native/host.js';
import { addonError } from '../../backends/status.js';
import type { PiOp } from '../contract.js';

/** The addon's counts; cpp/addon. */
interface PiAddon {
  piCount(params: Uint8Array): Promise<bigint>;
}

/** The pi kernels of the core. */
export function piOp({ addon }: NativeHost): PiOp {
  const { piCount } = addon as PiAddon;
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
