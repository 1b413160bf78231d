/** Options of a transform plan. */

import type { ExternalEngine } from '../compute/backends/engines.js';
import type { PlatformSignal } from '../util/globals.js';
import type { KeptAxis } from './windows.js';

/**
 * Kinds of transforms: `c2c` complex to complex; `r2c` real to the N/2 + 1 complex numbers that are not redundant;
 * `c2r` its inverse as forward; `real` real to all N complex numbers; `r2r` sines and cosines, a kind for each axis.
 */
export type FftKind = 'c2c' | 'r2c' | 'c2r' | 'real' | 'r2r';
/** Real-to-real kinds, unnormalised, as FFTW's REDFT00, 10, 01, 11 and RODFT00, 10, 01, 11. */
export type R2rKind = 'dct1' | 'dct2' | 'dct3' | 'dct4' | 'dst1' | 'dst2' | 'dst3' | 'dst4';
/** `f32` single, `f64` double precision. */
export type FftPrecision = 'f32' | 'f64';
/** Factor on a result: none, 1/√N (`symmetric`) or 1/N (`full`), N the product of the transformed logical lengths. */
export type FftScale = 'none' | 'symmetric' | 'full';

/** Who computes: the kernels of ewald, or a library of the host that is found at run time. */
export type FftEngine = 'ewald' | ExternalEngine;

/** What plans of every kind take. */
interface CommonFftOptions<P extends FftPrecision> {
  /** Logical lengths, slowest axis first, each 1 … 2²⁷; 1 to 8 axes. */
  readonly shape: readonly number[] | number;
  /**
   * Axes that are transformed, in any order; default: all, slowest first. Negative ones count from the last. `r2c` and
   * `c2r` halve the last one named, as NumPy does, and the kinds of `r2r` belong to them in the order named.
   */
  readonly axes?: readonly number[] | undefined;
  /** Default `f32`; `f64` on wasm, native and cuda. */
  readonly precision?: P | undefined;
  /** Transforms per run, stored one after another, 1 … 2²⁴, default 1. */
  readonly batch?: number | undefined;
  /** Storage order of the axes, slowest first, of both sides; default [0, 1, 2 …], the C order. */
  readonly order?: readonly number[] | undefined;
  /**
   * Strides of the input's axes in elements, instead of `order`; with `inputDistance` from one transform of the batch
   * to the next.
   */
  readonly inputStrides?: readonly number[] | undefined;
  readonly inputDistance?: number | undefined;
  readonly outputStrides?: readonly number[] | undefined;
  readonly outputDistance?: number | undefined;
  /**
   * Lengths of the input's data; default: those the transform needs. Shorter data counts as followed by zeros (zero
   * padding, whose lines are not computed), of longer data only the beginning is read. Backward writes as much.
   */
  readonly inputShape?: readonly number[] | number | undefined;
  /**
   * Elements of the output's axes to compute: a count from the start, [start, count], or null for all; default: all.
   * The others are not computed. On periodic axes a start may be negative: [-8, 16] are the frequencies −8 … 7.
   * Backward transforms treat the others as zero.
   */
  readonly keep?: readonly KeptAxis[] | undefined;
  /** The axis that `r2c` and `c2r` halve; default: the last one of `axes`. */
  readonly reducedAxis?: number | undefined;
  /** Input and output are one array; default false. For `r2c` its last axis is padded to 2 (n/2 + 1) real numbers. */
  readonly inPlace?: boolean | undefined;
  /** The plan holds no workspace: every run brings one of `sizeWorkspace`; default false. */
  readonly userWorkspace?: boolean | undefined;
  /**
   * How `engine: 'fftw'` plans: `measure`, the default, takes milliseconds to seconds per plan; `estimate` plans
   * immediately, for up to 19 × slower runs. Other libraries have no choice. ewald plans by rule: it refuses `measure`.
   */
  readonly tune?: 'estimate' | 'measure' | undefined;
  /** Ends planning with `Aborted`, between two candidates of FFTW's `measure` as well. */
  readonly signal?: PlatformSignal | undefined;
  /** Host threads, 0 … 1024; default 0: one a core on native, one on wasm. */
  readonly threads?: number | undefined;
  /**
   * The implementation; default `ewald`. The others are libraries that the native backend finds at run time in Node, or
   * at the location in EWALD_ENGINE_FFTW (_MKL, _CUFFT, _ROCFFT); `Unsupported`, with the locations tried, if the
   * library is missing or cannot execute the plan. See cpp/engines.
   */
  readonly engine?: FftEngine | undefined;
}

/** The kind of a plan. The kinds of axes go with `r2r` alone. */
type KindOptions =
  | {
      /** Default `c2c`. */
      readonly kind?: Exclude<FftKind, 'r2r'> | undefined;
      readonly r2r?: undefined;
    }
  | {
      readonly kind: 'r2r';
      /** `r2r`: the kind of each transformed axis, in the order of `axes`, or one for all; default `dct2`. */
      readonly r2r?: R2rKind | readonly R2rKind[] | undefined;
    };

/** A transform plan; the types of its arrays follow from `precision`. */
export type FftOptions<P extends FftPrecision = FftPrecision> = CommonFftOptions<P> & KindOptions;
