/** Rows of elements, each at its own address: the base of rectangular memories. */
import {
  backstop,
  disposableClass,
  disposeKeeper,
  type Keeper,
  type MaybeDisposable,
  releaseNow,
  retain,
} from './disposable.js';
import { BufferError } from './errors.js';
import type { Format, TypedArray, Value } from './format.js';
import { listed, shownAs } from './inspect.js';
import { RowView } from './row-view.js';
import { type Address, type Allocation, type MemorySpace, type Span, writePointers } from './space.js';

/** A row: a span of memory, and the offset of the row in it. */
export interface Row {
  readonly span: Span;
  readonly offset: number;
}

/** Rows one after the other in a span, `apart` bytes from each other. */
export const rowsIn = (span: Span, count: number, apart: number, offset = 0): Row[] =>
  Array.from({ length: count }, (_, i) => ({ span, offset: offset + i * apart }));

/** Members of a memory object. */
export interface Parts {
  readonly space: MemorySpace;
  readonly format: Format;
  readonly rows: readonly Row[];
  /** Elements of each row. */
  readonly columns: number;
  readonly readonly: boolean;
  /** Freed with the memory. */
  readonly owned?: readonly Allocation[] | undefined;
  /** Protected from disposal while this uses it, and not disposed by it. */
  readonly held?: readonly object[] | undefined;
  /** Disposed after its last user. */
  readonly keeper?: Keeper | undefined;
  /** Address of the row table, if one exists already. */
  readonly table?: Address | undefined;
  /** Runs first when the memory ends. */
  readonly onDispose?: (() => void) | undefined;
}

export interface Rows<V extends Value = Value> extends MaybeRowsDisposable {
  [Symbol.iterator](): IterableIterator<RowView<V>>;
}
type MaybeRowsDisposable = MaybeDisposable & object;

