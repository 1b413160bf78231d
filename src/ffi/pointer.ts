/** Pointers returned by C, and handles of opaque structs. */

import { type DisposableObject, disposableClass } from '../memory/disposable.js';
import { shownAs } from '../memory/inspect.js';
import { refuseIndexing } from '../memory/no-index.js';
import type { KnownRow, TypedPointer } from '../memory/pointer-table.js';
import { type Address, type MemorySpace, offsetBy } from '../memory/space.js';
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import { splitBehind, withElementsBehind } from './behind.js';
import { CArray } from './carray.js';
import { type CType, handleName, typeText } from './header/types.js';
import { Lending, type Lent, refuseCopy } from './lent.js';

/** The references that JavaScript has to what C counts, through all pointers that are known to be one. */
class References {
  count = 1;
  /** What gave back the last. */
  end: string | undefined;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A fraction would be between two elements; elements before the pointee have negative numbers. */
const expectsIndex = (index: unknown): void =>
  expects(Number.isSafeInteger(index), 'the index', index, 'a whole number');

/**
 * An address with the type of its pointee. What JavaScript lent to C lives as long as a pointer leads into it; how long
 * memory of C is valid is determined by C.
 */
export class Pointer implements TypedPointer {
  /** The type of the pointee. */
  readonly type: CType;
  /** @internal */
  readonly runtime: Access;
  /** @internal The memory of JavaScript that it leads into, and keeps. */
  readonly lent: Lent | undefined;
  readonly #address: Address;
  /** The turn of the memory in which it was given to JavaScript. */
  readonly #born: number;
  #end: string | undefined;
  #references: References | undefined;
  /** The pointer that this one is a cast of; the two live and end together. */
  #origin: Pointer | undefined;

  /** @internal */
  constructor(runtime: Access, address: Address, type: CType, lent?: Lent, born = Number.POSITIVE_INFINITY) {
    this.#born = born;
    this.runtime = runtime;
    this.#address = address;
    this.type = type;
    this.lent = lent;
  }

  /**
   * The address: a number in a wasm heap, a bigint in the process. @throws `Disposed` if the pointee has been freed.
   */
  get address(): Address {
    this.runtime.assertAlive();
    const end = this.#end ?? this.#references?.end;
    if (end !== undefined) throw this.#ended(end);
    if (!this.lent && !this.runtime.ends.isEmpty) this.#assertNotEnded();
    void this.#origin?.address;
    this.lent?.assertAlive();
    return this.#address;
  }

  /** Another pointer to the same thing may have ended it. */
  #assertNotEnded(): void {
    const by = this.runtime.ends.by(this.#address, this.type, this.#born);
    if (by !== undefined) throw this.#ended(by);
  }

  #ended(by: string): EwaldError {
    const name = by.replace(/\(\)$/, '');
    const isFound = handleName(this.type) !== undefined && Object.hasOwn(this.runtime.table.functions, name);
    const way = isFound ? `; if that does not end it, open the library with ends: { ${name}: false }` : '';
    return new EwaldError(
      'Disposed',
      `this ${typeText(this.type)} * was given to ${by}; create a new one before using it again${way}`,
    );
  }

  /** The memory into which it points. */
  get memory(): MemorySpace {
    return this.runtime.memory;
  }

  /** The pointer's own type, in C's notation. */
  get typeText(): string {
    return typeText({ kind: 'pointer', to: this.type });
  }

  /** The format of the numbers two levels down, for a table of rows. */
  get rowFormat(): string | undefined {
    return this.type.kind === 'pointer' ? this.runtime.scalar(this.type.to)?.format.text : undefined;
  }

  /** @internal The memory of JavaScript that the pointer at row `i` leads into. */
  rowAt(i: number, address: Address): KnownRow | undefined {
    const written = this.#origin
      ? this.#origin.rowAt(i, address)
      : this.#written?.get(i)?.find(address)?.rowFrom(address);
    return written ?? this.lent?.inside?.find(address)?.rowFrom(address);
  }

