/** The state shared by the parts of an open library: its types, its memory, and the representation of values. */

import { readAddress, writeAddress } from '../memory/model.js';
import { classOf } from '../memory/no-index.js';
import { type Address, type Allocation, type MemorySpace, offsetBy } from '../memory/space.js';
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import type { Access, Members } from './access.js';
import { CArray } from './carray.js';
import { type Ended, endedIn } from './ended.js';
import { Declarators } from './header/declarator.js';
import { isOpaque, layoutOf, namedFields } from './header/layout.js';
import { tokenize } from './header/lexer.js';
import { Scope } from './header/scope.js';
import { headerError, typeFile } from './header/source.js';
import { TokenStream } from './header/stream.js';
import {
  type ArrayType,
  type CType,
  type DataModel,
  type FunctionTable,
  type FunctionType,
  handleName,
  isChar,
  type PointerType,
  signature,
  typeText,
} from './header/types.js';
import { Kept } from './kept.js';
import { Callback } from './kept-callback.js';
import { type Lender, Lending, Lent } from './lent.js';
import { pointerOf } from './own-functions.js';
import { Handle, Pointer } from './pointer.js';
import { type ArgumentName, type Scalar, scalarOf, shown, textOf } from './scalars.js';
import { isShortened, readStruct, writeStruct } from './struct-values.js';
import { partOf, type Wide, wideOf } from './wide-values.js';

/** The error thrown by a callback. */
export interface Thrown {
  readonly error: unknown;
}

/** A running asynchronous call, and the errors thrown by its callbacks. */
export interface AsyncCall {
  thrown?: Thrown | undefined;
}

/** The stack of C in a wasm module. */
export interface CStack {
  /** Its place now. */
  save(): unknown;
  /** Puts it back to a place, or to where it is between calls. */
  restore(place: unknown): void;
}

/** What JavaScript calls the elements of its typed arrays, in C's notation. */
const dtypes: Readonly<Record<string, string>> = {
  float32: 'float',
  float64: 'double',
  complex64: 'float _Complex',
  complex128: 'double _Complex',
  ...Object.fromEntries(
    [8, 16, 32, 64].flatMap((bits) => ['int', 'uint'].map((kind) => [`${kind}${bits}`, `${kind}${bits}_t`])),
  ),
};

/** The state of an open library. */
export class Runtime implements Access {
  readonly table: FunctionTable;
  readonly memory: MemorySpace;
  /** Name of the library, for messages. */
  readonly name: string;
  /** The error thrown by a callback, which the call that ran it rethrows. */
  thrown: Thrown | undefined;
  /** Number of running synchronous calls, nested through callbacks. */
  depth = 0;
  /** Running asynchronous calls. */
  readonly waiting = new Set<AsyncCall>();
  /** Those that know the memory that pointers from C may lead into: the running calls, and the array that is read. */
  readonly #lenders: Lender[] = [];
  /** Takes note of the memory whose addresses are written. */
  #noting: Lending | undefined;
  /** Whether there is a callback that C may call in any call. */
  keepsCallbacks = false;
  disposed = false;
  /** Puts the stack of C back where it is between calls, after code that did not return (wasm). */
  stack: CStack | undefined;
  /** Destructors of handles by type; set by the library. */
  destructors = new Map<string, { readonly name: string; readonly call: (handle: object) => void }>();
  readonly #types = new Map<string, CType>();
  readonly #scalars = new WeakMap<CType, Scalar>();
  #scope: Scope | undefined;

  constructor(table: FunctionTable, memory: MemorySpace, name: string) {
    this.table = table;
    this.memory = memory;
    this.ends = endedIn(memory);
    this.name = name;
  }

  get model(): DataModel {
    return this.table.model;
  }

  assertAlive(): void {
    if (this.disposed)
      throw new EwaldError('Disposed', `the library ${this.name} was disposed; open it again before using its objects`);
  }

  /**
   * Starts a synchronous call, to which errors of callbacks belong from now on. Returns the pending error of the
   * enclosing call, for `leave`.
   */
  enter(): Thrown | undefined {
    this.depth++;
    const { thrown } = this;
    if (thrown !== undefined) this.thrown = undefined;
    return thrown;
  }