/** Rows of elements of one format. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: disposableClass provides the `using` face
export class Rows<V extends Value = Value> {
  readonly #space: MemorySpace;
  readonly #rows: readonly Row[];
  readonly #owned: Allocation[];
  readonly #name: string;
  /** Counts those that keep the memory alive, itself and each of its views, and ends it after the last one. */
  readonly #users: { count: number; readonly end: () => void };
  #format: Format;
  #columns: number;
  #readonly: boolean;
  #table: Address | undefined;
  #locks = 0;
  #disposed = false;

  protected constructor(name: string, parts: Parts) {
    this.#name = name;
    this.#space = parts.space;
    this.#format = parts.format;
    this.#rows = parts.rows;
    this.#columns = parts.columns;
    this.#readonly = parts.readonly;
    this.#table = parts.table;
    this.#owned = [...(parts.owned ?? [])];
    const owned = this.#owned;
    const held = [...new Set(parts.held ?? [])];
    const { keeper, onDispose } = parts;
    for (const thing of held) retain(thing);
    if (keeper) retain(keeper);
    const end = (): void => {
      onDispose?.();
      for (const allocation of owned) allocation.free();
      for (const thing of held) releaseNow(thing);
      // The owner of the memory is disposed last, and only after its last user.
      if (keeper && releaseNow(keeper) <= 0) disposeKeeper(keeper);
    };
    this.#users = { count: 1, end };
    if (keeper) backstop.register(this, { what: `the ${name} with a keeper`, free: () => undefined }, this.#users);
  }

  /** The space that contains the memory. */
  get space(): MemorySpace {
    return this.#space;
  }

  /** Number of rows. */
  get rowCount(): number {
    return this.#rows.length;
  }

  /** Number of rows. */
  get rows(): number {
    return this.#rows.length;
  }

  /** Number of elements per row. */
  get columns(): number {
    return this.#columns;
  }

  /** Rows and columns. */
  get shape(): readonly [number, number] {
    return [this.#rows.length, this.#columns];
  }

  /** Format of the elements: a struct letter, with its byte order if one was given. */
  get format(): string {
    return this.#format.text;
  }

  /** Bytes of an element. */
  get itemSize(): number {
    return this.#format.size;
  }

  /** Whether elements may only be read. */
  get isReadonly(): boolean {
    return this.#readonly;
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
    this.assertAlive();
    if (this.#readonly) return;
    this.assertUnlocked('made read-only');
    this.#readonly = true;
  }

  /** Number of elements of row i. */
  columnsOf(i: number): number {
    this.rowIndex(i);
    return this.#columns;
  }

  /** The element at row i, column j; negative indices count from the end. @throws BufferError `INDEX`. */
  at(i: number, j: number): V {
    this.assertAlive();
    return this.readAt(i, j);
  }

  /**
   * Writes the element at row i, column j. @throws BufferError `INDEX`, `READONLY`, or `VALUE` when the format cannot
   * hold it.
   */
  set(i: number, j: number, value: V): void {
    this.assertAlive();
    this.writeAt(i, j, value);
  }

  /** Row i through accessors, without a copy, and without a view that could become stale when a heap grows. */
  row(i: number): RowView<V> {
    this.assertAlive();
    const index = this.rowIndex(i);
    return new RowView<V>(
      this.#columns,
      (j) => this.at(index, j),
      (j, value) => this.set(index, j, value),
    );
  }

  /**
   * Calls `use` with row i as a typed array, and returns its result.
   *
   * The array is the memory itself if elements have the machine's byte order and are aligned to their size. Otherwise
   * it is a copy that is written back. For read-only memory it is a copy. It is valid only until `use` returns.
   */
  withRow<R>(i: number, use: (view: TypedArray) => R): R {
    this.assertAlive();
    const { span, offset } = this.rowAt(i);
    const [format, count] = [this.#format, this.#columns];
    const { array } = format;
    if (!array)
      throw new BufferError('FORMAT', `JavaScript has no typed array for format "${format.text}"; use row(${i})`);
    const lock = this.lock();
    try {
      const view = span.view();
      const start = view.byteOffset + offset;
      if (format.native && !this.#readonly && start % format.size === 0)
        return use(new array(view.buffer, start, count));
      const copy = new array(count);
      for (let j = 0; j < count; j++) copy[j] = format.read(view, offset + j * format.size) as never;
      const result = use(copy);
      if (!this.#readonly) {
        const now = span.view();
        for (let j = 0; j < count; j++) format.write(now, offset + j * format.size, copy[j] as Value);
      }
      return result;
    } finally {
      lock();
    }
  }

  *[Symbol.iterator](): IterableIterator<RowView<V>> {
    for (let i = 0; i < this.rowCount; i++) yield this.row(i);
  }

  /** Index and row, one after the other. */
  *entries(): IterableIterator<[number, RowView<V>]> {
    for (let i = 0; i < this.rowCount; i++) yield [i, this.row(i)];
  }

  /** What console.log shows: the shape, the format, the first elements. @internal */
  describe(): string {
    const name = this.#name;
    if (this.#disposed) return `${name} (disposed)`;
    const shape = `${this.rowCount} × ${this.#columns}`;
    const where = { js: '', wasm: ' in a wasm heap', native: ' in the process' }[this.#space.kind];
    const rows = Array.from({ length: Math.min(4, this.rowCount) }, (_, i) => listed(this.row(i), this.#columns));
    const more = this.rowCount > rows.length ? `,\n  … ${this.rowCount - rows.length} more` : '';
    const text = rows.length > 0 ? ` [\n  ${rows.join(',\n  ')}${more}\n]` : '';
    return `${name} ${shape} of "${this.format}"${this.#readonly ? ', read-only' : ''}${where}${text}`;
  }

  /** The elements as an array for each row. */
  toArray(): V[][] {
    return Array.from(this, (row) => row.toArray());
  }

  /** All elements in order, row by row: a copy. */
  toTypedArray(): TypedArray {
    this.assertAlive();
    const format = this.#format;
    if (!format.array)
      throw new BufferError('FORMAT', `JavaScript has no typed array for format "${format.text}"; use toArray()`);
    const columns = this.#columns;
    const copy = new format.array(this.rowCount * columns);
    const target = new Uint8Array(copy.buffer);
    const bytes = columns * format.size;
    for (const [i, { span, offset }] of this.#rows.entries()) {
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
    this.assertAlive();
    if (this.#table !== undefined) return this.#table;
    const addresses = this.#rows.map(({ span, offset }) => {
      const { address } = span;
      if (address === undefined)
        throw new BufferError(
          'SPACE',
          'JavaScript memory has no addresses; stage(lib.memory) copies it to where C can access it',
        );
      return typeof address === 'bigint' ? address + BigInt(offset) : address + offset;
    });
    const table = writePointers(this.#space, addresses, `the row table of this ${this.#name}`);
    this.#owned.push(table);
    this.#table = table.address as Address;
    return this.#table;
  }

  /**
   * Ends the memory. Owned memory is freed, and the keeper disposed, after the last view has ended as well; a second
   * call does nothing.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    backstop.unregister(this.#users);
    this.#leave();
  }

  /** @internal */
  readAt(i: number, j: number): V {
    const { span, offset } = this.rowAt(i);
    const format = this.#format;
    return format.read(span.view(), offset + columnIndex(j, this.#columns) * format.size) as V;
  }

  /** @internal */
  writeAt(i: number, j: number, value: V): void {
    const { span, offset } = this.rowAt(i);
    const format = this.#format;
    const column = columnIndex(j, this.#columns);
    if (this.#readonly) throw new BufferError('READONLY', 'cannot modify read-only memory');
    format.write(span.view(), offset + column * format.size, value);
  }

  /** @internal Counts a view; the returned function ends it. */
  lock(): () => void {
    this.#locks++;
    this.#users.count++;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#locks--;
      this.#leave();
    };
  }

  #leave(): void {
    if (--this.#users.count === 0) this.#users.end();
  }

  /** @internal */
  rowIndex(i: number): number {
    const index = i < 0 ? i + this.#rows.length : i;
    if (!Number.isInteger(index) || index < 0 || index >= this.#rows.length) {
      throw new BufferError('INDEX', `row ${i} is outside; there are ${this.#rows.length} rows`, { row: i });
    }
    return index;
  }

  /** @internal */
  rowAt(i: number): Row {
    return this.#rows[i] ?? (this.#rows[this.rowIndex(i)] as Row);
  }

  /** @internal */
  get formatInUse(): Format {
    return this.#format;
  }

  /** Reads the same bits in another format; the number of columns becomes the number that fits. */
  protected setFormat(format: Format): void {
    this.#columns = Math.floor((this.#columns * this.#format.size) / format.size);
    this.#format = format;
  }

  protected assertAlive(): void {
    if (this.#disposed)
      throw new BufferError('DISPOSED', `this ${this.#name} was disposed; create a new one before using it again`);
  }

  protected assertUnlocked(what: string): void {
    if (this.#locks > 0)
      throw new BufferError(
        'LOCKED',
        `buffer is locked: ${this.#locks} views are alive, so it cannot be ${what}; dispose them first`,
      );
  }
}
disposableClass(Rows);
shownAs(Rows.prototype, function (this: Rows) {
  return this.describe();
});

function columnIndex(j: number, count: number): number {
  const index = j < 0 ? j + count : j;
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new BufferError('INDEX', `column ${j} is outside; there are ${count} columns`, { column: j });
  return index;
}
