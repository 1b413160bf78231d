/** The constants of heFFTe's Python module. */
import { EwaldError } from '../util/errors.js';

/** Backends: heFFTe's numbers, and our own names. */
export const backend = Object.freeze({
  stock: 0,
  fftw: 1,
  mkl: 2,
  cufft: 10,
  rocfft: 11,
  /** The Python code's name of rocfft. */
  rocm: 11,
  wasm: 'wasm',
  native: 'native',
  webgpu: 'webgpu',
  cuda: 'cuda',
} as const);

/** Factors on a result: none, 1/N (`full`), 1/√N (`symmetric`). */
export const scale = Object.freeze({ none: 0, full: 1, symmetric: 2 } as const);

/** The class of errors for wrong input: `error instanceof heffte_input_error` is true for errors of ewald. */
export const heffte_input_error = EwaldError;
