/** `--keep spots`: the pixels around peaks and predicted reflections; the others are marked as not measured. */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import type { Panel } from '../../crystal/geometry/geometry.js';
import type { Detector } from '../../frames/detector/detector.js';
import { EwaldError } from '../../util/errors.js';
import type { FrameRecord } from '../record.js';
import { column, rowLength } from '../stages/reflection-table.js';

/** Values of pixels that are not measured, by type: those that detectors and their readers have for it. */
const marks: Partial<Record<DataType, number>> = {
  u16: 2 ** 16 - 1,
  u32: 2 ** 32 - 1,
  i16: -(2 ** 15),
  i32: -(2 ** 31),
  f32: Number.NaN,
  f64: Number.NaN,
};

/** The value of pixels that are not measured. Throws `Unsupported` for types whose values are all counts. */
export function markOf(dtype: DataType): number {
  const mark = marks[dtype];
  if (mark === undefined)
    throw new EwaldError(
      'Unsupported',
      `frames are ${dtype}, which has no value for pixels that are not measured; keep whole hits (hits)`,
    );
  return mark;
}

/** Rings of the background; each frame has their means. */
const maxRings = 256;

/** What the pixels that are not kept were, by ring about the beam. */
export interface RingModel {
  readonly mean: Float32Array;
  readonly count: Uint32Array;
}

/** Marks the pixels of frames. */
export class KeptPixels {
  readonly #detector: Detector;
  readonly #radius: number;
  readonly #mark: number;
  /** 1 where a pixel of the current frame is kept. */
  readonly #kept: Uint8Array;
  readonly #ring: Uint16Array;
  readonly rings: number;
  /** Width of a ring in pixels. */
  readonly ringWidth: number;

  /** `radius`: pixels around each spot, in x and in y. */
  constructor(detector: Detector, radius: number, mark: number) {
    const { width, height } = detector;
    [this.#detector, this.#radius, this.#mark] = [detector, radius, mark];
    this.#kept = new Uint8Array(width * height);
    const { rings, of, width: ringWidth } = ringsOf(detector);
    [this.rings, this.#ring, this.ringWidth] = [rings, of, ringWidth];
  }

  /** Marks the pixels of a frame that are not kept, in place; returns what they were, and the share that is kept. */
  apply(frame: FrameArray, record: FrameRecord): { readonly model: RingModel; readonly share: number } {
    this.#kept.fill(0);
    const { peaks, crystals } = record;
    for (let i = 0; i < peaks.count; i++) this.#keepAround(peaks.fs[i] as number, peaks.ss[i] as number);
    const { panels } = this.#detector.geometry;
    for (const { table } of crystals)
      for (let at = 0; table && at < table.length; at += rowLength) {
        const panel = panels[table[at + column.panel] as number] as Panel;
        const [fs, ss] = [table[at + column.fs] as number, table[at + column.ss] as number];
        this.#keepAround(fs + panel.minFs, ss + panel.minSs);
      }
    return this.#markOthers(frame as Exclude<FrameArray, BigInt64Array | BigUint64Array>);
  }

  /** 1 for each pixel that is kept of the latest frame; it is overwritten by the next one. */
  get latest(): Uint8Array {
    return this.#kept;
  }

  #keepAround(fs: number, ss: number): void {
    const { width, height } = this.#detector;
    const [x, y, r] = [Math.floor(fs), Math.floor(ss), this.#radius];
    const [left, right] = [Math.max(0, x - r), Math.min(width, x + r + 1)];
    for (let row = Math.max(0, y - r); row < Math.min(height, y + r + 1); row++)
      if (right > left) this.#kept.fill(1, row * width + left, row * width + right);
  }

  #markOthers(frame: Exclude<FrameArray, BigInt64Array | BigUint64Array>) {
    const {
      bad,
      validRange: [least, greatest],
    } = this.#detector;
    const [sums, mean, count] = [
      new Float64Array(this.rings),
      new Float32Array(this.rings),
      new Uint32Array(this.rings),
    ];
    let kept = 0;
    for (let i = 0; i < frame.length; i++) {
      if (this.#kept[i] === 1) {
        kept++;
        continue;
      }
      const value = frame[i] as number;
      // Gaps and markers of a single frame are no counts.
      if (bad[i] === 0 && value >= least && value <= greatest) {
        const ring = this.#ring[i] as number;
        sums[ring] = (sums[ring] as number) + value;
        count[ring] = (count[ring] as number) + 1;
      }
      frame[i] = this.#mark;
    }
    for (let ring = 0; ring < this.rings; ring++) mean[ring] = (sums[ring] as number) / (count[ring] as number);
    return { model: { mean, count }, share: kept / frame.length };
  }
}

/** The ring of each pixel about the beam; pixels of no panel are bad, and in the first one. */
function ringsOf({ geometry, beam, width, height }: Detector) {
  const radius = new Float32Array(width * height);
  let most = 1;
  for (const { corner, fs, ss, minFs, maxFs, minSs, maxSs, resolution } of geometry.panels) {
    const [x0, y0] = [corner[0] + beam.shiftM[0] * resolution, corner[1] + beam.shiftM[1] * resolution];
    for (let row = minSs; row <= maxSs; row++)
      for (let at = minFs; at <= maxFs; at++) {
        const [i, j] = [at - minFs + 0.5, row - minSs + 0.5];
        const r = Math.hypot(x0 + fs[0] * i + ss[0] * j, y0 + fs[1] * i + ss[1] * j);
        radius[row * width + at] = r;
        most = Math.max(most, r);
      }
  }
  const ringWidth = Math.max(1, Math.ceil(most / maxRings));
  const rings = Math.floor(most / ringWidth) + 1;
  return { rings, width: ringWidth, of: Uint16Array.from(radius, (r) => r / ringWidth) };
}
