/** Options and results of a pi count, and their validation. */

import type { BackendName } from '../compute/backends/names.js';
import { checkedOptions, row } from '../options/call-options.js';
import type { Progress } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import type { Disposable, MaybeAsyncDisposable } from '../util/resource.js';
import type { PiRunParameters } from './parameter-types.js';
import { piRunRows } from './parameters.js';

export type { PiOptions } from './parameter-types.js';

/** One count. */
export interface PiRunOptions extends PiRunParameters {
  /** Aborts the count between two ranges with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Receives the completed fraction, 0 … 1, a few times per second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Result of a count. `JSON.stringify` writes its counts as numbers, and as strings from 2^53. */
export interface PiResult {
  readonly backend: BackendName;
  readonly points: bigint;
  /** Points inside the quarter circle; the same on every backend. */
  readonly hits: bigint;
  /** 4 · hits / points. */
  readonly pi: number;
  /** Standard error of `pi`: √(π(4 − π)/points). */
  readonly sigma: number;
  readonly seconds: number;
}

export interface PiPlanMethods extends Disposable {
  /** The backend in use. */
  readonly backend: BackendName;
  /** Counts points; runs of one plan execute in order. Throws `Argument`, `Aborted`, `Disposed`. */
  run(options: PiRunOptions): Promise<PiResult>;
}
/** A planned count of pi. */
export type PiPlan = PiPlanMethods & MaybeAsyncDisposable;

/** The rows of a run's options. */
export const piRunSchema = { ...piRunRows, signal: row.signal, onProgress: row.any } as const;

/** The parameters of a count, as the kernels use them. Throws `Argument`. */
export function checkCount(run: PiRunOptions) {
  const { stream, ...given } = checkedOptions('pi.run', run, piRunSchema);
  checkSignal(run.signal);
  const [points, first, seed] = [BigInt(given.points), BigInt(given.first), BigInt(given.seed)];
  // The last point of a stream is 2⁶⁴ - 1; a count that begins again at 0 counts points twice.
  const last = (1n << 64n) - points;
  if (first > last)
    throw new EwaldError('Argument', `pi.run: first is ${first}; with ${points} points expected at most ${last}`);
  return { points, first, seed, stream };
}
