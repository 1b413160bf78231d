/**
 * Renders frames with their panels in place, looking into the beam, +x to the right and +y up. Each image pixel shows
 * the maximum of the detector pixels that fall into it, so that no spot is lost.
 */

import type { Geometry } from '../crystal/geometry/geometry.js';
import { heightOf, widthOf } from '../crystal/geometry/pixels.js';
import { dataUrl, png } from '../util/png.js';

/** A position in an image, in its pixels from the upper left. */
export interface ImagePoint {
  readonly x: number;
  readonly y: number;
}

/** The last colour marks pixels without counts. */
const nothing = 255;

/** Black spots on white, as crystallographers prefer, and a tint for gaps. */
const palette = Uint8Array.from({ length: 768 }, (_, i) => {
  const colour = Math.floor(i / 3);
  return colour === nothing ? ([226, 232, 240][i % 3] ?? 0) : 255 - colour;
});

/** What a picture needs of a detector. */
interface ShownDetector {
  readonly geometry: Geometry;
  readonly width: number;
  readonly bad: Uint8Array;
  /** Values outside of it are no counts. */
  readonly validRange: readonly [number, number];
}

/** Counts whose colours are in a table. */
const maxColours = 2 ** 16;

export class Assembly {
  readonly size: number;
  /** The beam in the image. */
  readonly beam: ImagePoint;
  /** Image pixels per detector pixel. */
  readonly scale: number;
  readonly geometry: Geometry;
  readonly #left: number;
  readonly #top: number;
  /** Image pixel of every pixel of the frame; −1 for none. */
  readonly #places: Int32Array;
  readonly #validRange: readonly [number, number];

  constructor({ geometry, width, bad, validRange }: ShownDetector, size = 640) {
    this.size = size;
    this.geometry = geometry;
    this.#validRange = validRange;
    const corners = geometry.panels.flatMap((panel) =>
      [0, widthOf(panel)].flatMap((fs) =>
        [0, heightOf(panel)].map((ss) => [
          panel.corner[0] + fs * panel.fs[0] + ss * panel.ss[0],
          panel.corner[1] + fs * panel.fs[1] + ss * panel.ss[1],
        ]),
      ),
    );
    const [xs, ys] = [corners.map(([x = 0]) => x), corners.map(([, y = 0]) => y)];
    const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.scale = size / Math.max(right - left, top - bottom);
    // Centres the shorter side.
    this.#left = (left + right) / 2 - size / 2 / this.scale;
    this.#top = (top + bottom) / 2 + size / 2 / this.scale;
    this.beam = this.#placeOf(0, 0);
    this.#places = new Int32Array(bad.length).fill(-1);
    for (const panel of geometry.panels) this.#setPlaces(panel, width, bad);
  }

  /** Finds the image pixels of a panel: millions, so that no object is made of any. */
  #setPlaces(panel: Geometry['panels'][number], width: number, bad: Uint8Array): void {
    const { size, scale } = this;
    const [places, left, top] = [this.#places, this.#left, this.#top];
    const [columns, rows] = [widthOf(panel), heightOf(panel)];
    const [cornerX, cornerY] = panel.corner;
    const [fx, fy] = panel.fs;
    const [sx, sy] = panel.ss;
    for (let ss = 0; ss < rows; ss++)
      for (let fs = 0, i = (ss + panel.minSs) * width + panel.minFs; fs < columns; fs++, i++) {
        if (bad[i] !== 0) continue;
        const column = Math.floor((cornerX + (fs + 0.5) * fx + (ss + 0.5) * sx - left) * scale);
        const row = Math.floor((top - (cornerY + (fs + 0.5) * fy + (ss + 0.5) * sy)) * scale);
        if (column >= 0 && row >= 0 && column < size && row < size) places[i] = row * size + column;
      }
  }

  /** Position in the image of a point of the frame's array; undefined between panels. */
  place(fs: number, ss: number): ImagePoint | undefined {
    const panel = this.geometry.panels.find(
      ({ minFs, maxFs, minSs, maxSs }) => fs >= minFs && fs <= maxFs + 1 && ss >= minSs && ss <= maxSs + 1,
    );
    return panel && this.#placeIn(panel, fs - panel.minFs, ss - panel.minSs);
  }

