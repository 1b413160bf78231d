/** Maps C's types to wasm functions: the C ABI of clang for wasm32. */

import { jsMemory } from '../../memory/space.js';
import { expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { layoutOf } from '../header/layout.js';
import { type CField, type CFunction, type CType, type FunctionTable, signature, typeText } from '../header/types.js';
import { Runtime } from '../runtime.js';
import type { WasmSignature, WasmType } from './binary.js';

/**
 * How a value is passed: as one value of wasm, which is a member at `offset` for a struct that is nothing else, as two
 * i64, by the address of a copy, or not at all.
 */
export type Passed =
  | { readonly how: 'value'; readonly type: WasmType; readonly of: CField }
  | { readonly how: 'pair' }
  | { readonly how: 'copy' }
  | { readonly how: 'nothing' };

/** How a type that is not void is passed; undefined if it cannot be. */
export function passedAs(type: CType, runtime: Runtime): Passed | undefined {
  const value = (wasm: WasmType): Passed => ({ how: 'value', type: wasm, of: { name: '', type, offset: 0 } });
  if (type.kind === 'pointer') return value('i32');
  const layout = runtime.scalar(type)?.layout;
  if (layout?.kind === 'float') return value(layout.size === 4 ? 'f32' : 'f64');
  if (layout) return value(layout.size === 8 ? 'i64' : 'i32');
  if (type.kind === 'opaque') {
    if (!runtime.wide(type)) return undefined;
    return / _Complex$/.test(type.name) ? { how: 'copy' } : { how: 'pair' };
  }
  if (type.kind !== 'struct' || !runtime.table.structs[type.tag]?.fields) return undefined;
  const size = runtime.sizeOf(type);
  const members = membersOf(type, 0, runtime);
  const [only] = members;
  if (!only) return size === 0 ? { how: 'nothing' } : { how: 'copy' };
  // A struct of one number, without padding behind it, is that number.
  if (members.length > 1) return { how: 'copy' };
  const bytes = layoutOf(only.type, runtime.model, runtime.table)?.size;
  const inner = only.type.kind === 'struct' ? undefined : passedAs(only.type, runtime);
  if (bytes !== size || !inner || inner.how === 'copy') return { how: 'copy' };
  return inner.how === 'value' ? { ...inner, of: only } : inner;
}

/** The numbers of a struct or union; a member without elements is none. */
function membersOf(type: CType, at: number, runtime: Runtime): CField[] {
  if (type.kind === 'struct')
    return (runtime.table.structs[type.tag]?.fields ?? []).flatMap((field): CField[] => {
      const offset = at + field.offset;
      if (field.bits !== undefined) return field.name === '' ? [] : [{ ...field, offset }];
      return membersOf(field.type, offset, runtime);
    });
  if (type.kind === 'array' && !type.vector) {
    const size = runtime.sizeOf(type.of);
    // Two elements are enough to know that there is more than one.
    return Array.from({ length: Math.min(2, type.length) }, (_, i) =>
      membersOf(type.of, at + i * size, runtime),
    ).flat();
  }
  return [{ name: '', type, offset: at }];
}

function passed(type: CType, runtime: Runtime, fn: string): Passed {
  const found = passedAs(type, runtime);
  if (found) return found;
  throw new EwaldError(
    'Unsupported',
    `${fn} passes ${typeText(type)} by value, which is not supported on wasm; declare a function that takes or ` +
      'writes it through a pointer',
  );
}

const wasmTypes = (how: Passed): WasmType[] =>
  how.how === 'value' ? [how.type] : how.how === 'pair' ? ['i64', 'i64'] : how.how === 'copy' ? ['i32'] : [];

/** The wasm signature of a declaration. @throws `Unsupported` for varargs, and for types without a value. */
export function wasmSignature(
  fn: Pick<CFunction, 'result' | 'parameters' | 'variadic'>,
  name: string,
  runtime: Runtime,
): WasmSignature {
  const text = signature(fn, name);
  if (fn.variadic)
    throw new EwaldError(
      'Unsupported',
      `${text} takes varargs, which is not supported on wasm; wrap it in a function with fixed parameters`,
    );
  const parameters = fn.parameters.flatMap(({ type }) => wasmTypes(passed(type, runtime, text)));
  if (fn.result.kind === 'void') return { parameters, results: [] };
  const result = passed(fn.result, runtime, text);
  if (result.how === 'value') return { parameters, results: [result.type] };
  // What is no single value is written to an address that comes first.
  return result.how === 'nothing' ? { parameters, results: [] } : { parameters: ['i32', ...parameters], results: [] };
}

/** The wasm signature that a function of a table (of the model `wasm32`) has in a module that fits its header. */
export function declaredSignature(table: FunctionTable, name: string): WasmSignature {
  expectsMembers('declaredSignature: the table', table, ['functions', 'structs', 'model'], 'the result of parseHeader');
  const fn = table.functions[name];
  if (!fn) throw new EwaldError('Argument', `${table.header} declares no function "${name}"`);
  return wasmSignature(fn, name, new Runtime(table, jsMemory, table.header));
}
