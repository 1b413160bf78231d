/**
 * Reflections of several lattices of a frame whose pixels overlap. Nothing in the frame shows how the counts in shared
 * pixels divide between them, so they are omitted; a reflection that only reaches into the background of another one is
 * excluded from that background.
 */
import type { RingRadii } from './integrate.js';
import type { Reflection } from './predict.js';

/** The reflections of a lattice that can be measured. */
export interface Separate {
  readonly reflections: readonly Reflection[];
  /**
   * For each of them, the centres (fs, ss, fs, ss, …) of the reflections on its panel whose discs reach into its
   * background.
   */
  readonly near: readonly (readonly number[] | undefined)[];
  /** Number of reflections that are omitted. */
  readonly overlapping: number;
}

/**
 * Separates the predicted reflections of the lattices of a frame. Two overlap if their sums, discs of the inner radius
 * around their pixels, share pixels; those of the same lattice are not compared. `disturbing` holds, for each lattice,
 * the reflections with which those of the others are compared: its own, and fainter ones that are not measured.
 */
export function separate(
  lattices: readonly (readonly Reflection[])[],
  [inner, , outer]: RingRadii,
  disturbing: readonly (readonly Reflection[])[] = lattices,
): Separate[] {
  if (lattices.length < 2) return lattices.map((reflections) => ({ reflections, near: [], overlapping: 0 }));
  // Reflections are sorted into squares as wide as the largest relevant distance, so that all neighbours of a
  // reflection are in its own square or in the eight around it.
  const width = Math.ceil(inner) + Math.ceil(outer) + 1;
  const squares = new Map<string, { lattice: number; x: number; y: number }[]>();
  const squareOf = (panel: number, x: number, y: number): string =>
    `${panel} ${Math.floor(x / width)} ${Math.floor(y / width)}`;
  disturbing.forEach((reflections, lattice) => {
    for (const { panel, fs, ss } of reflections) {
      const [x, y] = [Math.floor(fs), Math.floor(ss)];
      const square = squareOf(panel, x, y);
      const there = squares.get(square);
      if (there) there.push({ lattice, x, y });
      else squares.set(square, [{ lattice, x, y }]);
    }
  });
  return lattices.map((reflections, lattice) => {
    const kept: Reflection[] = [];
    const near: (readonly number[] | undefined)[] = [];
    for (const reflection of reflections) {
      const [x, y] = [Math.floor(reflection.fs), Math.floor(reflection.ss)];
      let overlaps = false;
      let centres: number[] | undefined;
      for (let i = -1; i <= 1; i++)
        for (let j = -1; j <= 1; j++)
          for (const other of squares.get(squareOf(reflection.panel, x + i * width, y + j * width)) ?? []) {
            if (other.lattice === lattice) continue;
            const square = (other.x - x) ** 2 + (other.y - y) ** 2;
            if (square <= (2 * inner) ** 2) overlaps = true;
            else if (square <= (inner + outer) ** 2) {
              centres ??= [];
              centres.push(other.x, other.y);
            }
          }
      if (overlaps) continue;
      kept.push(reflection);
      near.push(centres);
    }
    return { reflections: kept, near, overlapping: reflections.length - kept.length };
  });
}
