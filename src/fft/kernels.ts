/** Where the kernels of transforms are. */
import type { Feature } from '../backends/feature.js';
import { fftOp } from '../backends/wasm/fft.js';
import type { FftOp } from './contract.js';

export const fftFeature: Feature<FftOp> = {
  name: 'fft',
  kernels: {
    wasm: fftOp,
    webgpu: async (gpu) => (await import('../backends/webgpu/fft/fft.js')).fftOp(gpu),
  },
};

/** Transforms by external engines. */
export const fftEngineFeature: Feature<FftOp> = {
  name: 'fftEngine',
  kernels: {},
  missing: 'external engines are libraries of the host, which only the native backend in Node can load',
  refused: 'fft: no open backend can use this engine here',
};
