/** A typed module for a header, so that editors complete its names. */

import { jsMemory } from '../memory/space.js';
import { expectsMembers } from '../util/arguments.js';
import { isOpaque, namedFields } from './header/layout.js';
import {
  type CFunction,
  type CParameter,
  type CType,
  type FunctionTable,
  type FunctionType,
  isBounded,
  isChar,
  isText,
  type PointerType,
  signature,
} from './header/types.js';
import { propertyName } from './names.js';
import { arrayName, isByte } from './pointees.js';
import { Runtime } from './runtime.js';
import { partOf } from './wide-values.js';

export interface ModuleOptions {
  /** Name of the library in the module's text; default: the header's name without its extension. */
  readonly name?: string | undefined;
  /** `ts` writes a module that contains the table, `d.ts` only its declarations; default `ts`. */
  readonly form?: 'ts' | 'd.ts' | undefined;
}

const identifier = /^[A-Za-z_$][\w$]*$/;

/** Converts a name to TypeScript's style of type names. */
const pascal = (name: string): string =>
  name
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((part) => (part[0] ?? '').toUpperCase() + part.slice(1))
    .join('')
    .replace(/^(\d)/, '_$1');

/** Words that cannot name a parameter. */
const reserved = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally ' +
    'for function if implements import in instanceof interface let new null package private protected public ' +
    'return static super switch this throw true try typeof var void while with yield arguments eval'
  ).split(' '),
);

/** Words that cannot name a type. */
const typeWords = new Set(
  'any bigint boolean never null number object string symbol undefined unknown void'.split(' '),
);

/** Names that a module imports, or that the language defines. */
const imported = (
  'CArray Callback Handle Library LibraryOptions Pointer FunctionTable IndirectMemory2D Promise Omit ' +
  'ArrayBuffer ArrayBufferView'
).split(' ');

/**
 * Writes a typed module for a table: its functions, structs, enums and constants.
 *
 * The module exports an interface of the functions and, in the `ts` form, the table and `open(library, options)`.
 */
export function writeModule(table: FunctionTable, options: ModuleOptions = {}): string {
  expectsMembers('writeModule: the table', table, ['functions', 'structs', 'model'], 'the result of parseHeader');
  return new Writer(table, options).text();
}

class Writer {
  readonly #table: FunctionTable;
  readonly #runtime: Runtime;
  readonly #form: 'ts' | 'd.ts';
  readonly #name: string;
  /** Names that are taken: values, and types by their tag. */
  readonly #values = new Set(['table', 'open', 'getLibHandle']);
  readonly #types = new Map<string, string>();
  readonly #typeNames: Set<string>;

  constructor(table: FunctionTable, { name, form }: ModuleOptions) {
    this.#table = table;
    this.#runtime = new Runtime(table, jsMemory, table.header);
    this.#form = form ?? 'ts';
    this.#name = pascal(name ?? table.header.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '')) || 'Library';
    this.#typeNames = new Set([...imported, this.#name, `${this.#name}Functions`]);
  }

