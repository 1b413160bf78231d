/** Kernels of the backends that only Node has, by room; native and cuda refuse a room that is missing here. */

import * as cudaArray from '../../core/arrays/kernels/cuda.js';
import * as nativeArray from '../../core/arrays/kernels/native.js';
import { arrayFeature } from '../../core/arrays/kernels.js';
import { type FurtherKernels, further } from '../../core/backends/feature.js';
import * as cudaPi from '../../core/pi/kernels/cuda.js';
import * as nativePi from '../../core/pi/kernels/native.js';
import { piFeature } from '../../core/pi/kernels.js';
import * as cudaIndexing from '../../serial/indexing/kernels/cuda.js';
import * as nativeIndexing from '../../serial/indexing/kernels/native.js';
import * as nativeProposals from '../../serial/indexing/kernels/proposals-native.js';
import { indexingFeature, proposalsFeature } from '../../serial/indexing/kernels.js';
import * as nativeMerging from '../../serial/merging/kernels/native.js';
import { mergingFeature } from '../../serial/merging/kernels.js';
import * as cudaPeaks from '../../serial/peaks/kernels/cuda.js';
import * as nativePeaks from '../../serial/peaks/kernels/native.js';
import { peaksFeature } from '../../serial/peaks/kernels.js';
import * as cudaFft from '../../transforms/fft/kernels/cuda.js';
import * as nativeFft from '../../transforms/fft/kernels/native.js';
import { fftEngineFeature, fftFeature } from '../../transforms/fft/kernels.js';
import * as cudaCorrection from '../../udf/correction/cuda.js';
import { correctionFeature } from '../../udf/correction/kernels.js';
import * as nativeCorrection from '../../udf/correction/native.js';
import * as nativeDisks from '../../udf/disks/kernels/native.js';
import { disksFeature } from '../../udf/disks/kernels.js';
import * as cudaUdf from '../../udf/kernels/cuda.js';
import * as nativeUdf from '../../udf/kernels/native.js';
import { udfFeature } from '../../udf/kernels.js';

export const nodeKernels: readonly FurtherKernels[] = [
  further(piFeature, { native: nativePi.piOp, cuda: cudaPi.piOp }),
  further(indexingFeature, { native: nativeIndexing.indexingOp, cuda: cudaIndexing.indexingOp }),
  further(proposalsFeature, { native: nativeProposals.proposalsOp }),
  further(fftFeature, { native: nativeFft.fftOp, cuda: cudaFft.fftOp }),
  further(fftEngineFeature, { native: nativeFft.fftEngineOp }),
  further(peaksFeature, { native: nativePeaks.peaksOp, cuda: cudaPeaks.peaksOp }),
  further(mergingFeature, { native: nativeMerging.mergingOp }),
  further(udfFeature, { native: nativeUdf.udfOp, cuda: cudaUdf.udfOp }),
  further(disksFeature, { native: nativeDisks.disksOp }),
  further(correctionFeature, { native: nativeCorrection.correctionOp, cuda: cudaCorrection.correctionOp }),
  further(arrayFeature, { native: nativeArray.arrayOp, cuda: cudaArray.arrayOp }),
];
