/** The modules of the kernels that find disks. */
import type { Feature } from '../../compute/backends/feature.js';
import { diskWork } from '../../compute/planner/works.js';
import type { DisksOp } from './contract.js';
import { disksOp } from './kernels/wasm.js';

export const disksFeature: Feature<DisksOp> = {
  name: 'disk finding',
  work: diskWork,
  kernels: { wasm: disksOp },
};