  /** The largest count at each image pixel, −∞ if there is none; several frames may be accumulated in `into`. */
  gather(
    frame: ArrayLike<number>,
    into: Float64Array = new Float64Array(this.size ** 2).fill(Number.NEGATIVE_INFINITY),
  ): Float64Array {
    const places = this.#places;
    const [least, greatest] = this.#validRange;
    for (let i = 0; i < places.length; i++) {
      const at = places[i] as number;
      if (at < 0) continue;
      const value = Number(frame[i]);
      if (value >= least && value <= greatest && value > (into[at] as number)) into[at] = value;
    }
    return into;
  }

  /** Accumulates values that were gathered before. */
  merge(
    values: Float64Array,
    into: Float64Array = new Float64Array(this.size ** 2).fill(Number.NEGATIVE_INFINITY),
  ): Float64Array {
    for (let i = 0; i < into.length; i++) {
      const value = values[i] as number;
      if (value > (into[i] as number)) into[i] = value;
    }
    return into;
  }

  /** An image of accumulated values, scaled from the median background to the brightest spots, as a data URL. */
  async picture(values: Float64Array): Promise<string> {
    const sample = sampleOf(values);
    const at = (share: number): number => sample[Math.min(sample.length - 1, Math.floor(share * sample.length))] ?? 0;
    const [low, high] = [at(0.5), Math.max(at(0.9993), at(0.5) + 1)];
    // A slowly varying logarithm keeps the background pale while faint spots remain visible.
    const level = (value: number): number => Math.log1p((4 * Math.max(0, value - low)) / (high - low)) / Math.log1p(4);
    const colour = (value: number): number => Math.min(nothing - 1, Math.round(level(value) * (nothing - 1)));
    const pixels = new Uint8Array(values.length).fill(nothing);
    // Counts are found in a table, since most occur in thousands of pixels.
    const ofCounts = Uint8Array.from({ length: Math.min(maxColours, Math.floor(high - low) + 1) }, (_, k) =>
      colour(low + k),
    );
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (!Number.isFinite(value)) continue;
      const above = Math.max(low, Math.min(high, value)) - low;
      pixels[i] = Number.isInteger(above) && above < ofCounts.length ? (ofCounts[above] as number) : colour(value);
    }
    this.#fillSeams(pixels);
    return dataUrl(await png(pixels, this.size, this.size, palette));
  }

  /**
   * If the image is finer than the detector, image pixels between two detector pixels are given the colour of their
   * neighbour.
   */
  #fillSeams(pixels: Uint8Array): void {
    if (this.scale <= 1) return;
    const { size } = this;
    const before = Uint8Array.from(pixels);
    const reach = Math.ceil(this.scale);
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        if (before[y * size + x] !== nothing) continue;
        for (let step = 1; step <= reach; step++) {
          const near = [
            x >= step ? before[y * size + x - step] : nothing,
            y >= step ? before[(y - step) * size + x] : nothing,
            x >= step && y >= step ? before[(y - step) * size + x - step] : nothing,
          ].find((colour) => colour !== nothing);
          if (near === undefined) continue;
          pixels[y * size + x] = near;
          break;
        }
      }
  }

  #placeIn(panel: Geometry['panels'][number], fs: number, ss: number): ImagePoint {
    return this.#placeOf(
      panel.corner[0] + fs * panel.fs[0] + ss * panel.ss[0],
      panel.corner[1] + fs * panel.fs[1] + ss * panel.ss[1],
    );
  }

  #placeOf(x: number, y: number): ImagePoint {
    return { x: (x - this.#left) * this.scale, y: (this.#top - y) * this.scale };
  }
}

/** Every seventh value that is finite, in order. */
function sampleOf(values: Float64Array): Float64Array {
  const sample = new Float64Array(Math.ceil(values.length / 7));
  let n = 0;
  for (let i = 0; i < values.length; i += 7) if (Number.isFinite(values[i])) sample[n++] = values[i] as number;
  return sample.subarray(0, n).sort();
}
