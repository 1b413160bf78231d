/** The radius of the direct beam in the sum of all frames of a run, which needs no calibration. */
import { type BadPixels, findBadPixels, type ImageWindow } from './bad-pixels.js';
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
  if (step === 1) return diskOfSum(sum);
  const bad = findBadPixels(sum);
  const clean = without(sum, bad);
  const coarse = diskOfSum(binned(clean, step), step);
  if (typeof coarse === 'object' && coarse.radius > enoughRadius * step) return coarse;
  const near = diskNear(clean);
  if (typeof near === 'object') return near;
  return bad.invalid.length > 0 ? diskOfSum(sum) : diskAmong(sum, goodOf(sum, bad));
}

/** Pixels along the longer side of a sum in which a small disk is found, its radius in them, and the radii around it. */
const [seenPixels, seenRadius, surroundings] = [1024, 2, 8];

/** An image with 0 where it is not finite, and which of its pixels are. */
function finiteOf(image: Image): readonly [image: Image, good: Uint8Array] {
  const [data, good] = [image.data.slice(), new Uint8Array(image.data.length)];
  for (let i = 0; i < data.length; i++)
    if (Number.isFinite(data[i])) good[i] = 1;
    else data[i] = 0;
  return [{ ...image, data }, good];
}

/**
 * The direct beam of a large sum, NaN at bad pixels, in the surroundings of the brightest region that is seen in larger
 * pixels; undefined, or why, where it does not show there.
 */
function diskNear(sum: Image): SumDisk | string | undefined {
  const step = Math.ceil(Math.max(sum.height, sum.width) / seenPixels);
  if (step === 1) return undefined;
  const start = startOf(...finiteOf(binned(sum, step)));
  if (!start || start.r < seenRadius) return undefined;
  const [y, x] = [start.cy, start.cx].map((at) => Math.round(at * step)) as [number, number];
  const reach = Math.ceil(Math.max(128, surroundings * start.r * step));
  const [top, bottom] = [Math.max(0, y - reach), Math.min(sum.height, y + reach)];
  const [left, right] = [Math.max(0, x - reach), Math.min(sum.width, x + reach)];
  const beam = diskAmong(...finiteOf(binned(sum, 1, [top, bottom, left, right])));
  return typeof beam === 'string' ? beam : { ...beam, cy: beam.cy + top, cx: beam.cx + left };
}

/**
 * The direct beam of a part of a sum (top, bottom, left, right) in which `step` × `step` pixels are one: without bad
 * pixels, which would be lost in larger ones. `bin`: see diskOfSum.
 */
export function diskOfPart(
  sum: Image,
  step: number,
  bin = 1,
  part: ImageWindow = [0, sum.height, 0, sum.width],
): SumDisk | string {
  const bad = findBadPixels(sum, [], undefined, part);
  const beam = diskOfSum(binned(without(sum, bad), step, part), step * bin);
  const [top, , left] = part;
  return typeof beam === 'string' ? beam : { ...beam, cy: beam.cy + top * bin, cx: beam.cx + left * bin };
}

/** A sum with NaN in the place of bad pixels; the sum itself if it has none. */
function without(sum: Image, bad: BadPixels): Image {
  const lists = Object.values(bad);
  if (lists.every(({ length }) => length === 0)) return sum;
  const data = sum.data.slice();
  for (const pixels of lists) for (const i of pixels) data[i] = Number.NaN;
  return { ...sum, data };
}

/** The finite pixels of a sum that are not bad. */
function goodOf({ data }: Image, bad: BadPixels): Uint8Array {
  const good = new Uint8Array(data.length);
  for (let i = 0; i < good.length; i++) good[i] = Number(Number.isFinite(data[i]));
  for (const pixels of Object.values(bad)) for (const i of pixels) good[i] = 0;
  return good;
}

/**
 * The direct beam of a sum, or why it has no disk. What moves it over the scan blurs its edge, and where the edge is
 * wide the radius is that of the motion; `calibrate` separates them. `bin`: pixels that are summed into one, along each
 * axis.
 */
export function diskOfSum(sum: Image, bin = 1): SumDisk | string {
  const isWhole = sum.data.every((value) => Number.isFinite(value));
  const image = isWhole ? sum : { ...sum, data: sum.data.map((value) => (Number.isFinite(value) ? value : 0)) };
  return diskAmong(image, goodOf(sum, findBadPixels(image)), bin);
}

/** Errors by which a disk is brighter than its surroundings: of all disks in pure noise, the brightest has four or five. */
const leastContrast = 6;

/**
 * By how many of its errors the mean within a disk is above that around it. The fit has found the place and the radius at
 * which noise is brightest; the pixels themselves say how much noise there is.
 */
function contrast(
  { data, width, height }: Image,
  good: Uint8Array,
  { cy, cx, radius }: Pick<SumDisk, 'cy' | 'cx' | 'radius'>,
): number {
  const [inside, outside] = [0, 0].map(() => ({ n: 0, sum: 0, squares: 0 })) as [Moments, Moments];
  const far = 2 * radius + 2;
  for (let y = Math.max(0, Math.floor(cy - far)); y < Math.min(height, cy + far + 1); y++)
    for (let x = Math.max(0, Math.floor(cx - far)); x < Math.min(width, cx + far + 1); x++) {
      const at = Math.hypot(y - cy, x - cx);
      if (!good[y * width + x] || at > far) continue;
      const of = at <= 0.8 * radius ? inside : at > 1.2 * radius + 1 ? outside : undefined;
      if (!of) continue;
      const value = data[y * width + x] as number;
      of.n++;
      of.sum += value;
      of.squares += value * value;
    }
  const spread = ({ n, sum, squares }: Moments): number => Math.max(0, squares / n - (sum / n) ** 2);
  // A beam that fills the frame has nothing around it.
  if (outside.n < fewestPixels || inside.n === 0) return Number.POSITIVE_INFINITY;
  // Around it may be other disks, which are no noise; few pixels do not tell how much they scatter.
  const least = inside.n < enoughPixelsInside ? spread(outside) : Math.min(spread(inside), spread(outside));
  const noise = least * (1 / inside.n + 1 / outside.n);
  return (inside.sum / inside.n - outside.sum / outside.n) / Math.sqrt(noise);
}

interface Moments {
  n: number;
  sum: number;
  squares: number;
}

/** Pixels around a disk, and within one, whose scatter says what noise is. */
const [fewestPixels, enoughPixelsInside] = [8, 40];

/** The direct beam among the good pixels of a sum. */
function diskAmong(image: Image, good: Uint8Array, bin = 1): SumDisk | string {
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
  const isSeen =
    top > 5 * noise && top > 0.05 * background && contrast(image, good, { cy, cx, radius }) > leastContrast;
  if (!isSeen) return 'its disk is not brighter than what surrounds it';
  const [y, x] = [cy, cx].map((at) => (at + 0.5) * bin - 0.5) as [number, number];
  return { cy: y, cx: x, radius: radius * bin, edge: edge * bin };
}
