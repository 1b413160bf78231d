/** Peaks on CUDA: a frame is uploaded and its peaks are read back, off the main thread; see cuda/peaks. */

import type { CudaHost } from '../../../core/backends/cuda/host.js';
import type { PeaksDescriptor, PeaksKernel, PeaksOp } from '../contract.js';
import { checkBlobRoom } from './blob-room.js';

/** The addon's peak finders; see cuda/addon. */
interface PeaksAddon {
  peaksCreate(context: object, descriptor: Uint8Array, panels: Uint8Array, bins: Uint16Array): Promise<object>;
  peaksBytes(peaks: object): { readonly device: number; readonly host: number };
  peaksRun(
    peaks: object,
    params: Uint8Array,
    frame: ArrayBufferView,
    bad: Uint8Array | null,
    limits: Float32Array | null,
  ): Promise<Uint8Array>;
  peaksDestroy(peaks: object): void;
}

/** The peaks feature of a CUDA device. */
export const peaksOp = (host: CudaHost): PeaksOp => ({
  supports: () => true,
  plan: (descriptor) => planPeaks(host, descriptor),
});

/** Plans a peak finder: all its memory, on the device and page-locked on the host. */
async function planPeaks(host: CudaHost, { fields, finder, panels, bins }: PeaksDescriptor): Promise<PeaksKernel> {
  const addon = host.addon as PeaksAddon;
  const peaks = await host.track(() => addon.peaksCreate(host.context, fields, panels, bins));
  const bytes = addon.peaksBytes(peaks);
  host.holdHostBytes(bytes.host);
  return {
    bytes: bytes.device + bytes.host,
    async run({ params, frame, bad, limits }) {
      if (finder !== 'zaef') checkBlobRoom(params);
      return host.track(() => addon.peaksRun(peaks, params, frame, bad ?? null, limits ?? null));
    },
    async dispose() {
      addon.peaksDestroy(peaks);
      host.holdHostBytes(-bytes.host);
    },
  };
}
