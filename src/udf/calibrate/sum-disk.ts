/** The radius of the direct beam in the sum of all frames of a run, which needs no calibration. */
import { maskOf } from '../../base/map-into.js';
import { findBadPixels } from './bad-pixels.js';
import { diskParameters, fitDisk } from './disk.js';
import { binned, type Image } from './image.js';
import { startOf } from './start.js';

/** The direct beam of a sum, in pixels of the file. */
export interface SumDisk {
  readonly cy: number;
  readonly cx: number;
  readonly radius: number;
  /** Width of the edge, a standard deviation. */
  readonly edge: number;
}

/** Pixels along the longer side of a sum that tell the radius of a disk, and how many of them it must have. */
const [enoughPixels, enoughRadius] = [512, 12];

/** The direct beam of a sum of any size: of a large one it is sought in larger pixels, if it is large as well. */
export function diskOfLargeSum(sum: Image): SumDisk | string {
  const step = Math.ceil(Math.max(sum.height, sum.width) / enoughPixels);
  const coarse = step > 1 ? diskOfPart(sum, step) : undefined;
  return typeof coarse === 'object' && coarse.radius > enoughRadius * step ? coarse : diskOfSum(sum);
}

/**
 * The direct beam of a part of a sum (top, bottom, left, right) in which `step` × `step` pixels are one: without bad
 * pixels, which would be lost in larger ones. `bin`: see diskOfSum.
 */
export function diskOfPart(
  sum: Image,
  step: number,
  bin = 1,
  part: readonly [number, number, number, number] = [0, sum.height, 0, sum.width],
): SumDisk | string {
  const data = sum.data.slice();
  for (const pixels of Object.values(findBadPixels(sum))) for (const i of pixels) data[i] = Number.NaN;
  const beam = diskOfSum(binned({ ...sum, data }, step, part), step * bin);
  const [top, , left] = part;
  return typeof beam === 'string' ? beam : { ...beam, cy: beam.cy + top * bin, cx: beam.cx + left * bin };
}

/**
 * The direct beam of a sum, or why it has no disk. What moves it over the scan blurs its edge, and where the edge is
 * wide the radius is that of the motion; `calibrate` separates them. `bin`: pixels that are summed into one, along each
 * axis.
 */
export function diskOfSum({ data, height, width }: Image, bin = 1): SumDisk | string {
  const image = { data: data.map((value) => (Number.isFinite(value) ? value : 0)), height, width };
  const good = maskOf(data, Number.isFinite);
  for (const pixels of Object.values(findBadPixels(image))) for (const i of pixels) good[i] = 0;
  const start = startOf(image, good);
  if (!start) return 'there is no bright region in it';
  const fit = fitDisk(image, good, diskParameters(start));
  if (!fit?.p.every(Number.isFinite)) return 'no disk fits its bright region';
  const [cy, cx, radius, edge, top, background] = fit.p as unknown as [number, number, number, number, number, number];
  if (radius < 1.5) return `its beam is a point of ${radius.toFixed(1)} pixels`;
  if (fit.cover < 0.45) return 'less than half of the edge of its disk is visible';
  if (edge > 0.35 * radius || Math.abs(Math.log(radius / start.r)) > 0.25)
    return 'its brightest region has no sharp edge';
  const noise = Math.sqrt(Math.max(background, 0) / (Math.PI * radius * radius));
  if (!(top > 5 * noise && top > 0.05 * background)) return 'its disk is not brighter than what surrounds it';
  const [y, x] = [cy, cx].map((at) => (at + 0.5) * bin - 0.5) as [number, number];
  return { cy: y, cx: x, radius: radius * bin, edge: edge * bin };
}
