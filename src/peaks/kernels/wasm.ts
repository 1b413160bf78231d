/** Peaks on wasm: a frame is copied into the heap, searched, and its peaks are copied out; see cpp/peaks. */

import type { Core } from '../../backends/wasm/heap.js';
import type { WasmHost } from '../../backends/wasm/host.js';
import { EwaldError } from '../../base/errors.js';
import { peak, peaksParams } from '../../layout/peaks.js';
import { sizeOf } from '../../layout/struct.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp } from '../contract.js';

/** The peaks feature of the wasm core. */
export const peaksOp = ({ core }: WasmHost): PeaksOp => ({
  supports: () => true,
  plan: async (descriptor) => planPeaks(core, descriptor),
});

function planPeaks(core: Core, descriptor: PeaksDescriptor): PeaksKernel {
  const { fields, panels, bins, rings, pixels, bytesOfNumber } = descriptor;
  const held: number[] = [];
  const hold = (bytes: number): number => {
    const address = core.alloc(bytes);
    held.push(address);
    return address;
  };
  const release = (): void => {
    for (const address of held.splice(0)) core.free(address);
  };
  let finder = 0;
  try {
    const before = core.liveBytes;
    const params = hold(sizeOf(peaksParams));
    const answer = hold(8);
    const frame = hold(pixels * bytesOfNumber);
    const bad = hold(pixels);
    const limits = hold(rings * 16);
    // Memory needed only during planning is released at once.
    const given = [fields, panels, bins].map((array) => {
      const address = core.alloc(array.byteLength);
      core.write(address, array);
      return address;
    }) as [number, number, number];
    try {
      core.check('ewald_peaks_create', ...given, answer);
    } finally {
      for (const address of given) core.free(address);
    }
    const handle = new Uint32Array(1);
    core.read(answer, handle);
    finder = handle[0] ?? 0;
    const around = core.liveBytes - before - core.call('ewald_peaks_bytes', finder);
    return {
      get bytes() {
        return around + core.call('ewald_peaks_bytes', finder);
      },
      async run(run) {
        core.write(params, run.params);
        core.write(frame, run.frame);
        if (run.bad) core.write(bad, run.bad);
        core.check(
          'ewald_peaks_run',
          finder,
          params,
          frame,
          run.bad ? bad : 0,
          answer,
          answer + 4,
          run.limits ? limits : 0,
        );
        const list = new Uint32Array(2);
        core.read(answer, list);
        const [address = 0, count = 0] = list;
        const found = new Uint8Array(count * sizeOf(peak));
        core.read(address, found);
        if (run.limits) core.read(limits, run.limits);
        return found;
      },
      async dispose() {
        core.call('ewald_peaks_destroy', finder);
        finder = 0;
        release();
      },
    };
  } catch (error) {
    release();
    if (error instanceof RangeError) throw new EwaldError('OutOfMemory', error.message, { cause: error });
    throw error;
  }
}
