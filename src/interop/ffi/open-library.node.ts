/**
 * Libraries on Node: headers and libraries from files, native libraries through koffi, wasm modules as in a browser.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { expects } from '../../base/arguments.js';
import { EwaldError } from '../../base/errors.js';
import type { MemorySpace } from '../memory/space.js';
import { type ParseOptions, parseHeader } from './header/parse.js';
import type { DataModel, FunctionTable } from './header/types.js';
import { type Library, makeLibrary } from './library.js';
import { findLibrary } from './native/find.js';
import { includeFrom, preprocessedBy, readHeader, systemDefinitions, systemFolders } from './native/headers.js';
import { loadKoffi, nativeSpace, processModel } from './native/koffi.js';
import { nodePort } from './native/port.js';
import { NativeTarget } from './native/target.js';
import { bindLibraries, type GetLibHandle, openWasm, tableOf } from './open-library.js';
import type { LibraryOptions } from './options.js';
import type { WasmSource } from './wasm/module.js';
import { webPort } from './wasm/port.js';

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
    readonly includeDir?: string | readonly string[] | undefined;
    /** A compiler's preprocessor to run first, such as `gcc -E`; `gcc -E -dD` keeps the constants. */
    readonly cpp?: string | undefined;
  } = {},
): FunctionTable {
  expects(typeof header === 'string', 'parseHeaderFile: the header', header, 'the name of a file');
  const { includeDir, cpp, ...rest } = options;
  // The system's headers are for native programs, not for a wasm module.
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
      `the header ${header} was not found; tried ${tried.join(', ')}; name its folder with includeDir (-I in the ` +
        'shell)',
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
    const isNative = model === processModel();
    return tableOf({ ...options, include: include ?? includeFrom(folders(includeDir), isNative) }, model, {
      ...(isNative && { system: systemDefinitions() }),
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

/** Binds a wasm module, with a thread of Node for its asynchronous calls. */
const openHere = <F>(table: FunctionTable, source: WasmSource, options: LibraryOptions): Promise<Library<F>> =>
  openWasm<F>(
    table,
    source instanceof URL && source.protocol === 'file:' ? readFileSync(source) : source,
    options,
    options.worker ? webPort(options.worker) : nodePort,
  );

/** Opens the wasm build of a library that is a file. */
const openWasmFile = <F>(library: string, path: string, options: LibraryOptions): Promise<Library<F>> =>
  openHere<F>(nodeTable(options, 'wasm32'), readFileSync(path) as WasmSource, {
    ...options,
    name: options.name ?? library,
  });

/** Opens a library by its name or path. */
async function openFile<F>(library: string, options: LibraryOptions): Promise<Library<F>> {
  const { buildDir, backend = 'auto' } = options;
  const found = findLibrary(library, buildDir, backend);
  if (found.backend === 'wasm') return openWasmFile<F>(library, found.path, options);
  const table = nodeTable(options, processModel());
  const koffi = await loadKoffi().catch((error: unknown) => {
    // Without koffi a wasm build of the same library is used, if there is one and native was not requested.
    if (backend === 'native') throw error;
    const other = wasmBeside(library, buildDir);
    if (other === undefined) throw error;
    return { wasm: other };
  });
  if ('wasm' in koffi) return openWasmFile<F>(library, koffi.wasm, options);
  return makeLibrary(new NativeTarget(table, options.name ?? library, found, koffi), options) as Library<F>;
}

/** Opens a library through its header. */
export const getLibHandle: GetLibHandle = /* @__PURE__ */ bindLibraries({
  tableOf: nodeTable,
  openFile,
  openWasm: openHere,
  refuseNative() {
    throw new EwaldError('Argument', 'a native library is a file; pass its name or path, or take backend: "wasm"');
  },
});

/** The wasm build of a library, when there is one. */
function wasmBeside(library: string, buildDir: string | undefined): string | undefined {
  try {
    const { path } = findLibrary(library, buildDir, 'wasm');
    return path.endsWith('.wasm') ? path : undefined;
  } catch {
    return undefined;
  }
}
