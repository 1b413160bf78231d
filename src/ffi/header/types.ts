/** The function table: the declarations of a header as plain JSON for one data model. */

import type { DataModel } from '../../memory/model.js';
import { expectsMembers } from '../../util/arguments.js';
import type { ScalarName } from './scalar-types.js';

export type { DataModel, ScalarName };

/**
 * Types that have a size but no value in JavaScript: they occur in structs and as pointer targets, and cannot be
 * passed.
 */
export type OpaqueName =
  | 'long double'
  | '__float128'
  | '__int128'
  | 'unsigned __int128'
  | 'float _Complex'
  | 'double _Complex'
  | 'long double _Complex'
  | '_Float16'
  | 'va_list';

interface Named {
  /** The typedef it was written with. */
  readonly alias?: string | undefined;
  /** Whether it is const. */
  readonly const?: true | undefined;
  /** Alignment in bytes, if a typedef changes that of the type. */
  readonly align?: number | undefined;
}

/** A type of C. Typedefs are resolved; `alias` keeps their names for readers. */
export type CType = Named &
  (
    | { readonly kind: 'void' }
    | { readonly kind: 'scalar'; readonly name: ScalarName }
    | { readonly kind: 'enum'; readonly tag: string }
    | { readonly kind: 'opaque'; readonly name: OpaqueName }
    /** A struct or union; its fields are in `structs`. */
    | { readonly kind: 'struct'; readonly tag: string }
    | { readonly kind: 'pointer'; readonly to: CType }
    /** `vector`: of `vector_size`, which is a value and does not turn into a pointer. */
    | { readonly kind: 'array'; readonly of: CType; readonly length: number; readonly vector?: true | undefined }
    | {
        readonly kind: 'function';
        readonly result: CType;
        readonly parameters: readonly CParameter[];
        readonly variadic?: true | undefined;
      }
  );

export type PointerType = CType & { readonly kind: 'pointer' };
export type ArrayType = CType & { readonly kind: 'array' };
export type StructType = CType & { readonly kind: 'struct' };
export type FunctionType = CType & { readonly kind: 'function' };

/** Whether a type is `char`, whose arrays are text. */
export const isChar = (type: CType): boolean => type.kind === 'scalar' && type.name === 'char';

/** Whether a type is `const char *`: text that C does not give away. */
export const isText = (type: CType): boolean => type.kind === 'pointer' && type.to.const === true && isChar(type.to);

/** The name of what a handle points at: the tag of a struct, or a typedef of void (`typedef void CURL`). */
export const handleName = (to: CType): string | undefined =>
  to.kind === 'struct' ? to.tag : to.kind === 'void' ? to.alias : undefined;

/** A parameter. Arrays and functions are pointers here, as in C. */
export interface CParameter {
  readonly name: string;
  readonly type: CType;
  /**
   * Required number of elements: a number from `T a[3]`, or parameters: `n` from `T a[n]`, `n * m` from `T a[n][m]`, whose
   * elements are the numbers of all rows.
   */
  readonly length?: number | string | undefined;
  /** Numbers in a row of `T (*a)[m]` and `T a[][m]`, of which there is at least one. */
  readonly row?: number | string | undefined;
  /** `T a[static 3]`: null is not accepted. */
  readonly static?: true | undefined;
}

const lengthName = /^_*(?:n|cb|num|count|n?bytes?|n_?chars?|\w*(?:len|length|size|bytes))$/i;

/** Whether a parameter of a callback is text of a length that the next one says, which no zero ends: a pointer. */
export function isBounded(parameters: readonly CParameter[], i: number): boolean {
  const [text, length] = [parameters[i], parameters[i + 1]];
  return (
    text !== undefined &&
    isText(text.type) &&
    length?.type.kind === 'scalar' &&
    !/float|double/.test(length.type.name) &&
    lengthName.test(length.name)
  );
}

/** Where something was declared. */
export interface Declared {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The comment before it. */
  readonly doc?: string | undefined;
}

export interface CFunction extends Declared {
  readonly name: string;
  readonly result: CType;
  readonly parameters: readonly CParameter[];
  readonly variadic?: true | undefined;
  /** The name of its symbol, if a label (`__asm__("name")`) changes it. */
  readonly symbol?: string | undefined;
}

