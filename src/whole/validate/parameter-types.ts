// Generated from parameters.ts by `npm run layout`. Do not edit.

import type { BackendName } from '../../core/backends/names.js';

/** What is validated. */
export interface ValidateParameters {
  /** Backends, separated by commas, or all. Unavailable ones count as absent. Default all. */
  readonly backends?: readonly BackendName[] | undefined;
  /** Only transforms, by an external engine on native. Default all rooms, by ewald. */
  readonly engine?: 'ewald' | 'fftw' | 'mkl' | 'cufft' | 'rocfft' | undefined;
  /**
   * Longest estimated time of a case; longer ones are counted as sampled. On a software device a tenth of it.
   * Seconds; 0 … inf; default 2.
   */
  readonly budget?: number | undefined;
  /**
   * Ends after this time; rooms take turns, and cases that would take longer are not started. Seconds; 0 … inf;
   * default no limit.
   */
  readonly seconds?: number | undefined;
}

/** How long is timed. */
export interface BenchParameters {
  /** Seconds of runs per contestant of a case. Seconds; 0 … inf; default 1. */
  readonly seconds?: number | undefined;
}
