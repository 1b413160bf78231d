/** The pixels of disks and rings as runs within rows, found row by row: a mask of a large frame takes longer than sums. */

import type { Centre, MaskSize } from '../../udf/pass/masks.js';
import type { Spans } from '../../udf/pass/steps.js';
import { countWhile } from '../../util/count-while.js';

/** Pixels of a row, [first, end). */
type Run = readonly [first: number, end: number];

/**
 * The run of a row at whose pixels `holds`, which is true up to some distance from `middle` and false beyond; empty at
 * `middle` if there is none.
 */
function runAround(width: number, middle: number, holds: (x: number) => boolean): Run {
  const nearest = Math.max(0, Math.min(width - 1, Math.round(middle)));
  if (!holds(nearest)) return [nearest, nearest];
  const first = countWhile(nearest, (x) => !holds(x));
  return [first, nearest + countWhile(width - nearest, (i) => holds(nearest + i))];
}

/** The pixels at most r from the centre, and farther than `hole` unless it is null, without some (y, x). */
export function diskSpans(
  { width, height, cx, cy, r }: MaskSize & Centre & { readonly r: number },
  hole: number | null,
  without: readonly (readonly [y: number, x: number])[] = [],
): Spans {
  const spans: number[] = [];
  const left = new Map<number, number[]>();
  for (const [y, x] of without) if (Number.isInteger(x)) left.set(y, [...(left.get(y) ?? []), x]);
  for (let y = 0; y < height; y++) {
    const within = (radius: number) => (x: number) => (x - cx) ** 2 + (y - cy) ** 2 <= radius * radius;
    const [first, end] = runAround(width, cx, within(r));
    const cuts: Run[] = (left.get(y) ?? []).map((x) => [x, x + 1]);
    if (hole !== null) cuts.push(runAround(width, cx, within(hole)));
    let at = first;
    for (const [from, to] of cuts.sort(([a], [b]) => a - b)) {
      if (from === to) continue;
      if (Math.min(from, end) > at) spans.push(y * width + at, y * width + Math.min(from, end));
      at = Math.max(at, to);
    }
    if (end > at) spans.push(y * width + at, y * width + end);
  }
  return Uint32Array.from(spans);
}
