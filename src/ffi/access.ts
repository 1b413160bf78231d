/** The interface through which pointers and arrays use their library; implemented by the Runtime of an open library. */
import type { Address, MemorySpace } from '../memory/space.js';
import type { Ended } from './ended.js';
import type { CField, CType, DataModel, FunctionTable } from './header/types.js';
import type { Lender, Lending, Lent } from './lent.js';
import type { ArgumentName, Scalar } from './scalars.js';
import type { Wide } from './wide-values.js';

/** The members of a struct or union that have a name; `overlaps` if some share bytes. */
export interface Members {
  readonly kind: 'struct' | 'union';
  readonly fields: readonly CField[];
  readonly overlaps: boolean;
  /** Whether objects remember the bytes they were read from: members overlap, or are read as less than their bytes. */
  readonly keepsBytes: boolean;
  readonly byName: ReadonlyMap<string, CField>;
  readonly hasPointers: boolean;
  /** Bytes of the struct. */
  readonly size: number;
  /** The member `T a[]`, whose elements are behind the struct. */
  readonly behind: CField | undefined;
}

export interface Access {
  /** Name of the library, for messages. */
  readonly name: string;
  readonly table: FunctionTable;
  readonly model: DataModel;
  readonly memory: MemorySpace;
  /** @throws `Disposed` when the library is closed. */
  assertAlive(): void;
  /** The conversion of a scalar type or enum; undefined for other types. */
  scalar(type: CType): Scalar | undefined;
  /** The conversion of a complex number, `long double` or 128-bit integer; undefined for other types. */
  wide(type: CType): Wide | undefined;
  /** Bytes of a type. @throws `Argument` for void and opaque structs. */
  sizeOf(type: CType): number;
  /** Alignment of a type in bytes; 1 for what has none. */
  alignOf(type: CType): number;
  /** The members of a struct that have a name; undefined for an opaque one. */
  membersOf(tag: string): Members | undefined;
  /** Reads a value of a type from memory; `from` knows what its pointers lead into. */
  read(view: DataView, offset: number, type: CType, from?: Lender): unknown;
  /** Writes a value to memory; `into` takes note of what its pointers lead into. */
  write(view: DataView, offset: number, type: CType, value: unknown, place: ArgumentName, into?: Lending): void;
  /** The same for memory that may move while the value is read, as a wasm heap does when it grows. */
  writeTo(view: () => DataView, offset: number, type: CType, value: unknown, place: ArgumentName, into?: Lending): void;
  /** The addresses in a value of a type. */
  addressesIn(view: DataView, offset: number, type: CType): Address[];
  /** Whether values of a type have pointers in them. */
  hasPointers(type: CType): boolean;
  /** Reads the element `index` after an address; `from` as for `read`. */
  readAt(address: Address, type: CType, index: number, from?: Lender): unknown;
  writeAt(address: Address, type: CType, index: number, value: unknown, into?: Lending): void;
  /** A type in C's notation: `double`, `int *`, `struct rec`. */
  typeOf(text: string): CType;
  /** The object for an address; null for NULL. `lent` is the memory that it is known to lead into. */
  pointer(address: Address, to: CType, lent?: Lent): object | null;
  /** The zero-terminated text at an address. */
  textAt(address: Address, most?: number): string;
  /** What ended at which address of the memory. */
  readonly ends: Ended;
  /** Takes note that all pointers of a type to an address have ended, by a function. */
  noteEnd(address: Address, type: CType, by: string): void;
  /** Takes note that C has freed what is at an address, or that an array was disposed. */
  ended(what: Address | object): void;
  /** The function that frees handles of a type, if known. */
  destructorOf(type: CType): ((handle: object) => void) | undefined;
}
