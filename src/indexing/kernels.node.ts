/** The indexing kernels of the backends that only Node has. */
import { addKernels } from '../compute/backends/feature.js';
import { indexingOp as cuda } from './kernels/cuda.js';
import { indexingOp as native } from './kernels/native.js';
import { proposalsOp } from './kernels/proposals-native.js';
import { indexingFeature, namingFeature, proposalsFeature } from './kernels.js';

export const nodeKernels = [
  addKernels(indexingFeature, { native, cuda }),
  addKernels(namingFeature, { native }),
  addKernels(proposalsFeature, { native: proposalsOp }),
];
