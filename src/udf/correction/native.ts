/** Corrections on the CPU, off the main thread; see cpp/udf. */
import type { NativeHost } from '../../core/backends/native/host.js';
import { addonError } from '../../core/backends/status.js';
import type { FrameArray } from '../../io/data/dtype.js';
import type { CorrectionDescriptor, CorrectionKernel, CorrectionOp } from './contract.js';

/** The addon's corrections; see cpp/addon. */
interface CorrectionAddon {
  correctionCreate(
    descriptor: Uint8Array,
    dark: Float64Array | null,
    gain: Float64Array | null,
    mask: Uint8Array | null,
    limits: Float64Array,
  ): object;
  correctionBytes(correction: object): number;
  correctionRun(correction: object, frames: FrameArray, count: number, out: ArrayBufferView): Promise<void>;
  correctionDestroy(correction: object): void;
}

/** The corrections of the native core. */
export const correctionOp = (host: NativeHost): CorrectionOp => ({
  supports: () => true,
  plan: async (descriptor) => planCorrection(host, descriptor),
});

function planCorrection(host: NativeHost, descriptor: CorrectionDescriptor): CorrectionKernel {
  const addon = host.addon as CorrectionAddon;
  const { fields, dark = null, gain = null, mask = null, limits } = descriptor;
  let correction: object;
  try {
    correction = addon.correctionCreate(fields, dark, gain, mask, limits);
  } catch (error) {
    throw addonError(error);
  }
  const bytes = addon.correctionBytes(correction);
  host.hold(bytes);
  return {
    bytes,
    async run({ frames, count, out }) {
      try {
        await addon.correctionRun(correction, frames, count, out);
      } catch (error) {
        throw addonError(error);
      }
    },
    async dispose() {
      addon.correctionDestroy(correction);
      host.hold(-bytes);
    },
  };
}
