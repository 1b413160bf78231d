/** Centres of mass within the disk, with pixels missing, from sums under masks. */
import type { Beam } from './beam.js';
import type { Image } from './image.js';
import { polynomial, shiftAt, termsOf } from './trend.js';

/** The masks of a pass over the frames: counts, counts · y, counts · x around the centre, and the dark field. */
interface MomentMasks {
  readonly masks: readonly Float64Array[];
  /** Turns measured shifts into those of the whole disk, [[yy, yx], [xy, xx]]. */
  readonly stretch: readonly [number, number, number, number];
}

/**
 * Masks for the disk of a beam. If pixels are missing, only those are used whose mirror image is there, and shifts are
 * the least squares of I = I0 (1 + g · k): a plain moment would be stretched and turned by what is missing.
 */
export function momentMasks({ data, height, width }: Image, good: Uint8Array, { fit, trend }: Beam): MomentMasks {
  const [cy, cx, R, w] = fit.p as unknown as [number, number, number, number];
  const span = trend?.span ?? 0;
  const reach = R + 2 * w + 1 + span;
  const [counts, dark] = [new Float64Array(data.length), new Float64Array(data.length)];
  let [all, missing, field] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const r = Math.hypot(Math.floor(i / width) - cy, (i % width) - cx);
    if (r <= reach) {
      all++;
      if (good[i]) counts[i] = 1;
      else missing++;
    }
    if (good[i] && r > 1.25 * R + 2 + span / 2) field += dark[i] = 1;
  }
  const incomplete = missing > 0.002 * all;
  if (incomplete)
    for (const [i, is] of counts.entries()) {
      const [y, x] = [Math.round(2 * cy - Math.floor(i / width)), Math.round(2 * cx - (i % width))];
      if (is && !(y >= 0 && x >= 0 && y < height && x < width && good[y * width + x])) counts[i] = 0;
    }
  const first = (of: (i: number) => number): Float64Array => counts.map((is, i) => is && of(i));
  const dy = (i: number): number => Math.floor(i / width) - cy;
  const dx = (i: number): number => (i % width) - cx;
  const masks = [counts, first(dy), first(dx), ...(field > 50 ? [dark] : [])];
  return { masks, stretch: incomplete ? stretchOf(data, good, counts, reach, dy, dx) : [1, 0, 0, 1] };
}

/** Mean square radius of the whole disk times the inverse of Σ I k kᵀ / Σ I over the pixels that are used. */
function stretchOf(
  data: Float64Array,
  good: Uint8Array,
  counts: Float64Array,
  reach: number,
  dy: (i: number) => number,
  dx: (i: number) => number,
): [number, number, number, number] {
  let [sum, yy, yx, xx] = [0, 0, 0, 0];
  const used = [...data].filter((_, i) => counts[i]).sort((a, b) => a - b);
  const usual = used[used.length >> 1] ?? 0;
  let [whole, square] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const [y, x] = [dy(i), dx(i)];
    if (Math.hypot(y, x) > reach) continue;
    const value = good[i] ? Math.max(0, data[i] as number) : usual;
    whole += value;
    square += value * (y * y + x * x);
    if (!counts[i]) continue;
    sum += value;
    yy += value * y * y;
    yx += value * y * x;
    xx += value * x * x;
  }
  const factor = (square / whole / 2) * (sum / (yy * xx - yx * yx));
  return [factor * xx, -factor * yx, -factor * yx, factor * yy];
}

/**
 * Shifts (y, x) of all positions without their trend, from sums under the masks, [positions, masks]; NaN at positions
 * without counts. The trend is a robust parabola.
 */
export function shiftsOf(
  sums: ArrayLike<number>,
  { masks, stretch: [a, b, c, d] }: MomentMasks,
  nav: readonly [number, number],
): Float64Array {
  const n = masks.length;
  const [rows, columns] = nav;
  const shifts = new Float64Array(2 * rows * columns);
  const places: { shift: readonly [number, number]; terms: readonly number[] }[] = [];
  // The trend of very many positions is that of some of them.
  const every = Math.max(1, Math.ceil((rows * columns) / 16384));
  for (let i = 0; i < rows * columns; i++) {
    const counts = sums[n * i] as number;
    const [y, x] = [(sums[n * i + 1] as number) / counts, (sums[n * i + 2] as number) / counts];
    const there = counts > 0 && Number.isFinite(y) && Number.isFinite(x);
    shifts.set(there ? [a * y + b * x, c * y + d * x] : [Number.NaN, Number.NaN], 2 * i);
    if (there && i % every === 0)
      places.push({
        shift: [shifts[2 * i] as number, shifts[2 * i + 1] as number],
        terms: placeOf(i, nav),
      });
  }
  const trend = polynomial(
    places,
    places.map(() => 1),
    6,
  );
  if (trend)
    for (let i = 0; i < rows * columns; i++) {
      const [y, x] = shiftAt(trend.coefficients, placeOf(i, nav));
      shifts[2 * i] = (shifts[2 * i] as number) - y;
      shifts[2 * i + 1] = (shifts[2 * i + 1] as number) - x;
    }
  return shifts;
}

/** The polynomials at a position. */
export function placeOf(i: number, nav: readonly [number, number]): number[] {
  const [row, column] = [Math.floor(i / nav[1]), i % nav[1]];
  return termsOf(nav, [row, row + 1], [column, column + 1]);
}
