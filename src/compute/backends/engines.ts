/** External FFT libraries of the host that can replace ewald's own kernels. */
export const externalEngines = ['fftw', 'mkl', 'cufft', 'rocfft'] as const;
/** The row of what computes a transform. */
export const engineRow = { kind: 'choice', choices: ['ewald', ...externalEngines], fallback: 'ewald' } as const;
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
  /** What was found, or what is missing and how to install it. */
  readonly reason: string;
  /** The libraries that were searched for in vain; empty if the engine is available. */
  readonly tried: readonly string[];
}
