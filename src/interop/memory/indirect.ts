/** Rectangular memory addressed through a table of row addresses: `T **` in C. */

import { EwaldError } from '../../base/errors.js';
import { inspect, knownOptions } from '../../base/options.js';
import { collectRows } from './collect.js';
import { copyGrid, type Grid, gridOfArray, gridOfRows } from './copy.js';
import type { Keeper } from './disposable.js';
import { BufferError } from './errors.js';
import { parseFormat, type Value, type ValueOf } from './format.js';
import { type Parts, type Row, Rows, rowsIn } from './rows.js';
import { type ArrayLike, expectsRows, sourceInMemory } from './source.js';
import { type Address, type Allocation, jsMemory, type MemorySpace, readPointers } from './space.js';
import { View2D } from './view.js';

export interface MemoryOptions {
  /** The space of the memory; default JavaScript. `lib.memory` is the memory of a library. */
  readonly memory?: MemorySpace | undefined;
  /** Whether it may only be read; default false. */
  readonly readonly?: boolean | undefined;
}
const memoryOptions = ['memory', 'readonly'];

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
}

const isTyped = (value: unknown): value is TypedPointer =>
  typeof value === 'object' && value !== null && 'address' in value && 'memory' in value && 'typeText' in value;

/** Checks a number of rows or columns. */
function size(what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new EwaldError('Argument', `${what} is ${inspect(value)}; expected a whole number from 0`);
  return value;
}

/** Rectangular memory of one format, with rows at separate addresses. */
export class IndirectMemory2D<V extends Value = Value> extends Rows<V> {
  protected constructor(parts: Parts, name = 'IndirectMemory2D') {
    super(name, parts);
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
    const space = options.memory ?? jsMemory;
    const parsed = parseFormat(format, space.model);
    const bytes = size('columns', columns) * parsed.size;
    const data = space.allocate(size('rows', rows) * bytes, 'an IndirectMemory2D');
    const { readonly = false } = options;
    return new IndirectMemory2D({
      space,
      format: parsed,
      rows: rowsIn(data, rows, bytes),
      columns,
      readonly,
      owned: [data],
    });
  }

  /**
   * Wraps the memory behind a `T **` with another owner; the memory must outlive the returned object.
   *
   * The row addresses are read once, here. A pointer from `ewald/ffi` has memory and format; for an address, both must
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
    return IndirectMemory2D.#wrap(pointer, rows, columns, format, options, undefined);
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
    return IndirectMemory2D.#wrap(pointer, rows, columns, format, options, keeper);
  }

  static #wrap<F extends string>(
    pointer: Address | TypedPointer,
    rows: number,
    columns: number,
    format: F | undefined,
    options: MemoryOptions,
    keeper: Keeper | undefined,
  ): IndirectMemory2D<ValueOf<F>> {
    size('rows', rows);
    size('columns', columns);
    const typed = isTyped(pointer) ? pointer : undefined;
    const address = typed ? typed.address : (pointer as Address);
    const space = options.memory ?? typed?.memory ?? jsMemory;
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
    const bytes = columns * parsed.size;
    return new IndirectMemory2D({
      space,
      format: parsed,
      rows: readPointers(space, address, rows).map((row) => ({ span: space.span(row, bytes), offset: 0 })),
      columns,
      readonly: options.readonly ?? false,
      held: typed ? [typed] : [],
      keeper,
      table: address,
    });
  }

  /** Rows from typed arrays, buffers and strided arrays, without a copy: see BufferCollection2D for the rules. */
  static fromRows(rows: Iterable<ArrayLike>, options: CollectionOptions = {}): IndirectMemory2D {
    expectsRows('IndirectMemory2D.fromRows', rows);
    knownOptions('IndirectMemory2D.fromRows', options, collectionOptions);
    const { columnCount, format, unravel, readonly, ...rest } = options;
    const parts = collectRows(rows, columnCount ?? -1, format ?? null, unravel ?? true, rest);
    return new IndirectMemory2D({ ...parts, readonly: parts.readonly || (readonly ?? false) });
  }

  /**
   * The rows of a 2-D array, without a copy; an array of one dimension is one row.
   *
   * @param array Elements of a row must be contiguous; there may be gaps between rows.
   * @throws BufferError `NDIM`, `CONTIGUITY`; `READONLY` if the array is read-only and `readonly` was not requested.
   */
  static viewRows(array: ArrayLike, options: MemoryOptions = {}): IndirectMemory2D {
    return IndirectMemory2D.#strips(array, options, 'rows');
  }

  /**
   * The columns of a 2-D array as rows: shape (columns, rows), without a copy; an array of one dimension is one row.
   */
  static viewColumns(array: ArrayLike, options: MemoryOptions = {}): IndirectMemory2D {
    return IndirectMemory2D.#strips(array, options, 'columns');
  }

