/** The modules of the kernels of decoding. */
import type { Feature } from '../../compute/backends/feature.js';
import { uses } from '../../compute/backends/mechanisms.js';
import { decodingWork } from '../../compute/planner/works.js';
import type { DecoderOp } from './contract.js';
import { decoderOp } from './wasm.js';

export const decoderFeature: Feature<DecoderOp> = {
  name: 'decoding of frames',
  uses: uses.decoding,
  work: decodingWork,
  kernels: { wasm: decoderOp, webgpu: async (device) => (await import('./webgpu.js')).decoderOp(device) },
};
