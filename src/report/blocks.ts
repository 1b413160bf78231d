/** Images of more values than a picture has pixels: one value of each square block of them. */

/** Pixels of the longer side of a picture, at most. */
const maxSide = 2560;

/** Number of values along a side of the blocks of which a picture shows one value each; 1 if it shows all. */
export const blockSide = (rows: number, columns: number): number => Math.ceil(Math.max(rows, columns, 1) / maxSide);

/** Which value of a block is shown: a mean would hide single bright pixels, which are what is looked for. */
export type BlockValue = 'greatest' | 'farthest from 0' | 'longest';

/**
 * One value of each block of `by` × `by` values of an image [rows, columns] of numbers, or of vectors (y, x) if it is the
 * longest; NaN if a block has no other.
 */
export function valuesOfBlocks(
  data: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  by: number,
  which: BlockValue,
): Float64Array {
  const each = which === 'longest' ? 2 : 1;
  const across = Math.ceil(columns / by);
  const out = new Float64Array(Math.ceil(rows / by) * across * each).fill(Number.NaN);
  const best = new Float64Array(out.length / each).fill(Number.NaN);
  for (let y = 0; y < rows; y++) {
    const row = Math.floor(y / by) * across;
    for (let x = 0; x < columns; x++) {
      const from = (y * columns + x) * each;
      const to = row + Math.floor(x / by);
      const value = data[from] as number;
      const second = each === 2 ? (data[from + 1] as number) : 0;
      const size = which === 'greatest' ? value : value * value + second * second;
      // The first number of a block is greater than none.
      if (Number.isNaN(size) || size <= (best[to] as number)) continue;
      best[to] = size;
      out[to * each] = value;
      if (each === 2) out[to * each + 1] = second;
    }
  }
  return out;
}

/** Which pixels of a frame have counts. */
export interface Counting {
  /** Nonzero where a pixel is bad; undefined if none is. */
  readonly bad: ArrayLike<number> | undefined;
  /** Values outside [least, greatest] are no counts. */
  readonly range: readonly [least: number, greatest: number];
}

/** The greatest count of each block of `by` × `by` pixels of a frame [rows, columns]; NaN if a block has none. */
export function countsOfBlocks(
  frame: ArrayLike<number | bigint>,
  size: readonly [rows: number, columns: number],
  by: number,
  { bad, range: [least, greatest] }: Counting,
): Float64Array {
  const counts = Float64Array.from({ length: size[0] * size[1] }, (_, i) => {
    const value = Number(frame[i]);
    return bad?.[i] || !(value >= least && value <= greatest) ? Number.NaN : value;
  });
  return valuesOfBlocks(counts, size, by, 'greatest');
}
