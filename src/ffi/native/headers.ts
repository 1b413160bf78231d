/** Headers on disk: the folders in which they are found, and the macros of this system. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EwaldError } from '../../util/errors.js';
import { fileError, kindText } from '../../util/file-errors.js';
import { type Include, reading } from '../header/preprocess.js';
import type { SourceFile } from '../header/source.js';

/** Maximum size of a header; a larger file is a device or a log. */
const largest = 2 ** 26;

/** Reads a header. @throws `File` unless it is a regular file of a sensible size: reading a pipe could wait forever. */
export function readHeader(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new EwaldError('File', `${path} is ${kindText(stats)}, no header`);
    if (stats.size > largest)
      throw new EwaldError('File', `${path} has ${stats.size} bytes; a header has at most ${largest}`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw cause instanceof EwaldError ? cause : fileError(path, 'read', cause);
  }
}

/** An environment variable; empty if it is unset or if the runtime denies access. */
export function environment(name: string): string {
  try {
    return process.env[name] ?? '';
  } catch {
    return '';
  }
}

const triplets: Partial<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  s390x: 's390x-linux-gnu',
};

/** The name that Debian gives this machine's folders. */
export const triplet = (): string => triplets[process.arch] ?? `${process.arch}-linux-gnu`;

let known: readonly string[] | undefined;

/** Existing folders of the system's headers; the folders of the environment come first. */
export function systemFolders(): readonly string[] {
  known ??= [
    ...environment('C_INCLUDE_PATH').split(':'),
    ...environment('CPATH').split(':'),
    '/usr/local/include',
    `/usr/include/${triplet()}`,
    '/usr/include',
  ].filter((folder) => folder !== '' && existsSync(folder));
  return known;
}

let compilers: readonly string[] | undefined;

/** Folders of the compilers' own headers (float.h, stddef.h, stdatomic.h), the newest version first. */
export function compilerFolders(): readonly string[] {
  const newest = (folder: string): string[] =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /^\d/.test(name))
          .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
      : [];
  compilers ??= [`/usr/lib/gcc/${triplet()}`, '/usr/lib/clang']
    .flatMap((folder) => newest(folder).map((version) => join(folder, version, 'include')))
    .filter((folder) => existsSync(folder));
  return compilers;
}

/** Macros that name this system and its processor, for reading without a compiler. */
export function systemDefinitions(): Readonly<Record<string, string>> {
  const one = (text: string): Record<string, string> => Object.fromEntries(text.split(' ').map((name) => [name, '1']));
  const processors: Partial<Record<string, string>> = {
    x64: '__x86_64__ __x86_64 __amd64__ __amd64 __SSE__ __SSE2__ __MMX__',
    arm64: '__aarch64__',
    riscv64: '__riscv',
    ppc64: '__powerpc64__ __powerpc__',
    s390x: '__s390x__ __s390__',
  };
  const systems: Partial<Record<string, string>> = {
    linux: '__linux__ __linux __gnu_linux__ __unix__ __unix __ELF__',
    darwin: '__APPLE__ __MACH__',
    freebsd: '__FreeBSD__ __unix__ __unix __ELF__',
  };
  return { ...one(processors[process.arch] ?? '__unknown__'), ...one(systems[process.platform] ?? '__unknown__') };
}

/** Finds includes: next to the including file, then in the folders in their order, then among the system's headers. */
export function includeFrom(folders: readonly string[], system = false): Include {
  const find = (name: string, places: readonly string[]): string | undefined =>
    (isAbsolute(name) ? [name] : places.map((folder) => join(folder, name))).find((path) => existsSync(path));
  return (name, from, form): SourceFile | undefined => {
    const fileFolder = dirname(from);
    const near = form?.system ? [...folders, fileFolder] : [fileFolder, ...folders];
    const systemPaths = system ? systemFolders() : [];
    let list = [...near.filter((folder) => !systemPaths.includes(folder) || folder === fileFolder), ...systemPaths];
    // The search for the next file of that name starts after the folder of the file itself.
    if (form?.next) list = list.slice(list.lastIndexOf(fileFolder) + 1);
    const path = find(name, list);
    if (path === undefined) return undefined;
    const foreign = systemPaths.some((folder) => resolve(path, '..').startsWith(folder));
    return { name: path, text: readHeader(path), ...(foreign && { foreign }) };
  };
}

/** Refuses devices and pipes among the files that a header includes: a compiler would read them without end. */
export function checkIncludes(file: SourceFile, include: Include, seen = new Set<string>()): void {
  seen.add(file.name);
  for (const match of file.text.matchAll(/^[ \t]*#[ \t]*include(?:_next)?[ \t]*(["<])([^">\n]+)[">]/gm)) {
    const [whole, quote, name = ''] = match;
    const place = { file, offset: match.index + whole.length - name.length - 2 };
    const sourceFile = reading(place, () => include(name, file.name, { system: quote === '<' }));
    if (sourceFile && !sourceFile.foreign && !seen.has(sourceFile.name)) checkIncludes(sourceFile, include, seen);
  }
}
