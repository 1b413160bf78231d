/** Options of a distributed transform. */

import { EwaldError } from '../base/errors.js';
import { choice, integer, knownOptions } from '../base/options.js';
import type { ContextOptions } from '../context/context.js';
import type { FftOptions, R2rKind } from '../fft/options.js';
import type { FftMethods } from '../fft/room.js';
import { type HeffteScale, parseAlgorithm, type ReshapeAlgorithm } from './names.js';
import type { Decomposition } from './stages.js';

/** A context that can transform. */
export interface FftContextLike extends Pick<FftMethods, 'fft'> {
  readonly backends: readonly { readonly name: string }[];
  dispose(): Promise<void>;
}

/** Options of a distributed transform; all ranks pass the same ones, except `context` and `threads`. */
export interface Fft3dOptions {
  /** How elements are sent to other ranks; default `auto`. heFFTe's numbers 0 to 3 are accepted as well. */
  readonly algorithm?: ReshapeAlgorithm | 'p2p_plined' | number | undefined;
  /** Default `auto`: whichever moves less. */
  readonly decomposition?: Decomposition | undefined;
  /** Makes each transformed axis the fastest in memory; default false, since kernels accept any stride. */
  readonly reorder?: boolean | undefined;
  /** Ranks that compute, as their number or a list; default: all. The others only hold their boxes. */
  readonly subranks?: number | readonly number[] | undefined;
  /** Real to real transforms: a kind for all axes, or for x, y, z. */
  readonly r2r?: R2rKind | readonly [R2rKind, R2rKind, R2rKind] | undefined;
  /** Threads of this rank's transforms; default 1, or all cores for a single rank. */
  readonly threads?: number | undefined;
  readonly tune?: FftOptions['tune'];
  /** A context to plan on, owned by the caller; default: one is opened, and disposed with the plan. */
  readonly context?: FftContextLike | undefined;
  /** Options of the context that is opened. */
  readonly contextOptions?: ContextOptions | undefined;
}

/** Options of a run. */
export interface Fft3dRunOptions {
  /**
   * Factor on the result: none, 1/√N, 1/N; N is the number of indexes of the (real) world. Default `none`; the same on
   * every rank.
   */
  readonly scale?: HeffteScale | number | undefined;
  /** At least `batch` × `sizeWorkspace` complex numbers; default: the plan has its own workspace. */
  readonly workspace?: Float32Array | Float64Array | undefined;
  /** Transforms of this run, stored one after another in both arrays; default 1. The same on every rank. */
  readonly batch?: number | undefined;
}

export interface CheckedOptions {
  readonly algorithm: ReshapeAlgorithm;
  readonly decomposition: Decomposition;
  readonly reorder: boolean;
  readonly computing: readonly number[];
  readonly r2r: readonly [R2rKind, R2rKind, R2rKind] | undefined;
  readonly threads: number;
}

const names = [
  ...['algorithm', 'decomposition', 'reorder', 'subranks', 'r2r', 'threads', 'tune', 'context', 'contextOptions'],
];
const kinds: readonly R2rKind[] = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];

/** Checks options. Throws `Argument`. */
export function checkOptions(options: Fft3dOptions, size: number): CheckedOptions {
  knownOptions('fft3d', options, names);
  const { r2r } = options;
  const list = r2r === undefined ? undefined : typeof r2r === 'string' ? [r2r, r2r, r2r] : r2r;
  if (list && list.length !== 3)
    throw new EwaldError('Argument', `fft3d: r2r has ${list.length} kinds; expected one, or one each for x, y, z`);
  list?.forEach((kind) => {
    choice('fft3d: r2r', kind as R2rKind, 'dct2', kinds);
  });
  return {
    algorithm: parseAlgorithm(options.algorithm),
    decomposition: choice('fft3d: decomposition', options.decomposition, 'auto', ['auto', 'pencils', 'slabs']),
    reorder: options.reorder ?? false,
    computing: checkSubranks(options.subranks, size),
    r2r: list as CheckedOptions['r2r'],
    threads: integer('fft3d: threads', options.threads, size === 1 ? 0 : 1, 0, 1024),
  };
}

function checkSubranks(given: Fft3dOptions['subranks'], size: number): readonly number[] {
  const all = Array.from({ length: size }, (_, rank) => rank);
  if (given === undefined) return all;
  if (typeof given === 'number') return all.slice(0, integer('fft3d: subranks', given, size, 1, size));
  const list = [...new Set(given)].sort((a, b) => a - b);
  if (list.length === 0 || list.length !== given.length || list.some((rank) => !all.includes(rank)))
    throw new EwaldError(
      'Argument',
      `fft3d: subranks is [${given.join(', ')}]; expected some of the ranks 0 to ${size - 1}, each once`,
    );
  return list;
}
