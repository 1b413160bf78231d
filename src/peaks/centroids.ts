/** Centroids of small peaks from all the pixels around them, in place of those above the limit alone. */
import type { Frame } from './contract.js';
import type { PeakList } from './peak-list.js';
import type { SearchedPanel } from './rings.js';

/** Spread of the weights in pixels, about that of a spot, and how far they reach. */
const spread = 1.2;
const reach = 3;
/** Blobs of more pixels know their centroid better by themselves. */
const largest = 25;
/** A centroid that wanders farther than this from its blob's, in pixels, is another spot's. */
const farthest = 1;

/** The pixels that peaks of a frame lie among. */
export interface Surroundings {
  readonly frame: Frame;
  /** Pixels of a row. */
  readonly width: number;
  /** Whether pixel i takes part. */
  good(i: number): boolean;
}

/**
 * Centroid of a peak above its background, weighted by a Gaussian around itself: repeated until it stays. A blob of two pixels
 * has a centroid on their line, its spot has not. Gives the blob's own where a pixel near it is bad, or the spot is large.
 */
export function weightedCentroid(
  around: Surroundings,
  panel: SearchedPanel,
  fs: number,
  ss: number,
  background: number,
  pixels: number,
): readonly [number, number] {
  const own = [fs, ss] as const;
  if (pixels > largest) return own;
  const { frame, width, good } = around;
  let [x, y] = own;
  for (let round = 0; round < 8; round++) {
    let [sum, alongFs, alongSs] = [0, 0, 0];
    const [cx, cy] = [Math.floor(x), Math.floor(y)];
    for (let py = cy - reach; py <= cy + reach; py++)
      for (let px = cx - reach; px <= cx + reach; px++) {
        const i = py * width + px;
        const inside = px >= panel.fs && px < panel.endFs && py >= panel.ss && py < panel.endSs;
        if (!inside || !good(i)) {
          // Beyond that its weight is small.
          if (Math.abs(px - cx) < reach && Math.abs(py - cy) < reach) return own;
          continue;
        }
        const [dx, dy] = [px + 0.5 - x, py + 0.5 - y];
        const v = ((frame[i] ?? 0) - background) * Math.exp(-(dx * dx + dy * dy) / (2 * spread * spread));
        sum += v;
        alongFs += v * dx;
        alongSs += v * dy;
      }
    if (!(sum > 0)) return own;
    // The weights hold the centroid back by about this much.
    const [moveX, moveY] = [(1.6 * alongFs) / sum, (1.6 * alongSs) / sum];
    x += moveX;
    y += moveY;
    if (!(Math.hypot(x - fs, y - ss) <= farthest)) return own;
    if (Math.hypot(moveX, moveY) < 1e-3) break;
  }
  return [x, y];
}

/** Puts weighted centroids in the place of the blobs' own. */
export function weighCentroids(list: PeakList, around: Surroundings, panels: readonly SearchedPanel[]): void {
  for (let i = 0; i < list.count; i++) {
    const panel = panels[list.panel[i] ?? 0];
    const [fs, ss] = [list.fs[i] ?? 0, list.ss[i] ?? 0];
    if (!panel) continue;
    [list.fs[i], list.ss[i]] = weightedCentroid(around, panel, fs, ss, list.background[i] ?? 0, list.pixels[i] ?? 0);
  }
}
