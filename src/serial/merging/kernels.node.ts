/** The merging kernels of the backends that only Node has. */
import { further } from '../../core/backends/feature.js';
import { mergingOp as native } from './kernels/native.js';
import { mergingFeature } from './kernels.js';

export const nodeKernels = [further(mergingFeature, { native })];
