/**
 * Panels and their beam as rows of numbers, for loops over the peaks of a frame. The panels of a geometry that was read
 * and those of a refined one are of different classes, and so are a corner at a whole pixel and one between two pixels.
 * The engine would compile such a loop again for each class, in the first frames of a run.
 */
import type { Beam, Geometry, Panel } from './geometry.js';

/** Numbers of a panel. */
export const panelNumbersLength = 14;

/** [panels, 14]: vectors of fs and ss, corner, resolution, shift and distance in metres, and the first pixel. */
export function panelNumbers({ panels }: Geometry, beam: Beam): Float64Array {
  const numbers = new Float64Array(panelNumbersLength * panels.length);
  for (let i = 0, at = 0; i < panels.length; i++, at += panelNumbersLength) {
    const { fs, ss, corner, resolution, offsetM, minFs, minSs } = panels[i] as Panel;
    numbers.set(fs, at);
    numbers.set(ss, at + 3);
    numbers.set(corner, at + 6);
    numbers[at + 8] = resolution;
    numbers.set(beam.shiftM, at + 9);
    numbers[at + 11] = beam.distanceM + offsetM;
    numbers[at + 12] = minFs;
    numbers[at + 13] = minSs;
  }
  return numbers;
}

/**
 * The position of a pixel of the file's array in metres, along x; `panel` is where the panel begins in `numbers`. As in
 * `positionOf`, to the last bit.
 */
export function xOf(numbers: Float64Array, panel: number, fs: number, ss: number): number {
  const f = fs - (numbers[panel + 12] as number);
  const s = ss - (numbers[panel + 13] as number);
  const inPixels =
    (numbers[panel + 6] as number) + (f * (numbers[panel] as number) + s * (numbers[panel + 3] as number));
  return inPixels / (numbers[panel + 8] as number) + (numbers[panel + 9] as number);
}

/** The same along y. */
export function yOf(numbers: Float64Array, panel: number, fs: number, ss: number): number {
  const f = fs - (numbers[panel + 12] as number);
  const s = ss - (numbers[panel + 13] as number);
  const inPixels =
    (numbers[panel + 7] as number) + (f * (numbers[panel + 1] as number) + s * (numbers[panel + 4] as number));
  return inPixels / (numbers[panel + 8] as number) + (numbers[panel + 10] as number);
}

/** The same along z. */
export function zOf(numbers: Float64Array, panel: number, fs: number, ss: number): number {
  const f = fs - (numbers[panel + 12] as number);
  const s = ss - (numbers[panel + 13] as number);
  const inPixels = f * (numbers[panel + 2] as number) + s * (numbers[panel + 5] as number);
  return (numbers[panel + 11] as number) + inPixels / (numbers[panel + 8] as number);
}
