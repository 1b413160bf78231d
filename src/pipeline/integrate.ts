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

/** Pixels about a centre, row by row: whether each is of the sum or of its surroundings, and where. */
interface Disc {
  readonly reach: number;
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  /** 1: of the sum. */
  readonly inner: Uint8Array;
}

function discOf([inner, middle, outer]: RingRadii): Disc {
  const found: [dx: number, dy: number, inner: number][] = [];
  const reach = Math.ceil(outer);
  for (let dy = -reach; dy <= reach; dy++)
    for (let dx = -reach; dx <= reach; dx++) {
      const distance = dx * dx + dy * dy;
      if (distance > outer * outer || (distance > inner * inner && distance < middle * middle)) continue;
      found.push([dx, dy, distance <= inner * inner ? 1 : 0]);
    }
  return {
    reach,
    dx: Int32Array.from(found, ([dx]) => dx),
    dy: Int32Array.from(found, ([, dy]) => dy),
    inner: Uint8Array.from(found, ([, , is]) => is),
  };
}

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
  rings: RingRadii,
): Measured[] {
  const measured: Measured[] = [];
  const { dx, dy, inner, reach } = discOf(rings);
  for (const reflection of reflections) {
    const panel = geometry.panels[reflection.panel];
    if (!panel) continue;
    const [cx, cy] = [Math.floor(reflection.fs), Math.floor(reflection.ss)];
    const [w, h] = [widthOf(panel), heightOf(panel)];
    const inside = cx >= reach && cy >= reach && cx < w - reach && cy < h - reach;
    const origin = (cy + panel.minSs) * width + panel.minFs + cx;
    let [count, sum, peak, around, total, squares] = [0, 0, Number.NEGATIVE_INFINITY, 0, 0, 0];
    let whole = true;
    for (let n = 0; n < dx.length; n++) {
      const [x, y] = [dx[n] as number, dy[n] as number];
      const i = origin + y * width + x;
      const inPanel = inside || (cx + x >= 0 && cy + y >= 0 && cx + x < w && cy + y < h);
      const good = inPanel && bad[i] === 0;
      if (inner[n] === 1) {
        if (!good) {
          whole = false;
          break;
        }
        const value = frame[i] as number;
        count++;
        sum += value;
        if (value > peak) peak = value;
      } else if (good) {
        const value = frame[i] as number;
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
    const { h: hh, k, l, fs, ss, excitation, inverseD } = reflection;
    const saturated = peak > panel.maximum;
    measured.push({
      h: hh,
      k,
      l,
      panel: reflection.panel,
      fs,
      ss,
      excitation,
      inverseD,
      intensity,
      sigma,
      peak,
      background,
      saturated,
    });
  }
  return measured;
}
