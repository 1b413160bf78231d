/** Maps C's types to wasm functions: the C ABI of clang for wasm32. */
import { expectsMembers } from '../../../base/arguments.js';
import { EwaldError } from '../../../base/errors.js';
import { jsMemory } from '../../memory/space.js';
import { type CFunction, type CType, type FunctionTable, signature, typeText } from '../header/types.js';
import { Runtime } from '../runtime.js';
import type { WasmSignature, WasmType } from './binary.js';

/** The wasm type of a C value; undefined for void. */
function wasmType(type: CType, runtime: Runtime, fn: string): WasmType | undefined {
  if (type.kind === 'void') return undefined;
  if (type.kind === 'pointer') return 'i32';
  const layout = runtime.scalar(type)?.layout;
  if (!layout) {
    throw new EwaldError(
      'Unsupported',
      `${fn} passes ${typeText(type)} by value, which is not supported on wasm; declare a function that takes or ` +
        'writes it through a pointer',
    );
  }
  if (layout.kind === 'float') return layout.size === 4 ? 'f32' : 'f64';
  return layout.size === 8 ? 'i64' : 'i32';
}

/** The wasm signature of a declaration. @throws `Unsupported` for structs by value and varargs. */
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
  const result = wasmType(fn.result, runtime, text);
  return {
    parameters: fn.parameters.map(({ type }) => wasmType(type, runtime, text) as WasmType),
    results: result ? [result] : [],
  };
}

/** The wasm signature that a function of a table (of the model `wasm32`) has in a module that fits its header. */
export function declaredSignature(table: FunctionTable, name: string): WasmSignature {
  expectsMembers('declaredSignature: the table', table, ['functions', 'structs', 'model'], 'the result of parseHeader');
  const fn = table.functions[name];
  if (!fn) throw new EwaldError('Argument', `${table.header} declares no function "${name}"`);
  return wasmSignature(fn, name, new Runtime(table, jsMemory, table.header));
}
