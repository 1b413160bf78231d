/** The pi kernels of each backend. */
import type { Feature } from '../backends/feature.js';
import { uses } from '../backends/mechanisms.js';
import type { PiOp } from './contract.js';
import { piOp } from './kernels/wasm.js';

export const piFeature: Feature<PiOp> = {
  name: 'pi',
  uses: uses.pi,
  kernels: {
    wasm: piOp,
    webgpu: async (gpu) => (await import('./kernels/webgpu.js')).piOp(gpu),
  },
};
