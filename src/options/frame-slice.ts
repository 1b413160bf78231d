/** Which frames of an input are used: the first ones, a range, or every n-th of it, as slices in Python. */

import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import { range } from '../util/range.js';
import { checkedValue, row } from './call-options.js';
import { argumentError, type Parameters, typed } from './parameters.js';

/** Frames `first`, `first + step` … before `end`, counted from 0 in the order of the input. */
export interface FrameSlice {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/** Options of what reads frames; one of them may be given. */
export interface SliceOptions {
  /** The first frames only, 1 or more; default all. */
  readonly first?: number | undefined;
  /**
   * Frames `first`, `first + step` … before `end` only, counted from 0: `'0:100:2'` or `[0, 100, 2]`; an end beyond the
   * last frame is that of the frames. Default all.
   */
  readonly frames?: string | readonly [first?: number, end?: number, step?: number] | undefined;
}

/** The rows of these options. */
export const sliceRows = {
  first: {
    common: true,
    group: 'input',
    kind: 'integer',
    sentence: 'uses the first frames only',
    range: range(1, 2 ** 31, Number.NaN),
    defaultText: 'all',
    neutral: true,
  },
  frames: {
    group: 'input',
    kind: 'text',
    sentence: 'uses these frames only, counted from 0, each or every n-th: 0:100, 100:, 0:1000:10',
    type: typed<SliceOptions['frames']>('string | readonly [first?: number, end?: number, step?: number]'),
    value: 'first:end:step',
    defaultText: 'all',
    neutral: true,
  },
} as const satisfies Parameters;

/** The frames that options select. Throws `Argument`, in which `what` is the call. */
export function sliceOf(what: string, { first: most, frames: given }: SliceOptions): FrameSlice {
  if (most !== undefined && given !== undefined)
    throw argumentError(what, (said) => `${said('first')} and ${said('frames')} both select frames; give one of them`);
  if (given === undefined) {
    checkedValue(`${what}: first`, most, row.integer(1, sliceRows.first.range.high));
    return { first: 0, end: most ?? Number.POSITIVE_INFINITY, step: 1 };
  }
  const listed = Array.isArray(given) ? [0, ...given] : [];
  const [, ...parts] = (typeof given === 'string' ? /^(\d*):(\d*)(?::(\d*))?$/.exec(given) : listed) ?? [];
  const [first = 0, end = Number.POSITIVE_INFINITY, step = 1] = parts.map((part) =>
    part === '' || part === undefined ? undefined : Number(part),
  );
  const areWhole = [first, step, Number.isFinite(end) ? end : 0].every((number) => Number.isSafeInteger(number));
  if (parts.length < 1 || parts.length > 3 || !areWhole || first < 0 || end <= first || step < 1)
    throw argumentError(
      what,
      (said) =>
        `${said('frames')} is ${inspect(given)}; expected first:end or first:end:step, such as 0:100, 100: or 0:1000:10`,
    );
  return { first, end, step };
}

/** Number of frames of a slice among `all`. */
export const sliceLength = ({ first, end, step }: FrameSlice, all: number): number =>
  Math.max(0, Math.ceil((Math.min(end, all) - first) / step));

/** The option of `open` that tells how many frames are needed of a file; none if all are. */
export const untilOf = (end: number): { readonly until?: number } => (Number.isFinite(end) ? { until: end } : {});

/** The frames that options select of a dataset; undefined if they select none or all. Throws `Argument`. */
export function sliceIn(
  what: string,
  options: SliceOptions,
  { name, frames }: { readonly name: string; readonly frames: number },
): FrameSlice | undefined {
  if (options.first === undefined && options.frames === undefined) return undefined;
  const slice = sliceOf(what, options);
  if (sliceLength(slice, frames) === 0) throw emptySlice(slice, name, frames);
  return { ...slice, end: Math.min(slice.end, frames) };
}

/** The error of a slice without frames; `whose` are the frames, and `which` says more about the selection. */
export const emptySlice = ({ first, end, step }: FrameSlice, whose: string, all: number, which = ''): EwaldError =>
  new EwaldError(
    'Argument',
    `${whose} has ${all} frames, counted from 0; ${first}:${Number.isFinite(end) ? end : ''}` +
      `${step === 1 ? '' : `:${step}`}${which} selects no frame`,
  );
