/** The contents of a table: everything that the header declares, and the declarations of the C library that it uses. */
import type { Scope } from './scope.js';
import type { CEnum, CStruct, CType, Declared, FunctionTable } from './types.js';
import { partsOf } from './weight.js';

type Typedef = Declared & { readonly type: CType };

/** Structs, enums and typedefs, without unused ones of the C library. */
export function offered(
  scope: Scope,
  foreign: ReadonlySet<string>,
): Pick<FunctionTable, 'structs' | 'enums' | 'typedefs'> {
  const { structs, enums, typedefs, foreignTypedefs, functions, variables } = scope;
  if (foreign.size === 0) return { structs, enums, typedefs };
  const tags = new Set<string>();
  const aliases = new Set<string>();
  const seen = new Set<CType>();
  const visit = (type: CType): void => {
    if (seen.has(type)) return;
    seen.add(type);
    if (type.alias !== undefined && !aliases.has(type.alias)) {
      aliases.add(type.alias);
      const behind = foreignTypedefs[type.alias];
      if (behind) visit(behind.type);
    }
    if (type.kind === 'enum') tags.add(`enum ${type.tag}`);
    if (type.kind === 'struct' && !tags.has(type.tag)) {
      tags.add(type.tag);
      for (const field of structs[type.tag]?.fields ?? []) visit(field.type);
    }
    for (const part of partsOf(type)) visit(part);
  };
  for (const fn of Object.values(functions)) {
    visit(fn.result);
    for (const { type } of fn.parameters) visit(type);
  }
  for (const { type } of [...Object.values(variables), ...Object.values(typedefs)]) visit(type);
  for (const { file, fields } of Object.values(structs)) {
    if (!foreign.has(file)) for (const { type } of fields ?? []) visit(type);
  }
  const kept = <T extends Declared>(names: Readonly<Record<string, T>>, wanted: (name: string) => boolean) => {
    const rest: Record<string, T> = Object.create(null);
    for (const [name, one] of Object.entries(names)) if (!foreign.has(one.file) || wanted(name)) rest[name] = one;
    return rest;
  };
  const types: Record<string, Typedef> = kept(typedefs, () => true);
  for (const [name, one] of Object.entries(foreignTypedefs)) if (aliases.has(name)) types[name] = one;
  return {
    structs: kept<CStruct>(structs, (tag) => tags.has(tag)),
    enums: kept<CEnum>(enums, (tag) => tags.has(`enum ${tag}`)),
    typedefs: types,
  };
}
