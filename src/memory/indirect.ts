/** Rectangular memory addressed through a table of row addresses: `T **` in C. */

import { knownOptions } from '../util/options.js';
import { collectRows, stripsOf } from './collect.js';
import { copyElements } from './copy.js';
import {
  backstop,
  type DisposableObject,
  disposableClass,
  disposeKeeper,
  type Keeper,
  releaseNow,
  retain,
} from './disposable.js';
import { type ArrayLike, type Elements, elementsOf, expectsRows, type Row } from './elements.js';
import { BufferError } from './errors.js';
import { expectsSpace, memoryOf } from './expects-space.js';
import { copiedRows } from './extents.js';
import { parseFormat, type TypedArray, type Value, type ValueOf } from './format.js';
import { listed, shownAs } from './inspect.js';
import { isSameTable, isSameWord, pointerBytes } from './model.js';
import { refuseIndexing } from './no-index.js';
import {
  addressOfRow,
  type MemoryOptions,
  movedRows,
  newTable,
  type Table,
  type TypedPointer,
  tableAt,
  tableOf,
  writePointers,
} from './pointer-table.js';
import { RowView } from './row-view.js';
import { type Address, type Allocation, jsMemory, lendView, type MemorySpace, scoped } from './space.js';
import { View2D } from './view.js';

const memoryOptions = ['memory', 'readonly'];

export interface CollectionOptions {
  /** Required number of elements per row; default -1, the length of the first row. */
  readonly columnCount?: number | undefined;
  /** Required format of the rows; default that of the first row. */
  readonly format?: string | null | undefined;
  /** Whether arrays of several dimensions count as the row of their elements in memory order; default true. */
  readonly unravel?: boolean | undefined;
  readonly memory?: MemorySpace | undefined;
  readonly readonly?: boolean | undefined;
}
const collectionOptions = ['columnCount', 'format', 'unravel', 'memory', 'readonly'];

/** A table, and what its memory depends on. */
interface TableParts {
  readonly table: Table;
  /** Freed with the memory. */
  readonly owned?: Allocation | undefined;
  /** Disposed after its last user. */
  readonly keeper?: Keeper | undefined;
  /** Address of the pointers to the rows, if there are any already. */
  readonly pointer?: Address | undefined;
  /** These pointers, unless C has freed them. */
  readonly pointers?: (() => DataView | undefined) | undefined;
  /** Runs first when the memory ends. */
  readonly onEnd?: (() => void) | undefined;
}

export interface IndirectMemory2D<V extends Value = Value> extends DisposableObject {
  [Symbol.iterator](): IterableIterator<RowView<V>>;
}

/** An array, or another memory, to copy from or to. */
type Copied = IndirectMemory2D<never> | IndirectMemory2D | ArrayLike;

