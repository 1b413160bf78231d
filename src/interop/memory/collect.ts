/** Collects rows from objects with contiguous memory, with the checks of the original. */
import { EwaldError } from '../../base/errors.js';
import { inspect } from '../../base/options.js';
import { BufferError } from './errors.js';
import { parseFormat } from './format.js';
import type { Parts } from './rows.js';
import { type ArrayLike, elementCount, isContiguous, isLocated, type Source, sourceInMemory } from './source.js';
import type { MemorySpace } from './space.js';

/** The error of a row whose elements lie apart. */
export const notContiguous = (row: number): BufferError =>
  new BufferError('CONTIGUITY', `row ${row} is not contiguous: its elements lie apart; copy it into a new array`);

/** The error of a row of another format than that of the first one, or than the one requested. */
export const otherFormat = (row: number, found: string, expected: string, requested: boolean): BufferError =>
  new BufferError(
    'FORMAT',
    `row ${row} has elements of the format "${found}"; expected "${expected}", as ` +
      `${requested ? 'requested' : 'in row 0'}; convert the row`,
  );

/** Gathers rows; every one must have the same format and number of elements. */
export function collectRows(
  rows: Iterable<ArrayLike>,
  columnCount: number,
  format: string | null,
  unravel: boolean,
  options: { readonly memory?: MemorySpace | undefined },
): Parts {
  if (!Number.isSafeInteger(columnCount) || columnCount < -1)
    throw new EwaldError(
      'Argument',
      `columnCount is ${inspect(columnCount)}; expected a whole number from 0, or -1 for the length of the first row`,
    );
  const sources: Source[] = [];
  let { memory } = options;
  let columns = columnCount;
  let text = format === null ? undefined : parseFormat(format, memory?.model).text;
  let i = 0;
  for (const value of rows) {
    // Memory of a library determines the space in which the others must be.
    if (memory === undefined && isLocated(value)) memory = value.space;
    const source = sourceInMemory(value, `row ${i}`, memory);
    if (!isContiguous(source)) throw notContiguous(i);
    if (!unravel && source.shape.length !== 1) {
      throw new BufferError(
        'NDIM',
        `row ${i} has ${source.shape.length} dimensions; expected one, or unravel: true, which takes all its elements`,
      );
    }
    text ??= source.format;
    if (source.format !== text) throw otherFormat(i, source.format, text, format !== null);
    const found = elementCount(source);
    if (columns === -1) columns = found;
    if (found !== columns)
      throw new BufferError(
        'COLUMNS',
        `row ${i} has ${found} columns; expected ${columns}, as ${columnCount === -1 ? 'in row 0' : 'requested'}`,
      );
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
  return {
    space: first.space,
    format: parseFormat(text, first.space.model),
    rows: sources.map(({ span, offset }) => ({ span, offset })),
    readonly: sources.some(({ readonly }) => readonly),
    held: sources.flatMap(({ held }) => (held ? [held] : [])),
    columns,
  };
}