  static #strips(array: ArrayLike, options: MemoryOptions, along: 'rows' | 'columns'): IndirectMemory2D {
    knownOptions(`IndirectMemory2D.view${along === 'rows' ? 'Rows' : 'Columns'}`, options, memoryOptions);
    const source = sourceInMemory(array, 'the array', options.memory);
    const { shape, strides, offset, span } = source;
    if (shape.length < 1 || shape.length > 2)
      throw new BufferError('NDIM', `expected at most 2 but found ${shape.length} dimensions`);
    if (source.readonly && !options.readonly)
      throw new BufferError('READONLY', 'buffer source array is read-only; pass { readonly: true }');
    // An array of one dimension is one row in either case.
    const axes = [1, ...shape].map((n, i) => [n, [0, ...strides][i] as number] as const).slice(-2);
    const [[count, apart], [length, step]] = (along === 'columns' && shape.length === 2 ? axes.reverse() : axes) as [
      readonly [number, number],
      readonly [number, number],
    ];
    if (length > 1 && step !== source.size) {
      throw new BufferError(
        'CONTIGUITY',
        `${along} of the buffer-object aren't contiguous: their elements lie ${step} bytes apart, expected ` +
          `${source.size}`,
      );
    }
    return new IndirectMemory2D({
      space: source.space,
      format: parseFormat(source.format, source.space.model),
      rows: rowsIn(span, count, apart, offset),
      columns: length,
      readonly: options.readonly ?? false,
      held: source.held ? [source.held] : [],
    });
  }

  /**
   * Returns a view, which locks the memory until it is disposed.
   *
   * @param options `writable: true` refuses read-only memory immediately.
   */
  view(options: { readonly writable?: boolean | undefined } = {}): View2D<V> {
    this.assertAlive();
    knownOptions('view', options, ['writable']);
    if (options.writable && this.isReadonly) throw new BufferError('READONLY', 'buffer is not writable');
    return new View2D<V>(this, this.shape, options.writable === undefined ? this.isReadonly : !options.writable);
  }

  /**
   * Reads the same bits in another format. The number of columns becomes the number that fits; the remainder of a row
   * is no longer accessible.
   *
   * @throws BufferError `LOCKED` while views are alive, unless the format stays the same.
   */
  reinterpret<F extends string>(format: F): IndirectMemory2D<ValueOf<F>> {
    this.assertAlive();
    const parsed = parseFormat(format, this.space.model);
    if (parsed.text !== this.format) {
      this.assertUnlocked('read in another format');
      this.setFormat(parsed);
    }
    return this as unknown as IndirectMemory2D<ValueOf<F>>;
  }

  /**
   * Copies all elements from another memory or 2-D array; with `cast` the bits, for any formats. Nothing is converted.
   */
  copyFrom(
    source: IndirectMemory2D<never> | IndirectMemory2D | ArrayLike,
    options: { readonly cast?: boolean | undefined } = {},
  ): void {
    this.assertAlive();
    knownOptions('copyFrom', options, ['cast']);
    copyGrid(this.#grid, gridOf(source, 'the source'), options.cast ?? false);
  }

  /** Copies all elements to another memory or 2-D array. */
  copyTo(
    target: IndirectMemory2D<never> | IndirectMemory2D | ArrayLike,
    options: { readonly cast?: boolean | undefined } = {},
  ): void {
    this.assertAlive();
    knownOptions('copyTo', options, ['cast']);
    copyGrid(gridOf(target, 'the target'), this.#grid, options.cast ?? false);
  }

  /**
   * The same elements in another memory, so that C can reach them there.
   *
   * In the process the rows are shared, since JavaScript's buffers have addresses there. In a wasm heap they are
   * copied, and copied back when the returned memory is disposed, unless the memory is read-only.
   */
  stage(space: MemorySpace, options: { readonly copyBack?: boolean | undefined } = {}): IndirectMemory2D<V> {
    this.assertAlive();
    knownOptions('stage', options, ['copyBack']);
    const unlock = this.lock();
    const parts = {
      space,
      format: parseFormat(this.format, space.model),
      columns: this.columns,
      readonly: this.isReadonly,
    };
    if (space.kind !== 'wasm' && this.space.kind !== 'wasm') {
      const rows = this.#rows.map(({ span, offset }) => {
        const view = span.view();
        const known = span.address !== undefined && this.space === space;
        const shared = known ? span : space.locate(view.buffer, view.byteOffset, view.byteLength);
        return { span: shared ?? span, offset };
      });
      return new IndirectMemory2D<V>({ ...parts, rows, onDispose: unlock });
    }
    const bytes = this.columns * parts.format.size;
    let data: Allocation;
    try {
      data = space.allocate(this.rowCount * bytes, 'a staged IndirectMemory2D');
    } catch (error) {
      unlock();
      throw error;
    }
    const rows = rowsIn(data, this.rowCount, bytes);
    const staged = gridOfRows({ ...parts, rows, readonly: false });
    copyGrid(staged, this.#grid, true);
    const onDispose = (): void => {
      if (!parts.readonly && (options.copyBack ?? true)) copyGrid(this.#grid, staged, true);
      unlock();
    };
    return new IndirectMemory2D<V>({ ...parts, rows, owned: [data], onDispose });
  }

  /** @internal */
  gridNow(): Grid {
    this.assertAlive();
    return this.#grid;
  }

  get #rows(): Row[] {
    return Array.from({ length: this.rowCount }, (_, i) => this.rowAt(i));
  }

  get #grid(): Grid {
    return gridOfRows({
      format: this.formatInUse,
      rows: this.#rows,
      columns: this.columns,
      readonly: this.isReadonly,
    });
  }
}

function gridOf(value: IndirectMemory2D<never> | IndirectMemory2D | ArrayLike, what: string): Grid {
  return value instanceof IndirectMemory2D ? value.gridNow() : gridOfArray(value as ArrayLike, what);
}

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