/** A member. Without a name it is a gap, or an unnamed struct or union, whose members belong to the whole. */
export interface CField {
  readonly name: string;
  readonly type: CType;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Width of a bit-field. */
  readonly bits?: number | undefined;
  /** Bits from `offset` to the start of a bit-field, 0 to 7. */
  readonly shift?: number | undefined;
  /** `aligned(n)` or `_Alignas(n)` of the member, in bytes. */
  readonly align?: number | undefined;
  readonly packed?: true | undefined;
}

/** A struct or union; an opaque one has no fields and no size. */
export interface CStruct extends Declared {
  readonly tag: string;
  readonly kind: 'struct' | 'union';
  readonly fields?: readonly CField[];
  /** Bytes. */
  readonly size?: number;
  readonly align?: number;
  readonly packed?: true;
  /** The limit of `#pragma pack` at its definition, in bytes. */
  readonly pack?: number;
  /** `aligned(n)` of the whole, in bytes. */
  readonly aligned?: number;
}

export interface CEnum extends Declared {
  readonly tag: string;
  /** The underlying integer type: a smaller one if packed, a larger one if the constants require it. */
  readonly type:
    | 'int'
    | 'unsigned int'
    | 'short'
    | 'unsigned short'
    | 'signed char'
    | 'unsigned char'
    | 'long long'
    | 'unsigned long long';
  /** Values beyond 2⁵³ are decimal strings. */
  readonly values: Readonly<Record<string, number | string>>;
}

/** A macro with a value. Integers beyond 2⁵³ are decimal strings. */
export interface CConstant extends Declared {
  readonly kind: 'int' | 'float' | 'string';
  readonly value: number | string;
  /** The pointer to which a number was cast: a mark instead of an address, such as `SQLITE_TRANSIENT`. */
  readonly type?: CType | undefined;
}

/** What a header declares. It is plain JSON: it can be written to a file, read back and bound without the header. */
export interface FunctionTable {
  readonly version: 1;
  readonly header: string;
  readonly model: DataModel;
  readonly functions: Readonly<Record<string, CFunction>>;
  readonly variables: Readonly<Record<string, Declared & { readonly name: string; readonly type: CType }>>;
  readonly structs: Readonly<Record<string, CStruct>>;
  readonly enums: Readonly<Record<string, CEnum>>;
  readonly typedefs: Readonly<Record<string, Declared & { readonly type: CType }>>;
  readonly constants: Readonly<Record<string, CConstant>>;
  /** Static assertions that were checked for this data model. */
  readonly assertions: number;
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** A declaration in C's notation: `inner` is the name, or the declarator around it. */
function declare(type: CType, inner: string): string {
  const prefix = type.const ? 'const ' : '';
  const base = (text: string): string => `${prefix}${text}${inner === '' ? '' : ` ${inner}`}`;
  if (type.alias !== undefined) return base(type.alias);
  switch (type.kind) {
    case 'void':
      return base('void');
    case 'scalar':
      return base(type.name);
    case 'opaque':
      return base(type.name);
    case 'enum':
    case 'struct':
      return base(`${type.kind} ${type.tag}`);
    case 'pointer': {
      const starred = `*${type.const ? (inner === '' ? 'const' : 'const ') : ''}${inner}`;
      const { to } = type;
      return declare(
        to,
        to.alias === undefined && (to.kind === 'function' || to.kind === 'array') ? `(${starred})` : starred,
      );
    }
    case 'array':
      return declare(type.of, `${inner}[${type.length}]`);
    case 'function': {
      const list = type.parameters.map(({ name, type: parameter }) => declare(parameter, name));
      if (type.variadic) list.push('...');
      return declare(type.result, `${inner}(${list.length > 0 ? list.join(', ') : 'void'})`);
    }
  }
}

/** The type in C's notation, for messages. */
export function typeText(type: CType): string {
  expectsMembers('typeText: the type', type, ['kind'], 'a type of a table');
  return declare(type, '');
}

/** A prototype in C's notation. */
export function signature(fn: Pick<CFunction, 'result' | 'parameters' | 'variadic'>, name: string): string {
  expectsMembers('signature: the function', fn, ['result', 'parameters'], 'a function of a table');
  const { result, parameters, variadic } = fn;
  return declare(
    variadic ? { kind: 'function', result, parameters, variadic } : { kind: 'function', result, parameters },
    name,
  );
}