  get freed(): boolean {
    if (this.#end !== undefined || this.#references?.end !== undefined || this.#origin?.freed === true) return true;
    return !this.lent && this.runtime.ends.by(this.#address, this.type, this.#born) !== undefined;
  }

  #assertInside(index: number): void {
    expectsIndex(index);
    if (this.lent) this.lent.assertInside(this.address, index, this.runtime.sizeOf(this.type));
  }

  /** Reads the pointee, or the element `index` after it. */
  read(index = 0): unknown {
    this.#assertInside(index);
    const { runtime, type, address } = this;
    const value = runtime.readAt(address, type, index, this.lent?.inside);
    if (type.kind !== 'struct') return value;
    return withElementsBehind(runtime, value, type, offsetBy(address, index * runtime.sizeOf(type)), this.lent);
  }

  /** Writes the pointee, or the element `index` after it. */
  write(value: unknown, index = 0): void {
    this.#assertInside(index);
    refuseCopy(this.lent);
    const { runtime, type } = this;
    const split = type.kind === 'struct' ? this.#splitOf(value, index) : undefined;
    const lending = runtime.hasPointers(type) ? new Lending() : undefined;
    runtime.writeAt(this.address, type, index, split ? split.plain : value, lending);
    if (split) runtime.writeAt(offsetBy(this.address, split.offset), split.type, 0, split.elements, lending);
    if (!lending) return;
    if (!this.lent) this.#hold(index, lending);
    else if (!lending.isEmpty) this.lent.hold(lending);
  }

  /** A struct and the elements behind it; their place is one from the address on. */
  #splitOf(value: unknown, index: number): ReturnType<typeof splitBehind> {
    const { runtime, type, lent } = this;
    const offset = index === 0 ? 0 : index * runtime.sizeOf(type);
    const room = lent ? lent.end - Number(this.address) - offset : Number.POSITIVE_INFINITY;
    const split = splitBehind(
      runtime,
      type,
      value,
      { at: offsetBy(this.address, offset), room },
      () => `element ${index}`,
    );
    return split && { ...split, offset: offset + split.offset };
  }

