/** Corrections on CUDA: frames are uploaded in chunks and read back corrected; see cuda/udf. */
import type { CudaHost } from '../../core/backends/cuda/host.js';
import type { FrameArray } from '../../io/data/dtype.js';
import type { CorrectionDescriptor, CorrectionKernel, CorrectionOp } from './contract.js';

/** The addon's corrections; see cuda/addon. */
interface CorrectionAddon {
  correctionCreate(
    context: object,
    descriptor: Uint8Array,
    dark: Float64Array | null,
    gain: Float64Array | null,
    mask: Uint8Array | null,
    limits: Float64Array,
  ): Promise<object>;
  correctionBytes(correction: object): number;
  correctionRun(correction: object, frames: FrameArray, count: number, out: ArrayBufferView): Promise<void>;
  correctionDestroy(correction: object): void;
}

/** The corrections of a CUDA device. */
export const correctionOp = (host: CudaHost): CorrectionOp => ({
  supports: () => true,
  plan: (descriptor) => planCorrection(host, descriptor),
});

async function planCorrection(host: CudaHost, descriptor: CorrectionDescriptor): Promise<CorrectionKernel> {
  const addon = host.addon as CorrectionAddon;
  const { fields, dark = null, gain = null, mask = null, limits } = descriptor;
  const correction = await host.track(() => addon.correctionCreate(host.context, fields, dark, gain, mask, limits));
  return {
    bytes: addon.correctionBytes(correction),
    run: ({ frames, count, out }) => host.track(() => addon.correctionRun(correction, frames, count, out)),
    async dispose() {
      addon.correctionDestroy(correction);
    },
  };
}
