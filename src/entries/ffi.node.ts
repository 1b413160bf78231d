/**
 * `ewald/ffi` in Node: headers and libraries from files, native libraries through koffi, wasm modules as in a browser.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { expects } from '../base/arguments.js';
import { EwaldError } from '../base/errors.js';
import { knownOptions } from '../base/options.js';
import { type Definitions, type ParseOptions, parseHeader } from '../ffi/header/parse.js';
import type { DataModel, FunctionTable } from '../ffi/header/types.js';
import { type Library, type LibraryFunction, makeLibrary } from '../ffi/library.js';
import { findLibrary } from '../ffi/native/find.js';
import { includeFrom, preprocessedBy, readHeader, systemDefinitions, systemFolders } from '../ffi/native/headers.js';
import { loadKoffi, nativeSpace, processModel } from '../ffi/native/koffi.js';
import { nodePort } from '../ffi/native/port.js';
import { NativeTarget } from '../ffi/native/target.js';
import { type LibraryOptions, libraryOptions, optionsOf } from '../ffi/options.js';
import type { WasmSource } from '../ffi/wasm/module.js';
import { webPort } from '../ffi/wasm/port.js';
import type { MemorySpace } from '../memory/space.js';
import { openWasm, tableOf } from './ffi.js';

export * from '../ffi/public.js';

export { includeFrom };

/**
 * Reads a header file.
 *
 * @param header Path, from the working directory or from one of `includeDir`.
 * @throws `Load` with the paths tried, `Format`.
 */
export function parseHeaderFile(
  header: string,
  options: Omit<ParseOptions, 'name' | 'include' | 'includePlaces' | 'preprocessed' | 'system'> & {
    readonly includeDir?: string | readonly string[];
    /** A compiler's preprocessor to run first, such as `gcc -E`; `gcc -E -dD` keeps the constants. */
    readonly cpp?: string;
  } = {},
): FunctionTable {
  expects(typeof header === 'string', 'parseHeaderFile: the header', header, 'the name of a file');
  const { includeDir, cpp, ...rest } = options;
  // Headers of the system are those of its own programs, not those of a wasm module.
  const system = (options.model ?? 'lp64') === processModel();
  const folders = includeDir === undefined ? [] : typeof includeDir === 'string' ? [includeDir] : includeDir;
  const tried = [
    ...new Set([
      ...folders.map((folder) => resolve(folder, header)),
      ...(folders.length === 0 || isAbsolute(header) ? [resolve(header)] : []),
      ...(system ? systemFolders().map((folder) => resolve(folder, header)) : []),
    ]),
  ];
  const path = tried.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new EwaldError(
      'Load',
      `the header ${header} was not found; tried ${tried.join(', ')}; name its folder with includeDir (-I in the shell)`,
      { detail: { tried } },
    );
  if (cpp !== undefined)
    return parseHeader(preprocessedBy(cpp, path, folders, options.definitions), {
      ...rest,
      name: path,
      preprocessed: true,
    });
  return parseHeader(readHeader(path), {
    ...rest,
    name: path,
    ...(system && { system: systemDefinitions() }),
    include: includeFrom(folders, system),
    includePlaces: [dirname(path), ...folders],
  });
}

function nodeTable(options: LibraryOptions, model: DataModel): FunctionTable {
  const { header, includeDir, definitions, include, allowVarargs, skipUnsupported, cpp } = options;
  if (typeof header !== 'string') {
    const own = model === processModel();
    return tableOf({ ...options, include: include ?? includeFrom(folders(includeDir), own) }, model, {
      ...(own && { system: systemDefinitions() }),
    });
  }
  return parseHeaderFile(header, {
    model,
    ...(includeDir !== undefined && { includeDir }),
    ...(definitions && { definitions }),
    ...(cpp !== undefined && { cpp }),
    ...(allowVarargs !== undefined && { allowVarargs }),
    ...(skipUnsupported !== undefined && { skipUnsupported }),
  });
}

