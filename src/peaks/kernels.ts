/** The modules of the peaks kernels. */
import type { Feature } from '../compute/backends/feature.js';
import { uses } from '../compute/backends/mechanisms.js';
import { peaksWork } from '../compute/planner/works.js';
import type { PeaksOp } from './contract.js';
import { peaksOp } from './kernels/wasm.js';

export const peaksFeature: Feature<PeaksOp> = {
  name: 'peaks',
  uses: uses.peaks,
  work: peaksWork,
  kernels: {
    wasm: peaksOp,
    webgpu: async (gpu) => (await import('./kernels/webgpu/peaks.js')).peaksOp(gpu),
  },
};
