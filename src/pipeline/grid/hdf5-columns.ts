/** Where the frames of an HDF5 file are on a chip: columns of its table of frames. */

import type { WriteNode } from '../../hdf5/writer.js';
import { type FrameGrid, wellAt } from '../chip/grid.js';
import { latticeOf } from '../chip/lattice.js';
import type { Lattice } from '../chip/nodes.js';

/** A row or column that a frame does not have. */
const none = -1;

/**
 * `grid_row` and `grid_column` (−1 for none) and `image`, the number by the detector (−1 if nothing states it); with
 * positions also `grid_x` and `grid_y`. Without frames on a chip there are no columns.
 */
export class GridColumns {
  readonly #frames: (FrameGrid | undefined)[] = [];
  #isAsked = false;

  add(grid: FrameGrid | undefined): void {
    this.#isAsked ||= grid !== undefined;
    this.#frames.push(grid);
  }

  /** The table of frames with these columns. */
  within(table: WriteNode): WriteNode {
    if (!this.#isAsked || !('children' in table)) return table;
    const all = this.#frames;
    const lattice = this.#latticeAtEnd();
    const places = all.map((grid) => placed(grid, lattice));
    const column = (value: (grid: FrameGrid) => number | undefined, missing: number): number[] =>
      places.map((grid) => value(grid) ?? missing);
    const plain = (value: Int32Array | BigInt64Array | Float64Array): WriteNode => ({
      value,
      shape: [value.length],
      attributes: {},
    });
    const hasPosition = places.some(({ x }) => x !== undefined);
    const children = {
      ...table.children,
      grid_row: plain(Int32Array.from(column(({ row }) => row, none))),
      grid_column: plain(Int32Array.from(column(({ column: one }) => one, none))),
      image: plain(
        BigInt64Array.from(
          column(({ image }) => image, none),
          BigInt,
        ),
      ),
      ...(hasPosition && {
        grid_x: plain(Float64Array.from(column(({ x }) => x, Number.NaN))),
        grid_y: plain(Float64Array.from(column(({ y }) => y, Number.NaN))),
      }),
    };
    return { ...table, children };
  }

  /** The wells of positions that were not known before the run. */
  #latticeAtEnd(): Lattice | undefined {
    const isOpen = this.#frames.some((grid) => grid?.x !== undefined && grid.row === undefined);
    if (!isOpen) return undefined;
    const known = this.#frames.flatMap((grid) => (grid?.x !== undefined && grid.y !== undefined ? [grid] : []));
    return latticeOf(
      Float64Array.from(known, ({ x = 0 }) => x),
      Float64Array.from(known, ({ y = 0 }) => y),
    );
  }
}

function placed(grid: FrameGrid = {}, lattice: Lattice | undefined): FrameGrid {
  const { x, y } = grid;
  if (!lattice || grid.row !== undefined || x === undefined || y === undefined) return grid;
  return { ...grid, ...wellAt(lattice, x, y) };
}
