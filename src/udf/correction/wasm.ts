/** Corrections on wasm: a few frames at a time are copied into the heap and out of it, while they are in the cache. */
import type { Core } from '../../backends/wasm/heap.js';
import type { WasmHost } from '../../backends/wasm/host.js';
import { EwaldError } from '../../base/errors.js';
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
  const before = core.liveBytes;
  const held: number[] = [];
  const hold = (bytes: number): number => {
    held.push(core.alloc(Math.max(8, bytes)));
    return held.at(-1) as number;
  };
  let handle = 0;
  const release = (): void => {
    if (handle !== 0) core.call('ewald_correction_destroy', handle);
    handle = 0;
    for (const address of held.splice(0)) core.free(address);
  };
  try {
    const made = hold(4);
    const frames = hold(most * pixels * bytesOfNumber);
    const out = hold(most * pixels * (wide ? 8 : 4));
    const given: number[] = [];
    try {
      for (const table of [fields, dark, gain, mask, limits]) {
        given.push(table ? core.alloc(Math.max(8, table.byteLength)) : 0);
        if (table) core.write(given.at(-1) as number, table);
      }
      core.check('ewald_correction_create', ...given, made);
    } finally {
      for (const address of given) if (address !== 0) core.free(address);
    }
    const result = new Uint32Array(1);
    core.read(made, result);
    handle = result[0] ?? 0;
    return {
      bytes: core.liveBytes - before,
      async run(run) {
        for (let first = 0; first < run.count; first += most) {
          const end = Math.min(run.count, first + most);
          core.write(frames, run.frames.subarray(first * pixels, end * pixels));
          core.check('ewald_correction_run', handle, frames, end - first, out);
          core.read(out, run.out.subarray(first * pixels, end * pixels));
        }
      },
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    if (error instanceof RangeError) throw new EwaldError('OutOfMemory', error.message, { cause: error });
    throw error;
  }
}
