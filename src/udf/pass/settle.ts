/**
 * Recomputes sums under masks if frames contain NaN or infinity. A kernel multiplies every pixel by its weight, and 0 ·
 * NaN is NaN; but a pixel of weight 0 must not contribute to a sum, just as in the sums of disks and of sparse masks.
 */
import type { FrameArray } from '../../bytes/dtype.js';
import { type PassStep, shapeOfStep } from './steps.js';

/** Recomputes non-finite results of dense masks in float64, without the pixels of weight 0. */
export async function settleColumns(
  steps: readonly PassStep[],
  nav: Float64Array,
  pixels: number,
  frameAt: (f: number) => Promise<FrameArray>,
): Promise<void> {
  const columns = steps.reduce((sum, step) => sum + shapeOfStep(step).columns, 0);
  let column = 0;
  for (const step of steps) {
    if (step.kind === 'dense')
      for (let f = 0; f * columns < nav.length; f++) {
        let frame: FrameArray | undefined;
        for (let k = 0; k < step.masks; k++) {
          const at = f * columns + column + k;
          if (Number.isFinite(nav[at])) continue;
          frame ??= await frameAt(f);
          nav[at] = sumUnder(frame as Float64Array, step.weights.subarray(k * pixels, (k + 1) * pixels));
        }
      }
    column += shapeOfStep(step).columns;
  }
}

function sumUnder(frame: ArrayLike<number>, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let p = 0; p < weights.length; p++) {
    const weight = weights[p] as number;
    if (weight !== 0) sum += weight * (frame[p] as number);
  }
  return sum;
}
