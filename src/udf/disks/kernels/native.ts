/** Disk finding on the CPU, off the main thread; see cpp/udf/disks.h. */
import type { NativeHost } from '../../../core/backends/native/host.js';
import { addonError } from '../../../core/backends/status.js';
import type { DisksDescriptor, DisksKernel, DisksOp } from '../contract.js';

/** The addon's disk finders; see cpp/addon. */
interface DisksAddon {
  disksCreate(descriptor: Uint8Array, pattern: Float32Array): object;
  disksBytes(disks: object): number;
  disksRun(disks: object, frames: ArrayBufferView, count: number, ...rest: unknown[]): Promise<void>;
  disksDestroy(disks: object): void;
}

/** Disk finding of the native core. */
export const disksOp = (host: NativeHost): DisksOp => ({
  supports: () => true,
  plan: async (descriptor) => planDisks(host, descriptor),
});

function planDisks(host: NativeHost, { fields, pattern }: DisksDescriptor): DisksKernel {
  const addon = host.addon as DisksAddon;
  let disks: object;
  try {
    disks = addon.disksCreate(fields, pattern);
  } catch (error) {
    throw addonError(error);
  }
  const bytes = addon.disksBytes(disks);
  host.hold(bytes);
  return {
    bytes,
    async run({ frames, count, peaks, each, found }) {
      try {
        await addon.disksRun(
          disks,
          frames,
          count,
          peaks,
          each ? 1 : 0,
          found.centers,
          found.refineds,
          found.heights,
          found.elevations,
        );
      } catch (error) {
        throw addonError(error);
      }
    },
    async dispose() {
      addon.disksDestroy(disks);
      host.hold(-bytes);
    },
  };
}
