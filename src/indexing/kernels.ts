/** Where the kernels of indexing are. */
import type { Feature } from '../backends/feature.js';
import { indexingOp } from '../backends/wasm/indexing.js';
import type { IndexingOp } from './contract.js';

export const indexingFeature: Feature<IndexingOp> = {
  name: 'indexing',
  kernels: {
    wasm: indexingOp,
    webgpu: async (gpu) => (await import('../backends/webgpu/indexing/indexing.js')).indexingOp(gpu),
  },
};
