/** Where the kernels of transforms are. */
import type { Feature } from '../compute/backends/feature.js';
import { uses } from '../compute/backends/mechanisms.js';
import { transformWork } from '../compute/planner/works.js';
import type { FftOp } from './contract.js';
import { fftOp } from './kernels/wasm.js';

export const fftFeature: Feature<FftOp> = {
  name: 'fft',
  uses: uses.fft,
  work: transformWork,
  kernels: {
    wasm: fftOp,
    webgpu: async (gpu) => (await import('./kernels/webgpu/fft.js')).fftOp(gpu),
  },
};

/** Transforms by external engines. */
export const fftEngineFeature: Feature<FftOp> = {
  name: 'fftEngine',
  kernels: {},
  missing: 'external engines are libraries of the host, which only the native backend in Node can load',
  refused: 'fft: no open backend can use this engine here',
};
