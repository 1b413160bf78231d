/** The peaks kernels of the backends that only Node has. */
import { addKernels } from '../compute/backends/feature.js';
import { peaksOp as cuda } from './kernels/cuda.js';
import { peaksOp as native } from './kernels/native.js';
import { peaksFeature } from './kernels.js';
import { spansFeature } from './spans/kernels.js';
import { spansOp } from './spans/native.js';

export const nodeKernels = [addKernels(peaksFeature, { native, cuda }), addKernels(spansFeature, { native: spansOp })];
