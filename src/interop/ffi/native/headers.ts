/** Headers on disk: their folders, the macros of the system's compiler, and a compiler's own preprocessor. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EwaldError } from '../../../base/errors.js';
import { fileError, fileReason, kindText } from '../../../base/file-errors.js';
import { builtinHeaders } from '../header/builtin.js';
import type { Definitions } from '../header/parse.js';
import { definitionMap } from '../header/parse.js';
import type { Include } from '../header/preprocess.js';
import type { SourceFile } from '../header/source.js';

/** Maximum size of a header; a larger file is a device or a log. */
const largest = 2 ** 26;

/** Reads a header. @throws `File` unless it is a regular file of a sensible size: reading a pipe could wait forever. */
export function readHeader(path: string): string {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new EwaldError('File', `${path} is ${kindText(found)}, no header`);
    if (found.size > largest)
      throw new EwaldError('File', `${path} has ${found.size} bytes; a header has at most ${largest}`);
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

let asked: readonly string[] | undefined;

/** Folders reported by the system's compiler; queried once, and only if a header is not found otherwise. */
function compilerFolders(): readonly string[] {
  if (asked) return asked;
  asked = [];
  if (process.platform === 'win32') return asked;
  for (const compiler of [environment('CC'), 'cc', 'gcc', 'clang']) {
    if (compiler === '') continue;
    const { stderr, status } = spawnSync(compiler, ['-E', '-v', '-x', 'c', '/dev/null'], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    if (status !== 0) continue;
    const [, list = ''] = /search starts here:\n([\s\S]*?)End of search/.exec(stderr) ?? [];
    asked = list
      .split('\n')
      .map((line) => line.trim().replace(/ \(framework directory\)$/, ''))
      .filter((folder) => isAbsolute(folder));
    break;
  }
  return asked;
}

/** Macros that this system's compiler defines in addition to its data model. */
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
    let path = find(name, list);
    if (path === undefined && system && form?.system && builtinHeaders[name] === undefined)
      path = find(name, compilerFolders());
    if (path === undefined) return undefined;
    const foreign = systemPaths.some((folder) => resolve(path, '..').startsWith(folder));
    return { name: path, text: readHeader(path), ...(foreign && { foreign }) };
  };
}

/** Splits a command into words at blanks outside quotes, like a shell. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)].map((match) => match[1] ?? match[2] ?? match[0]);
}

/** Runs a compiler's preprocessor (`gcc -E`) on a header, with the given folders and definitions. */
export function preprocessedBy(
  command: string,
  path: string,
  folders: readonly string[],
  definitions: Definitions | undefined,
): string {
  const [program, ...given] = words(command);
  if (program === undefined)
    throw new EwaldError('Argument', 'the preprocessor is an empty text; expected a command such as gcc -E');
  const args = [
    ...given,
    ...folders.map((folder) => `-I${folder}`),
    ...[...definitionMap(definitions)].map(([name, value]) => `-D${name}=${value}`),
    path,
  ];
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      timeout: 60_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (cause) {
    const { stderr, code } = cause as { stderr?: string; code?: string };
    const firstLines = (stderr ?? '').trim().split('\n').slice(0, 6).join('\n');
    const why = code === 'ENOENT' ? 'there is no such program' : firstLines || fileReason(cause);
    throw new EwaldError('Load', `${[program, ...given].join(' ')} does not preprocess ${path}: ${why}`, { cause });
  }
}
