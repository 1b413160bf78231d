/**
 * Integrates predicted reflections by rings: the pixels within the inner radius, minus the mean of those between the
 * middle and the outer radius.
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

/** Pixels around a centre, row by row. */
interface Pixels {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  /** Offsets from the centre, in a frame. */
  readonly offsets: Int32Array;
}

/** Pixels of the sum, and of the background. */
interface Disc {
  readonly reach: number;
  readonly sum: Pixels;
  readonly around: Pixels;
}

function discOf([inner, middle, outer]: RingRadii, width: number): Disc {
  const reach = Math.ceil(outer);
  const within = (least: number, most: number): Pixels => {
    const found: [dx: number, dy: number][] = [];
    for (let dy = -reach; dy <= reach; dy++)
      for (let dx = -reach; dx <= reach; dx++) {
        const square = dx * dx + dy * dy;
        if (square >= least && square <= most) found.push([dx, dy]);
      }
    return {
      dx: Int32Array.from(found, ([dx]) => dx),
      dy: Int32Array.from(found, ([, dy]) => dy),
      offsets: Int32Array.from(found, ([dx, dy]) => dy * width + dx),
    };
  };
  const inSum = inner * inner;
  // If both start at the same radius, the closer pixels belong to the sum.
  const next = Math.max(middle * middle, Math.floor(inSum) + 1);
  return { reach, sum: within(0, inSum), around: within(next, outer * outer) };
}

/** Finds areas without bad pixels, in which individual lookups, scattered over memory, can be skipped. */
class Clean {
  readonly #across: number;
  readonly #shift: number;
  /** Whether each square tile contains bad pixels. */
  readonly #tiles: Uint8Array;
  readonly reach: number;

  constructor(bad: Uint8Array, width: number, reach: number) {
    this.reach = reach;
    // Tiles are at least as wide as a disc, which then overlaps at most four of them.
    this.#shift = Math.max(4, Math.ceil(Math.log2(2 * reach + 1)));
    this.#across = (width >> this.#shift) + 1;
    this.#tiles = new Uint8Array(this.#across * (((bad.length / width) >> this.#shift) + 1));
    for (let i = 0; i < bad.length; i++)
      if (bad[i] !== 0) this.#tiles[this.#tile(i % width, Math.floor(i / width))] = 1;
  }

  #tile(x: number, y: number): number {
    return (y >> this.#shift) * this.#across + (x >> this.#shift);
  }

  /** Whether the square around a pixel contains none; it must be within the frame. */
  about(x: number, y: number): boolean {
    const { reach } = this;
    const tiles = this.#tiles;
    const [left, right] = [this.#tile(x - reach, y - reach), this.#tile(x + reach, y - reach)];
    const down = this.#tile(x, y + reach) - this.#tile(x, y - reach);
    return tiles[left] === 0 && tiles[right] === 0 && tiles[left + down] === 0 && tiles[right + down] === 0;
  }
}

/** The map of a detector is shared by all of its frames. */
const known = new WeakMap<Uint8Array, Clean>();

function cleanOf(bad: Uint8Array, width: number, reach: number): Clean {
  let clean = known.get(bad);
  if (clean?.reach !== reach) {
    clean = new Clean(bad, width, reach);
    known.set(bad, clean);
  }
  return clean;
}

function inPanel({ dx, dy }: Pixels, n: number, cx: number, cy: number, width: number, height: number): boolean {
  const [x, y] = [cx + (dx[n] as number), cy + (dy[n] as number)];
  return x >= 0 && y >= 0 && x < width && y < height;
}

/**
 * Measures reflections. Those whose sum would include a bad pixel or the edge of a panel, or whose background has fewer
 * than ten pixels, are skipped.
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
  const { reach, sum: own, around: other } = discOf(rings, width);
  const clean = cleanOf(bad, width, reach);
  for (const reflection of reflections) {
    const panel = geometry.panels[reflection.panel];
    if (!panel) continue;
    const [cx, cy] = [Math.floor(reflection.fs), Math.floor(reflection.ss)];
    const [w, h] = [widthOf(panel), heightOf(panel)];
    const inside = cx >= reach && cy >= reach && cx < w - reach && cy < h - reach;
    const origin = (cy + panel.minSs) * width + panel.minFs + cx;
    const count = own.offsets.length;
    let [sum, peak, around, total, squares] = [0, Number.NEGATIVE_INFINITY, 0, 0, 0];
    let n = 0;
    if (inside && clean.about(panel.minFs + cx, panel.minSs + cy)) {
      for (; n < count; n++) {
        const value = frame[origin + (own.offsets[n] as number)] as number;
        sum += value;
        if (value > peak) peak = value;
      }
      around = other.offsets.length;
      for (n = 0; n < around; n++) {
        const value = frame[origin + (other.offsets[n] as number)] as number;
        total += value;
        squares += value * value;
      }
    } else {
      for (; n < count; n++) {
        const i = origin + (own.offsets[n] as number);
        if (!(inside || inPanel(own, n, cx, cy, w, h)) || bad[i] !== 0) break;
        const value = frame[i] as number;
        sum += value;
        if (value > peak) peak = value;
      }
      if (n < count) continue;
      for (n = 0; n < other.offsets.length; n++) {
        const i = origin + (other.offsets[n] as number);
        if (!(inside || inPanel(other, n, cx, cy, w, h)) || bad[i] !== 0) continue;
        const value = frame[i] as number;
        around++;
        total += value;
        squares += value * value;
      }
    }
    if (around < 10) continue;
    const background = total / around;
    const variance = Math.max(0, squares / around - background * background);
    const gain = panel.unitsPerPhoton ?? 1;
    const intensity = sum - count * background;
    // Counting statistics of the signal, variance of the background in the sum, and uncertainty of its mean.
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
