/** The modules of the indexing kernels. */
import type { Feature } from '../compute/backends/feature.js';
import { uses } from '../compute/backends/mechanisms.js';
import { indexingWork } from '../compute/planner/works.js';
import type { IndexingOp } from './contract.js';
import type { FewOp } from './few/contract.js';
import { fewOp } from './kernels/few-wasm.js';
import { proposalsOp } from './kernels/proposals-wasm.js';
import { indexingOp } from './kernels/wasm.js';
import type { ProposalsOp } from './proposals.js';

export const indexingFeature: Feature<IndexingOp> = {
  name: 'indexing',
  uses: uses.indexing,
  work: indexingWork,
  kernels: {
    wasm: indexingOp,
    webgpu: async (gpu) => (await import('./kernels/webgpu/indexing.js')).indexingOp(gpu),
  },
};

/** Names the axes of lattices that a GPU has found: CPU only. */
export const namingFeature: Feature<IndexingOp> = {
  name: 'names of axes',
  kernels: { wasm: indexingOp },
  missing: 'the axes of lattices are named on native and wasm only',
};

/** Few spots: CPU only, since an image takes a core a fifth of a millisecond. */
export const fewFeature: Feature<FewOp> = {
  name: 'few spots',
  kernels: { wasm: fewOp },
  missing:
    'few spots of small cells are indexed on native and wasm only, where an image takes a fifth of a millisecond',
};

/** CPU only: contexts of a GPU use the native or wasm backend instead. */
export const proposalsFeature: Feature<ProposalsOp> = {
  name: 'cell search',
  kernels: { wasm: proposalsOp },
  missing: 'unknown cells are determined on native and wasm only',
};
