/** Finds libraries of the system by the names that linkers and programs use: `z`, `libz.so.1`. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { environment, triplet } from './headers.js';
import { identify } from './identify.js';

/** The result of a search: a path, or a name that only the dynamic loader can resolve. */
export interface Loaded {
  readonly path?: string;
  readonly name?: string;
  /** Paths that were tried. */
  readonly tried: readonly string[];
}

/** Folders of the loader in its order. */
function folders(): string[] {
  const multiarch = triplet();
  return [
    ...environment('LD_LIBRARY_PATH').split(':').filter(Boolean),
    '/usr/local/lib',
    `/lib/${multiarch}`,
    `/usr/lib/${multiarch}`,
    '/lib64',
    '/usr/lib64',
    '/lib',
    '/usr/lib',
  ];
}

/** Paths listed in the loader's cache; only its strings matter, whatever its version. */
function cached(base: string): string[] {
  try {
    const text = readFileSync('/etc/ld.so.cache', 'latin1');
    return text.split('\0').filter((path) => path.startsWith('/') && path.includes(`/${base}`));
  } catch {
    return [];
  }
}

/** Whether this process can load a file; linker scripts cannot be loaded. */
function loadable(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    const head = new Uint8Array(64);
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
    const { kind, arch } = identify(head);
    return kind === 'ELF' && arch === process.arch;
  } catch {
    return false;
  }
}

/** Numbers after `.so.`, to order versions. */
const version = (path: string): number[] => (/\.so\.([\d.]+)$/.exec(path)?.[1] ?? '').split('.').map(Number);

function newer(a: string, b: string): number {
  const [left, right] = [version(a), version(b)];
  // Short names are those that programs ask for: libz.so.1 before libz.so.1.2.13.
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (left[i] !== right[i]) return (right[i] ?? Number.POSITIVE_INFINITY) - (left[i] ?? Number.POSITIVE_INFINITY);
  }
  return 0;
}

/** Asks the loader for a library by its name. */
export function systemLibrary(library: string): Loaded {
  const isFile = /\.(?:so(?:\.\d+)*|dylib|dll)$/.test(library);
  if (process.platform === 'darwin' || process.platform === 'win32') {
    // These loaders provide libraries without files: only the loaders themselves can find them.
    const name = isFile ? library : process.platform === 'darwin' ? `lib${library}.dylib` : `${library}.dll`;
    return { name, tried: [`${name} by the dynamic loader`] };
  }
  const base = isFile ? library : `lib${library}.so`;
  const exact = [...cached(base), ...folders().map((folder) => join(folder, base))];
  const found = exact.find((path) => path.endsWith(`/${base}`) && loadable(path));
  if (found !== undefined) return { path: found, tried: [] };
  if (!isFile) {
    const names = folders().flatMap((folder) =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((name) => name.startsWith(`${base}.`))
            .map((name) => join(folder, name))
        : [],
    );
    const versions = [...names, ...cached(`${base}.`)].filter((path) => /\.so\.[\d.]+$/.test(path)).sort(newer);
    const best = versions.find(loadable);
    if (best !== undefined) return { path: best, tried: [] };
  }
  return { tried: [`${isFile ? base : `${base} and ${base}.N`} where the dynamic loader looks`] };
}