  leave(outer: Thrown | undefined): void {
    this.depth--;
    if (this.#texts) this.endTexts();
    this.memory.turn++;
    if (this.thrown !== outer) this.thrown = outer;
  }

  /** Texts that callbacks returned to C. */
  #texts: { readonly allocation: Allocation; readonly lent: Lent }[] | undefined;

  /** The address of a text that a callback returns: C can read it until the call ends in which it called back. */
  lendText(text: string): Address {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const allocation = this.memory.allocate(bytes.length, 'a text that a callback returned');
    const view = allocation.view();
    new Uint8Array(view.buffer, view.byteOffset, bytes.length).set(bytes);
    const lent = new Lent({
      what: () => 'the text that a callback returned',
      bytes: bytes.length,
      address: () => allocation.address as Address,
      kept: allocation,
      free: () => allocation.free(),
    });
    const lender = this.#lenders.at(-1);
    if (lender instanceof Lending) lender.add(lent);
    this.#texts ??= [];
    this.#texts.push({ allocation, lent });
    return allocation.address as Address;
  }

  /** Frees these texts once no call runs; those into which pointers lead live as long as these. */
  endTexts(): void {
    if (!this.#texts || this.depth > 0 || this.waiting.size > 0) return;
    for (const { allocation, lent } of this.#texts) if (!lent.claimed) allocation.free();
    this.#texts = undefined;
  }

  /**
   * Stores the error of a callback for the call to which it belongs: the one for which it was made, otherwise the
   * running synchronous call, otherwise the only asynchronous one. If there is no such call, it is an uncaught error.
   */
  caught(error: unknown, own: AsyncCall | undefined): void {
    const [waiting] = this.waiting.size === 1 ? this.waiting : [];
    if (own) own.thrown ??= { error };
    else if (this.depth > 0) this.thrown ??= { error };
    else if (waiting) waiting.thrown ??= { error };
    else
      queueMicrotask(() => {
        throw error;
      });
  }

  /** Reads a type in C's notation: `double`, `int *`, `struct rec`. */
  typeOf(text: string): CType {
    let type = this.#types.get(text);
    if (type) return type;
    expects(typeof text === 'string', 'the type', text, "a type in C's notation, such as 'double' or 'struct rec *'");
    this.#scope ??= Scope.of(this.table);
    // The names of typed arrays, unless the header has a type of that name.
    const spelled = Object.hasOwn(dtypes, text) && !this.#scope.type(text) ? (dtypes[text] as string) : text;
    const file = { name: typeFile, text: spelled };
    const stream = new TokenStream(tokenize(file).filter(({ kind }) => kind !== 'newline'));
    type = new Declarators(stream, this.#scope, true).typeName(0);
    const rest = stream.peek();
    if (rest.kind !== 'end') throw headerError(rest, `found "${rest.text}" after the type`);
    this.#types.set(text, type);
    return type;
  }

  scalar(type: CType): Scalar | undefined {
    let scalar = this.#scalars.get(type);
    if (scalar) return scalar;
    scalar = scalarOf(type, this.model, this.table);
    if (scalar) this.#scalars.set(type, scalar);
    return scalar;
  }

  wide(type: CType): Wide | undefined {
    return wideOf(type, this.model);
  }

  /** Bytes of a type. @throws `Argument` for void and opaque structs. */
  sizeOf(type: CType): number {
    const layout = layoutOf(type, this.model, this.table);
    if (!layout)
      throw new EwaldError(
        'Argument',
        `${typeText(type)} has no size here` +
          (type.kind === 'struct'
            ? ': the header keeps it opaque, so the library makes it'
            : type.kind === 'void'
              ? "; say what is there: pointer.as('double')"
              : type.kind === 'function'
                ? '; callable(pointer) of the library is the function'
                : ''),
      );
    return layout.size;
  }

  /** Alignment of a type in bytes; 1 for what has none. */
  alignOf(type: CType): number {
    // Numbers are aligned to what all memory is.
    if (type.kind === 'scalar') return type.align ?? 1;
    return layoutOf(type, this.model, this.table)?.align ?? 1;
  }

  /** Starts to note what a call lends. */
  lend(): Lending {
    const lending = new Lending();
    this.#lenders.push(lending);
    return lending;
  }

  /** Ends a call: what it lent is kept by the pointers that lead into it. */
  endCall(lending: Lending): void {
    lending.isOver = true;
    this.unlend(lending);
  }

  /** Takes back what was lent for reading, or by a call. */
  unlend(lender: Lender): void {
    if (this.#lenders.at(-1) === lender) {
      this.#lenders.pop();
      return;
    }
    const at = this.#lenders.lastIndexOf(lender);
    if (at >= 0) this.#lenders.splice(at, 1);
  }

  #lentAt(address: Address): Lent | undefined {
    for (let i = this.#lenders.length - 1; i >= 0; i--) {
      const lent = this.#lenders[i]?.find(address);
      if (lent) return lent;
    }
    return undefined;
  }

  /** What C keeps. */
  readonly kept = new Kept();

  ended(what: Address | object): void {
    this.kept.ended(what);
  }

  /** What ended at which address of the memory. */
  readonly ends: Ended;
  /** Handles whose references C counts: that one ended says nothing of another. */
  counted: ReadonlySet<string> = new Set();
  /** What the running calls were given of these: a pointer that comes back from one may be another to the same thing. */
  given: readonly Pointer[] = [];

  isCounted(type: CType): boolean {
    return this.counted.size > 0 && this.counted.has(handleName(type) ?? '');
  }

  noteEnd(address: Address, type: CType, by: string): void {
    if (this.isCounted(type)) return;
    this.ends.add(address, type, { turn: this.memory.turn + (this.depth > 0 ? 0.5 : 0), by });
  }

  hasPointers(type: CType): boolean {
    if (type.kind === 'pointer') return true;
    if (type.kind === 'array') return this.hasPointers(type.of);
    return type.kind === 'struct' && (this.membersOf(type.tag)?.hasPointers ?? false);
  }

  /** The addresses in a value of a type. */
  addressesIn(view: DataView, offset: number, type: CType): Address[] {
    if (!this.hasPointers(type)) return [];
    if (type.kind === 'pointer') return [readAddress(view, offset, this.model)];
    if (type.kind === 'array') {
      const size = this.sizeOf(type.of);
      return Array.from({ length: type.length }, (_, i) => this.addressesIn(view, offset + i * size, type.of)).flat();
    }
    const { fields = [] } = (type.kind === 'struct' && this.membersOf(type.tag)) || {};
    return fields.flatMap((field) =>
      field.bits === undefined ? this.addressesIn(view, offset + field.offset, field.type) : [],
    );
  }

  destructorOf(type: CType): ((handle: object) => void) | undefined {
    return this.destructors.get(handleName(type) ?? '')?.call;
  }

  /** The JavaScript object for a pointer from C; null for NULL. */
  pointer(given: Address, to: CType, known?: Lent): Pointer | null {
    if (!given) return null;
    const address = unsigned(given);
    const lent = known ?? (this.#lenders.length > 0 ? this.#lentAt(address) : undefined);
    const isHandle = isOpaque(to, this.table) || this.destructors.has(handleName(to) ?? '');
    // What a call returns or leaves is newer than what ended in that call; what is read without one may be as it was before.
    const { turn } = this.memory;
    const born = this.depth > 0 || this.waiting.size > 0 ? turn + 1 : turn - 0.5;
    const handle = isHandle ? new Handle(this, address, to, lent, born) : new Pointer(this, address, to, lent, born);
    return this.isCounted(to) ? handle.counts(this.given) : handle;
  }

  /** The value of a type at a place in memory. */
  read(view: DataView, offset: number, type: CType, from?: Lender): unknown {
    const scalar = this.scalar(type);
    if (scalar) return scalar.out(scalar.format.read(view, offset));
    if (!from) return this.#read(view, offset, type);
    this.#lenders.push(from);
    try {
      return this.#read(view, offset, type);
    } finally {
      this.unlend(from);
    }
  }

  #read(view: DataView, offset: number, type: CType): unknown {
    switch (type.kind) {
      case 'pointer':
        return this.pointer(readAddress(view, offset, this.model), type.to);
      case 'array':
        return this.#readArray(view, offset, type);
      case 'struct':
        return readStruct(this, view, offset, type);
      default: {
        const wide = this.wide(type);
        if (wide) return wide.read(view, offset);
        throw new EwaldError('Unsupported', `a ${typeText(type)} cannot be read`);
      }
    }
  }

  #readArray(view: DataView, offset: number, { of, length }: ArrayType): unknown {
    if (isChar(of)) {
      return textOf(new Uint8Array(view.buffer, view.byteOffset + offset, length));
    }
    const size = this.sizeOf(of);
    return Array.from({ length }, (_, i) => this.read(view, offset + i * size, of));
  }

  /** Writes a value of a type to a place in memory. */
  write(view: DataView, offset: number, type: CType, value: unknown, place: ArgumentName, into?: Lending): void {
    const scalar = this.scalar(type);
    if (scalar) {
      scalar.format.put(view, offset, scalar.in(value, place));
      return;
    }
    if (!into) {
      this.#write(view, offset, type, value, place);
      return;
    }
    const outer = this.#noting;
    this.#noting = into;
    try {
      this.#write(view, offset, type, value, place);
    } finally {
      this.#noting = outer;
    }
  }

  writeTo(
    view: () => DataView,
    offset: number,
    type: CType,
    value: unknown,
    place: ArgumentName,
    into?: Lending,
  ): void {
    if (this.memory.kind !== 'wasm' || (type.kind !== 'struct' && type.kind !== 'array')) {
      this.write(view(), offset, type, value, place, into);
      return;
    }
    // The members of an object may be functions of the caller, which call C.
    const copy = new Uint8Array(this.sizeOf(type));
    this.write(new DataView(copy.buffer), 0, type, value, place, into);
    const now = view();
    new Uint8Array(now.buffer, now.byteOffset + offset, copy.length).set(copy);
  }

  #write(view: DataView, offset: number, type: CType, value: unknown, place: ArgumentName): void {
    switch (type.kind) {
      case 'pointer': {
        const address = this.addressOf(value, type, place);
        this.memory.turn++;
        writeAddress(view, offset, this.model, address);
        return;
      }
      case 'array':
        this.#writeArray(view, offset, type, value, place);
        return;
      case 'struct':
        writeStruct(this, view, offset, type, value, place);
        return;
      default: {
        const wide = this.wide(type);
        if (!wide)
          throw new EwaldError('Argument', `${place()} has the type ${typeText(type)}, which cannot be written`);
        wide.write(view, offset, value, place);
      }
    }
  }

  #writeArray(view: DataView, offset: number, { of, length }: ArrayType, value: unknown, place: ArgumentName): void {
    // As it was read: its elements are behind the struct.
    if (length === 0 && value instanceof Pointer) return;
    if (typeof value === 'string' && of.kind === 'scalar' && this.sizeOf(of) === 1) {
      const bytes = new TextEncoder().encode(value);
      if (bytes.length >= length)
        throw new EwaldError('Shape', `${place()} has ${bytes.length} bytes and a zero; the array holds ${length}`);
      new Uint8Array(view.buffer, view.byteOffset + offset, length).fill(0).set(bytes);
      return;
    }
    const values =
      typeof value === 'object' && value !== null && Symbol.iterator in value
        ? [...(value as Iterable<unknown>)]
        : undefined;
    if (values?.length !== length)
      throw new EwaldError(
        'Shape',
        `${place()} is ${values ? `an array of ${values.length}` : shown(value)}; expected ${length} elements` +
          (length > 0 ? '' : ', since those of an array without a length are behind the struct; write its bytes'),
      );
    const size = this.sizeOf(of);
    values.forEach((element, i) => {
      this.write(view, offset + i * size, of, element, () => `${place()}[${i}]`);
    });
  }

