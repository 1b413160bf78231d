/** The interface through which pointers and arrays use their library; implemented by the Runtime of an open library. */
import type { Address, MemorySpace } from '../memory/space.js';
import type { CField, CType, DataModel, FunctionTable } from './header/types.js';
import type { Place, Scalar } from './scalars.js';
import type { Wide } from './wide-values.js';

/** The members of a struct or union that have a name; `overlaps` if some share bytes. */
export interface Members {
  readonly kind: 'struct' | 'union';
  readonly fields: readonly CField[];
  readonly overlaps: boolean;
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
  /** The members of a struct that have a name; undefined for an opaque one. */
  membersOf(tag: string): Members | undefined;
  /** Reads a value of a type from memory. */
  read(view: DataView, offset: number, type: CType): unknown;
  write(view: DataView, offset: number, type: CType, value: unknown, place: Place): void;
  readAt(address: Address, type: CType, index: number): unknown;
  writeAt(address: Address, type: CType, index: number, value: unknown): void;
  /** A type in C's notation: `double`, `int *`, `struct rec`. */
  typeOf(text: string): CType;
  /** The object for an address; null for NULL. */
  pointer(address: Address, to: CType): object | null;
  /** The zero-terminated text at an address. */
  textAt(address: Address): string;
  /** The function that frees handles of a type, if known. */
  destructorOf(type: CType): ((handle: object) => void) | undefined;
}
