/** The names that a header has declared so far, and the checks against conflicting declarations. */

import { longBytes } from '../../memory/model.js';
import { nearest } from '../../util/options.js';
import { type Constant, int } from './integer.js';
import { layoutOf, type TypeSize } from './layout.js';
import type { Token } from './lexer.js';
import { namedScalars, type ScalarLayout, type ScalarName, scalarLayout, underlying } from './scalar-types.js';
import { headerError, type Placed, positionOf } from './source.js';
import {
  type CConstant,
  type CEnum,
  type CFunction,
  type CStruct,
  type CType,
  type DataModel,
  type Declared,
  type FunctionTable,
  type FunctionType,
  type OpaqueName,
  signature,
  typeText,
} from './types.js';
import { weightOf } from './weight.js';

const scalar = (name: ScalarName, alias?: string): CType => ({ kind: 'scalar', name, ...(alias && { alias }) });
const opaque = (name: OpaqueName): CType => ({ kind: 'opaque', name });

/** Types that need no include: those of stddef.h, stdint.h and stdbool.h, and what POSIX adds. */
const known: readonly [string, CType][] = [
  ...namedScalars.map((name): [string, CType] => [name, scalar(name)]),
  ['bool', scalar('bool')],
  ['va_list', opaque('va_list')],
  ['_Float32', scalar('float')],
  ['_Float64', scalar('double')],
  ['_Float32x', scalar('double')],
  ['_Float64x', opaque('long double')],
  ['_Float128', opaque('__float128')],
  ['__builtin_va_list', opaque('va_list')],
  ...['intmax', 'least8', 'least16', 'least32', 'least64', 'fast8', 'fast64'].flatMap((kind): [string, CType][] => {
    const bits = kind.replace(/\D+/, '') || '64';
    const name = kind === 'intmax' ? 'intmax_t' : `int_${kind}_t`;
    return [
      [name, scalar(`int${bits}_t` as ScalarName, name)],
      [`u${name}`, scalar(`uint${bits}_t` as ScalarName, `u${name}`)],
    ];
  }),
];

/** Limits of a type when it is expanded, and of all types of a header in addition to its length. */
const heaviest = 5000;
const deepestType = 200;
const freeWeight = 200_000;
/** Maximum number of suggestions for unknown names: each search takes time proportional to the known names. */
const maxProposals = 20;

/** A struct while it is being read: its fields are added after its name. */
export type OpenStruct = { -readonly [K in keyof CStruct]: CStruct[K] };

export class Scope {
  readonly model: DataModel;
  readonly functions: Record<string, CFunction> = Object.create(null);
  readonly variables: Record<string, Declared & { readonly name: string; readonly type: CType }> = Object.create(null);
  readonly structs: Record<string, OpenStruct> = Object.create(null);
  readonly enums: Record<string, CEnum> = Object.create(null);
  /** Enums that were named before their definition, and where. */
  readonly forwardEnums = new Map<string, Token>();
  readonly typedefs: Record<string, Declared & { readonly type: CType }> = Object.create(null);
  readonly constants: Record<string, CConstant> = Object.create(null);
  readonly warnings: string[];
  assertions = 0;
  /** Declarations of the C library that could not be read. */
  passedOver = 0;
  /** Number of nodes that types may still use. */
  #weightLeft: number;
  #proposals = 0;
  /** Pairs of types that were found to be the same. */
  readonly #alike = new WeakMap<CType, WeakSet<CType>>();
  /** Typedefs of the C library. */
  readonly foreignTypedefs: Record<string, Declared & { readonly type: CType }> = Object.create(null);
  readonly #types = new Map<string, CType>(known);
  readonly #enumerators = new Map<string, Constant>();
  readonly #anonymous = { struct: 0, union: 0, enum: 0 };

  /** `length` is the number of tokens of the header, to which the limit of its types is proportional. */
  constructor(model: DataModel, warnings: string[], length = 0) {
    this.model = model;
    this.warnings = warnings;
    this.#weightLeft = freeWeight + 50 * length;
  }

