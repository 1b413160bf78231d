/** Peaks on CUDA: a frame is uploaded and its peaks are read back, off the main thread; see cuda/peaks. */

import type { CudaHost } from '../../compute/backends/cuda/host.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp } from '../contract.js';
import { checkBlobRoom } from './blob-room.js';

/** The addon's peak finders; see cuda/addon. */
interface PeaksAddon {
  pinnedMemory(context: object, bytes: number): ArrayBuffer | undefined;
  peaksCreate(context: object, descriptor: Uint8Array, panels: Uint8Array, bins: Uint16Array): Promise<object>;
  peaksBytes(peaks: object): { readonly device: number; readonly host: number };
  peaksRun(
    peaks: object,
    params: Uint8Array,
    frame: ArrayBufferView,
    bad: Uint8Array | null,
    limits: Float32Array | null,
    sums: Float64Array | null,
  ): Promise<Uint8Array>;
  peaksDestroy(peaks: object): void;
}

/** The peaks feature of a CUDA device. */
export const peaksOp = (host: CudaHost): PeaksOp => ({
  supports: () => true,
  plan: (descriptor) => planPeaks(host, descriptor),
});

/** Plans a peak finder; frames of `newFrame` are page-locked, so that the device reads them where they are. */
async function planPeaks(host: CudaHost, { fields, finder, panels, bins }: PeaksDescriptor): Promise<PeaksKernel> {
  const addon = host.addon as PeaksAddon;
  const peaks = await host.track(() => addon.peaksCreate(host.context, fields, panels, bins));
  const bytes = addon.peaksBytes(peaks);
  let held = 0;
  const hold = (now: number): void => {
    host.holdHostBytes(now - held);
    held = now;
  };
  hold(bytes.host);
  return {
    get bytes() {
      return bytes.device + held;
    },
    async run({ params, frame, bad, limits, sums }) {
      if (finder !== 'zaef') checkBlobRoom(params);
      const found = await host.track(() =>
        addon.peaksRun(peaks, params, frame, bad ?? null, limits ?? null, sums ?? null),
      );
      // The first frame that is not page-locked takes memory.
      hold(addon.peaksBytes(peaks).host);
      return found;
    },
    memory(size) {
      const memory = addon.pinnedMemory(host.context, size);
      return memory && new Uint8Array(memory);
    },
    async dispose() {
      addon.peaksDestroy(peaks);
      hold(0);
    },
  };
}
