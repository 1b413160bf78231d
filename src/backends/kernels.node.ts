/** Kernels of the backends that only Node has, by room; a room that has none here is refused by native and cuda. */
import { arrayFeature } from '../arrays/kernels.js';
import { fftEngineFeature, fftFeature } from '../fft/kernels.js';
import { indexingFeature } from '../indexing/kernels.js';
import { proposalsFeature } from '../indexing/proposals.js';
import { peaksFeature } from '../peaks/kernels.js';
import { piFeature } from '../pi/kernels.js';
import * as cudaArray from './cuda/array.js';
import * as cudaFft from './cuda/fft.js';
import * as cudaIndexing from './cuda/indexing.js';
import * as cudaPi from './cuda/pi.js';
import { type FurtherKernels, further } from './feature.js';
import * as nativeArray from './native/array.js';
import * as nativeFft from './native/fft.js';
import * as nativeIndexing from './native/indexing.js';
import * as nativePeaks from './native/peaks.js';
import * as nativePi from './native/pi.js';
import * as nativeProposals from './native/proposals.js';

export const nodeKernels: readonly FurtherKernels[] = [
  further(piFeature, { native: nativePi.piOp, cuda: cudaPi.piOp }),
  further(indexingFeature, { native: nativeIndexing.indexingOp, cuda: cudaIndexing.indexingOp }),
  further(proposalsFeature, { native: nativeProposals.proposalsOp }),
  further(fftFeature, { native: nativeFft.fftOp, cuda: cudaFft.fftOp }),
  further(fftEngineFeature, { native: nativeFft.fftEngineOp }),
  further(peaksFeature, { native: nativePeaks.peaksOp }),
  further(arrayFeature, { native: nativeArray.arrayOp, cuda: cudaArray.arrayOp }),
];
