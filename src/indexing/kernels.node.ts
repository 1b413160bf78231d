/** The indexing kernels of the backends that only Node has. */
import { addKernels } from '../compute/backends/feature.js';
import { indexingOp as cuda } from './kernels/cuda.js';
import { fewOp } from './kernels/few-native.js';
import { indexingOp as native } from './kernels/native.js';
import { proposalsOp } from './kernels/proposals-native.js';
import { fewFeature, indexingFeature, namingFeature, proposalsFeature } from './kernels.js';

export const nodeKernels = [
  addKernels(indexingFeature, { native, cuda }),
  addKernels(namingFeature, { native }),
  addKernels(fewFeature, { native: fewOp }),
  addKernels(proposalsFeature, { native: proposalsOp }),
];
