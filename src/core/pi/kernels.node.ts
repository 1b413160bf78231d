/** The pi kernels of the backends that only Node has. */
import { addKernels } from '../backends/feature.js';
import { piOp as cuda } from './kernels/cuda.js';
import { piOp as native } from './kernels/native.js';
import { piFeature } from './kernels.js';

export const nodeKernels = [addKernels(piFeature, { native, cuda })];
