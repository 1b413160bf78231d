/** The modules of the kernels of corrections. */
import type { Feature } from '../../compute/backends/feature.js';
import { uses } from '../../compute/backends/mechanisms.js';
import { correctionWork } from '../../compute/planner/works.js';
import type { CorrectionOp } from './contract.js';
import { correctionOp } from './wasm.js';

export const correctionFeature: Feature<CorrectionOp> = {
  name: 'corrections of frames',
  uses: uses.correction,
  work: correctionWork,
  kernels: {
    wasm: correctionOp,
    webgpu: async (device) => (await import('./webgpu.js')).correctionOp(device),
  },
};
