/** What is read of an array: along each axis an index, a range, or HDF5's start, stride, count and block. */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { type AxisSelection, selected } from '../selection.js';

/**
 * What is read along an axis: an index, which leaves no axis in the result; `[from, end]` or `[from, end, step]`, the
 * end not included; `count` blocks of `block` indices, one every `stride`; `null` for all of it.
 */
export type HdfRange = number | null | readonly [from: number, end: number, step?: number] | HdfBlocks;

/** Blocks of indices, as HDF5 has them. */
export interface HdfBlocks {
  readonly start: number;
  /** Default: as long as a block, so that blocks touch. */
  readonly stride?: number | undefined;
  /** Default 1. */
  readonly count?: number | undefined;
  /** Default 1. */
  readonly block?: number | undefined;
}

/** A range for each axis, slowest first; axes after the last one are read whole. */
export type HdfSelection = readonly HdfRange[];

/** A checked selection. */
export interface Hyperslab {
  readonly axes: readonly AxisSelection[];
  /** Its shape, without the axes of which one index was asked for. */
  readonly shape: readonly number[];
}

/** Checks a selection of an array. Throws `Argument` if it does not fit. */
export function hyperslabOf(what: string, selection: HdfSelection | undefined, shape: readonly number[]): Hyperslab {
  if (selection !== undefined && !Array.isArray(selection))
    throw new EwaldError(
      'Argument',
      `${what}: the selection is ${inspect(selection)}; expected a list with a range for each axis, such as ` +
        '[0, [10, 20], null]',
    );
  const ranges: HdfSelection = selection ?? [];
  if (ranges.length > shape.length)
    throw new EwaldError(
      'Argument',
      `${what}: the selection has ${ranges.length} axes, but the array has ${shape.length} (${shape.join(' × ')})`,
    );
  const axes = shape.map((length, axis) => axisOf(`${what}: axis ${axis}`, ranges[axis] ?? null, length));
  const kept = axes.filter((_, axis) => typeof ranges[axis] !== 'number');
  return { axes, shape: kept.map(selected) };
}

function axisOf(what: string, range: HdfRange, length: number): AxisSelection {
  if (range === null) return { start: 0, stride: Math.max(1, length), count: 1, block: length };
  if (typeof range === 'number') return fitting(what, { start: range, stride: 1, count: 1, block: 1 }, length);
  if (Array.isArray(range)) {
    const [from, end, step = 1] = range as readonly number[];
    const known = [from, end, step].every(Number.isInteger) && step > 0 && range.length <= 3;
    if (!known || from === undefined || end === undefined || end < from)
      throw wrong(what, range, 'expected [from, end] or [from, end, step], the end after the last index');
    if (end > length || from < 0) throw beyond(what, length, `${from} to ${end}`);
    const run = step === 1 ? { count: 1, block: end - from } : { count: Math.ceil((end - from) / step), block: 1 };
    return { start: from, stride: Math.max(1, step === 1 ? end - from : step), ...run };
  }
  if (typeof range !== 'object') throw wrong(what, range, 'expected an index, [from, end], [from, end, step] or null');
  const { start, count = 1, block = 1, stride = Math.max(1, block) } = range as HdfBlocks;
  return fitting(what, { start, stride, count, block }, length);
}

function fitting(what: string, axis: AxisSelection, length: number): AxisSelection {
  const { start, stride, count, block } = axis;
  if (![start, stride, count, block].every((n) => Number.isSafeInteger(n) && n >= 0))
    throw wrong(what, axis, 'expected integers from 0 on');
  if (count > 1 && stride < block) throw wrong(what, axis, `blocks of ${block} every ${stride} overlap`);
  const end = count === 0 || block === 0 ? start : start + (count - 1) * stride + block;
  if (end > length) throw beyond(what, length, count * block === 1 ? `${start}` : `${start} to ${end}`);
  return { ...axis, stride: Math.max(1, stride) };
}

const wrong = (what: string, range: unknown, expected: string): EwaldError =>
  new EwaldError('Argument', `${what}: ${inspect(range)}; ${expected}`);

const beyond = (what: string, length: number, asked: string): EwaldError =>
  new EwaldError('Argument', `${what} has ${length} indices, from 0 on, but ${asked} was asked for`);