  /** The scope of a table: the meaning of `double` or `struct rec` for an open library. */
  static of({ model, structs, enums, typedefs }: FunctionTable): Scope {
    const scope = new Scope(model, []);
    Object.assign(scope.structs, structs);
    Object.assign(scope.enums, enums);
    for (const [name, { type }] of Object.entries(typedefs)) scope.#types.set(name, { ...type, alias: name });
    for (const { values } of Object.values(enums)) {
      for (const [name, value] of Object.entries(values)) scope.#enumerators.set(name, enumerator(BigInt(value)));
    }
    return scope;
  }

  get longBits(): 32 | 64 {
    return longBytes[this.model] === 8 ? 64 : 32;
  }

  /** The position and documentation of a declaration. */
  declared(token: Token, doc = token.doc): Declared {
    const { file, line, column } = positionOf(token);
    return doc ? { file, line, column, doc } : { file, line, column };
  }

  /** The type with a name. */
  type(name: string): CType | undefined {
    return this.#types.get(name) ?? (name in wideTypes ? wideTypes[name] : undefined);
  }

  /** Names in declarations that were passed over: what refers to one is passed over as well. */
  readonly passedNames = new Set<string>();

  nearestType(name: string): string | undefined {
    if (++this.#proposals > maxProposals) return undefined;
    return nearest(name, [...'int unsigned double float char void long short'.split(' '), ...this.#types.keys()]);
  }

  enumerator(name: string): Constant | undefined {
    return this.#enumerators.get(name);
  }

  layout(type: CType): TypeSize | undefined {
    return layoutOf(type, this.model, this);
  }

  scalarLayout(name: ScalarName): ScalarLayout {
    return scalarLayout(name, this.model);
  }

  /** Refuses types whose expanded form would exhaust memory. */
  weigh(type: CType, place: Token): void {
    const { nodes, depth } = weightOf(type);
    this.#weightLeft -= nodes;
    if (nodes <= heaviest && depth <= deepestType && this.#weightLeft >= 0) return;
    throw headerError(
      place,
      nodes > heaviest || depth > deepestType
        ? `this type is made of ${nodes} types, ${depth} deep, once its typedefs are written out; expected at most ` +
            `${heaviest}, ${deepestType} deep`
        : 'the types of this header take too much memory once their typedefs are written out',
    );
  }

  anonymous(kind: 'struct' | 'union' | 'enum', wanted: string | undefined): string {
    const taken = kind === 'enum' ? this.enums : this.structs;
    const isForward = kind === 'enum' && wanted !== undefined && this.forwardEnums.has(wanted);
    if (wanted !== undefined && !(wanted in taken) && !isForward) return wanted;
    return `anonymous_${kind}_${++this.#anonymous[kind]}`;
  }

  addTypedef(name: Token, type: CType, doc: string | undefined): void {
    const before = this.#types.get(name.text);
    if (before && !this.#same(before, type)) {
      throw headerError(
        name,
        `${name.text} is ${typeText(unaliased(type))} here, but ` +
          `${typeText(unaliased(before))}${this.#at(this.typedefs[name.text])}`,
      );
    }
    if (before) return;
    this.weigh(type, name);
    this.#types.set(name.text, { ...type, alias: name.text });
    const typedefs = name.file.foreign ? this.foreignTypedefs : this.typedefs;
    typedefs[name.text] = { ...this.declared(name, doc), type };
  }

  addFunction(name: Token, type: FunctionType, doc: string | undefined, symbol?: string): void {
    if (name.file.foreign) return;
    const { result, parameters, variadic } = type;
    this.weigh(type, name);
    const before = this.functions[name.text];
    if (before) {
      const same =
        this.#same(before.result, result) &&
        before.variadic === variadic &&
        before.parameters.length === parameters.length &&
        before.parameters.every((parameter, i) => this.#same(parameter.type, parameters[i]?.type as CType, true));
      if (!same)
        throw headerError(
          name,
          `${signature(type, name.text)} was declared differently${this.#at(before)}: ${signature(before, name.text)}`,
        );
      return;
    }
    if (name.text in this.variables)
      throw headerError(name, `${name.text} is a variable${this.#at(this.variables[name.text])}`);
    const base = { name: name.text, ...this.declared(name, doc), result, parameters };
    const named = symbol === undefined || symbol === name.text ? base : { ...base, symbol };
    this.functions[name.text] = variadic ? { ...named, variadic } : named;
  }

  addVariable(name: Token, type: CType, doc: string | undefined): void {
    if (name.file.foreign) return;
    this.weigh(type, name);
    const before = this.variables[name.text];
    if (before && !this.#same(before.type, type))
      throw headerError(
        name,
        `${name.text} is ${typeText(type)} here, but ${typeText(before.type)}${this.#at(before)}`,
      );
    if (name.text in this.functions)
      throw headerError(name, `${name.text} is a function${this.#at(this.functions[name.text])}`);
    this.variables[name.text] ??= { name: name.text, ...this.declared(name, doc), type };
  }

  addEnumerator(name: Token, value: bigint): void {
    if (this.#enumerators.has(name.text)) throw headerError(name, `the enum constant ${name.text} is declared twice`);
    this.#enumerators.set(name.text, enumerator(value));
  }

  #at(before: Declared | undefined): string {
    return before ? ` in ${before.file}:${before.line}` : ' in the C library';
  }

  /** Whether two types are the same to a caller: names of typedefs and the qualifiers of parameters do not count. */
  #same(a: CType, b: CType, parameter = false): boolean {
    if (a === b) return true;
    if (!parameter && Boolean(a.const) !== Boolean(b.const)) return false;
    if (a.kind !== 'pointer' && a.kind !== 'function') return this.#compare(a, b);
    if (this.#alike.get(a)?.has(b)) return true;
    const same = this.#compare(a, b);
    if (same) {
      const others = this.#alike.get(a) ?? new WeakSet();
      this.#alike.set(a, others.add(b));
    }
    return same;
  }

  #compare(a: CType, b: CType): boolean {
    if (a.kind === 'scalar' && b.kind === 'scalar') {
      return underlying(a.name, this.model) === underlying(b.name, this.model);
    }
    if (a.kind === 'pointer' && b.kind === 'pointer') return this.#same(a.to, b.to);
    if (a.kind === 'array' && b.kind === 'array')
      return a.length === b.length && a.vector === b.vector && this.#same(a.of, b.of);
    if ((a.kind === 'struct' && b.kind === 'struct') || (a.kind === 'enum' && b.kind === 'enum'))
      return a.tag === b.tag;
    if (a.kind === 'function' && b.kind === 'function') {
      const others = b.parameters;
      return (
        this.#same(a.result, b.result) &&
        a.variadic === b.variadic &&
        a.parameters.length === others.length &&
        a.parameters.every((parameter, i) => this.#same(parameter.type, others[i]?.type as CType, true))
      );
    }
    if (a.kind === 'opaque' && b.kind === 'opaque') return a.name === b.name;
    return a.kind === 'void' && b.kind === 'void';
  }
}

/** The constant of an enum: of the first type that holds it. */
function enumerator(value: bigint): Constant {
  const bits = value >= -(2n ** 31n) && value < 2n ** 32n ? 32 : 64;
  return int(value, bits, value >= 2n ** BigInt(bits - 1));
}

/** Types that compilers have without a header, as typedefs. */
const wideTypes: Readonly<Record<string, CType>> = Object.assign(Object.create(null), {
  __int128_t: { kind: 'opaque', name: '__int128', alias: '__int128_t' },
  __uint128_t: { kind: 'opaque', name: 'unsigned __int128', alias: '__uint128_t' },
});

const unaliased = ({ alias: _, ...type }: CType): CType => type as CType;

const unsupportedErrors = new WeakSet<object>();

/** The error for something that this parser does not support. */
export function unsupported(place: Placed, what: string, instead: string): Error {
  return headerError(place, `${what} is not supported; ${instead}`);
}

/** Has an error pass over its declaration alone: C has what it is about. */
export function passing<E extends Error>(error: E): E {
  unsupportedErrors.add(error);
  return error;
}

/** Whether an error is about what C has and this parser does not read; others are mistakes of the header. */
export const isUnsupported = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && unsupportedErrors.has(error);