  text(): string {
    return this.#withUsedImports(
      [
        ...this.#head(),
        ...this.#constants(),
        ...this.#enums(),
        ...this.#structs(),
        ...this.#functions(),
        ...this.#opening(),
      ].join('\n'),
    );
  }

  get #header(): string {
    return this.#table.header.replace(/^.*[\\/]/, '');
  }

  get #isModule(): boolean {
    return this.#form === 'ts';
  }

  #head(): string[] {
    return [
      `/** ${this.#header} as TypeScript; written by \`ewald ffi\`, do not edit. */`,
      '/* eslint-disable */',
      '// biome-ignore-all format: generated',
      '// biome-ignore-all lint: generated',
      '// biome-ignore-all assist: generated',
      `import type { CArray, Callback, Handle, Library, LibraryOptions, Pointer } from 'ewald/ffi';`,
      this.#isModule
        ? `import { type FunctionTable, getLibHandle } from 'ewald/ffi';`
        : `import type { FunctionTable } from 'ewald/ffi';`,
      `import type { IndirectMemory2D } from 'ewald/memory';`,
      '',
    ];
  }

  /** Takes the name of a value; false if it cannot be one. A macro may have the name of an enum's constant. */
  #take(name: string): boolean {
    if (!identifier.test(name) || reserved.has(name) || this.#values.has(name)) return false;
    this.#values.add(name);
    return true;
  }

  #constants(): string[] {
    return Object.entries(this.#table.constants).flatMap(([name, { kind, value, doc }]) => {
      if (!this.#take(name)) return [];
      const text = kind === 'int' ? this.#integer(value) : JSON.stringify(value);
      return [...this.#doc(doc, ''), this.#constant(name, text)];
    });
  }

  /** An integer that is a string is too large for a number. */
  #integer(value: number | string): string {
    return typeof value === 'string' ? `${value}n` : String(value);
  }

  #constant(name: string, text: string): string {
    return this.#isModule ? `export const ${name} = ${text};` : `export declare const ${name}: ${text};`;
  }

  #enums(): string[] {
    return Object.values(this.#table.enums).flatMap(({ tag, values, doc }) => [
      ...Object.entries(values).flatMap(([name, value]) =>
        this.#take(name) ? [this.#constant(name, this.#integer(value))] : [],
      ),
      ...this.#doc(doc, ''),
      `export type ${this.#typeName(tag)} = ${[...new Set(Object.values(values))].map((value) => this.#integer(value)).join(' | ') || 'number'};`,
    ]);
  }

  #structs(): string[] {
    const { structs } = this.#table;
    return Object.values(structs).flatMap(({ tag, kind, fields, doc }) => {
      if (!fields) return [];
      // A union has one of its members, or all of them as they read.
      const may = kind === 'union' ? '?' : '';
      const named = namedFields(fields, structs).filter(
        ({ type }) => type.kind !== 'opaque' || this.#runtime.wide(type),
      );
      return [
        '',
        ...this.#doc(doc, ''),
        `export interface ${this.#typeName(tag)} {`,
        ...named.map((field) => `  ${key(field.name)}${may}: ${this.#member(field.type, field === named.at(-1))};`),
        '}',
      ];
    });
  }

  #functions(): string[] {
    return [
      '',
      `/** The functions of ${this.#header}. */`,
      `export interface ${this.#name}Functions {`,
      ...Object.values(this.#table.functions).flatMap((fn) => [
        ...this.#doc(this.#docOf(fn), '  ', signature(fn, fn.name)),
        `  readonly ${key(propertyName(fn.name))}: ${this.#function(fn)};`,
      ]),
      '}',
      '',
    ];
  }

  /** The comment of a function, with a note where a number may be a bigint. */
  #docOf({ doc, result }: CFunction): string | undefined {
    const scalar = this.#runtime.scalar(result);
    const isWord = scalar?.typescript === 'number' && scalar.layout.size === 8 && scalar.layout.kind !== 'float';
    return isWord ? `${doc ? `${doc}\n` : ''}Returns a bigint beyond 2^53.` : doc;
  }

  /** The type of the open library, the table, and `open`. */
  #opening(): string[] {
    const open = '/** Opens a library with these functions. */';
    const first = [
      `/** An open library with the functions of ${this.#header}. */`,
      `export type ${this.#name} = Library<${this.#name}Functions>;`,
      '',
      `/** What ${this.#header} declares. */`,
    ];
    if (!this.#isModule)
      return [
        ...first,
        'export declare const table: FunctionTable;',
        '',
        open,
        `export declare function open(library: LibraryOptions['library'], options?: Omit<LibraryOptions, ` +
          `'header' | 'library'>): Promise<${this.#name}>;`,
        '',
      ];
    return [
      ...first,
      `export const table: FunctionTable = ${literal(withoutFolders(this.#table))};`,
      '',
      open,
      `export function open(library: LibraryOptions['library'], options: Omit<LibraryOptions, 'header' | ` +
        `'library'> = {}): Promise<${this.#name}> {`,
      `  return getLibHandle<${this.#name}Functions>({ ...options, header: table, library });`,
      '}',
      '',
    ];
  }

  /** Only what is used is imported. */
  #withUsedImports(text: string): string {
    return text
      .replace(/import type \{ ([^}]+) \} from ('[^']+');\n/g, (_, list: string, from: string) => {
        const rest = text.replace(/^import .*$/gm, '');
        const used = list.split(', ').filter((name) => new RegExp(`\\b${name}\\b`).test(rest));
        return used.length > 0 ? `import type { ${used.join(', ')} } from ${from};\n` : '';
      })
      .replace(/\n{3,}/g, '\n\n');
  }

  #typeName(tag: string): string {
    const known = this.#types.get(tag);
    if (known !== undefined) return known;
    let name = identifier.test(tag) && !reserved.has(tag) && !typeWords.has(tag) ? tag : pascal(tag);
    while (this.#typeNames.has(name)) name += '_';
    this.#typeNames.add(name);
    this.#types.set(tag, name);
    return name;
  }

  #doc(doc: string | undefined, indent: string, code?: string): string[] {
    const text = (doc ? doc.split('\n') : []).flatMap((line) => wrapped(line, 117 - indent.length));
    const words = [...text, ...(code ? [`C: \`${code}\``] : [])].map((line) => line.replaceAll('*/', '* /'));
    if (words.length === 0) return [];
    if (words.length === 1) return [`${indent}/** ${words[0]} */`];
    return [`${indent}/**`, ...words.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
  }

  /** The type of a function; one with varargs takes pairs of type and value. */
  #function(fn: CFunction): string {
    const list = this.#list(fn.parameters, (type) => this.#parameter(type));
    const result = this.#result(fn.result);
    if (fn.variadic) return `{ (${list}, ...further: [type: string, value: unknown][]): ${result} }`;
    return `{ (${list}): ${result}; async(${list}): Promise<${result}> }`;
  }

  /** A list of parameters, each with a name of its own. */
  #list(parameters: readonly CParameter[], typeOf: (type: CType, i: number) => string): string {
    const taken = new Set<string>();
    return parameters
      .map(({ name, type }, i) => {
        let parameter = identifier.test(name) && !reserved.has(name) ? name : `${name || 'value'}_${i + 1}`;
        if (taken.has(parameter)) parameter = `${parameter}_${i + 1}`;
        taken.add(parameter);
        return `${parameter}: ${typeOf(type, i)}`;
      })
      .join(', ');
  }

  /** What a callback receives. */
  #received({ parameters }: FunctionType): string {
    return this.#list(parameters, (type, i) => (isBounded(parameters, i) ? 'Pointer | null' : this.#result(type)));
  }

  #scalar(type: CType): string | undefined {
    if (type.kind === 'enum') return isOpaque(type, this.#table) ? 'never' : this.#typeName(type.tag);
    const scalar = this.#runtime.scalar(type);
    return scalar?.typescript;
  }

  #parameter(type: CType): string {
    const scalar = this.#scalar(type);
    if (scalar) return scalar === 'bigint' ? 'bigint | number' : isChar(type) ? `${scalar} | string` : scalar;
    if (type.kind === 'struct') return this.#givenOne(type.tag);
    if (type.kind === 'opaque') return this.#runtime.wide(type)?.given ?? 'never';
    if (type.kind !== 'pointer') return 'never';
    const { to } = type;
    if (to.kind === 'function')
      return `((${this.#received(to)}) => ${this.#callbackResult(to.result)}) | Callback | Pointer | null`;
    const element = this.#runtime.scalar(to);
    if (element) {
      const bytes = element.layout.size === 1 ? ' | Uint8Array | Int8Array' : '';
      const text = to.const && element.layout.size === 1 ? ' | string' : '';
      // Of bytes, one number would rather be an address.
      const one = to.const && element.layout.size > 1 ? ` | ${element.typescript}` : '';
      const plain = `${one} | ${element.typescript}[]`;
      return `${arrayName(element)}${bytes}${text}${plain} | CArray<${element.typescript}> | Pointer | null`;
    }
    const wide = this.#runtime.wide(to);
    if (wide) {
      const part = partOf(to);
      const lists = part ? `${part.array} | ${wide.returned}[]` : `(${wide.given})[]`;
      return `${lists} | CArray<${wide.returned}> | Pointer | null`;
    }
    if (to.kind === 'void') return 'ArrayBufferView | ArrayBuffer | CArray | Pointer | null';
    if (isOpaque(to, this.#table)) return 'Handle | Pointer | null';
    if (to.kind === 'struct') return `${this.#given(to.tag)} | CArray | Pointer | null`;
    if (to.kind === 'pointer') {
      if (isChar(to.to))
        return `(string | ${to.to.const ? '' : 'Pointer | '}null)[] | IndirectMemory2D<number> | CArray | Pointer | null`;
      const row = this.#runtime.scalar(to.to);
      if (row)
        return (
          `${row.typescript === 'bigint' ? 'bigint' : 'number'}[][] | ${arrayName(row)}[] | ` +
          `IndirectMemory2D<${row.typescript === 'boolean' ? 'number' : row.typescript}> | ` +
          '(Pointer | null)[] | CArray | Pointer | null'
        );
      const part = partOf(to.to);
      const parts = part ? `${part.array}[] | ${this.#runtime.wide(to.to)?.returned}[][] | ` : '';
      return `${parts}(Pointer | null)[] | CArray | Pointer | null`;
    }
    return 'ArrayBufferView | CArray | Pointer | null';
  }

  /** An object that is passed for a struct, or a list of them. */
  #given(tag: string): string {
    const one = this.#givenOne(tag);
    return one.includes(' ') ? `(${one}) | (${one})[]` : `${one} | ${one}[]`;
  }

  /** An object that is passed for a struct: its pointers may be more than C returns. */
  #givenOne(tag: string): string {
    const fields = namedFields(this.#table.structs[tag]?.fields ?? [], this.#table.structs);
    const pointers = fields.flatMap(({ name, type }) => (type.kind === 'pointer' ? [{ name, to: type.to }] : []));
    const name = this.#typeName(tag);
    if (pointers.length === 0) return name;
    const may = this.#table.structs[tag]?.kind === 'union' ? '?' : '';
    const members = pointers.map((field) => `${key(field.name)}${may}: ${this.#givenPointer(field.to)}`).join('; ');
    return `Omit<${name}, ${pointers.map((field) => JSON.stringify(field.name)).join(' | ')}> & { ${members} }`;
  }

  /** What is passed for a pointer within a struct; texts may stand for `char *`, arrays for pointers to numbers. */
  #givenPointer(to: CType): string {
    if (to.kind === 'function')
      return `((${this.#received(to)}) => ${this.#callbackResult(to.result)}) | Callback | Pointer | null`;
    const element = this.#runtime.scalar(to);
    const array = element
      ? `${arrayName(element)} | ${element.typescript}[] | `
      : partOf(to)
        ? `${partOf(to)?.array} | `
        : '';
    return `${isByte(to, this.#runtime) ? 'string | ' : ''}${array}Pointer | CArray | null`;
  }

  #result(type: CType): string {
    if (type.kind === 'void') return 'void';
    const scalar = this.#scalar(type);
    if (scalar) return scalar;
    if (type.kind === 'struct') return this.#typeName(type.tag);
    if (type.kind === 'opaque') return this.#runtime.wide(type)?.returned ?? 'never';
    if (type.kind !== 'pointer') return 'never';
    if (isText(type)) return 'string | null';
    return this.#pointer(type);
  }

  #pointer({ to }: PointerType): string {
    return isOpaque(to, this.#table) ? 'Handle | null' : 'Pointer | null';
  }

  #callbackResult(type: CType): string {
    if (type.kind === 'void') return 'void';
    return type.kind === 'pointer' ? 'Pointer | CArray | null' : (this.#scalar(type) ?? 'never');
  }

  /** The last member may have its elements behind the struct: it is a pointer when it is read. */
  #member(type: CType, isLast: boolean): string {
    const isBehind = isLast && type.kind === 'array' && type.length === 0;
    return isBehind ? `Pointer | ${isChar(type.of) ? 'string' : this.#field(type)}` : this.#field(type);
  }

  #field(type: CType): string {
    if (type.kind === 'array') {
      if (isChar(type.of)) return 'string';
      const of = this.#field(type.of);
      return of.includes(' ') ? `(${of})[]` : `${of}[]`;
    }
    if (type.kind === 'pointer') return this.#pointer(type);
    if (type.kind === 'struct') return this.#typeName(type.tag);
    return this.#scalar(type) ?? this.#runtime.wide(type)?.returned ?? 'never';
  }
}

const key = (name: string): string => (identifier.test(name) ? name : JSON.stringify(name));

/** Splits a line into pieces of at most `width` characters, between words. */
function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const cut = rest.lastIndexOf(' ', width);
    if (cut <= 0) break;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return [...lines, rest];
}

/** JSON as code, in which a key `__proto__` would set the prototype unless it is computed. */
const literal = (value: unknown): string => JSON.stringify(value).replace(/(?<!\\)"__proto__":/g, '["__proto__"]:');

/** Folders of the machine that read the header are meaningless on other machines. */
function withoutFolders(table: FunctionTable): FunctionTable {
  return JSON.parse(
    JSON.stringify(table, (name, value: unknown) =>
      (name === 'file' || name === 'header') && typeof value === 'string'
        ? value.replace(/^.*[\\/]/, '')
        : name === 'files' && Array.isArray(value)
          ? value.map((file) => String(file).replace(/^.*[\\/]/, ''))
          : value,
    ),
  ) as FunctionTable;
}
