/** Collects rows from objects with contiguous memory, with the checks of the original. */
import { EwaldError } from '../base/errors.js';
import { BufferError } from './errors.js';
import { parseFormat } from './format.js';
import type { Parts, Row } from './rows.js';
import { type ArrayLike, countOf, isContiguous, isLocated, type Source, sourceOf } from './source.js';
import type { MemorySpace } from './space.js';

/** Gathers rows; every one must have the same format and number of elements. */
export function collectRows(
  rows: Iterable<ArrayLike>,
  columnCount: number,
  format: string | null,
  unravel: boolean,
  options: { readonly memory?: MemorySpace },
): Parts & { readonly columns: number } {
  if (!Number.isSafeInteger(columnCount) || columnCount < -1)
    throw new EwaldError(
      'Argument',
      `columnCount is ${columnCount}; expected a whole number from 0, or -1 for the length of the first row`,
    );
  const sources: Source[] = [];
  let { memory } = options;
  let columns = columnCount;
  let text = format === null ? undefined : parseFormat(format, memory?.model).text;
  let i = 0;
  for (const value of rows) {
    // Memory of a library determines the space in which the others must be.
    if (memory === undefined && isLocated(value)) memory = value.space;
    const source = sourceOf(value, `row ${i}`, memory);
    if (!isContiguous(source))
      throw new BufferError(
        'CONTIGUITY',
        `${i}. object is not contiguous: its elements lie apart; copy it into an array of its own`,
      );
    if (!unravel && source.shape.length !== 1) {
      throw new BufferError(
        'NDIM',
        `${i}. object has dimensionality: ${source.shape.length}, but only one-dimensional objects are accepted`,
      );
    }
    text ??= source.format;
    if (source.format !== text)
      throw new BufferError('FORMAT', `${i}. object, expected format: [${text}], found format: [${source.format}]`);
    const found = countOf(source);
    if (columns === -1) columns = found;
    if (found !== columns)
      throw new BufferError('COLUMNS', `${i}. object, expected column count: ${columns}, found column count: ${found}`);
    sources.push(source);
    i++;
  }
  const [first] = sources;
  if (!first || text === undefined)
    throw new BufferError(
      'ROWS',
      'the collection is empty, so it has neither a format nor a number of columns; pass at least one row',
    );
  const mixed = sources.findIndex(({ space }) => space !== first.space);
  if (mixed >= 0)
    throw new BufferError('SPACE', `row 0 and row ${mixed} lie in different memories; stage() brings them together`);
  const parsed = parseFormat(text, first.space.model);
  const bytes = columns * parsed.size;
  return {
    space: first.space,
    format: parsed,
    rows: sources.map((source): Row => ({ span: source.span, offset: source.offset, bytes })),
    readonly: sources.some(({ readonly }) => readonly),
    held: sources.flatMap(({ held }) => (held ? [held] : [])),
    columns,
  };
}
