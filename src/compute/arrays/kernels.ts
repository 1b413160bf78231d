/** The array kernels of each backend. */
import type { Feature } from '../backends/feature.js';
import type { ArrayOp } from './contract.js';
import { arrayOp } from './kernels/wasm.js';
import { arrayOp as gpuArrayOp } from './kernels/webgpu.js';

export const arrayFeature: Feature<ArrayOp> = {
  name: 'array',
  kernels: { wasm: arrayOp, webgpu: gpuArrayOp },
  refused: 'no open backend supports this array',
};
