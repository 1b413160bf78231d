/** Corrected frames in float64, pixel by pixel, by the description of `Corrections`. */
import type { CorrectionOptions } from '../../../frames/corrections.js';

/** Frames to correct, [frames, pixels]. */
export interface RawFrames {
  readonly data: ArrayLike<number>;
  readonly frames: number;
  readonly pixels: number;
  readonly corrections: CorrectionOptions;
}

/** Corrected frames, and the size to which the error of each number is relative. */
export interface CorrectedFrames {
  readonly values: Float64Array;
  readonly sizes: Float64Array;
}

const isBad = (value: number, pixel: number, corrections: CorrectionOptions): boolean => {
  const { mask, saturation, underload, markers = [], maskOnly = false } = corrections;
  if (mask?.[pixel]) return true;
  if (Number.isNaN(value)) return !maskOnly;
  return (
    (saturation !== undefined && value > saturation) ||
    (underload !== undefined && value < underload) ||
    markers.some((marker) => marker === value)
  );
};

/** The pixels of the same panel whose rows and columns differ by at most one. */
function neighboursOf(pixel: number, width: number, height: number): number[] {
  const panel = Math.floor(pixel / (width * height));
  const [row, column] = [Math.floor(pixel / width) - panel * height, pixel % width];
  const found: number[] = [];
  for (const y of [row - 1, row, row + 1])
    for (const x of [column - 1, column, column + 1])
      if (y >= 0 && y < height && x >= 0 && x < width) found.push((panel * height + y) * width + x);
  return found;
}

/** Corrects frames. */
export function correctFrames({ data, frames, pixels, corrections }: RawFrames): CorrectedFrames {
  const { dark, gain, patch } = corrections;
  const values = new Float64Array(frames * pixels);
  const sizes = new Float64Array(frames * pixels);
  for (let f = 0; f < frames; f++) {
    const raw = (p: number): number => data[f * pixels + p] as number;
    const value = (p: number): number => (raw(p) - (dark?.[p] ?? 0)) * (gain?.[p] ?? 1);
    for (let p = 0; p < pixels; p++) {
      const at = f * pixels + p;
      if (!isBad(raw(p), p, corrections)) {
        values[at] = value(p);
        sizes[at] = Math.abs(value(p));
        continue;
      }
      let [sum, size, count] = [0, 0, 0];
      if (patch)
        for (const q of neighboursOf(p, patch.width, patch.height)) {
          if (isBad(raw(q), q, corrections)) continue;
          sum += value(q);
          size += Math.abs(value(q));
          count++;
        }
      values[at] = count > 0 ? sum / count : 0;
      sizes[at] = count > 0 ? size / count : 1;
    }
  }
  return { values, sizes };
}
