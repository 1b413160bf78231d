/** Where the kernels of indexing are. */
import type { Feature } from '../backends/feature.js';
import { uses } from '../backends/mechanisms.js';
import type { IndexingOp } from './contract.js';
import { proposalsOp } from './kernels/proposals-wasm.js';
import { indexingOp } from './kernels/wasm.js';
import type { ProposalsOp } from './proposals.js';

export const indexingFeature: Feature<IndexingOp> = {
  name: 'indexing',
  uses: uses.indexing,
  kernels: {
    wasm: indexingOp,
    webgpu: async (gpu) => (await import('./kernels/webgpu/indexing.js')).indexingOp(gpu),
  },
};

/** On the CPU alone: contexts of a GPU take their native or wasm neighbour. */
export const proposalsFeature: Feature<ProposalsOp> = {
  name: 'cell search',
  kernels: { wasm: proposalsOp },
  missing: 'cells without a known one are found on native and wasm',
};
