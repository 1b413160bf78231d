/** Where arrays lie. */
import type { Feature } from '../backends/feature.js';
import { arrayOp } from '../backends/wasm/array.js';
import { arrayOp as gpuArrayOp } from '../backends/webgpu/array.js';
import type { ArrayOp } from './contract.js';

export const arrayFeature: Feature<ArrayOp> = {
  name: 'array',
  kernels: { wasm: arrayOp, webgpu: gpuArrayOp },
  refused: 'no open backend supports this array',
};
