/** Which frames of a run in files are searched: a slice of them, and the share of one of several runs. */

import { type FrameSlice, sliceLength, sliceOf } from '../../options/frame-slice.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** Shard i of n, counted from 1: every n-th frame, beginning with the i-th. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface Selection {
  readonly range: FrameSlice;
  readonly shard: Shard | undefined;
}

export const everyFrame: Selection = { range: sliceOf('', {}), shard: undefined };

/** Reads `1/4`, or its numbers. Throws `Argument`, in which `name` is what the caller gave. */
export function shardOf(name: string, shard: unknown): Shard | undefined {
  if (shard === undefined) return undefined;
  const given = shard as string | Shard;
  const [, index = Number.NaN, count = Number.NaN] =
    typeof given === 'string' ? (/^(\d+)\/(\d+)$/.exec(given)?.map(Number) ?? []) : [0, given?.index, given?.count];
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count))
    throw new EwaldError('Argument', `${name} is ${inspect(given)}; expected i/n, such as 1/4, the first of four`);
  return { index, count };
}

/** Whether the frame at a position of the run is selected. */
export function isSelected({ range: { first, end, step }, shard }: Selection, position: number): boolean {
  if (position < first || position >= end || (position - first) % step !== 0) return false;
  return !shard || ((position - first) / step) % shard.count === shard.index - 1;
}

/** Number of selected frames among `all`. */
export function selectedAmong({ range, shard }: Selection, all: number): number {
  const chosen = sliceLength(range, all);
  return shard ? Math.max(0, Math.ceil((chosen - shard.index + 1) / shard.count)) : chosen;
}
