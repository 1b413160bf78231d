/** Where a polar transform reads a frame: four pixels a sample, with the weights of bilinear interpolation. */
import type { Centre, MaskSize } from '../../udf/pass/masks.js';
import { marked, type PixelList } from './without-count.js';

/** What a polar transform samples. */
export interface PolarGrid extends Centre {
  /** Distortion of the pattern: a circle of radius q is at q (1 + [[e1, e2], [e2, −e1]]) (cos φ, sin φ). */
  readonly e1: number;
  readonly e2: number;
  /** Radii are ri + k (ro − ri) / radii pixels, azimuths j · 360° / azimuths, from x to y. */
  readonly ri: number;
  readonly ro: number;
  readonly radii: number;
  readonly azimuths: number;
  /** Pixels (y, x) that are skipped. */
  readonly without: PixelList;
}

/** Samples [azimuths, radii] of four pixels each. */
export interface PolarSamples {
  readonly pixels: Int32Array;
  /** They add up to 1; 0 for samples outside the frame, or of which pixels that are skipped have the larger part. */
  readonly weights: Float64Array;
  /** Whether a sample has a value. */
  readonly valid: Uint8Array;
}

/** Where a sample is, in pixels. */
function placeOf(
  { cx, cy, e1, e2, ri, ro, radii, azimuths }: PolarGrid,
  azimuth: number,
  radius: number,
): [number, number] {
  const angle = (2 * Math.PI * azimuth) / azimuths;
  const q = ri + (radius * (ro - ri)) / radii;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cx + q * (cos + e1 * cos + e2 * sin), cy + q * (sin + e2 * cos - e1 * sin)];
}

const isInside = (x: number, y: number, { width, height }: MaskSize): boolean =>
  x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1;

/** The share of the azimuths of each radius that is inside the frame. */
export const azimuthShares = (grid: PolarGrid, size: MaskSize): Float64Array =>
  Float64Array.from({ length: grid.radii }, (_, k) => {
    let inside = 0;
    for (let j = 0; j < grid.azimuths; j++) if (isInside(...placeOf(grid, j, k), size)) inside++;
    return inside / grid.azimuths;
  });

/** The samples of a grid. */
export function polarSamples(grid: PolarGrid, { width, height }: MaskSize): PolarSamples {
  const { radii, azimuths } = grid;
  const skipped = marked(grid.without, { width, height });
  const count = azimuths * radii;
  const samples = {
    pixels: new Int32Array(4 * count),
    weights: new Float64Array(4 * count),
    valid: new Uint8Array(count),
  };
  for (let s = 0; s < count; s++) {
    const [x, y] = placeOf(grid, Math.floor(s / radii), s % radii);
    if (!isInside(x, y, { width, height })) continue;
    const [left, top] = [
      Math.min(Math.floor(x), Math.max(0, width - 2)),
      Math.min(Math.floor(y), Math.max(0, height - 2)),
    ];
    const corners = [0, 1, 2, 3].flatMap((k) => {
      const [dx, dy] = [k % 2, k >> 1];
      const pixel = (top + dy) * width + left + dx;
      const weight = (dx ? x - left : 1 - (x - left)) * (dy ? y - top : 1 - (y - top));
      return weight > 0 && !skipped[pixel] ? [{ pixel, weight }] : [];
    });
    const sum = corners.reduce((total, { weight }) => total + weight, 0);
    if (sum < 0.5) continue;
    samples.valid[s] = 1;
    // A pixel without weight is not read: it may be no number.
    for (let k = 0; k < 4; k++) {
      samples.pixels[4 * s + k] = (corners[k] ?? (corners[0] as (typeof corners)[number])).pixel;
      samples.weights[4 * s + k] = (corners[k]?.weight ?? 0) / sum;
    }
  }
  return samples;
}
