/** Sums the peaks of many frames: a virtual powder pattern. */

import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { expectsGeometry, extentOf } from '../crystal/geometry/pixels.js';
import { checkedOptions, row } from '../options/call-options.js';
import { EwaldError } from '../util/errors.js';
import { type PlainOf, plainOf } from '../util/plain.js';
import type { PeakList } from './peak-list.js';
import { spotsOf } from './spots.js';

export interface PowderOptions {
  /** Bins of the profile, 1 … 65536; default 500, which is finer than the rings of cells up to 200 Å. */
  readonly bins?: number | undefined;
  /** Highest |q| = 1/d of the profile in 1/Å, above 0; default 1: peaks beyond 1 Å appear in the image only. */
  readonly maxQ?: number | undefined;
}

/**
 * Sums peaks instead of pixels, so that background leaves no trace: the rings of a cell stand out after about a hundred
 * crystals, and a wrong distance or centre shows as shifted or double rings.
 */
export class VirtualPowder {
  readonly width: number;
  readonly height: number;
  /** Intensities of peaks at the pixels of their centroids, [height, width]. */
  readonly image: Float64Array;
  /** Intensities of peaks over |q|, [bins]; bin i covers i to i + 1 times `maxQ` / bins. */
  readonly profile: Float64Array;
  /** Peaks in each bin of the profile, [bins]. */
  readonly counts: Uint32Array;
  readonly maxQ: number;
  readonly #geometry: Geometry;
  #frames = 0;

  /** `geometry` is the one with which the peaks are found. Throws `Argument` for options out of range. */
  constructor(geometry: Geometry, options: PowderOptions = {}) {
    const rows = { bins: row.integer(1, 65536, 500), maxQ: row.number(1e-6, 1e3, 1) };
    const { bins, maxQ } = checkedOptions('VirtualPowder', options, rows);
    this.maxQ = maxQ;
    this.#geometry = geometry;
    expectsGeometry('VirtualPowder: the geometry', geometry);
    const { fs, ss } = extentOf(geometry);
    [this.width, this.height] = [fs, ss];
    this.image = new Float64Array(this.width * this.height);
    this.profile = new Float64Array(bins);
    this.counts = new Uint32Array(bins);
  }

  /** Number of frames added so far. */
  get frames(): number {
    return this.#frames;
  }

  /** The sums so far as plain data, which `postMessage` and structured cloning keep whole. */
  toPlain(): PlainOf<VirtualPowder> {
    return plainOf<VirtualPowder>(this);
  }

  /** Adds the peaks of a frame; `beam` is that frame's. Throws `Argument` for peaks outside the geometry. */
  add(peaks: PeakList, beam: Beam): void {
    const { width, height, image, profile, counts, maxQ } = this;
    const spots = spotsOf(peaks, this.#geometry, beam);
    // All are checked before the first is added, so that a rejected list leaves no trace.
    const pixels = Array.from({ length: peaks.count }, (_, i) => {
      const [fs, ss] = [peaks.fs[i] as number, peaks.ss[i] as number];
      if (!(fs >= 0 && ss >= 0 && fs <= width && ss <= height))
        throw new EwaldError(
          'Argument',
          `peak ${i} is at ${fs}, ${ss}; frames of the geometry have ${width} x ${height} pixels`,
        );
      // A centroid may be on the far edge of its panel.
      return Math.min(height - 1, Math.floor(ss)) * width + Math.min(width - 1, Math.floor(fs));
    });
    for (const [i, pixel] of pixels.entries()) {
      const intensity = peaks.intensity[i] as number;
      image[pixel] = (image[pixel] as number) + intensity;
      const q = Math.hypot(spots[3 * i] as number, spots[3 * i + 1] as number, spots[3 * i + 2] as number);
      const bin = Math.floor((q / maxQ) * profile.length);
      if (bin >= profile.length) continue;
      profile[bin] = (profile[bin] as number) + intensity;
      counts[bin] = (counts[bin] as number) + 1;
    }
    this.#frames++;
  }
}
