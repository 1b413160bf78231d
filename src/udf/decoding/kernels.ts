/** The modules of the kernels of decoding. */
import type { Feature } from '../../core/backends/feature.js';
import { uses } from '../../core/backends/mechanisms.js';
import { decodingWork } from '../../core/planner/works.js';
import type { DecoderOp } from './contract.js';
import { decoderOp } from './wasm.js';

export const decoderFeature: Feature<DecoderOp> = {
  name: 'decoding of frames',
  uses: uses.decoding,
  work: decodingWork,
  kernels: { wasm: decoderOp },
};
