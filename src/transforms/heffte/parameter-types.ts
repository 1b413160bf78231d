// Generated from parameters.ts by `npm run layout`. Do not edit.

import type { BackendName } from '../../core/backends/names.js';

/** How the array of a file is transformed. */
export interface TransformFileParameters {
  /** Computes the inverse transform. Default false. */
  readonly inverse?: boolean | undefined;
  /**
   * Kind of the transform; real gives the spectrum of real numbers in the same number of real numbers. Default c2c
   * for complex numbers, r2c for real ones.
   */
  readonly kind?:
    | 'c2c'
    | 'r2c'
    | 'c2r'
    | 'real'
    | 'dct1'
    | 'dct2'
    | 'dct3'
    | 'dct4'
    | 'dst1'
    | 'dst2'
    | 'dst3'
    | 'dst4'
    | undefined;
  /**
   * Axes to transform, negative ones counted from the last; r2c halves the last one given: 0,1 or -1. Integers, -8 …
   * 7; default all.
   */
  readonly axes?: readonly number[] | undefined;
  /** Real length of the last transformed axis of m complex numbers. 1 … 134217728; default the even one, 2 (m - 1). */
  readonly length?: number | undefined;
  /** Full divides by the number of elements, symmetric by its square root. Default none. */
  readonly scale?: 'none' | 'symmetric' | 'full' | undefined;
  /** Precision of the transform. Default the file's; f64 for integers, f32 for integers of up to 16 bits. */
  readonly precision?: 'f32' | 'f64' | undefined;
  /** Where to compute. Default the best available backend. */
  readonly backend?: BackendName | undefined;
  /** What computes: ewald, or an installed library. Default ewald. */
  readonly engine?: 'ewald' | 'fftw' | 'mkl' | 'cufft' | 'rocfft' | undefined;
  /** Estimate chooses by rule, measure times the choices first. Default estimate, for fftw measure. */
  readonly tune?: 'estimate' | 'measure' | undefined;
  /** Choices measured before, read if the file exists; tune measure adds to it. */
  readonly wisdom?: string | undefined;
  /** Replaces existing files; never the input. Default false. */
  readonly force?: boolean | undefined;
}