/** Rectangular memory of one format, with rows at separate addresses. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: disposableClass provides the `using` face
export class IndirectMemory2D<V extends Value = Value> {
  readonly #name: string;
  readonly #parts: TableParts;
  #table: Table;
  /** The pointers to the rows, if they were made here. */
  #pointers: Allocation | undefined;
  /** Those that keep the memory alive: itself, and each of its views. */
  #users = 1;
  #locks = 0;
  #disposed = false;
  /** The turn of the space when the pointers were read last, and their bytes then. */
  #turn: number;
  #read: DataView | undefined;
  /** Number of elements that were read or written since. */
  #looks = 0;
  /** What keeps rows that C stored, by row. */
  #kept: readonly (object | undefined)[] = [];

  protected constructor(parts: TableParts, name = 'IndirectMemory2D') {
    this.#name = name;
    this.#parts = parts;
    this.#table = parts.table;
    this.#turn = parts.table.space.turn;
    const pointers = parts.pointers?.();
    this.#read = pointers && copyOf(pointers);
    const { keeper, table } = parts;
    for (const thing of table.held) retain(thing);
    if (!keeper) return;
    retain(keeper);
    backstop.register(this, { what: `the ${name} with a keeper`, free: () => undefined }, parts);
  }

  /**
   * Creates new memory filled with zeros, owned by the returned object.
   *
   * @param rows Number of rows.
   * @param columns Number of elements per row.
   * @param format A struct letter or a dtype name: `'d'`, `'float64'`.
   * @throws `OutOfMemory`, `Argument`, BufferError `FORMAT`.
   */
  static create<F extends string>(
    rows: number,
    columns: number,
    format: F,
    options: MemoryOptions = {},
  ): IndirectMemory2D<ValueOf<F>> {
    knownOptions('IndirectMemory2D.create', options, memoryOptions);
    const { readonly = false } = options;
    const memory = memoryOf(options) ?? jsMemory;
    const parsed = parseFormat(format, memory.model);
    const { table, owned } = newTable(memory, parsed, [rows, columns], 'an IndirectMemory2D');
    return new IndirectMemory2D({ table: { ...table, readonly }, owned });
  }

  /**
   * Wraps the memory behind a `T **` with another owner; the memory must outlive the returned object.
   *
   * A pointer from `ewald/ffi` has memory and format; for an address, both must
   * be given.
   *
   * @throws BufferError `FORMAT` unless it is a pointer to pointers to numbers, `ROWS` if it is known to have fewer,
   * `SPACE`.
   */
  static fromPointer<F extends string>(
    pointer: Address | TypedPointer,
    rows: number,
    columns: number,
    format?: F,
    options: MemoryOptions = {},
  ): IndirectMemory2D<ValueOf<F>> {
    knownOptions('IndirectMemory2D.fromPointer', options, memoryOptions);
    return new IndirectMemory2D(tableAt(pointer, [rows, columns], format, options));
  }

  /**
   * Like `fromPointer`, with the owner of the memory, which is kept and disposed after the last memory and view that
   * use it.
   */
  static fromPointerWithKeeper<F extends string>(
    pointer: Address | TypedPointer,
    rows: number,
    columns: number,
    format: F | undefined,
    keeper: Keeper,
    options: MemoryOptions = {},
  ): IndirectMemory2D<ValueOf<F>> {
    knownOptions('IndirectMemory2D.fromPointerWithKeeper', options, memoryOptions);
    return new IndirectMemory2D({ ...tableAt(pointer, [rows, columns], format, options), keeper });
  }

  /** Rows from typed arrays, buffers and strided arrays, without a copy: see BufferCollection2D for the rules. */
  static fromRows(rows: Iterable<ArrayLike>, options: CollectionOptions = {}): IndirectMemory2D {
    expectsRows('IndirectMemory2D.fromRows', rows);
    knownOptions('IndirectMemory2D.fromRows', options, collectionOptions);
    const { columnCount = -1, format, unravel = true } = options;
    return new IndirectMemory2D({ table: collectRows(rows, columnCount, format ?? null, unravel, options) });
  }

  /**
   * The rows of a 2-D array, without a copy; an array of one dimension is one row.
   *
   * @param array Elements of a row must be contiguous; there may be gaps between rows.
   * @throws BufferError `NDIM`, `CONTIGUITY`; `READONLY` if the array is read-only and `readonly` was not requested.
   */
  static viewRows(array: ArrayLike, options: MemoryOptions = {}): IndirectMemory2D {
    knownOptions('IndirectMemory2D.viewRows', options, memoryOptions);
    return new IndirectMemory2D({ table: stripsOf(array, 'rows', options) });
  }

  /**
   * The columns of a 2-D array as rows: shape (columns, rows), without a copy; an array of one dimension is one row.
   */
  static viewColumns(array: ArrayLike, options: MemoryOptions = {}): IndirectMemory2D {
    knownOptions('IndirectMemory2D.viewColumns', options, memoryOptions);
    return new IndirectMemory2D({ table: stripsOf(array, 'columns', options) });
  }

  /** The space that contains the memory. */
  get space(): MemorySpace {
    return this.#table.space;
  }

  /** Number of rows. */
  get rowCount(): number {
    return this.#table.shape[0];
  }

  /** Number of rows. */
  get rows(): number {
    return this.#table.shape[0];
  }

  /** Number of elements per row. */
  get columns(): number {
    return this.#table.shape[1];
  }

  /** Rows and columns. */
  get shape(): readonly [number, number] {
    return this.#table.shape;
  }

  /** Format of the elements: a struct letter, with its byte order if one was given. */
  get format(): string {
    return this.#table.format.text;
  }

  /** Bytes of an element. */
  get itemSize(): number {
    return this.#table.format.size;
  }

  /** Whether elements may only be read. */
  get isReadonly(): boolean {
    return this.#table.readonly;
  }

  /** Number of existing views. While there are any, format and writability are fixed. */
  get lockCount(): number {
    return this.#locks;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Makes the memory read-only for good. @throws BufferError `LOCKED` while views are alive. */
  makeReadOnly(): void {
    this.#assertAlive();
    if (this.isReadonly) return;
    this.#assertUnlocked('made read-only');
    this.#table = { ...this.#table, readonly: true };
  }

  /** The element at row i, column j; negative indices count from the end. @throws BufferError `INDEX`. */
  at(i: number, j: number): V {
    this.#assertAlive();
    return this.readAt(i, j);
  }

  /**
   * Writes the element at row i, column j. Floats are rounded to the format, those beyond it to infinity; `?` stores
   * whether the value is true. @throws BufferError `INDEX`, `READONLY`, or `VALUE` for an integer that the format cannot
   * hold.
   */
  set(i: number, j: number, value: V): void {
    this.#assertAlive();
    this.writeAt(i, j, value);
  }

  /** Row i through accessors, without a copy, and without a view that could become stale when a heap grows. */
  row(i: number): RowView<V> {
    this.#assertAlive();
    const index = indexOf('row', i, this.rowCount);
    return new RowView<V>(
      this.columns,
      (j) => this.at(index, j),
      (j, value) => this.set(index, j, value),
    );
  }

  /**
   * Calls `use` with row i as a typed array, and returns its result.
   *
   * The array is the memory itself if elements have the machine's byte order and are aligned to their size. Otherwise
   * it is a copy that is written back. For read-only memory it is a copy. It is valid only until `use` returns.
   *
   * @throws BufferError `DISPOSED`, with the call, if a wasm heap grew meanwhile.
   */
  withRow<R>(i: number, use: (view: TypedArray) => R): R {
    this.#assertAlive();
    const { rows, format, readonly } = this.#current();
    const { span, offset } = rowOf(rows, i);
    const [{ array }, count] = [format, this.columns];
    if (!array)
      throw new BufferError('FORMAT', `JavaScript has no typed array for format "${format.text}"; use row(${i})`);
    const view = span.view();
    const start = view.byteOffset + offset;
    const nothing = (): void => {};
    if (format.native && !readonly && start % format.size === 0)
      return scoped(() => lendView(this.space, () => use(new array(view.buffer, start, count))), nothing, this.lock());
    const copy = new array(count);
    for (let j = 0; j < count; j++) copy[j] = format.read(view, offset + j * format.size) as never;
    const before = readonly ? copy : copy.slice();
    // What was set meanwhile stays.
    const writeBack = (): void => {
      const now = span.view();
      for (let j = 0; j < count; j++)
        if (!Object.is(copy[j], before[j])) format.write(now, offset + j * format.size, copy[j] as Value);
    };
    return scoped(() => use(copy), readonly ? nothing : writeBack, this.lock());
  }

  *[Symbol.iterator](): IterableIterator<RowView<V>> {
    for (let i = 0; i < this.rowCount; i++) yield this.row(i);
  }

  /** Index and row, one after the other. */
  *entries(): IterableIterator<[number, RowView<V>]> {
    for (let i = 0; i < this.rowCount; i++) yield [i, this.row(i)];
  }

  /** The elements as an array for each row. */
  toArray(): V[][] {
    return Array.from(this, (row) => row.toArray());
  }

  /** All elements in order, row by row: a copy. */
  toTypedArray(): TypedArray {
    this.#assertAlive();
    const { format, rows } = this.#current();
    const { columns } = this;
    if (!format.array)
      throw new BufferError('FORMAT', `JavaScript has no typed array for format "${format.text}"; use toArray()`);
    const copy = new format.array(this.rowCount * columns);
    const target = new Uint8Array(copy.buffer);
    const bytes = columns * format.size;
    for (const [i, { span, offset }] of rows.entries()) {
      const view = span.view();
      if (format.native) target.set(new Uint8Array(view.buffer, view.byteOffset + offset, bytes), i * bytes);
      else
        for (let j = 0; j < columns; j++) copy[i * columns + j] = format.read(view, offset + j * format.size) as never;
    }
    return copy;
  }

  /**
   * The address of the table of row addresses, which C accepts as `T **`. A number in a wasm heap, a bigint in the
   * process.
   *
   * The table is made on first use and exists as long as the memory.
   *
   * @throws BufferError `SPACE` for JavaScript memory, which has no addresses.
   */
  get pointer(): Address {
    this.#assertAlive();
    const { pointer } = this.#parts;
    if (pointer !== undefined) return pointer;
    const { space, rows } = this.#table;
    if (!this.#pointers) {
      this.#pointers = writePointers(space, rows.map(addressOfRow), `the row table of this ${this.#name}`);
      this.#read = copyOf(this.#pointers.view());
    }
    return this.#pointers.address as Address;
  }

  /**
   * Returns a view, which locks the memory until it is disposed.
   *
   * @param options `writable: true` refuses read-only memory immediately.
   */
  view(options: { readonly writable?: boolean | undefined } = {}): View2D<V> {
    this.#assertAlive();
    knownOptions('view', options, ['writable']);
    if (options.writable && this.isReadonly) throw new BufferError('READONLY', 'buffer is not writable');
    return new View2D<V>(this, options.writable === undefined ? this.isReadonly : !options.writable);
  }

  /**
   * Reads the same bits in another format. The number of columns becomes the number that fits; the remainder of a row
   * is no longer accessible.
   *
   * @throws BufferError `LOCKED` while views are alive, unless the format stays the same.
   */
  reinterpret<F extends string>(format: F): IndirectMemory2D<ValueOf<F>> {
    this.#assertAlive();
    const { space, rows } = this.#table;
    const parsed = parseFormat(format, space.model);
    if (parsed.text !== this.format) {
      this.#assertUnlocked('read in another format');
      const columns = Math.floor((this.columns * this.itemSize) / parsed.size);
      this.#table = tableOf({ ...this.#table, format: parsed }, rows, columns);
    }
    return this as unknown as IndirectMemory2D<ValueOf<F>>;
  }

  /**
   * Copies all elements from another memory or 2-D array; with `cast` the bits, for any formats. Nothing is converted.
   */
  copyFrom(source: Copied, options: { readonly cast?: boolean | undefined } = {}): void {
    this.#assertAlive();
    knownOptions('copyFrom', options, ['cast']);
    copyElements(this.#current(), IndirectMemory2D.#elementsOf(source, 'the source'), options.cast ?? false);
  }

  /** Copies all elements to another memory or 2-D array. */
  copyTo(target: Copied, options: { readonly cast?: boolean | undefined } = {}): void {
    this.#assertAlive();
    knownOptions('copyTo', options, ['cast']);
    copyElements(IndirectMemory2D.#elementsOf(target, 'the target'), this.#current(), options.cast ?? false);
  }

  /**
   * The same elements in another memory, so that C can reach them there.
   *
   * In the process the rows are shared, since JavaScript's buffers have addresses there. In a wasm heap they are
   * copied, and copied back when the returned memory is disposed, unless the memory is read-only.
   */
  stage(space: MemorySpace, options: { readonly copyBack?: boolean | undefined } = {}): IndirectMemory2D<V> {
    this.#assertAlive();
    knownOptions('stage', options, ['copyBack']);
    expectsSpace(space);
    const unlock = this.lock();
    try {
      const isShared = space.kind !== 'wasm' && this.space.kind !== 'wasm';
      return isShared ? this.#shared(space, unlock) : this.#copied(space, options.copyBack ?? true, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** The same rows, with their addresses in another space. */
  #shared(space: MemorySpace, onEnd: () => void): IndirectMemory2D<V> {
    const rows = this.#current().rows.map(({ span, offset }): Row => {
      const { buffer, byteOffset, byteLength } = span.view();
      if (this.space === space && span.address !== undefined) return { span, offset };
      return { span: space.locate(buffer, byteOffset, byteLength) ?? span, offset };
    });
    const format = parseFormat(this.format, space.model);
    const table = tableOf({ space, format, readonly: this.isReadonly, held: [] }, rows, this.columns);
    return new IndirectMemory2D<V>({ table, onEnd });
  }

  /** A copy of the rows in another space, which is copied back at its end; rows that overlap do so there, too. */
  #copied(space: MemorySpace, copyBack: boolean, unlock: () => void): IndirectMemory2D<V> {
    const { readonly, rows, shape } = this.#current();
    const format = parseFormat(this.format, space.model);
    const { places, owned, copy } = copiedRows(space, rows, shape[1] * this.itemSize);
    copy('in');
    const onEnd = (): void => {
      try {
        if (copyBack && !readonly) copy('back');
      } finally {
        unlock();
      }
    };
    return new IndirectMemory2D<V>({
      table: tableOf({ space, format, readonly, held: [] }, places, shape[1]),
      owned,
      onEnd,
    });
  }

  /**
   * Ends the memory. Owned memory is freed, and the keeper disposed, after the last view has ended as well; a second
   * call does nothing.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    backstop.unregister(this.#parts);
    this.#leave();
  }

  /** What console.log shows: the shape, the format, the first elements. @internal */
  describe(): string {
    const name = this.#name;
    if (this.#disposed) return `${name} (disposed)`;
    const shape = `${this.rowCount} × ${this.columns}`;
    const where = { js: '', wasm: ' in a wasm heap', native: ' in the process' }[this.space.kind];
    const rows = Array.from({ length: Math.min(4, this.rowCount) }, (_, i) => listed(this.row(i), this.columns));
    const more = this.rowCount > rows.length ? `,\n  … ${this.rowCount - rows.length} more` : '';
    const text = rows.length > 0 ? ` [\n  ${rows.join(',\n  ')}${more}\n]` : '';
    return `${name} ${shape} of "${this.format}"${this.isReadonly ? ', read-only' : ''}${where}${text}`;
  }

  /** The rows as C has left them: it may have moved their pointers. */
  #current(): Table {
    const { space } = this.#table;
    if (space.turn !== this.#turn) this.#reread(space.turn);
    return this.#table;
  }

  #reread(turn: number): void {
    this.#turn = turn;
    this.#looks = 0;
    const view = this.#pointers ? this.#pointers.view() : this.#parts.pointers?.();
    if (!view) return;
    const before = this.#read;
    if (before && isSameTable(view, before)) return;
    this.#read = copyOf(view);
    if (before) this.#table = movedRows(this.#table, view);
  }

  /**
   * @internal Has the memory keep what the rows lead into that C stored in a call; `find` knows what C was lent in it.
   */
  keepRows(find: (address: Address) => object | undefined): void {
    const { rows } = this.#table;
    this.#reread(this.#turn);
    const now = this.#table.rows;
    if (now === rows) return;
    const known = new Map(rows.map((row, i) => [row, this.#kept[i]]));
    const kept = now.map((row) => {
      const { address } = row.span;
      return known.has(row) ? known.get(row) : address ? find(address) : undefined;
    });
    for (const thing of kept) if (thing) retain(thing);
    this.#releaseKept();
    this.#kept = kept;
  }

  #releaseKept(): void {
    for (const thing of this.#kept) if (thing) releaseNow(thing);
    this.#kept = [];
  }

  /** @internal The rows by the numbers that they had before; none if they did not move. */
  orderSince(rows: readonly Row[]): readonly number[] {
    this.#reread(this.#table.space.turn);
    const now = this.#table.rows;
    return now.every((row, i) => row === rows[i]) ? [] : now.map((row) => rows.indexOf(row));
  }

  /** @internal Moves the rows as C moved those of a staged copy; `place` names it. */
  reorder(order: readonly number[], place: string): void {
    if (order.length === 0) return;
    const i = order.indexOf(-1);
    if (i >= 0)
      throw new BufferError(
        'SPACE',
        `C stored NULL or a pointer of its own as row ${i} of ${place}, which was passed from another memory; make it in ` +
          'that of the library: { memory: lib.memory }',
      );
    const { rows, shape } = this.#table;
    const moved = order.map((from) => rows[from] as Row);
    this.#table = tableOf(this.#table, moved, shape[1]);
  }

  /** @internal Where the rows are. */
  get places(): readonly Row[] {
    return this.#current().rows;
  }

  /** The table for one element: of a few rows after a call, their pointers alone are compared. */
  #tableFor(i: number): Table {
    const { space, rows } = this.#table;
    if (space.turn === this.#turn) return this.#table;
    const view = this.#pointers ? this.#pointers.view() : this.#parts.pointers?.();
    const before = this.#read;
    const bytes = pointerBytes[space.model];
    if (
      !view ||
      !before ||
      this.#looks++ > rows.length / 8 ||
      !isSameWord(view, before, (i < 0 ? i + rows.length : i) * bytes, bytes)
    )
      this.#reread(space.turn);
    return this.#table;
  }

  /** @internal */
  readAt(i: number, j: number): V {
    const { rows, format, shape } = this.#tableFor(i);
    const { span, offset } = rowOf(rows, i);
    return format.read(span.view(), offset + indexOf('column', j, shape[1]) * format.size) as V;
  }

  /** @internal */
  writeAt(i: number, j: number, value: V): void {
    const { rows, format, shape, readonly } = this.#tableFor(i);
    const { span, offset } = rowOf(rows, i);
    const column = indexOf('column', j, shape[1]);
    if (readonly) throw new BufferError('READONLY', 'cannot modify read-only memory');
    format.write(span.view(), offset + column * format.size, value);
  }

  /** @internal Counts a view; the returned function ends it. */
  lock(): () => void {
    this.#locks++;
    this.#users++;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#locks--;
      this.#leave();
    };
  }

  /** Ends the memory after its last user. */
  #leave(): void {
    if (--this.#users > 0) return;
    const { table, owned, keeper, onEnd } = this.#parts;
    try {
      onEnd?.();
    } finally {
      owned?.free();
      this.#pointers?.free();
      this.#releaseKept();
      for (const thing of table.held) releaseNow(thing);
      // The owner of the memory is disposed last, and only after its last user.
      if (keeper && releaseNow(keeper) <= 0) disposeKeeper(keeper);
    }
  }

  /** The elements of a memory or an array. */
  static #elementsOf(value: Copied, what: string): Elements {
    if (!(value instanceof IndirectMemory2D)) return elementsOf(value, what);
    value.#assertAlive();
    return value.#current();
  }

  #assertAlive(): void {
    if (this.#disposed)
      throw new BufferError('DISPOSED', `this ${this.#name} was disposed; create a new one before using it again`);
  }

  #assertUnlocked(what: string): void {
    if (this.#locks > 0)
      throw new BufferError(
        'LOCKED',
        `buffer is locked: ${this.#locks} views are alive, so it cannot be ${what}; dispose them first`,
      );
  }
}
disposableClass(IndirectMemory2D);
refuseIndexing(IndirectMemory2D, 'memory; row(i) is a row, at(i, j) reads an element and set(i, j, value) writes it');
shownAs(IndirectMemory2D.prototype, function (this: IndirectMemory2D) {
  return this.describe();
});

const copyOf = ({ buffer, byteOffset, byteLength }: DataView): DataView =>
  new DataView(buffer.slice(byteOffset, byteOffset + byteLength));

const rowOf = (rows: readonly Row[], i: number): Row => rows[i] ?? (rows[indexOf('row', i, rows.length)] as Row);

/** An index of a row or column; a negative one counts from the end. */
function indexOf(what: 'row' | 'column', i: number, count: number): number {
  const index = i < 0 ? i + count : i;
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new BufferError('INDEX', `${what} ${i} is outside; there are ${count} ${what}s`, { [what]: i });
  return index;
}
