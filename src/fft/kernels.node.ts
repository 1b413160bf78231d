/** The kernels of transforms of the backends that only Node has. */
import { addKernels } from '../compute/backends/feature.js';
import { fftOp as cuda } from './kernels/cuda.js';
import { fftEngineOp, fftOp as native } from './kernels/native.js';
import { fftEngineFeature, fftFeature } from './kernels.js';

export const nodeKernels = [
  addKernels(fftFeature, { native, cuda }),
  addKernels(fftEngineFeature, { native: fftEngineOp }),
];
