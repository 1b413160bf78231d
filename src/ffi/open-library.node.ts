/**
 * Libraries on Node: headers and libraries from files, native libraries through koffi, wasm modules as in a browser.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { MemorySpace } from '../memory/space.js';
import { expects } from '../util/arguments.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import { type ParseOptions, parseHeader } from './header/parse.js';
import type { SourceFile } from './header/source.js';
import type { DataModel, FunctionTable } from './header/types.js';
import { type Library, makeLibrary } from './library.js';
import { compiled } from './native/compiler.js';
import { findLibrary } from './native/find.js';
import {
  checkIncludes,
  compilerFolders,
  includeFrom,
  readHeader,
  systemDefinitions,
  systemFolders,
} from './native/headers.js';
import { loadKoffi, nativeSpace, processModel } from './native/koffi.js';
import { nodePort } from './native/port.js';
import { NativeTarget } from './native/target.js';
import { bindLibraries, type GetLibHandle, openWasm, tableOf } from './open-library.js';
import { isTable, type LibraryOptions } from './options.js';
import type { WasmSource } from './wasm/module.js';
import { webPort } from './wasm/port.js';

export { includeFrom };

/** How a header is read, and for which target. */
type HeaderReading = Omit<ParseOptions, 'include' | 'includePlaces' | 'preprocessed' | 'system'> & {
  readonly folders: readonly string[];
  readonly cpp?: string | undefined;
  readonly isStored: boolean;
};

/** Reads a header through a compiler's preprocessor if there is one, and else through the built-in one. */
function read(file: SourceFile, { folders, cpp, isStored, ...rest }: HeaderReading): FunctionTable {
  const { model = 'lp64', definitions } = rest;
  // The system's headers are for native programs, not for a wasm module.
  const system = model === processModel();
  const include = includeFrom(folders, system);
  const options = { ...rest, name: file.name };
  const builtIn = (): FunctionTable =>
    parseHeader(file.text, {
      ...options,
      ...(system && { system: systemDefinitions() }),
      include,
      includePlaces: isStored ? [dirname(file.name), ...folders] : folders,
    });
  // A header without directives needs no preprocessor.
  if (cpp === 'builtin' || (cpp === undefined && !file.text.includes('#'))) return builtIn();
  checkIncludes(file, include);
  let refusal: EwaldError | undefined;
  try {
    // The compiler that the caller names says its target, unless the caller does.
    const wanted = cpp === undefined ? model : rest.model;
    const found = compiled({ file, isStored, folders, definitions, model: wanted, cpp });
    if (found) {
      const original = (name: string): SourceFile | undefined =>
        name === file.name ? file : existsSync(name) ? { name, text: readHeader(name) } : undefined;
      const table = parseHeader(found.text, {
        ...options,
        model: found.model,
        preprocessed: true,
        include: original,
      });
      return { ...table, warnings: [...found.warnings, ...table.warnings] };
    }
  } catch (error) {
    if (cpp !== undefined || !isEwaldError(error, 'Load')) throw error;
    refusal = error;
  }
  try {
    const table = builtIn();
    return refusal ? { ...table, warnings: [`read without it: ${refusal.message}`, ...table.warnings] } : table;
  } catch (error) {
    throw refusal ?? error;
  }
}

/**
 * Reads a header file, through the preprocessor of the system's C compiler if there is one.
 *
 * @param header Path, from the working directory or from one of `includeDir`.
 * @param options `model`: default that of the compiler that `cpp` names, else `lp64`.
 * @throws `Load` with the paths tried, `Format`.
 */
export function parseHeaderFile(
  header: string,
  options: Omit<ParseOptions, 'name' | 'include' | 'includePlaces' | 'preprocessed' | 'system'> & {
    readonly includeDir?: string | readonly string[] | undefined;
    /** The preprocessor: a command such as `emcc -E`, or `builtin`; default the system's compiler. */
    readonly cpp?: string | undefined;
  } = {},
): FunctionTable {
  expects(typeof header === 'string', 'parseHeaderFile: the header', header, 'the name of a file');
  const { includeDir, ...rest } = options;
  const system = (options.model ?? 'lp64') === processModel();
  const folders = listed(includeDir ?? []);
  const tried = [
    ...new Set([
      ...folders.map((folder) => resolve(folder, header)),
      ...(folders.length === 0 || isAbsolute(header) ? [resolve(header)] : []),
      ...(system ? [...systemFolders(), ...compilerFolders()].map((folder) => resolve(folder, header)) : []),
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
  return read({ name: path, text: readHeader(path) }, { ...rest, folders, isStored: true });
}

function nodeTable(options: LibraryOptions, model: DataModel): FunctionTable {
  const { header, includeDir, definitions, include, allowVarargs, skipUnsupported, cpp } = options;
  const rest = { model, definitions, allowVarargs, skipUnsupported, cpp };
  if (typeof header === 'string') return parseHeaderFile(header, { ...rest, includeDir });
  if (include || isTable(header) || typeof header?.source !== 'string') return tableOf(options, model);
  const { name = 'header.h', source } = header;
  return read({ name, text: source }, { ...rest, folders: listed(includeDir ?? process.cwd()), isStored: false });
}

const listed = (folders: string | readonly string[]): readonly string[] =>
  typeof folders === 'string' ? [folders] : folders;

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
  const libraryFile = findLibrary(library, buildDir, backend);
  if (libraryFile.backend === 'wasm') return openWasmFile<F>(library, libraryFile.path, options);
  const table = nodeTable(options, processModel());
  const koffi = await loadKoffi().catch((error: unknown) => {
    // Without koffi a wasm build of the same library is used, if there is one and native was not requested.
    if (backend === 'native') throw error;
    const other = wasmBeside(library, buildDir);
    if (other === undefined) throw error;
    return { wasm: other };
  });
  if ('wasm' in koffi) return openWasmFile<F>(library, koffi.wasm, options);
  return makeLibrary(new NativeTarget(table, options.name ?? library, libraryFile, koffi), options) as Library<F>;
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
