/** How far a geometry has moved, in pixels. */
import { norm, scale, subtract } from '../../crystal/cell.js';
import { positionOf } from '../../crystal/geometry/pixels.js';
import type { Detector } from '../../frames/detector/detector.js';

/** The largest change of the direction in which a pixel is seen, in pixels; both detectors have the same panels. */
export function movedPixels(before: Detector, after: Detector): number {
  let most = 0;
  for (const [i, panel] of before.geometry.panels.entries()) {
    const other = after.geometry.panels[i];
    if (!other) return Number.POSITIVE_INFINITY;
    const [width, height] = [1 + panel.maxFs - panel.minFs, 1 + panel.maxSs - panel.minSs];
    for (const [fs, ss] of [
      [0, 0],
      [width, 0],
      [0, height],
      [width, height],
    ] as const) {
      const [then, now] = [positionOf(panel, before.beam, fs, ss), positionOf(other, after.beam, fs, ss)];
      const turned = norm(subtract(scale(1 / norm(now), now), scale(1 / norm(then), then)));
      most = Math.max(most, turned * norm(then) * panel.resolution);
    }
  }
  return most;
}
