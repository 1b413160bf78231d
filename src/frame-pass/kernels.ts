/** Where the kernels of udf are. */
import type { Feature } from '../backends/feature.js';
import type { UdfOp } from './contract.js';
import { udfOp } from './kernels/wasm.js';

export const udfFeature: Feature<UdfOp> = {
  name: 'frame passes',
  kernels: {
    wasm: udfOp,
    webgpu: async (device) => (await import('./kernels/webgpu/pass.js')).udfOp(device),
  },
};
