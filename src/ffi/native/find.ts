/** Finds libraries: their possible file names, and the folders that are searched. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { notAFile } from '../../util/file-errors.js';
import { identify } from './identify.js';
import { systemLibrary } from './loader.js';

/** File names that a library `pi_cpp` can have on this platform. */
function nativeNames(library: string): string[] {
  if (/\.(?:so(?:\.\d+)*|dylib|dll|node)$/.test(library)) return [library];
  switch (process.platform) {
    case 'win32':
      return [`${library}.dll`, `lib${library}.dll`, `msys-${library}.dll`, `cyg${library}.dll`];
    case 'darwin':
      return [`lib${library}.dylib`, `${library}.dylib`, `lib${library}.so`, `${library}.so`];
    default:
      return [`lib${library}.so`, `${library}.so`];
  }
}

const wasmNames = (library: string): string[] =>
  library.endsWith('.wasm') ? [library] : [`${library}.wasm`, `lib${library}.wasm`];

export interface LibraryFile {
  readonly path: string;
  readonly backend: 'native' | 'wasm';
  /** Whether `path` is a name that only the dynamic loader can follow. */
  readonly byName?: boolean;
}

/** Finds the file of a library. @throws `Load` with every path that was tried. */
export function findLibrary(
  library: string,
  buildDir: string | undefined,
  backend: 'auto' | 'native' | 'wasm',
): LibraryFile {
  const placed = isAbsolute(library) || library.includes('/') || library.includes(sep);
  const folders = placed
    ? [dirname(library)]
    : buildDir === undefined
      ? [process.cwd()]
      : [join(buildDir, 'lib'), buildDir, join(buildDir, 'lib64'), join(buildDir, 'bin')];
  const names: [string, 'native' | 'wasm'][] = [];
  const base = placed ? basename(library) : library;
  if (backend !== 'wasm' && !base.endsWith('.wasm'))
    names.push(...nativeNames(base).map((name): [string, 'native'] => [name, 'native']));
  if (backend !== 'native' && !/\.(?:so(?:\.\d+)*|dylib|dll)$/.test(base))
    names.push(...wasmNames(base).map((name): [string, 'wasm'] => [name, 'wasm']));
  if (placed) names.push([base, backend === 'auto' ? (base.endsWith('.wasm') ? 'wasm' : 'native') : backend]);
  const tried: string[] = [];
  for (const [name, kind] of names) {
    for (const folder of folders) {
      const path = resolve(folder, name);
      if (tried.includes(path)) continue;
      tried.push(path);
      if (existsSync(path) && statSync(path).isFile()) return { path, backend: kind };
    }
  }
  if (!placed && backend !== 'wasm' && !library.endsWith('.wasm')) {
    const system = systemLibrary(library);
    if (system.path !== undefined) return { path: system.path, backend: 'native' };
    if (system.name !== undefined) return { path: system.name, backend: 'native', byName: true };
    tried.push(...system.tried);
  }
  const hint = placed
    ? 'give the path of the file that was built'
    : buildDir === undefined
      ? 'no folder to look in is given: pass buildDir (--build-dir in the shell), or the path of the library'
      : 'build it, or say in which folder it was built with buildDir (--build-dir in the shell)';
  throw new EwaldError('Load', `the library ${library} was not found; tried ${tried.join(', ')}; ${hint}`, {
    detail: { tried },
  });
}

/** Refuses a file that this process cannot load, before the loader fails with a less clear message. */
export function assertLoadable(path: string): void {
  let head: Uint8Array;
  try {
    // Reading a pipe could wait forever, and so would its loader.
    const stats = statSync(path);
    if (!stats.isFile()) throw notAFile(path, stats);
    head = readFileSync(path).subarray(0, 4096);
  } catch (cause) {
    const kind = isEwaldError(cause) ? `: ${cause.message}` : '';
    throw new EwaldError('Load', `the library ${path} cannot be read${kind}`, { cause });
  }
  const { kind, arch } = identify(head);
  const expected = process.platform === 'win32' ? 'PE' : process.platform === 'darwin' ? 'Mach-O' : 'ELF';
  if (kind === 'wasm')
    throw new EwaldError('Load', `${path} is a wasm module, not a native library; open it with backend: 'wasm'`);
  if (kind === 'archive')
    throw new EwaldError('Load', `${path} is a static archive; build a shared library: cc -shared -fPIC`);
  if (kind !== expected)
    throw new EwaldError(
      'Load',
      `${path} is ${kind === 'unknown' ? 'not a library' : `a ${kind} library`}; ${process.platform} loads ` +
        `${expected} libraries`,
    );
  if (arch !== undefined && arch !== process.arch)
    throw new EwaldError(
      'Load',
      `${path} is built for ${arch}; this process runs on ${process.arch}, so build it for that`,
    );
}

/** Names in a library file that look like symbols: enough to suggest a similar one, whatever the file format. */
export function symbolNames(path: string): string[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return [];
  }
  if (bytes.length > 64 * 2 ** 20) return [];
  const names = new Set<string>();
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (bytes[i]) continue;
    // Names are between zeros in every symbol table.
    if (i - start >= 2 && i - start < 200) {
      const text = String.fromCharCode(...bytes.subarray(start, i));
      if (/^[A-Za-z_]\w*$/.test(text)) names.add(text);
    }
    start = i + 1;
  }
  return [...names];
}
