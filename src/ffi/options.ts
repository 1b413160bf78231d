/** Options of getLibHandle, and the code that both of its builds share. */
import { expectsMembers, isObject } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { wordTable } from '../util/word-table.js';
import { layoutOf, type Member, placeFields } from './header/layout.js';
import type { Definitions } from './header/parse.js';
import type { Include } from './header/preprocess.js';
import type { CStruct, CType, DataModel, FunctionTable } from './header/types.js';
import type { BindOptions } from './library.js';
import type { LibraryParameters } from './parameter-types.js';
import type { WasmImports, WasmSource } from './wasm/module.js';

/** A header given as text. */
export interface HeaderText {
  readonly source: string;
  /** Name in messages; default `header.h`. */
  readonly name?: string | undefined;
}

export interface LibraryOptions extends BindOptions, LibraryParameters {
  /** The header: a file in `includeDir` (Node), its text, or the table of a parsed header. */
  readonly header: string | HeaderText | FunctionTable;
  /** The library: a name or path (Node), or a wasm module as bytes, Module, Instance, Response or URL. */
  readonly library: string | WasmSource;
  /** Returns the text of an include, on platforms without files. */
  readonly include?: Include | undefined;
  /** Reads functions with varargs; default true. */
  readonly allowVarargs?: boolean | undefined;
  /** Imports of a wasm module. */
  readonly imports?: WasmImports | undefined;
  /** Makes the worker of asynchronous calls on wasm. */
  readonly worker?: (() => unknown) | undefined;
  /** Name of the library in messages. */
  readonly name?: string | undefined;
}

export const libraryOptions = (
  'definitions header library buildDir includeDir backend include cpp allowVarargs skipUnsupported imports worker name ' +
  'strict handles ends lengths'
).split(' ');

export const isTable = (header: unknown): header is FunctionTable =>
  typeof header === 'object' && header !== null && 'functions' in header && 'structs' in header && 'model' in header;

/**
 * A table converted to another data model. Offsets and sizes of structs are recomputed; decisions of the preprocessor
 * and of `sizeof` are kept, so a header that differs between targets must be parsed for each of them.
 */
export function tableFor(table: FunctionTable, model: DataModel): FunctionTable {
  expectsMembers('tableFor: the table', table, ['functions', 'structs', 'model'], 'the result of parseHeader');
  if (table.version !== 1)
    throw new EwaldError(
      'Format',
      `this function table has version ${String(table.version)}, expected 1; parse the header again`,
    );
  const copy = withoutPrototypes(table);
  if (copy.model === model) return copy;
  const structs: Record<string, CStruct> = Object.create(null);
  const open = new Set<string>();
  // The members of a struct come first, whatever the order of the table.
  const lay = (tag: string): void => {
    const struct = copy.structs[tag];
    if (!struct || tag in structs || open.has(tag)) return;
    open.add(tag);
    const { fields, size: _size, align: _align, ...rest } = struct;
    for (const { type } of fields ?? []) for (const inner of tagsIn(type)) lay(inner);
    const members = fields?.map(({ offset: _offset, shift: _shift, ...field }) => ({
      ...field,
      layout: layoutOf(field.type, model, { structs, enums: copy.enums }),
    }));
    structs[tag] = members?.every(({ layout }) => layout !== undefined)
      ? { ...rest, ...placeFields(members as Member[], struct) }
      : rest;
  };
  for (const tag of Object.keys(copy.structs)) lay(tag);
  return { ...copy, model, structs };
}

/** The structs contained in a value of a type. */
const tagsIn = (type: CType): readonly string[] =>
  type.kind === 'struct' ? [type.tag] : type.kind === 'array' ? tagsIn(type.of) : [];

/** A table without inherited names: an object parsed from JSON also has `constructor` and the like. */
function withoutPrototypes(table: FunctionTable): FunctionTable {
  const entries = Object.entries(table).map(([name, one]) => [name, isObject(one) ? wordTable(one) : one]);
  return Object.fromEntries(entries) as FunctionTable;
}

/** Both calling conventions: one object, or five positional arguments. */
export function optionsOf(args: readonly unknown[]): LibraryOptions {
  const [first, header, library, buildDir, includeDir] = args as [
    unknown,
    LibraryOptions['header'],
    LibraryOptions['library'],
    string | undefined,
    string | undefined,
  ];
  if (args.length <= 1) {
    if (typeof first !== 'object' || first === null)
      throw new EwaldError('Argument', 'getLibHandle() needs an object with at least header and library');
    return first as LibraryOptions;
  }
  return { definitions: first as Definitions, header, library, buildDir, includeDir };
}
