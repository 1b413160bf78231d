/** The modules of the udf kernels. */
import type { Feature } from '../compute/backends/feature.js';
import { uses } from '../compute/backends/mechanisms.js';
import { passWork } from '../compute/planner/works.js';
import type { UdfOp } from './contract.js';
import { udfOp } from './kernels/wasm.js';
import type { FunctionOp } from './pass/function-contract.js';

export const udfFeature: Feature<UdfOp> = {
  name: 'frame passes',
  uses: uses.udf,
  work: passWork,
  kernels: {
    wasm: udfOp,
    webgpu: async (device) => (await import('./kernels/webgpu/pass.js')).udfOp(device),
  },
};

export const functionFeature: Feature<FunctionOp> = {
  name: 'functions in WGSL',
  uses: uses.functions,
  kernels: { webgpu: async (device) => (await import('./kernels/webgpu/function.js')).functionOp(device) },
};
