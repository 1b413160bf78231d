/** pi.h as TypeScript; written by `ewald ffi`, do not edit. */
/* eslint-disable */
// biome-ignore-all format: generated
// biome-ignore-all lint: generated
// biome-ignore-all assist: generated
import type { CArray, Callback, Handle, Library, LibraryOptions, Pointer } from 'ewald/ffi';
import { type FunctionTable, getLibHandle } from 'ewald/ffi';

export interface pi_estimate {
  num_points: number;
  value: number;
  error: number;
}

/** The functions of pi.h. */
export interface PiFunctions {
  /**
   * Throws num_points points into the unit square and counts those in the quarter circle; the points are the same in
   * every language.
   * C: `double approximate_pi_c(int num_points)`
   */
  readonly approximate_pi_c: { (num_points: number): number; async(num_points: number): Promise<number> };
  /**
   * The same in Fortran.
   * C: `double approximate_pi_fortran(int num_points)`
   */
  readonly approximate_pi_fortran: { (num_points: number): number; async(num_points: number): Promise<number> };
  /**
   * Fills `estimates` with `count` approximations, of first, 2 first, 4 first … points; the caller allocates.
   * C: `void pi_series(int first, int count, pi_estimate *estimates)`
   */
  readonly pi_series: { (first: number, count: number, estimates: pi_estimate | pi_estimate[] | CArray | Pointer | null): void; async(first: number, count: number, estimates: pi_estimate | pi_estimate[] | CArray | Pointer | null): Promise<void> };
  /**
   * The same in memory of the library: free it with pi_series_free, or it leaks.
   * C: `pi_estimate *pi_series_new(int first, int count)`
   */
  readonly pi_series_new: { (first: number, count: number): Pointer | null; async(first: number, count: number): Promise<Pointer | null> };
  /** C: `void pi_series_free(pi_estimate *estimates)` */
  readonly pi_series_free: { (estimates: pi_estimate | pi_estimate[] | CArray | Pointer | null): void; async(estimates: pi_estimate | pi_estimate[] | CArray | Pointer | null): Promise<void> };
  /** C: `pi_stream *pi_stream_new(void)` */
  readonly pi_stream_new: { (): Handle | null; async(): Promise<Handle | null> };
  /** C: `void pi_stream_free(pi_stream *stream)` */
  readonly pi_stream_free: { (stream: Handle | Pointer | null): void; async(stream: Handle | Pointer | null): Promise<void> };
  /** C: `double pi_stream_step(pi_stream *stream, int num_points)` */
  readonly pi_stream_step: { (stream: Handle | Pointer | null, num_points: number): number; async(stream: Handle | Pointer | null, num_points: number): Promise<number> };
  /**
   * Calls `progress` with the share that is done and the approximation so far, `steps` times; it ends the work by
   * answering 0.
   * C: `double pi_with_progress(int num_points, int steps, int (*progress)(double done, double value))`
   */
  readonly pi_with_progress: { (num_points: number, steps: number, progress: ((done: number, value: number) => number) | Callback | Pointer | null): number; async(num_points: number, steps: number, progress: ((done: number, value: number) => number) | Callback | Pointer | null): Promise<number> };
}

/** An open library with the functions of pi.h. */
export type Pi = Library<PiFunctions>;

