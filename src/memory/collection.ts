/** Objects that hold contiguous memory, seen as one rectangular memory. */

import { knownOptions } from '../base/options.js';
import { collectRows } from './collect.js';
import { IndirectMemory2D } from './indirect.js';
import type { ArrayLike } from './source.js';
import { expectsRows } from './source.js';
import type { MemorySpace } from './space.js';

/**
 * Typed arrays, ArrayBuffers, DataViews, Node Buffers, strided arrays and memory of a library as the rows of one
 * memory, without a copy.
 *
 * It is read-only when one of its rows is. -1 columns means: as many as the first row has; rows of different lengths
 * are never accepted (RaggedRows takes them).
 */
export class BufferCollection2D extends IndirectMemory2D {
  /**
   * @param rows The rows, all of one format and length.
   * @param columnCount Elements each row must have; -1 takes the length of the first.
   * @param format Format each row must have; null takes that of the first.
   * @param unravel Whether arrays of several dimensions count as the row of their elements in memory order.
   * @param options `memory`: where the rows must lie; default where the first one that knows lies, else JavaScript.
   * @throws BufferError `ROWS` when there are none, `NDIM`, `FORMAT`, `COLUMNS`, `CONTIGUITY`, `SPACE`.
   */
  constructor(
    rows: Iterable<ArrayLike>,
    columnCount = -1,
    format: string | null = null,
    unravel = true,
    options: { readonly memory?: MemorySpace } = {},
  ) {
    expectsRows('BufferCollection2D', rows);
    knownOptions('BufferCollection2D', options, ['memory']);
    const parts = collectRows(rows, columnCount, format, unravel, options);
    super(parts, parts.columns, 'BufferCollection2D');
  }
}
