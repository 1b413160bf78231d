/** The merging kernels of the backends that only Node has. */
import { addKernels } from '../compute/backends/feature.js';
import { mergingOp as native } from './kernels/native.js';
import { mergingFeature } from './kernels.js';

export const nodeKernels = [addKernels(mergingFeature, { native })];
