/** `getLibHandle`, bound to a platform, and the handling of headers and wasm modules on both platforms. */
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { knownOptions } from '../util/options.js';
import { type Definitions, parseHeader } from './header/parse.js';
import type { DataModel, FunctionTable } from './header/types.js';
import { type Library, type LibraryFunction, makeLibrary } from './library.js';
import { isTable, type LibraryOptions, libraryOptions, optionsOf, tableFor } from './options.js';
import { startModule, type WasmSource } from './wasm/module.js';
import { type OpenPort, webPort } from './wasm/port.js';
import { WasmTarget } from './wasm/target.js';

/** Opens a library through its header. */
export interface GetLibHandle {
  /**
   * Opens a library through its header: every function that the header declares becomes a function of JavaScript.
   *
   * @param options `header`: a file in `includeDir` (Node), or text. `library`: a wasm module (bytes, Module, Instance,
   * Response or URL), or on Node a path or a name such as `pi_cpp`, looked for in `buildDir/lib` and `buildDir` as
   * `libpi_cpp.so` (`.dylib`, `.dll`) and `pi_cpp.wasm`, then where the dynamic loader looks (`z` as well as
   * `libz.so.1`). `backend`: `auto` prefers a native library to wasm.
   * @throws `Format` for the header with line and column, `Load` for the library with every path tried, `Unsupported`
   * for features that require Node, `Argument`.
   */
  <F = Record<string, LibraryFunction>>(options: LibraryOptions): Promise<Library<F>>;
  /** The same in the lesson's order. */
  <F = Record<string, LibraryFunction>>(
    definitions: Definitions,
    header: LibraryOptions['header'],
    library: LibraryOptions['library'],
    buildDir?: string,
    includeDir?: string,
  ): Promise<Library<F>>;
}

/** The functions that depend on the platform. */
interface LibraryPlatform {
  /** The table of the header for a data model; files are Node's. */
  tableOf(options: LibraryOptions, model: DataModel): FunctionTable;
  /** Opens a library by its name or path. */
  openFile<F>(library: string, options: LibraryOptions): Promise<Library<F>>;
  /** Refuses `backend: 'native'` for a wasm module. */
  refuseNative(): never;
  openWasm<F>(table: FunctionTable, source: WasmSource, options: LibraryOptions): Promise<Library<F>>;
}

const isHttp = (library: unknown): library is string => typeof library === 'string' && /^https?:/i.test(library);

/** `getLibHandle` of a platform. */
export const bindLibraries =
  (platform: LibraryPlatform): GetLibHandle =>
  async <F>(...args: unknown[]): Promise<Library<F>> => {
    const options = optionsOf(args);
    knownOptions('getLibHandle', options, libraryOptions);
    const { backend = 'auto' } = options;
    const library = isHttp(options.library) ? new URL(options.library) : options.library;
    expects(['auto', 'native', 'wasm'].includes(backend), 'the backend', backend, 'auto, native or wasm');
    if (library === undefined || library === null)
      throw new EwaldError('Argument', 'getLibHandle() needs a library: a name, a path or a wasm module');
    if (typeof library === 'string') return platform.openFile<F>(library, options);
    if (backend === 'native') platform.refuseNative();
    return platform.openWasm<F>(platform.tableOf(options, 'wasm32'), library, options);
  };

/** The table of a header that is given as text or as a table. */
export function tableOf(options: LibraryOptions, model: DataModel): FunctionTable {
  const { header, definitions, include, allowVarargs, skipUnsupported, cpp } = options;
  if (isTable(header)) return tableFor(header, model);
  if (cpp !== undefined && cpp !== 'builtin')
    throw new EwaldError(
      'Unsupported',
      'cpp runs a program, which a browser and a header with its own includes cannot',
    );
  if (typeof header === 'string')
    throw new EwaldError(
      'Unsupported',
      `the header "${header}" is a file, which a browser cannot read; pass its text: { header: { source } }`,
    );
  if (typeof header !== 'object' || header === null || typeof header.source !== 'string')
    throw new EwaldError('Argument', 'the header is neither text ({ source }) nor a function table');
  const { source, name } = header;
  return parseHeader(source, { model, name, definitions, include, allowVarargs, skipUnsupported });
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
