/** Capacities of the GPU kernels. */

import { peaksCapacities, peaksParams } from '../../compute/layout/peaks.js';
import { wordOf } from '../../compute/layout/struct.js';
import { EwaldError } from '../../util/errors.js';

/** Rejects parameters for blobs that do not fit. Throws `Limit`. */
export function checkBlobRoom(params: Uint8Array): void {
  const words = new Uint32Array(params.buffer, params.byteOffset, params.byteLength / 4);
  const pixels = words[wordOf(peaksParams, 'maxPixCount')] ?? 0;
  if (pixels <= peaksCapacities.maxBlob) return;
  throw new EwaldError(
    'Limit',
    `maxPixCount is ${pixels}; on a GPU it is at most ${peaksCapacities.maxBlob}, because the pixels of a peak must fit the memory of one workgroup: find larger ones on native or wasm`,
  );
}