  readonly #members = new Map<string, Members>();

  membersOf(tag: string): Members | undefined {
    const known = this.#members.get(tag);
    if (known) return known;
    const struct = this.table.structs[tag];
    if (!struct?.fields) return undefined;
    const fields = namedFields(struct.fields, this.table.structs);
    let end = 0;
    const overlaps = fields
      .map(({ offset, shift = 0, bits, type }) => [offset * 8 + shift, bits ?? this.sizeOf(type) * 8] as const)
      .sort(([a], [b]) => a - b)
      .some(([from, count]) => {
        const before = end;
        end = Math.max(end, from + count);
        return from < before;
      });
    const hasPointers = fields.some(({ type }) => this.hasPointers(type));
    const byName = new Map(fields.map((field) => [field.name, field]));
    const keepsBytes = overlaps || fields.some(({ type }) => isShortened(type, this));
    const { kind, size = 0 } = struct;
    const last = struct.fields.at(-1);
    const behind = last?.type.kind === 'array' && last.type.length === 0 ? last : undefined;
    const members = { kind, fields, byName, overlaps, hasPointers, keepsBytes, size, behind };
    this.#members.set(tag, members);
    return members;
  }

  /** A function of a library of the same memory as C has it, if it is of the type; undefined for others. */
  ownFunction(value: unknown, to: CType): Pointer | undefined {
    const own = pointerOf(value);
    return own?.memory === this.memory && samePointee(own.type, to, this, own.runtime) ? own : undefined;
  }

