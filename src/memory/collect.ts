/** Rows made of arrays, with the checks of the original: several arrays, or the rows or columns of one. */

import { expects } from '../util/arguments.js';
import { type ArrayLike, type Elements, elementCount, elementsOf, isContiguous, isLocated } from './elements.js';
import { BufferError } from './errors.js';
import { memoryOf } from './expects-space.js';
import { parseFormat } from './format.js';
import { type MemoryOptions, rowsIn, type Table, tableOf } from './pointer-table.js';

/** Gathers arrays as rows; every one must have the same format and number of elements. */
export function collectRows(
  rows: Iterable<ArrayLike>,
  columnCount: number,
  format: string | null,
  unravel: boolean,
  options: MemoryOptions,
): Table {
  const expected = 'a whole number from 0, or -1 for the length of the first row';
  expects(Number.isSafeInteger(columnCount) && columnCount >= -1, 'columnCount', columnCount, expected);
  const arrays: Elements[] = [];
  let memory = memoryOf(options);
  let columns = columnCount;
  let text = format === null ? undefined : parseFormat(format, memory?.model).text;
  for (const value of rows) {
    const i = arrays.length;
    // Memory of a library determines the space in which the others must be.
    if (memory === undefined && isLocated(value)) memory = value.space;
    const array = elementsOf(value, `row ${i}`, memory);
    if (!isContiguous(array))
      throw new BufferError(
        'CONTIGUITY',
        `row ${i} is not contiguous: its elements lie apart; copy it into a new array`,
      );
    if (!unravel && array.shape.length !== 1)
      throw new BufferError(
        'NDIM',
        `row ${i} has ${array.shape.length} dimensions; expected one, or unravel: true, which takes all its elements`,
      );
    text ??= array.format.text;
    if (array.format.text !== text)
      throw new BufferError(
        'FORMAT',
        `row ${i} has elements of the format "${array.format.text}"; expected "${text}", as ` +
          `${format === null ? 'in row 0' : 'requested'}; convert the row`,
      );
    const found = elementCount(array);
    if (columns === -1) columns = found;
    if (found !== columns)
      throw new BufferError(
        'COLUMNS',
        `row ${i} has ${found} columns; expected ${columns}, as ${columnCount === -1 ? 'in row 0' : 'requested'}`,
      );
    arrays.push(array);
  }
  const [first] = arrays;
  if (!first)
    throw new BufferError(
      'ROWS',
      'the collection is empty, so it has neither a format nor a number of columns; pass at least one row',
    );
  const mixed = arrays.findIndex(({ space }) => space !== first.space);
  if (mixed >= 0)
    throw new BufferError('SPACE', `row 0 and row ${mixed} lie in different memories; stage() brings them together`);
  const readonly = options.readonly || arrays.some((array) => array.readonly);
  const held = [...new Set(arrays.flatMap((array) => array.held))];
  return tableOf(
    { ...first, readonly, held },
    arrays.map((array) => array.row(0)),
    columns,
  );
}

/** The rows or columns of a 2-D array as rows; an array of one dimension is one row in either case. */
export function stripsOf(array: ArrayLike, along: 'rows' | 'columns', options: MemoryOptions): Table {
  const { readonly } = options;
  const source = elementsOf(array, 'the array', memoryOf(options));
  const { shape, strides, format } = source;
  if (shape.length < 1 || shape.length > 2)
    throw new BufferError('NDIM', `expected at most 2 but found ${shape.length} dimensions`);
  if (source.readonly && !readonly)
    throw new BufferError('READONLY', 'buffer source array is read-only; pass { readonly: true }');
  const [rows, columns] = [1, ...shape].slice(-2) as [number, number];
  const [down, right] = [0, ...strides].slice(-2) as [number, number];
  const isTurned = along === 'columns' && shape.length === 2;
  const [count, length, apart, step] = isTurned ? [columns, rows, right, down] : [rows, columns, down, right];
  if (length > 1 && step !== format.size) {
    throw new BufferError(
      'CONTIGUITY',
      `${along} of the buffer-object aren't contiguous: their elements lie ${step} bytes apart, expected ` +
        `${format.size}`,
    );
  }
  const { span, offset } = source.row(0);
  return tableOf({ ...source, readonly: readonly ?? false }, rowsIn(span, count, apart, offset), length);
}
