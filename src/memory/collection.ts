/** Presents objects with contiguous memory as one rectangular memory. */

import { knownOptions } from '../util/options.js';
import { collectRows } from './collect.js';
import { type ArrayLike, expectsRows } from './elements.js';
import { IndirectMemory2D } from './indirect.js';

import type { MemorySpace } from './space.js';

/**
 * Typed arrays, ArrayBuffers, DataViews, Node Buffers, strided arrays and memory of a library as the rows of one
 * memory, without a copy.
 *
 * It is read-only if one of its rows is. -1 columns means the length of the first row; rows of different lengths are
 * never accepted.
 */
export class BufferCollection2D extends IndirectMemory2D {
  /**
   * @param rows The rows, all of one format and length.
   * @param columnCount Required number of elements per row; -1 uses the length of the first.
   * @param format Required format of each row; null uses that of the first.
   * @param unravel Whether arrays of several dimensions count as the row of their elements in memory order.
   * @param options `memory`: the required space of the rows; default: that of the first row with a known space,
   * otherwise JavaScript.
   * @throws BufferError `ROWS` without any row, `NDIM`, `FORMAT`, `COLUMNS`, `CONTIGUITY`, `SPACE`.
   */
  constructor(
    rows: Iterable<ArrayLike>,
    columnCount = -1,
    format: string | null = null,
    unravel = true,
    options: { readonly memory?: MemorySpace | undefined } = {},
  ) {
    expectsRows('BufferCollection2D', rows);
    knownOptions('BufferCollection2D', options, ['memory']);
    super({ table: collectRows(rows, columnCount, format, unravel, options) }, 'BufferCollection2D');
  }
}
