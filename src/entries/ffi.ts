/** `ewald/ffi` in a browser: the header parser, and wasm modules as libraries. */
import { EwaldError } from '../base/errors.js';
import { knownOptions } from '../base/options.js';
import { type Definitions, type ParseOptions, parseHeader } from '../ffi/header/parse.js';
import type { DataModel, FunctionTable } from '../ffi/header/types.js';
import { type Library, makeLibrary } from '../ffi/library.js';
import { isTable, type LibraryOptions, libraryOptions, optionsOf, tableFor } from '../ffi/options.js';
import { startModule, type WasmSource } from '../ffi/wasm/module.js';
import { type OpenPort, webPort } from '../ffi/wasm/port.js';
import { WasmTarget } from '../ffi/wasm/target.js';

export * from '../ffi/public.js';

/** The table of a header that is given as text or as a table. */
export function tableOf(
  options: LibraryOptions,
  model: DataModel,
  more: Pick<ParseOptions, 'system'> = {},
): FunctionTable {
  const { header, definitions, include, allowVarargs, skipUnsupported, cpp } = options;
  if (isTable(header)) return tableFor(header, model);
  if (cpp !== undefined)
    throw new EwaldError('Unsupported', 'cpp runs a program over a header file; this header is given as text');
  if (typeof header === 'string')
    throw new EwaldError(
      'Unsupported',
      `the header "${header}" is a file, which a browser cannot read; pass its text: { header: { source } }`,
    );
  if (typeof header !== 'object' || header === null || typeof header.source !== 'string')
    throw new EwaldError('Argument', 'the header is neither text ({ source }) nor a function table');
  return parseHeader(header.source, {
    ...more,
    model,
    name: header.name ?? 'header.h',
    ...(definitions && { definitions }),
    ...(include && { include }),
    ...(allowVarargs !== undefined && { allowVarargs }),
    ...(skipUnsupported !== undefined && { skipUnsupported }),
  });
}

/** Binds a wasm module. */
export async function openWasm<F>(
  table: FunctionTable,
  source: WasmSource,
  options: LibraryOptions,
  port: OpenPort = webPort(options.worker),
): Promise<Library<F>> {
  const name =
    options.name ?? (source instanceof URL ? (source.pathname.split('/').at(-1) ?? 'module.wasm') : 'module.wasm');
  const started = await startModule(source, name, options.imports);
  const target = new WasmTarget(table, name, started, { port, ...(options.imports && { imports: options.imports }) });
  return makeLibrary(target, options) as Library<F>;
}

/**
 * Opens a library through its header: every function that the header declares becomes a function of JavaScript.
 *
 * In a browser the library is a wasm module (bytes, Module, Instance, Response or URL) and the header is text.
 *
 * @throws `Format` for the header, `Load` for the library, `Unsupported` for what needs Node, `Argument`.
 */
export function getLibHandle<F = Record<string, import('../ffi/library.js').LibraryFunction>>(
  options: LibraryOptions,
): Promise<Library<F>>;
/** The same in the lesson's order. */
export function getLibHandle<F = Record<string, import('../ffi/library.js').LibraryFunction>>(
  definitions: Definitions,
  header: LibraryOptions['header'],
  library: LibraryOptions['library'],
  buildDir?: string,
  includeDir?: string,
): Promise<Library<F>>;
export async function getLibHandle<F>(...args: unknown[]): Promise<Library<F>> {
  const options = optionsOf(args);
  knownOptions('getLibHandle', options, libraryOptions);
  const { library, backend } = options;
  if (backend === 'native')
    throw new EwaldError(
      'Unsupported',
      'native libraries need Node, Deno or Bun; in a browser open a wasm module: { backend: "wasm" }',
    );
  if (typeof library === 'string')
    throw new EwaldError(
      'Unsupported',
      `the library "${library}" is a file, which a browser cannot read; pass its bytes, a Response or a URL`,
    );
  return openWasm<F>(tableOf(options, 'wasm32'), library, options);
}
