/** The udf kernels of the backends that only Node has. */
import { addKernels } from '../compute/backends/feature.js';
import { correctionOp as cudaCorrection } from './correction/cuda.js';
import { correctionFeature } from './correction/kernels.js';
import { correctionOp as nativeCorrection } from './correction/native.js';
import { decoderOp as cudaDecoder } from './decoding/cuda.js';
import { decoderFeature } from './decoding/kernels.js';
import { decoderOp as nativeDecoder } from './decoding/native.js';
import { disksOp } from './disks/kernels/native.js';
import { disksFeature } from './disks/kernels.js';
import { udfOp as cuda } from './kernels/cuda.js';
import { udfOp as native } from './kernels/native.js';
import { udfFeature } from './kernels.js';

export const nodeKernels = [
  addKernels(udfFeature, { native, cuda }),
  addKernels(disksFeature, { native: disksOp }),
  addKernels(correctionFeature, { native: nativeCorrection, cuda: cudaCorrection }),
  addKernels(decoderFeature, { native: nativeDecoder, cuda: cudaDecoder }),
];
