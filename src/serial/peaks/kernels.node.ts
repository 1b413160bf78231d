/** The peaks kernels of the backends that only Node has. */
import { addKernels } from '../../core/backends/feature.js';
import { peaksOp as cuda } from './kernels/cuda.js';
import { peaksOp as native } from './kernels/native.js';
import { peaksFeature } from './kernels.js';

export const nodeKernels = [addKernels(peaksFeature, { native, cuda })];