  /**
   * The same address as a pointer to another type, which C calls a cast: `pointer.as('double')`, in C's notation or as
   * `float64`. With `length`, the elements there as an array, without a copy and without owning them.
   */
  as(type: string): Pointer;
  as(type: string, length: number): CArray;
  as(type: string, length?: number): Pointer | CArray {
    const { runtime } = this;
    const cast = runtime.pointer(this.address, runtime.typeOf(type), this.lent) as Pointer;
    cast.#origin = this;
    if (cast.#references && this.#references) cast.#references = this.#references;
    return length === undefined ? cast : cast.array(length);
  }

  /**
   * The UTF-8 text at the address: that of `length` bytes, or up to the zero that ends it.
   *
   * @throws `Argument` for a pointer to what is neither bytes nor void.
   */
  text(length?: number): string {
    const { type } = this;
    const isBytes = type.kind === 'void' || (type.kind === 'scalar' && this.runtime.sizeOf(type) === 1);
    if (!isBytes) throw new EwaldError('Argument', `text() reads bytes, and this is a ${this.typeText}`);
    if (length === undefined) return this.runtime.textAt(this.address, this.lent?.roomAt(this.address));
    expects(Number.isSafeInteger(length) && length >= 0, 'the length', length, 'a whole number from 0');
    if (length > 0) this.lent?.assertInside(this.address, 0, 1, length);
    const { buffer, byteOffset } = this.memory.span(this.address, length).view();
    return utf8.decode(new Uint8Array(buffer, byteOffset, length).slice());
  }

  /** The memory at the address as an array of `length`, without a copy and without owning it. */
  array(length: number): CArray {
    const { runtime, type } = this;
    const size = runtime.sizeOf(type);
    expects(Number.isSafeInteger(length) && length >= 0, 'the length', length, 'a whole number from 0');
    if (length > 0) this.lent?.assertInside(this.address, 0, size, length);
    const span = runtime.memory.span(this.address, length * size);
    return new CArray(runtime, type, length, span, undefined, {
      lent: this.lent,
      check: () => void this.address,
    });
  }

  /** What the pointers that were written to memory of C lead into, by element. */
  #written: Map<number, Lending> | undefined;

  #hold(index: number, lending: Lending): void {
    if (this.#origin) this.#origin.#hold(index, lending);
    else if (lending.isEmpty) this.#written?.delete(index);
    else {
      this.#written ??= new Map();
      this.#written.set(index, lending);
    }
  }

  /** Asynchronous calls that work with it. */
  #users = 0;

  /** @internal Keeps it from being freed; returns what ends that. */
  hold(): () => void {
    if (this.#origin) return this.#origin.hold();
    this.#users++;
    return () => {
      this.#users--;
    };
  }

  /** @internal Whether an asynchronous call works with it. */
  get isHeld(): boolean {
    return this.#origin?.isHeld ?? this.#users > 0;
  }

  /** @internal Shares the references of the first of some pointers to the same place; those of a new one without any. */
  counts(known: Iterable<Pointer>): this {
    for (const other of known) if (other.#address === this.#address) this.#references ??= other.#references;
    this.#references ??= new References();
    return this;
  }

  /** @internal Records that C counts one more reference, and what it returned as such. */
  reference(result: unknown): void {
    const references = this.#references;
    if (!references) {
      this.#origin?.reference(result);
      return;
    }
    references.count++;
    if (result instanceof Pointer && result.#address === this.#address) result.#references = references;
  }

  /** @internal Whether C counts more than one reference. */
  get isShared(): boolean {
    return this.#references ? this.#references.count > 1 : (this.#origin?.isShared ?? false);
  }

  /** @internal Records that C has freed it, or one reference to it. */
  end(by: string): void {
    if (this.#end !== undefined) return;
    const references = this.#references;
    if (references) {
      if (references.end !== undefined) return;
      references.count--;
      if (references.count > 0) return;
      references.end = by;
    } else this.#end = by;
    this.#origin?.end(by);
    if (!this.lent) this.runtime.noteEnd(this.#address, this.type, by);
    this.runtime.ended(this.#address);
  }

  /** Its address as text, which JSON can hold. */
  toJSON(): string {
    return String(this);
  }
}

shownAs(Pointer.prototype, function (this: Pointer) {
  return this.freed ? `${this.typeText} (freed)` : `${this.typeText} 0x${this.address.toString(16)}`;
});

export interface Handle extends DisposableObject {
  dispose(): void;
}

/**
 * A pointer to an opaque struct, such as `ctx_t *`: only C can access its contents, and one of C's functions frees it.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: disposableClass provides the `using` face
export class Handle extends Pointer {
  /**
   * Passes the handle to the function that frees it; a second call does nothing.
   *
   * @throws `Unsupported` if no such function is known.
   */
  dispose(): void {
    if (this.freed) return;
    const destroy = this.runtime.destructorOf(this.type);
    if (!destroy) {
      throw new EwaldError(
        'Unsupported',
        `no known function frees a ${typeText(this.type)}; name one when opening the library: { ` +
          `handles: { ${this.type.alias ?? 'T'}: 'function' } }`,
      );
    }
    const { isShared } = this;
    destroy(this);
    // Some say that they could not close it.
    if (!this.freed && !isShared)
      throw new EwaldError(
        'Argument',
        `the function that closes this ${this.typeText} returned an error, so that it is still open; end what uses it ` +
          'first',
      );
  }
}
disposableClass(Handle);
refuseIndexing(Pointer, 'pointer; read(i) reads what it points to, array(n) is an array of C of it');
