/**
 * Sums of predicted reflections by rings: pixels within the inner radius, less the mean of those between the middle and
 * the outer one.
 */
import type { Geometry } from '../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../crystal/geometry/pixels.js';
import type { Frame } from '../peaks/contract.js';
import type { Reflection } from './predict.js';

/** A measured reflection. */
export interface Measured extends Reflection {
  readonly intensity: number;
  readonly sigma: number;
  /** Highest pixel. */
  readonly peak: number;
  readonly background: number;
  readonly saturated: boolean;
}

/** Radii of the rings in pixels. */
export type RingRadii = readonly [inner: number, middle: number, outer: number];

/**
 * Measures reflections; those whose sum would hold a bad pixel or the edge of a panel, or whose background has fewer than
 * ten pixels, are left out.
 */
export function integrate(
  frame: Frame,
  width: number,
  bad: Uint8Array,
  geometry: Geometry,
  reflections: readonly Reflection[],
  [inner, middle, outer]: RingRadii,
): Measured[] {
  const measured: Measured[] = [];
  for (const reflection of reflections) {
    const panel = geometry.panels[reflection.panel];
    if (!panel) continue;
    const [cx, cy] = [Math.floor(reflection.fs), Math.floor(reflection.ss)];
    let [count, sum, peak, around, total, squares] = [0, 0, Number.NEGATIVE_INFINITY, 0, 0, 0];
    let whole = true;
    const reach = Math.ceil(outer);
    for (let dy = -reach; dy <= reach && whole; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const distance = dx * dx + dy * dy;
        if (distance > outer * outer || (distance > inner * inner && distance < middle * middle)) continue;
        const [fs, ss] = [cx + dx, cy + dy];
        const inPanel = fs >= 0 && ss >= 0 && fs < widthOf(panel) && ss < heightOf(panel);
        const i = (ss + panel.minSs) * width + panel.minFs + fs;
        const good = inPanel && !bad[i];
        const value = good ? (frame[i] ?? 0) : 0;
        if (distance <= inner * inner) {
          if (!good) {
            whole = false;
            break;
          }
          count++;
          sum += value;
          if (value > peak) peak = value;
        } else if (good) {
          around++;
          total += value;
          squares += value * value;
        }
      }
    if (!whole || around < 10) continue;
    const background = total / around;
    const variance = Math.max(0, squares / around - background * background);
    const gain = panel.unitsPerPhoton ?? 1;
    const intensity = sum - count * background;
    // Counting of the signal, scatter of the background in the sum, and how well its mean is known.
    const sigma = Math.sqrt(gain * Math.max(0, intensity) + count * variance + (count * count * variance) / around);
    measured.push({ ...reflection, intensity, sigma, peak, background, saturated: peak > panel.maximum });
  }
  return measured;
}
