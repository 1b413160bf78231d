/** Peaks on the CPU, off the main thread; see cpp/peaks. */

import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp } from '../contract.js';

/** The addon's peak finders; see cpp/addon. */
interface PeaksAddon {
  peaksCreate(descriptor: Uint8Array, panels: Uint8Array, bins: Uint16Array): object;
  peaksBytes(peaks: object): number;
  peaksRun(
    peaks: object,
    params: Uint8Array,
    frame: ArrayBufferView,
    bad: Uint8Array | null,
    limits: Float32Array | null,
    sums: Float64Array | null,
  ): Promise<Uint8Array>;
  peaksDestroy(peaks: object): void;
  preferHugePages(memory: Uint8Array): number;
}

const hugePage = 2 ** 21;

/** The peaks feature of the native core. */
export const peaksOp = (host: NativeHost): PeaksOp => ({
  supports: () => true,
  plan: async (descriptor) => planPeaks(host, descriptor),
});

function planPeaks(host: NativeHost, { fields, panels, bins }: PeaksDescriptor): PeaksKernel {
  const addon = host.addon as PeaksAddon;
  let peaks: object;
  try {
    peaks = addon.peaksCreate(fields, panels, bins);
  } catch (error) {
    throw addonError(error);
  }
  let bytes = 0;
  /** Accounts for what the finder holds now. */
  const account = (): void => {
    const held = addon.peaksBytes(peaks);
    host.hold(held - bytes);
    bytes = held;
  };
  account();
  return {
    get bytes() {
      return bytes;
    },
    async run({ params, frame, bad, limits, sums }) {
      try {
        return await addon.peaksRun(peaks, params, frame, bad ?? null, limits ?? null, sums ?? null);
      } catch (error) {
        throw addonError(error);
      } finally {
        account();
      }
    },
    memory(bytes) {
      // Linux aligns huge pages, so one huge page more is reserved; the excess is never touched.
      const more = bytes >= hugePage ? hugePage : 0;
      const memory = new Uint8Array(bytes + more);
      const first = more > 0 ? addon.preferHugePages(memory) : 0;
      return memory.subarray(first, first + bytes);
    },
    async dispose() {
      addon.peaksDestroy(peaks);
      host.hold(-bytes);
    },
  };
}
