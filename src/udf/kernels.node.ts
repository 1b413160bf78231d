/** The udf kernels of the backends that only Node has. */
import { further } from '../core/backends/feature.js';
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
  further(udfFeature, { native, cuda }),
  further(disksFeature, { native: disksOp }),
  further(correctionFeature, { native: nativeCorrection, cuda: cudaCorrection }),
  further(decoderFeature, { native: nativeDecoder, cuda: cudaDecoder }),
];
