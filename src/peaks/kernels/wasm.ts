/**
 * Peaks on wasm: a frame is copied into the heap, unless it was read into memory lent by the plan; it is searched, and
 * its peaks are copied out. See cpp/peaks.
 */

import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { planStaged } from '../../compute/backends/wasm/staging.js';
import { peak, peaksParams } from '../../compute/layout/peaks.js';
import { structBytes } from '../../compute/layout/struct.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp } from '../contract.js';
import { sumsLength } from '../ring-sums.js';

/** The peaks feature of the wasm core. */
export const peaksOp = ({ core }: WasmHost): PeaksOp => ({
  supports: () => true,
  plan: async (descriptor) => planPeaks(core, descriptor),
});

function planPeaks(core: Core, descriptor: PeaksDescriptor): PeaksKernel {
  const { fields, panels, bins, rings, pixels, bytesOfNumber } = descriptor;
  return planStaged(core, (staging) => {
    const params = staging.place(structBytes(peaksParams));
    const answer = staging.place(8);
    const frame = staging.place(pixels * bytesOfNumber);
    const bad = staging.place(pixels);
    const limits = staging.place(rings * 16);
    /** Memory for the sums of rings; most finders are never asked for them. */
    let sums = 0;
    const finder = staging.create('peaks', fields, panels, bins);
    let around = staging.bytes - core.call('ewald_peaks_bytes', finder);
    const frameBytes = pixels * bytesOfNumber;
    /** Frames that were lent and given back. */
    const spare: number[] = [];
    let lent = 0;
    return {
      get bytes() {
        return around + lent * frameBytes + core.call('ewald_peaks_bytes', finder);
      },
      borrow() {
        const known = spare.pop();
        const address = known ?? staging.place(frameBytes);
        if (known === undefined) lent++;
        return { view: () => core.view(address, frameBytes), giveBack: () => void spare.push(address) };
      },
      async run(run) {
        core.write(params, run.params);
        if (run.sums && sums === 0) {
          sums = staging.place(8 * sumsLength(rings));
          around += 8 * sumsLength(rings);
        }
        const place = core.addressOf(run.frame) ?? frame;
        if (place === frame) core.write(frame, run.frame);
        if (run.bad) core.write(bad, run.bad);
        core.check(
          'ewald_peaks_run',
          finder,
          params,
          place,
          run.bad ? bad : 0,
          answer,
          answer + 4,
          run.limits ? limits : 0,
          run.sums ? sums : 0,
        );
        const list = new Uint32Array(2);
        core.read(answer, list);
        const [address = 0, count = 0] = list;
        const found = new Uint8Array(count * structBytes(peak));
        core.read(address, found);
        if (run.limits) core.read(limits, run.limits);
        if (run.sums) core.read(sums, run.sums);
        return found;
      },
      dispose: async () => staging.release(),
    };
  });
}
