/** External FFT libraries of the host that can replace ewald's own kernels. */
export const externalEngines = ['fftw', 'mkl', 'cufft', 'rocfft'] as const;
export type ExternalEngine = (typeof externalEngines)[number];

/** Whether an external engine is available. */
export interface EngineReport {
  readonly engine: ExternalEngine;
  readonly available: boolean;
  /** False for engines that have only been tested with a stand-in so far. */
  readonly proven: boolean;
  readonly version: string | null;
  /** File name of the library. */
  readonly library: string | null;
  /** What was found, or what was searched for, where, and how to install it. */
  readonly reason: string;
}
