/** The array kernels of the backends that only Node has. */
import { addKernels } from '../backends/feature.js';
import { arrayOp as cuda } from './kernels/cuda.js';
import { arrayOp as native } from './kernels/native.js';
import { arrayFeature } from './kernels.js';

export const nodeKernels = [addKernels(arrayFeature, { native, cuda })];
