/** Pointer tables, `T **` in C: rows of elements at addresses of their own. */

import { expects } from '../util/arguments.js';
import type { Elements, Row } from './elements.js';
import { BufferError } from './errors.js';
import { memoryOf } from './expects-space.js';
import { type Format, parseFormat } from './format.js';
import { pointerBytes, readAddress, writeAddress } from './model.js';
import { type Address, type Allocation, jsMemory, type MemorySpace, offsetBy, type Span } from './space.js';

export interface MemoryOptions {
  /** The space of the memory; default JavaScript. `lib.memory` is the memory of a library. */
  readonly memory?: MemorySpace | undefined;
  /** Whether it may only be read; default false. */
  readonly readonly?: boolean | undefined;
}

/** A pointer with its type and memory, as returned by `ewald/ffi` for a `double **` from C. */
export interface TypedPointer {
  readonly address: Address;
  readonly memory: MemorySpace;
  /** Format of the pointees of a table's pointers; undefined unless it is a pointer to pointers to numbers. */
  readonly rowFormat: string | undefined;
  /** The type in C's notation, for messages. */
  readonly typeText: string;
  /** Number of pointers in the table, if known. */
  readonly length?: number | undefined;
  /** Whether C has freed the table. */
  readonly freed?: boolean | undefined;
  /** The memory of JavaScript that row `i` at an address leads into, if that is known. */
  rowAt?(i: number, address: Address): KnownRow | undefined;
}

/** Memory that is a row. */
export interface KnownRow {
  /** What must not be disposed while the row is used. */
  readonly held: object;
  /** Bytes from the row's address to the end of that memory. */
  readonly bytes: number;
}

const isTyped = (value: unknown): value is TypedPointer =>
  typeof value === 'object' && value !== null && 'address' in value && 'memory' in value && 'typeText' in value;

/** A pointer table: rows with addresses of their own; the elements of a row follow each other. */
export interface Table extends Elements {
  readonly shape: readonly [rows: number, columns: number];
  readonly rows: readonly Row[];
}

/** Elements as rows of a table. */
export const tableOf = (
  { space, format, readonly, held }: Pick<Elements, 'space' | 'format' | 'readonly' | 'held'>,
  rows: readonly Row[],
  columns: number,
): Table => ({
  space,
  format,
  readonly,
  held,
  rows,
  shape: [rows.length, columns],
  strides: [0, format.size],
  row: (i) => rows[i] as Row,
});

/** Rows one after the other in a span, `apart` bytes from each other. */
export const rowsIn = (span: Span, count: number, apart: number, offset = 0): Row[] =>
  Array.from({ length: count }, (_, i) => ({ span, offset: offset + i * apart }));

/** Checks numbers of rows and columns. */
function expectsShape([rows, columns]: readonly [number, number]): void {
  for (const [what, value] of Object.entries({ rows, columns }))
    expects(Number.isSafeInteger(value) && value >= 0, what, value, 'a whole number from 0');
}

/** Memory of a new table, filled with zeros. */
export function newTable(
  space: MemorySpace,
  format: Format,
  shape: readonly [number, number],
  what: string,
): { readonly table: Table; readonly owned: Allocation } {
  expectsShape(shape);
  const [rows, columns] = shape;
  const bytes = columns * format.size;
  const owned = space.allocate(rows * bytes, what);
  const table = tableOf({ space, format, readonly: false, held: [] }, rowsIn(owned, rows, bytes), columns);
  return { table, owned };
}

/** The rows behind a `T **`, whose addresses are read here. */
export function tableAt(
  pointer: Address | TypedPointer,
  shape: readonly [number, number],
  format: string | undefined,
  options: MemoryOptions,
): { readonly table: Table; readonly pointer: Address; readonly pointers: () => DataView | undefined } {
  expectsShape(shape);
  const [rows, columns] = shape;
  const typed = isTyped(pointer) ? pointer : undefined;
  const address = typed ? typed.address : (pointer as Address);
  const { readonly = false } = options;
  const space = memoryOf(options) ?? typed?.memory ?? jsMemory;
  if (typed && typed.memory !== space)
    throw new BufferError('SPACE', `this ${typed.typeText} belongs to a memory other than the one given`);
  if (typed && typed.rowFormat === undefined)
    throw new BufferError(
      'FORMAT',
      `wrong format: "${typed.typeText}"; expected a pointer to pointers of numbers, such as double **`,
    );
  if (typed?.length !== undefined && typed.length < rows)
    throw new BufferError('ROWS', `less rows than expected: ${typed.length} vs. ${rows}`);
  const text = format ?? typed?.rowFormat;
  if (text === undefined)
    throw new BufferError('FORMAT', 'an address alone does not determine the type it points to; pass the format');
  const parsed = parseFormat(text, space.model);
  const own = parseFormat(typed?.rowFormat ?? text, space.model);
  // Different words may be one type, such as long and long long, and bytes are anything.
  if (own.size !== parsed.size || (own.size > 1 && own.kind !== parsed.kind))
    throw new BufferError('FORMAT', `wrong format: "${text}"; ${typed?.typeText} has rows of "${typed?.rowFormat}"`);
  const bytes = pointerBytes[space.model];
  const span = rows > 0 ? space.span(address, rows * bytes) : undefined;
  const held: object[] = typed ? [typed] : [];
  const places = Array.from({ length: rows }, (_, i) => {
    const row = readAddress(span?.view() as DataView, i * bytes, space.model);
    const known = typed?.rowAt?.(i, row);
    if (known) held.push(known.held);
    const room = Math.floor((known?.bytes ?? Number.POSITIVE_INFINITY) / parsed.size);
    if (room < columns)
      throw new BufferError('COLUMNS', `less columns than expected: row ${i} has ${room} vs. ${columns}`);
    return { span: space.span(row, columns * parsed.size), offset: 0 };
  });
  return {
    pointer: address,
    pointers: () => (typed?.freed ? undefined : span?.view()),
    table: tableOf({ space, format: parsed, readonly, held }, places, columns),
  };
}

/** The table after C wrote other pointers to it; rows that C moved stay what they are. */
export function movedRows(table: Table, pointers: DataView): Table {
  const { space, rows, format, shape } = table;
  const bytes = shape[1] * format.size;
  const known = new Map(rows.map((row) => [Number(addressOfRow(row)), row]));
  const now = rows.map((_, i): Row => {
    const address = readAddress(pointers, i * pointerBytes[space.model], space.model);
    return known.get(Number(address)) ?? { span: address ? space.span(address, bytes) : lostRow(i), offset: 0 };
  });
  return tableOf(table, now, shape[1]);
}

/** A row whose pointer is NULL. */
const lostRow = (i: number): Span => ({
  byteLength: 0,
  address: 0,
  view() {
    throw new BufferError('SPACE', `row ${i} is nowhere: C set its pointer to NULL`);
  },
});

/** Writes a table of pointers into new memory. */
export function writePointers(space: MemorySpace, addresses: readonly Address[], what: string): Allocation {
  const bytes = pointerBytes[space.model];
  const table = space.allocate(addresses.length * bytes, what);
  const view = table.view();
  for (const [i, address] of addresses.entries()) writeAddress(view, i * bytes, space.model, address);
  return table;
}

/** The address where a row starts. @throws BufferError `SPACE` in JavaScript memory. */
export function addressOfRow({ span: { address }, offset }: Row): Address {
  if (address === undefined)
    throw new BufferError(
      'SPACE',
      'JavaScript memory has no addresses; stage(lib.memory) copies it to where C can access it',
    );
  return offsetBy(address, offset);
}
