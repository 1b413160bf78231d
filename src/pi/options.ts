/** Options and results of a pi count, and their validation. */
import type { BackendName } from '../backends/names.js';
import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { checkSignal, integerIn, knownOptions, shown } from '../base/options.js';
import type { Disposable, MaybeAsyncDisposable } from '../base/resource.js';
import { piRanges } from '../layout/pi.js';
import type { PiRunParameters } from './parameter-types.js';
import { piRunRows } from './parameters.js';

export type { PiOptions } from './parameter-types.js';

/** One count. */
export interface PiRunOptions extends PiRunParameters {
  /** Aborts the count between two ranges with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Receives the completed fraction, 0 … 1, a few times per second. */
  readonly onProgress?: ((done: number) => void) | undefined;
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

/** The parameters of a count, as the kernels use them. */
export interface PiCount {
  readonly points: bigint;
  readonly first: bigint;
  readonly seed: bigint;
  readonly stream: number;
}

const { word } = piRanges;

/** Option names of a run. */
export const piRunNames: readonly string[] = [...Object.keys(piRunRows), 'signal', 'onProgress'];

/** Validates one count. Throws `Argument`. */
export function checkCount(run: PiRunOptions): PiCount {
  knownOptions('pi.run', run, piRunNames);
  checkSignal(run.signal);
  const points = u64('pi: points', run.points, piRanges.points);
  return {
    points,
    first: u64('pi: first', run.first ?? 0, { ...word, high: word.high - points }),
    seed: u64('pi: seed', run.seed ?? 0, word),
    stream: integerIn('pi: stream', run.stream, piRanges.stream),
  };
}

function u64(
  what: string,
  value: number | bigint,
  { low, high }: { readonly low: bigint; readonly high: bigint },
): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw new EwaldError(
      'Argument',
      `${what} is ${shown(value)}; expected an integer from ${low} to ${high}, as a bigint above 2^53`,
    );
  }
  const big = BigInt(value);
  if (big < low || big > high)
    throw new EwaldError('Argument', `${what} is ${value}; expected an integer from ${low} to ${high}`);
  return big;
}
