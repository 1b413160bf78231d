/** Where the kernels of pi are. */
import type { Feature } from '../backends/feature.js';
import { piOp } from '../backends/wasm/pi.js';
import type { PiOp } from './contract.js';

export const piFeature: Feature<PiOp> = {
  name: 'pi',
  kernels: {
    wasm: piOp,
    webgpu: async (gpu) => (await import('../backends/webgpu/pi/pi.js')).piOp(gpu),
  },
};
