/** Libraries of the host that transforms can be given to instead of the kernels of ewald. */
export const externalEngines = ['fftw', 'mkl', 'cufft', 'rocfft'] as const;
export type ExternalEngine = (typeof externalEngines)[number];

/** Whether an external engine is here. */
export interface EngineReport {
  readonly engine: ExternalEngine;
  readonly available: boolean;
  /** False for those that have only been run as a stand-in so far. */
  readonly proven: boolean;
  readonly version: string | null;
  /** File name of the library. */
  readonly library: string | null;
  /** What was found, or what was looked for, where, and what to do. */
  readonly reason: string;
}
