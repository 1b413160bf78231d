/** Corrections on wasm: a few frames at a time are copied into the heap and out of it, while they are in the cache. */
import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { planStaged } from '../../compute/backends/wasm/staging.js';
import type { CorrectionDescriptor, CorrectionKernel, CorrectionOp } from './contract.js';

/** The corrections of the wasm core. */
export const correctionOp = ({ core }: WasmHost): CorrectionOp => ({
  supports: () => true,
  plan: async (descriptor) => planCorrection(core, descriptor),
});

/** Bytes of frames and results in the heap at a time, which stay in the second cache. */
const heapBytes = 2 ** 20;

function planCorrection(core: Core, descriptor: CorrectionDescriptor): CorrectionKernel {
  const { fields, pixels, bytesOfNumber, wide, dark, gain, mask, limits } = descriptor;
  const most = Math.max(1, Math.floor(heapBytes / (pixels * (bytesOfNumber + (wide ? 8 : 4)))));
  return planStaged(core, (staging) => {
    const frames = staging.place(most * pixels * bytesOfNumber);
    const out = staging.place(most * pixels * (wide ? 8 : 4));
    const handle = staging.create('correction', fields, dark, gain, mask, limits);
    return {
      bytes: staging.bytes,
      async run(run) {
        for (let first = 0; first < run.count; first += most) {
          const end = Math.min(run.count, first + most);
          core.write(frames, run.frames.subarray(first * pixels, end * pixels));
          core.check('ewald_correction_run', handle, frames, end - first, out);
          core.read(out, run.out.subarray(first * pixels, end * pixels));
        }
      },
      dispose: async () => staging.release(),
    };
  });
}
