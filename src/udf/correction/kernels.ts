/** The modules of the kernels of corrections. */
import type { Feature } from '../../core/backends/feature.js';
import { uses } from '../../core/backends/mechanisms.js';
import { correctionWork } from '../../core/planner/works.js';
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
