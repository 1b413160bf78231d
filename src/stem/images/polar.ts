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

/** Where the samples of an azimuth are: `(q * right, q * down)` from the centre. */
function directionOf({ e1, e2, azimuths }: PolarGrid, azimuth: number): [number, number] {
  const angle = (2 * Math.PI * azimuth) / azimuths;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos + e1 * cos + e2 * sin, sin + e2 * cos - e1 * sin];
}

const radiusOf = ({ ri, ro, radii }: PolarGrid, radius: number): number => ri + (radius * (ro - ri)) / radii;

const isInside = (x: number, y: number, width: number, height: number): boolean =>
  x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1;

/** The share of the azimuths of each radius that is inside the frame. */
export function azimuthShares(grid: PolarGrid, { width, height }: MaskSize): Float64Array {
  const { cx, cy, radii, azimuths } = grid;
  const inside = new Float64Array(radii);
  for (let j = 0; j < azimuths; j++) {
    const [right, down] = directionOf(grid, j);
    for (let k = 0; k < radii; k++) {
      const q = radiusOf(grid, k);
      if (isInside(cx + q * right, cy + q * down, width, height)) inside[k] = (inside[k] as number) + 1;
    }
  }
  return inside.map((count) => count / azimuths);
}

/** The samples of a grid. */
export function polarSamples(grid: PolarGrid, size: MaskSize): PolarSamples {
  const { cx, cy, radii, azimuths } = grid;
  const { width, height } = size;
  const skipped = marked(grid.without, size);
  const count = azimuths * radii;
  const pixels = new Int32Array(4 * count);
  const weights = new Float64Array(4 * count);
  const valid = new Uint8Array(count);
  const [lastLeft, lastTop] = [Math.max(0, width - 2), Math.max(0, height - 2)];
  for (let j = 0, s = 0; j < azimuths; j++) {
    const [right, down] = directionOf(grid, j);
    for (let k = 0; k < radii; k++, s++) {
      const q = radiusOf(grid, k);
      const [x, y] = [cx + q * right, cy + q * down];
      if (!isInside(x, y, width, height)) continue;
      const [left, top] = [Math.min(Math.floor(x), lastLeft), Math.min(Math.floor(y), lastTop)];
      let sum = 0;
      let found = 4 * s;
      for (let corner = 0; corner < 4; corner++) {
        const [dx, dy] = [corner & 1, corner >> 1];
        const pixel = (top + dy) * width + left + dx;
        const weight = (dx ? x - left : 1 - (x - left)) * (dy ? y - top : 1 - (y - top));
        if (!(weight > 0) || skipped[pixel]) continue;
        pixels[found] = pixel;
        weights[found++] = weight;
        sum += weight;
      }
      const isValid = sum >= 0.5;
      valid[s] = isValid ? 1 : 0;
      for (let i = 4 * s; i < 4 * s + 4; i++) {
        const isRead = isValid && i < found;
        weights[i] = isRead ? (weights[i] as number) / sum : 0;
        // A pixel without weight is not read: it may be no number.
        if (!isRead) pixels[i] = isValid ? (pixels[4 * s] as number) : 0;
      }
    }
  }
  return { pixels, weights, valid };
}
