/** Parts of the axes: data shorter or longer than the transform, and the frequencies that are wanted. */
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';

/** The elements of an axis that a side holds: `count` of `whole`, from `start` on and around the end. */
export interface AxisWindow {
  readonly start: number;
  readonly count: number;
  readonly whole: number;
}

/** One axis of `keep`: a count from the start, [start, count], or null for all. */
export type KeptAxis = number | readonly [start: number, count: number] | null;

export const isWhole = ({ start, count, whole }: AxisWindow): boolean => start === 0 && count === whole;

/** Windows of the input side from the lengths of the data. Throws `Shape`. */
export function inputWindows(
  given: readonly number[] | number | undefined,
  shape: readonly number[],
  axes: readonly number[],
): AxisWindow[] {
  const lengths = given === undefined ? shape : typeof given === 'number' ? [given] : given;
  if (
    !Array.isArray(lengths) ||
    lengths.length !== shape.length ||
    lengths.some((n) => !Number.isInteger(n) || n < 1 || n > 2 ** 27)
  )
    throw new EwaldError(
      'Shape',
      `fft: inputShape is ${inspect(given)}; expected a length from 1 to ${2 ** 27} for each of the ${shape.length} axes`,
    );
  return shape.map((whole, axis) => {
    const n = lengths[axis] as number;
    if (n !== whole && !axes.includes(axis))
      throw new EwaldError(
        'Shape',
        `fft: inputShape has ${n} for axis ${axis}, which is not transformed and has ${whole}; padding goes with ` +
          'transformed axes',
      );
    return { start: 0, count: Math.min(n, whole), whole };
  });
}

/**
 * Windows of the output side. `around` tells which axes are periodic, so that a window may begin before zero. Throws
 * `Shape`, `Argument`.
 */
export function outputWindows(
  given: readonly KeptAxis[] | undefined,
  shape: readonly number[],
  axes: readonly number[],
  around: (axis: number) => boolean,
): AxisWindow[] {
  if (given !== undefined && (!Array.isArray(given) || given.length !== shape.length))
    throw new EwaldError(
      'Shape',
      `fft: keep is ${inspect(given)}; expected a count, [start, count] or null for each of the ${shape.length} axes`,
    );
  return shape.map((whole, axis) => {
    const kept = given?.[axis] ?? null;
    if (kept === null) return { start: 0, count: whole, whole };
    const [start = Number.NaN, count = Number.NaN] =
      typeof kept === 'number' ? [0, kept] : Array.isArray(kept) ? kept : [];
    const low = around(axis) ? 1 - whole : 0;
    const fits =
      Number.isInteger(start) &&
      Number.isInteger(count) &&
      count >= 1 &&
      count <= whole &&
      start >= low &&
      start < whole;
    if (!fits || (!around(axis) && start + count > whole)) {
      const range = around(axis)
        ? `starts from ${low} to ${whole - 1} and counts from 1 to ${whole}`
        : `starts and counts within 0 to ${whole}`;
      throw new EwaldError(
        'Argument',
        `fft: keep has ${inspect(kept)} for axis ${axis}, whose output has ${whole} elements; expected ${range}`,
      );
    }
    if (!axes.includes(axis) && count !== whole)
      throw new EwaldError(
        'Argument',
        `fft: keep has ${inspect(kept)} for axis ${axis}, which is not transformed; use null there`,
      );
    // All of an axis with another start is a rotation, which works like a window.
    return { start: (start + whole) % whole, count, whole };
  });
}
