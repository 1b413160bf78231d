/** Arrays in the memory of a library: allocated for the caller, or returned by C. */

import { type DisposableObject, disposableClass, holdersOf } from '../memory/disposable.js';
import type { Located } from '../memory/elements.js';
import { BufferError } from '../memory/errors.js';
import { parseFormat, type TypedArray } from '../memory/format.js';
import { listed, shownAs } from '../memory/inspect.js';
import { refuseIndexing } from '../memory/no-index.js';
import type { KnownRow, TypedPointer } from '../memory/pointer-table.js';
import { type Address, lendView, type MemorySpace, offsetBy, type Span, scoped } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import { splitBehind, withElementsBehind } from './behind.js';
import { type CType, typeText } from './header/types.js';
import { Lending, Lent, Pointees, refuseCopy } from './lent.js';
import { type ArgumentName, textOf } from './scalars.js';
import { partOf } from './wide-values.js';

export interface CArray<V = unknown> extends DisposableObject {
  [Symbol.iterator](): IterableIterator<V>;
}

/** The pointer at which an array is. */
interface Source {
  /** The memory of JavaScript that it leads into. */
  readonly lent: Lent | undefined;
  /** Throws if what it leads into has ended. */
  check(): void;
}

/** Consecutive elements of one C type, in memory that C can access. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: disposableClass provides the `using` face
export class CArray<V = unknown> implements Located, TypedPointer {
  /** Type of an element. */
  readonly type: CType;
  readonly length: number;
  /** @internal */
  readonly runtime: Access;
  readonly #span: Span;
  readonly #size: number;
  readonly #source: Source | undefined;
  #release: (() => void) | undefined;
  #disposed = false;
  /** Calls of C and functions given to use() that work on the array. */
  #users = 0;
  #pointees: Pointees | undefined;
  #lent: Lent | undefined;

  /** @internal `release` frees the memory; without it, the array does not own the memory. */
  constructor(
    runtime: Access,
    type: CType,
    length: number,
    span: Span,
    release: (() => void) | undefined,
    source?: Source,
  ) {
    this.#source = source;
    this.runtime = runtime;
    this.type = type;
    this.length = length;
    this.#span = span;
    this.#size = runtime.sizeOf(type);
    this.#release = release;
  }

  /** The address of the first element. @throws `Disposed` if what its pointers lead into was disposed. */
  get address(): Address {
    if (this.#pointees) this.#pointees.assertAlive();
    return this.span().address as Address;
  }

  /** The memory that contains the array. */
  get space(): MemorySpace {
    return this.runtime.memory;
  }

  /** The same memory, under the name that pointers use. */
  get memory(): MemorySpace {
    return this.runtime.memory;
  }

  /** The array's own type, as C writes it. */
  get typeText(): string {
    return `${typeText(this.type)}[${this.length}]`;
  }

  /**
   * The format of the numbers at which its elements point, for a table of rows; undefined if the elements are not
   * pointers to numbers.
   */
  get rowFormat(): string | undefined {
    return this.type.kind === 'pointer' ? this.runtime.scalar(this.type.to)?.format.text : undefined;
  }

  /** Bytes of all elements. */
  get byteLength(): number {
    return this.length * this.#size;
  }

  /** The format of the elements, for `ewald/memory`. @throws BufferError `FORMAT` for elements that are not numbers. */
  get format(): string {
    const scalar = this.runtime.scalar(this.type);
    if (!scalar) throw new BufferError('FORMAT', `elements of type ${typeText(this.type)} are not numbers`);
    return scalar.format.text;
  }

  /** The format of the numbers of which elements such as `double[2]` consist. */
  get #numberFormat(): string {
    let { type } = this;
    while (type.kind === 'array') type = type.of;
    return this.runtime.scalar(type)?.format.text ?? this.format;
  }

  /** @internal The memory of JavaScript that element `i`, a pointer, leads into. */
  rowAt(i: number, address: Address): KnownRow | undefined {
    return this.#pointees?.at(i).find(address)?.rowFrom(address);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The memory under the array. */
  span(): Span {
    this.runtime.assertAlive();
    if (this.#disposed)
      throw new EwaldError(
        'Disposed',
        `this array of ${typeText(this.type)} was disposed; allocate a new one before using it again`,
      );
    this.#source?.check();
    return this.#span;
  }

  /** @internal What the array is to pointers that lead into it. */
  get lent(): Lent {
    this.#lent ??= new Lent({
      what: () => `an array of ${typeText(this.type)}`,
      bytes: this.byteLength,
      address: () => this.#span.address as Address,
      kept: this,
      within: this.#source?.lent,
      isOfC: this.#release === undefined,
      check: () => void this.span(),
    });
    return this.#lent;
  }

  /** @internal Notes which of the memory that a call lent the pointers in the array lead into. */
  noteAfter(lending: Lending): void {
    const view = this.span().view();
    for (let i = 0; i < this.length; i++) {
      const found = new Lending();
      for (const address of this.runtime.addressesIn(view, i * this.#size, this.type)) {
        const lent = address ? (lending.find(address) ?? this.#pointees?.at(i).find(address)) : undefined;
        if (lent) found.add(lent);
      }
      this.#note(i, found);
    }
  }

  #note(i: number, lending: Lending): void {
    if (!this.#pointees && lending.isEmpty) return;
    this.#pointees ??= new Pointees();
    this.#pointees.set(i, lending);
    this.lent.leadsInto(this.#pointees.at(0));
  }

  /** @internal Keeps it from being disposed; returns what ends that. */
  hold(): () => void {
    this.#users++;
    return () => {
      this.#users--;
    };
  }

  /** Element i; negative indices count from the end. Numbers, bigints, booleans, objects for structs, pointers. */
  at(i: number): V {
    const offset = this.#offset(i);
    const { runtime, type } = this;
    const value = runtime.read(this.span().view(), offset, type, this.#pointees?.at(offset / this.#size));
    if (type.kind !== 'struct') return value as V;
    return withElementsBehind(runtime, value, type, offsetBy(this.#span.address as Address, offset), this.lent) as V;
  }

  /** Writes element i. @throws `Argument` when the type cannot hold the value. */
  set(i: number, value: V): void {
    refuseCopy(this.#source?.lent);
    const offset = this.#offset(i);
    const place = (): string => `element ${i}`;
    if (this.type.kind === 'struct') {
      this.#setStruct(offset, value, place);
      return;
    }
    const lending = this.runtime.hasPointers(this.type) ? new Lending() : undefined;
    this.runtime.writeTo(() => this.span().view(), offset, this.type, value, place, lending);
    if (lending) this.#note(offset / this.#size, lending);
  }

  #setStruct(offset: number, value: unknown, place: ArgumentName): void {
    const { runtime, type } = this;
    const at = offsetBy(this.#span.address as Address, offset);
    const split = splitBehind(runtime, type, value, { at, room: this.#roomAt(offset) }, place);
    const lending = runtime.hasPointers(type) ? new Lending() : undefined;
    runtime.writeTo(() => this.span().view(), offset, type, split ? split.plain : value, place, lending);
    if (split) {
      runtime.writeAt(offsetBy(at, split.offset), split.type, 0, split.elements, lending);
    }
    if (lending) this.#note(offset / this.#size, lending);
  }

  /** Bytes from an element to the end of what it may use: the next one, or all memory that is known. */
  #roomAt(offset: number): number {
    if (offset + this.#size < this.byteLength) return this.#size;
    if (!this.#source) return this.#size;
    const { lent } = this.#source;
    return lent ? lent.end - Number(this.#span.address) - offset : Number.POSITIVE_INFINITY;
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  toArray(): V[] {
    return [...this];
  }

  /** The elements for JSON: integers of 64 bits as decimal strings, since JSON has no others. */
  toJSON(): unknown {
    if (this.disposed) return String(this);
    return this.toArray().map((value) => (typeof value === 'bigint' ? String(value) : value));
  }

  /**
   * Calls `use` with the elements as a typed array, without a copy; the array is valid only until `use` returns. Complex
   * numbers are two elements each: re, im; elements that are arrays are their numbers one after the other.
   *
   * @throws BufferError `DISPOSED`, with the call, if a wasm heap grew meanwhile. `Argument` if the view was changed and
   * is one of a copy that was made for a call, since the array of JavaScript does not change.
   */
  use<R>(use: (view: TypedArray) => R): R {
    const part = partOf(this.type);
    const format = part ? (part.bytes === 4 ? 'f' : 'd') : this.#numberFormat;
    const { array, size } = parseFormat(format, this.runtime.model);
    if (!array) throw new BufferError('FORMAT', `JavaScript has no typed array for ${typeText(this.type)}`);
    const view = this.span().view();
    const count = this.byteLength / size;
    const lent = (): R => lendView(this.space, () => use(new array(view.buffer, view.byteOffset, count)));
    const end = this.hold();
    if (!this.#source?.lent?.isCopy) return scoped(lent, () => {}, end);
    const now = (): Uint8Array => {
      const { buffer, byteOffset } = this.span().view();
      return new Uint8Array(buffer, byteOffset, this.byteLength);
    };
    const before = now().slice();
    const isChanged = (): boolean => now().some((byte, i) => byte !== before[i]);
    return scoped(lent, () => isChanged() && refuseCopy(this.#source?.lent), end);
  }

  /** A copy of the elements. */
  toTypedArray(): TypedArray {
    return this.use((view) => view.slice());
  }

  /** Copies values into the array, from the first element on; returns the array. */
  copyFrom(values: Iterable<V>): this {
    let i = 0;
    for (const value of values) {
      if (i >= this.length)
        throw new EwaldError('Shape', `there are more values than the ${this.length} elements of this array`);
      this.set(i++, value);
    }
    return this;
  }

  /** The zero-terminated text in an array of char, UTF-8. */
  text(): string {
    const view = this.span().view();
    return textOf(new Uint8Array(view.buffer, view.byteOffset, this.byteLength));
  }

  /**
   * Frees the array if it owns its memory; a second call does nothing.
   *
   * @throws BufferError `LOCKED` while a memory object uses it.
   */
  dispose(): void {
    if (this.#disposed) return;
    if (holdersOf(this) > 0)
      throw new BufferError(
        'LOCKED',
        `buffer is locked: ${holdersOf(this)} memories are made of this array; dispose them first`,
      );
    if (this.#users > 0)
      throw new BufferError(
        'LOCKED',
        'buffer is locked: a call of C, or a function given to use(), works on this array; await it first',
      );
    this.#disposed = true;
    const release = this.#release;
    this.#release = undefined;
    release?.();
    this.runtime.ended(this);
  }

  #offset(i: number): number {
    const index = i < 0 ? i + this.length : i;
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      throw new BufferError('INDEX', `element ${i} is outside; there are ${this.length}`, { index: i });
    return index * this.#size;
  }
}
disposableClass(CArray);
refuseIndexing(CArray, 'array of C; at(i) reads an element and set(i, value) writes it, toArray() copies all of them');
shownAs(CArray.prototype, function (this: CArray) {
  return this.disposed ? `${this.typeText} (disposed)` : `${this.typeText} ${listed(this, this.length)}`;
});