  /** The address of an object that is already in the library's memory; 0 for null. */
  addressOf(given: unknown, type: PointerType, place: ArgumentName): Address {
    if (given === null) return 0;
    const value = typeof given === 'function' ? (this.ownFunction(given, type.to) ?? given) : given;
    if (isPlace(value)) {
      // Native libraries share the memory of the process, and wasm modules share none.
      if (value.runtime.memory !== this.memory)
        throw new EwaldError(
          'Argument',
          `${place()} belongs to the library ${value.runtime.name}, not to ${this.name}`,
        );
      if (samePointee(value.type, type.to, this, value.runtime)) {
        if (this.#noting && value.lent) this.#noting.add(value.lent);
        return value.address;
      }
      const isMixed = (value.type.kind === 'function') !== (type.to.kind === 'function');
      const wanted = typeText({ ...type.to, const: undefined });
      throw new EwaldError(
        'Argument',
        `${place()} points at ${typeText(value.type)}; ${typeText(type)} needs ${typeText(type.to)}` +
          (isMixed
            ? "; if it is one, say so with pointer('TYPE', address) of the library"
            : value instanceof Pointer
              ? `; where C casts it, pass as('${wanted}') of it`
              : `; where C casts it, pass pointer('${wanted}', it) of the library`),
      );
    }
    const isFunction = type.to.kind === 'function';
    if (isFunction && value instanceof Callback) {
      if (samePointee(value.type, type.to, this)) return value.addressFor(this, place);
      throw new EwaldError(
        'Argument',
        `${place()} is a callback ${signature(value.type, '')}; ${typeText(type)} needs ${typeText(type.to)}; where C casts ` +
          `it, pass pointer('${typeText(type.to)}', it) of the library`,
      );
    }
    const memory = isFunction
      ? 'a callback() or a pointer that C returned'
      : 'a pointer that C returned, or memory from alloc()';
    throw new EwaldError('Argument', `${place()} is ${shown(value)}; ${typeText(type)} needs null, ${memory}`);
  }

  #marks: readonly { readonly value: bigint; readonly to: CType }[] | undefined;

  /** The address for a number that the header casts to such a pointer (SQLITE_TRANSIENT); undefined for others. */
  markOf(value: unknown, type: PointerType): Address | undefined {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return undefined;
    this.#marks ??= Object.values(this.table.constants).flatMap(({ type: cast, value: number }) =>
      cast?.kind === 'pointer' ? [{ value: BigInt(number), to: cast.to }] : [],
    );
    const wanted = BigInt(value as number | bigint);
    if (!this.#marks.some((mark) => mark.value === wanted && samePointee(mark.to, type.to, this))) return undefined;
    return this.model === 'wasm32' ? Number(BigInt.asUintN(32, wanted)) : BigInt.asUintN(64, wanted);
  }

  readAt(address: Address, type: CType, index: number, from?: Lender): unknown {
    return this.read(this.#element(address, type, index), 0, type, from);
  }

  writeAt(address: Address, type: CType, index: number, value: unknown, into?: Lending): void {
    if (type.const) throw new EwaldError('Argument', `this pointer is to ${typeText(type)}, which may only be read`);
    this.writeTo(
      () => this.#element(address, type, index),
      0,
      type,
      value,
      () => `element ${index}`,
      into,
    );
  }

  #element(address: Address, type: CType, index: number): DataView {
    const size = this.sizeOf(type);
    return this.memory.span(offsetBy(address, index * size), size).view();
  }

  /**
   * Reads a zero-terminated text page by page, since its length is unknown until the zero is found; `most` are the bytes
   * that are known to be there.
   */
  textAt(given: Address, most = Number.POSITIVE_INFINITY): string {
    const address = unsigned(given);
    const text = new TextDecoder('utf-8', { ignoreBOM: true });
    let found = '';
    for (let at = address, total = 0; total < 2 ** 30; ) {
      // Never beyond the page of a byte that may be the terminating zero; a wasm heap has an end, too.
      const page = Math.min(4096 - Number(BigInt(at) % 4096n), most - total);
      const { buffer } = this.memory as { buffer?: ArrayBufferLike };
      const room = buffer ? Math.max(0, Math.min(page, buffer.byteLength - Number(at))) : page;
      const view = this.memory.span(at, room).view();
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      const end = bytes.indexOf(0);
      found += text.decode(bytes.slice(0, end < 0 ? undefined : end), { stream: end < 0 });
      if (end >= 0) return found;
      total += bytes.length;
      if (total >= most) return found + text.decode();
      at = offsetBy(at, bytes.length);
      if (buffer && Number(at) >= buffer.byteLength) break;
    }
    throw new EwaldError('Format', `the text at address ${address} has no end`);
  }
}

/** An address above 2 GiB of a wasm heap, which a function returns as a negative number. */
const unsigned = (address: Address): Address => (typeof address === 'number' ? address >>> 0 : address);

/** Whether a value is memory of C. */
const isPlace = (value: unknown): value is Pointer | CArray => {
  const found = classOf(value);
  return found === CArray || found === Pointer;
};

/** Whether structs of two headers are one: declared in the same place of the same file, or with the same members. */
function sameStruct(tag: string, table: FunctionTable, other: string, otherTable: FunctionTable): boolean {
  const [a, b] = [table.structs[tag], otherTable.structs[other]];
  if (!a || !b || a.kind !== b.kind) return false;
  const isFile = a.file.includes('/') && a.file === b.file && a.line === b.line && a.column === b.column;
  // One that a header only names is the other one of that name, as for C.
  if (tag === other && /^\w+$/.test(tag) && (!a.fields || !b.fields)) return true;
  if (isFile || !a.fields || !b.fields || tag !== other) return isFile && a.size === b.size;
  const shape = ({ fields = [], size }: typeof a): string =>
    JSON.stringify([size, fields.map(({ name, offset, bits, type }) => [name, offset, bits, typeText(type)])]);
  return shape(a) === shape(b);
}

/** Whether C may read a pointer to one type as one to another; void is every type but that of a function. */
function samePointee(found: CType, wanted: CType, runtime: Runtime, owner: Access = runtime): boolean {
  if (found.kind === 'function' && wanted.kind === 'function') return sameFunction(found, wanted, runtime, owner);
  if (found.kind === 'function' || wanted.kind === 'function') return false;
  if (wanted.kind === 'void' || found.kind === 'void') return true;
  // A pointer to rows of fixed length is a pointer to their elements.
  if (wanted.kind === 'array') return samePointee(found, wanted.of, runtime, owner);
  if (found.kind === 'array') return samePointee(found.of, wanted, runtime, owner);
  const a = owner.scalar(found);
  const b = runtime.scalar(wanted);
  if (a && b) return a.layout.size === b.layout.size && (a.layout.kind === b.layout.kind || a.layout.size === 1);
  if (found.kind === 'struct' && wanted.kind === 'struct')
    return owner === runtime ? found.tag === wanted.tag : sameStruct(found.tag, owner.table, wanted.tag, runtime.table);
  if (found.kind === 'pointer' && wanted.kind === 'pointer') return samePointee(found.to, wanted.to, runtime, owner);
  // A complex number is two numbers.
  const [first, second] = [partOf(found), partOf(wanted)];
  if (first && b) return b.layout.kind === 'float' && b.layout.size === first.bytes;
  if (second && a) return a.layout.kind === 'float' && a.layout.size === second.bytes;
  if (found.kind === 'opaque' && wanted.kind === 'opaque') return found.name === wanted.name;
  if (found.kind === 'enum' && wanted.kind === 'enum') return found.tag === wanted.tag;
  return found.kind === wanted.kind;
}

/** Whether a function can be called as one of another type: the same result and parameters in the same registers. */
function sameFunction(found: FunctionType, wanted: FunctionType, runtime: Runtime, owner: Access): boolean {
  const same = (a: CType, b: CType): boolean =>
    a.kind === 'void' || b.kind === 'void' ? a.kind === b.kind : samePointee(a, b, runtime, owner);
  return (
    found.parameters.length === wanted.parameters.length &&
    found.variadic === wanted.variadic &&
    same(found.result, wanted.result) &&
    found.parameters.every(({ type }, i) => same(type, wanted.parameters[i]?.type as CType))
  );
}
