/** Measures of the fast feedback indexer: similarity of two cells by their metric alone, and the spots of a cell. */

import { expectsNumbers } from '../util/arguments.js';
import { type Cell, expectsCell, lengthsOf, reciprocal, volume } from './cell.js';

/**
 * Dissimilarity of two cells, 0 for similar ones: max(0, (Δvolume + Δlength)² − threshold), with the relative
 * difference of the volumes and the largest relative difference of the sorted lengths. Orientation does not matter.
 * `threshold` is 0 or more, default 0.02.
 */
export function cellSimilarity(cell: Cell, known: Cell, threshold = 0.02): number {
  expectsCell('cellSimilarity: the cell', cell);
  expectsCell('cellSimilarity: the known cell', known);
  const sorted = (c: Cell): number[] => lengthsOf(c).sort((a, b) => a - b);
  const reference = sorted(known);
  const length = Math.max(...sorted(cell).map((x, i) => Math.abs(x - (reference[i] ?? 0)) / (reference[i] ?? 1)));
  const size = Math.abs(Math.abs(volume(cell)) - Math.abs(volume(known))) / Math.abs(volume(known));
  return Math.max(0, (size + length) ** 2 - threshold);
}

/**
 * For each spot ([n, 3], 1/angstrom), whether it lies within `radius` (1/angstrom, default 0.00075) of a node of the
 * reciprocal lattice.
 */
export function covers(cell: Cell, spots: ArrayLike<number>, radius = 0.00075): Uint8Array {
  expectsCell('covers: the cell', cell);
  expectsNumbers('covers: the spots', spots);
  const dual = reciprocal(cell);
  const out = new Uint8Array(Math.floor(spots.length / 3));
  for (let j = 0; j < out.length; j++) {
    const s = [spots[3 * j] ?? 0, spots[3 * j + 1] ?? 0, spots[3 * j + 2] ?? 0] as const;
    const miss = cell.map((row) => {
      const index = row[0] * s[0] + row[1] * s[1] + row[2] * s[2];
      return index - Math.round(index);
    });
    let square = 0;
    for (let k = 0; k < 3; k++)
      square +=
        ((miss[0] ?? 0) * (dual[0][k] ?? 0) +
          (miss[1] ?? 0) * (dual[1][k] ?? 0) +
          (miss[2] ?? 0) * (dual[2][k] ?? 0)) **
        2;
    out[j] = square < radius * radius ? 1 : 0;
  }
  return out;
}
