/** Options of a distributed transform. */

import type { ContextOptions } from '../compute/context/context.js';
import type { FftOptions, R2rKind } from '../fft/options.js';
import type { FftMethods } from '../fft/room.js';
import { checkedOptions, checkedValue, row } from '../options/call-options.js';
import { checkParameter } from '../options/parameters.js';
import { EwaldError } from '../util/errors.js';
import { type HeffteScale, parseAlgorithm, type ReshapeAlgorithm } from './names.js';
import { r2rKinds } from './parameters.js';
import type { Decomposition } from './stages.js';

/** A context that can transform. */
export interface FftContextLike extends Pick<FftMethods, 'fft'> {
  readonly backends: readonly { readonly name: string }[];
  dispose(): Promise<void>;
}

/** Kinds of a real to real transform along x, y and z; null for an axis that is not transformed. */
export type AxisKinds = readonly [x: R2rKind | null, y: R2rKind | null, z: R2rKind | null];

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
  /**
   * Real to real transforms: a kind for all axes, or for x, y, z; null leaves an axis as it is. One of a
   * single index is transformed like any other, which doubles it in some kinds: null for z of a world of two axes.
   */
  readonly r2r?: R2rKind | AxisKinds | undefined;
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

const rows = {
  ...row.others('algorithm', 'subranks', 'r2r', 'tune', 'context', 'contextOptions'),
  decomposition: row.choice(['auto', 'pencils', 'slabs'], 'auto'),
  reorder: row.flag,
  threads: row.integer(0, 1024),
} as const;
const kindRow = row.choice(r2rKinds);

/** Options that are checked for a world of `size` ranks. */
export type CheckedOptions = ReturnType<typeof checkOptions>;

/** Checks options. Throws `Argument`. */
export function checkOptions(options: Fft3dOptions, size: number) {
  const { algorithm, decomposition, reorder, subranks, r2r, threads } = checkedOptions('fft3d', options, rows);
  const list: readonly (R2rKind | null)[] | undefined = typeof r2r === 'string' ? [r2r, r2r, r2r] : r2r;
  if (list && list.length !== 3)
    throw new EwaldError('Argument', `fft3d: r2r has ${list.length} kinds; expected one, or one each for x, y, z`);
  for (const kind of list ?? []) if (kind !== null) checkParameter(kindRow, kind, 'fft3d: r2r');
  if (list?.every((kind) => kind === null))
    throw new EwaldError('Argument', 'fft3d: r2r is null for x, y and z; expected a kind for one of them');
  return {
    algorithm: parseAlgorithm(algorithm),
    decomposition,
    reorder,
    computing: checkSubranks(subranks, size),
    r2r: list as AxisKinds | undefined,
    threads: threads ?? (size === 1 ? 0 : 1),
  };
}

function checkSubranks(given: Fft3dOptions['subranks'], size: number): readonly number[] {
  const all = Array.from({ length: size }, (_, rank) => rank);
  if (given === undefined) return all;
  if (typeof given === 'number')
    return all.slice(0, checkedValue('fft3d: subranks', given, row.integer(1, size, size)));
  const list = [...new Set(given)].sort((a, b) => a - b);
  if (list.length === 0 || list.length !== given.length || list.some((rank) => !all.includes(rank)))
    throw new EwaldError(
      'Argument',
      `fft3d: subranks is [${given.join(', ')}]; expected some of the ranks 0 to ${size - 1}, each once`,
    );
  return list;
}