/** What pi.h declares. */
export const table: FunctionTable = {"version":1,"header":"pi.h","model":"lp64","functions":{"approximate_pi_c":{"name":"approximate_pi_c","file":"pi.h","line":17,"column":15,"doc":"Throws num_points points into the unit square and counts those in the quarter circle; the points are the same in every language.","result":{"kind":"scalar","name":"double"},"parameters":[{"name":"num_points","type":{"kind":"scalar","name":"int"}}]},"approximate_pi_fortran":{"name":"approximate_pi_fortran","file":"pi.h","line":19,"column":15,"doc":"The same in Fortran.","result":{"kind":"scalar","name":"double"},"parameters":[{"name":"num_points","type":{"kind":"scalar","name":"int"}}]},"pi_series":{"name":"pi_series","file":"pi.h","line":28,"column":13,"doc":"Fills `estimates` with `count` approximations, of first, 2 first, 4 first … points; the caller allocates.","result":{"kind":"void"},"parameters":[{"name":"first","type":{"kind":"scalar","name":"int"}},{"name":"count","type":{"kind":"scalar","name":"int"}},{"name":"estimates","type":{"kind":"pointer","to":{"kind":"struct","tag":"pi_estimate","alias":"pi_estimate"}}}]},"pi_series_new":{"name":"pi_series_new","file":"pi.h","line":30,"column":21,"doc":"The same in memory of the library: free it with pi_series_free, or it leaks.","result":{"kind":"pointer","to":{"kind":"struct","tag":"pi_estimate","alias":"pi_estimate"}},"parameters":[{"name":"first","type":{"kind":"scalar","name":"int"}},{"name":"count","type":{"kind":"scalar","name":"int"}}]},"pi_series_free":{"name":"pi_series_free","file":"pi.h","line":31,"column":13,"result":{"kind":"void"},"parameters":[{"name":"estimates","type":{"kind":"pointer","to":{"kind":"struct","tag":"pi_estimate","alias":"pi_estimate"}}}]},"pi_stream_new":{"name":"pi_stream_new","file":"pi.h","line":35,"column":19,"result":{"kind":"pointer","to":{"kind":"struct","tag":"pi_stream","alias":"pi_stream"}},"parameters":[]},"pi_stream_free":{"name":"pi_stream_free","file":"pi.h","line":36,"column":13,"result":{"kind":"void"},"parameters":[{"name":"stream","type":{"kind":"pointer","to":{"kind":"struct","tag":"pi_stream","alias":"pi_stream"}}}]},"pi_stream_step":{"name":"pi_stream_step","file":"pi.h","line":37,"column":15,"result":{"kind":"scalar","name":"double"},"parameters":[{"name":"stream","type":{"kind":"pointer","to":{"kind":"struct","tag":"pi_stream","alias":"pi_stream"}}},{"name":"num_points","type":{"kind":"scalar","name":"int"}}]},"pi_with_progress":{"name":"pi_with_progress","file":"pi.h","line":40,"column":15,"doc":"Calls `progress` with the share that is done and the approximation so far, `steps` times; it ends the work by answering 0.","result":{"kind":"scalar","name":"double"},"parameters":[{"name":"num_points","type":{"kind":"scalar","name":"int"}},{"name":"steps","type":{"kind":"scalar","name":"int"}},{"name":"progress","type":{"kind":"pointer","to":{"kind":"function","result":{"kind":"scalar","name":"int"},"parameters":[{"name":"done","type":{"kind":"scalar","name":"double"}},{"name":"value","type":{"kind":"scalar","name":"double"}}]}}}]}},"variables":{},"structs":{"pi_estimate":{"tag":"pi_estimate","kind":"struct","file":"pi.h","line":22,"column":16,"fields":[{"name":"num_points","type":{"kind":"scalar","name":"int"},"offset":0},{"name":"value","type":{"kind":"scalar","name":"double"},"offset":8},{"name":"error","type":{"kind":"scalar","name":"double"},"offset":16}],"size":24,"align":8},"pi_stream":{"tag":"pi_stream","kind":"struct","file":"pi.h","line":34,"column":16}},"enums":{},"typedefs":{"pi_estimate":{"file":"pi.h","line":26,"column":3,"doc":"One approximation of a series.","type":{"kind":"struct","tag":"pi_estimate"}},"pi_stream":{"file":"pi.h","line":34,"column":26,"doc":"A running approximation: each step throws more points.","type":{"kind":"struct","tag":"pi_stream"}}},"constants":{},"assertions":0,"files":["pi.h"],"warnings":[]};

/** Opens a library with these functions. */
export function open(library: LibraryOptions['library'], options: Omit<LibraryOptions, 'header' | 'library'> = {}): Promise<Pi> {
  return getLibHandle<PiFunctions>({ ...options, header: table, library });
}
