/** Frames of virtual datasets that none of its parts covers: they have the fill value. */

import { volume } from '../../hdf5/box.js';
import type { AxisSelection } from '../../hdf5/selection.js';
import type { VirtualMapping } from '../../hdf5/virtual.js';
import type { UnwrittenFrames } from '../unwritten.js';

/** Most frames that are marked one by one. */
const maxFrames = 2 ** 24;

/** The runs [from, to) of an axis of `length` that a selection covers; one without limit goes to the end. */
function* runsOf({ start, stride, count, block }: AxisSelection, length: number): Generator<readonly [number, number]> {
  for (let i = 0; i < count; i++) {
    const from = start + i * stride;
    if (from >= length) return;
    yield [from, Math.min(length, from + block)];
    if (block === Infinity) return;
  }
}

/** The frames that no part covers; whether a part covers all of a frame is not asked, as modules have gaps. */
export function unmapped(
  mappings: readonly VirtualMapping[],
  shape: readonly number[],
  navAxes: number,
): UnwrittenFrames {
  const nav = shape.slice(0, navAxes);
  const frames = volume(nav);
  const whole = { none: 0, firstNone: -1, part: 0, firstPart: -1 };
  if (frames > maxFrames) return whole;
  const covered = new Uint8Array(frames);
  const mark = (axes: readonly AxisSelection[], axis: number, first: number): void => {
    const length = nav[axis] as number;
    for (const [from, to] of runsOf(axes[axis] as AxisSelection, length)) {
      if (axis === navAxes - 1) covered.fill(1, first * length + from, first * length + to);
      else for (let at = from; at < to; at++) mark(axes, axis + 1, first * length + at);
    }
  };
  for (const { source, target } of mappings) {
    if (source === 'none' || target === 'none') continue;
    if (target === 'all' || navAxes === 0) return whole;
    mark(target, 0, 0);
  }
  const firstNone = covered.indexOf(0);
  return { ...whole, none: covered.reduce((sum, one) => sum + 1 - one, 0), firstNone };
}
