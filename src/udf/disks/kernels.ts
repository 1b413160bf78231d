/** The modules of the kernels that find disks. */
import type { Feature } from '../../core/backends/feature.js';
import { diskWork } from '../../core/planner/works.js';
import type { DisksOp } from './contract.js';
import { disksOp } from './kernels/wasm.js';

export const disksFeature: Feature<DisksOp> = {
  name: 'disk finding',
  work: diskWork,
  kernels: { wasm: disksOp },
};