const folders = (includeDir: string | readonly string[] | undefined): readonly string[] =>
  includeDir === undefined ? [process.cwd()] : typeof includeDir === 'string' ? [includeDir] : includeDir;

/**
 * The memory of the process, for `ewald/memory`; the same one that native libraries work in. @throws `Load` without
 * koffi.
 */
export async function nativeMemory(): Promise<MemorySpace> {
  return nativeSpace(await loadKoffi());
}

/**
 * Opens a library through its header: every function that the header declares becomes a function of JavaScript.
 *
 * @param options `header`: a file in `includeDir`, or text. `library`: a name such as `pi_cpp`, looked for in
 * `buildDir/lib` and `buildDir` as `libpi_cpp.so` (`.dylib`, `.dll`) and `pi_cpp.wasm`, then where the dynamic
 * loader looks (`z` and `libz.so.1` alike); a path; or a wasm module.
 * `backend`: `auto` takes a native library when there is one, else wasm.
 * @throws `Format` for the header with line and column, `Load` with every path tried, `Unsupported`, `Argument`.
 */
export function getLibHandle<F = Record<string, LibraryFunction>>(options: LibraryOptions): Promise<Library<F>>;
/** The same in the lesson's order. */
export function getLibHandle<F = Record<string, LibraryFunction>>(
  definitions: Definitions,
  header: LibraryOptions['header'],
  library: LibraryOptions['library'],
  buildDir?: string,
  includeDir?: string,
): Promise<Library<F>>;
export async function getLibHandle<F>(...args: unknown[]): Promise<Library<F>> {
  const options = optionsOf(args);
  knownOptions('getLibHandle', options, libraryOptions);
  const { library, buildDir, backend = 'auto' } = options;
  if (!['auto', 'native', 'wasm'].includes(backend))
    throw new EwaldError('Argument', `the backend is ${JSON.stringify(backend)}; needed is auto, native or wasm`);
  if (library === undefined || library === null)
    throw new EwaldError('Argument', 'getLibHandle() needs a library: a name, a path or a wasm module');
  if (typeof library !== 'string') {
    if (backend === 'native')
      throw new EwaldError('Argument', 'a native library is a file; pass its name or path, or take backend: "wasm"');
    return openHere<F>(
      nodeTable(options, 'wasm32'),
      library instanceof URL && library.protocol === 'file:' ? readFileSync(library) : library,
      options,
    );
  }
  const found = findLibrary(library, buildDir, backend);
  if (found.backend === 'wasm')
    return openHere<F>(nodeTable(options, 'wasm32'), readFileSync(found.path) as WasmSource, {
      name: library,
      ...options,
    });
  const table = nodeTable(options, processModel());
  const koffi = await loadKoffi().catch((error: unknown) => {
    // Without koffi a wasm build of the same library will do, when there is one and nobody asked for native.
    if (backend === 'native') throw error;
    const other = wasmBeside(library, buildDir);
    if (other === undefined) throw error;
    return { wasm: other };
  });
  if ('wasm' in koffi)
    return openHere<F>(nodeTable(options, 'wasm32'), readFileSync(koffi.wasm) as WasmSource, {
      name: library,
      ...options,
    });
  return makeLibrary(new NativeTarget(table, options.name ?? library, found, koffi), options) as Library<F>;
}

/** Binds a wasm module, with a thread of Node for its asynchronous calls. */
const openHere = <F>(table: FunctionTable, source: WasmSource, options: LibraryOptions): Promise<Library<F>> =>
  openWasm<F>(table, source, options, options.worker ? webPort(options.worker) : nodePort);

/** The wasm build of a library, when there is one. */
function wasmBeside(library: string, buildDir: string | undefined): string | undefined {
  try {
    const { path } = findLibrary(library, buildDir, 'wasm');
    return path.endsWith('.wasm') ? path : undefined;
  } catch {
    return undefined;
  }
}
