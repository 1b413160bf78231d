/** Centroids of small peaks computed from all surrounding pixels instead of only those above the limit. */
import type { Frame } from './contract.js';
import type { PeakList } from './peak-list.js';
import type { SearchedPanel } from './rings.js';

/** Standard deviation of the weights in pixels, about that of a spot, and their extent. */
const spread = 1.2;
const reach = 3;
/** Blobs of more pixels have a sufficiently accurate centroid of their own. */
const largest = 25;
/** If a centroid moves farther than this from that of its blob, in pixels, it belongs to another spot. */
const farthest = 1;

/** The pixels around the peaks of a frame. */
interface Surroundings {
  readonly frame: Frame;
  /** Pixels per row. */
  readonly width: number;
  /** Whether pixel i is used. */
  good(i: number): boolean;
}

/**
 * Centroid of a peak above its background, weighted by a Gaussian around itself and iterated until it is stable. A blob
 * of two pixels has its centroid on their line, whereas its spot does not. Returns the blob's own centroid if a nearby
 * pixel is bad or the spot is large.
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
          // The weight of an overlapping part is small beyond that.
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
    // The weights attenuate the shift of the centroid by about this factor.
    const [moveX, moveY] = [(1.6 * alongFs) / sum, (1.6 * alongSs) / sum];
    x += moveX;
    y += moveY;
    if (!(Math.hypot(x - fs, y - ss) <= farthest)) return own;
    if (Math.hypot(moveX, moveY) < 1e-3) break;
  }
  return [x, y];
}

/** Replaces the blobs' own centroids by weighted ones. */
export function weighCentroids(list: PeakList, around: Surroundings, panels: readonly SearchedPanel[]): void {
  for (let i = 0; i < list.count; i++) {
    const panel = panels[list.panel[i] ?? 0];
    const [fs, ss] = [list.fs[i] ?? 0, list.ss[i] ?? 0];
    if (!panel) continue;
    [list.fs[i], list.ss[i]] = weightedCentroid(around, panel, fs, ss, list.background[i] ?? 0, list.pixels[i] ?? 0);
  }
}
