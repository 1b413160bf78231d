// Libraries for the tests: the same sources as a shared library and as a wasm module, built once for each content and
// kept in the temporary folder.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getLibHandle, type Library, type LibraryOptions } from '../../src/entries/ffi.node.js';

export const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const required = (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/);

const onPath = (name: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

async function koffiAbsent(): Promise<string | undefined> {
  try {
    await import('koffi');
    return undefined;
  } catch {
    return 'koffi is not installed';
  }
}
const noKoffi = await koffiAbsent();

/**
 * The reason why a tool is absent; undefined if it is present. A missing tool that EWALD_REQUIRE names makes its test
 * fail instead.
 */
export function absent(...tools: ('gcc' | 'gfortran' | 'emcc' | 'koffi')[]): string | undefined {
  for (const tool of tools) {
    const why = tool === 'koffi' ? noKoffi : onPath(tool) ? undefined : `no ${tool}`;
    if (why === undefined) continue;
    if (required.includes(tool)) throw new Error(`EWALD_REQUIRE names ${tool}, but: ${why}`);
    return why;
  }
  return undefined;
}

/** `npm run sanitize -- ffi` loads the run-time of the address sanitizer into Node. */
const sanitized = /libasan/.test(process.env.LD_PRELOAD ?? '') ? ['-fsanitize=address', '-fno-omit-frame-pointer'] : [];

/** Builds into a folder named after the content. Of two concurrent builds neither sees a partial library. */
function built(name: string, files: readonly string[], build: (folder: string) => void): string {
  const hash = createHash('sha256').update(`${build}${sanitized}`);
  for (const file of files) hash.update(readFileSync(join(fixtures, file)));
  const folder = join(tmpdir(), `ewald-ffi-${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const aside = mkdtempSync(join(tmpdir(), 'ewald-ffi-part-'));
  mkdirSync(join(aside, 'lib'));
  build(join(aside, 'lib'));
  try {
    renameSync(aside, folder);
  } catch {
    // A concurrent build finished first.
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
}

// The compilers themselves run without the sanitizer, with which emcc takes minutes.
const { LD_PRELOAD: _, ...environment } = process.env;
const run = (command: string, ...args: string[]): void => {
  execFileSync(command, command === 'gcc' ? [...sanitized, ...args] : args, {
    cwd: fixtures,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
};
const shared = process.platform === 'darwin' ? 'dylib' : 'so';

export const buildNative = (): string =>
  built('native', ['kit.c', 'kit.h', 'kit_export.h'], (folder) => {
    run(
      'gcc',
      '-O2',
      '-Wall',
      '-shared',
      '-fPIC',
      '-fvisibility=hidden',
      '-I.',
      'kit.c',
      '-lm',
      '-o',
      join(folder, `libkit.${shared}`),
    );
  });

export const buildHostile = (): string =>
  built('hostile', ['hostile.c', 'hostile.h'], (folder) => {
    run(
      'gcc',
      '-O2',
      '-Wall',
      '-shared',
      '-fPIC',
      '-I.',
      'hostile.c',
      '-lpthread',
      '-o',
      join(folder, `libhostile.${shared}`),
    );
  });

export const buildFortran = (): string =>
  built('fortran', ['kit_fortran.f90', 'kit_fortran.h'], (folder) => {
    run(
      'gfortran',
      '-O2',
      '-shared',
      '-fPIC',
      'kit_fortran.f90',
      '-J',
      folder,
      '-o',
      join(folder, `libkit_fortran.${shared}`),
    );
  });

export const buildWasm = (): string =>
  built('wasm', ['kit.c', 'kit.h', 'kit_export.h'], (folder) => {
    const exported = '-sEXPORTED_FUNCTIONS=_malloc,_free,_kit_counter';
    run(
      'emcc',
      '-O2',
      '-I.',
      'kit.c',
      '-sSTANDALONE_WASM',
      '--no-entry',
      '-sALLOW_MEMORY_GROWTH',
      '-sALLOW_TABLE_GROWTH',
      '-Wl,--export-table',
      exported,
      '-o',
      join(folder, 'kit.wasm'),
    );
  });

/** The functions of ordinary C, as a shared library and as a wasm module. */
export const buildOrdinary = (): string =>
  built('ordinary', ['ordinary.c', 'ordinary.h'], (folder) => {
    const file = join(folder, `libordinary.${shared}`);
    run('gcc', '-O2', '-Wall', '-shared', '-fPIC', '-I.', 'ordinary.c', '-lm', '-o', file);
  });
export const buildOrdinaryWasm = (): string =>
  built('ordinary-wasm', ['ordinary.c', 'ordinary.h'], (folder) => {
    const growing = ['-sALLOW_MEMORY_GROWTH', '-sALLOW_TABLE_GROWTH', '-Wl,--export-table', '-Wl,--export-all'];
    const file = join(folder, 'ordinary.wasm');
    run('emcc', '-O2', '-I.', 'ordinary.c', '-sSTANDALONE_WASM', '--no-entry', ...growing, '-o', file);
  });

/** The library of lifetimes; the wasm module grows at each allocation. */
export const buildKeeps = (backend: 'native' | 'wasm'): string =>
  built(`keeps-${backend}`, ['keeps.c', 'keeps.h'], (folder) => {
    const header = readFileSync(join(fixtures, 'keeps.h'), 'utf8');
    if (backend === 'native')
      run('gcc', '-O2', '-Wall', '-shared', '-fPIC', '-I.', 'keeps.c', '-o', join(folder, `libkeeps.${shared}`));
    else
      run(
        'emcc',
        ...['-O2', '-I.', 'keeps.c', '-sSTANDALONE_WASM', '--no-entry', '-sALLOW_MEMORY_GROWTH'],
        ...['-sALLOW_TABLE_GROWTH', '-Wl,--export-table', '-o', join(folder, 'keeps.wasm')],
        `-sEXPORTED_FUNCTIONS=_ewald_alloc,_ewald_free,${[...header.matchAll(/(keeps_\w+|KEEPS_\w+)\(/gi)].map(([, name]) => `_${name}`).join()}`,
      );
  });

/** The two ways to open the test library, with the reason why one is absent. */
export const targets = [
  { backend: 'native' as const, absent: absent('gcc', 'koffi'), build: buildNative },
  { backend: 'wasm' as const, absent: absent('emcc'), build: buildWasm },
];

// biome-ignore lint/suspicious/noExplicitAny: tests call functions that only the header declares
export type Kit = Library<any>;

/** Opens the library of lifetimes. */
export function openKeeps(backend: 'native' | 'wasm', options: Partial<LibraryOptions> = {}): Promise<Kit> {
  const buildDir = buildKeeps(backend);
  return getLibHandle({ header: 'keeps.h', includeDir: fixtures, library: 'keeps', buildDir, backend, ...options });
}

export function openKit(target: (typeof targets)[number], options: Partial<LibraryOptions> = {}): Promise<Kit> {
  return getLibHandle({
    header: 'kit.h',
    includeDir: fixtures,
    library: 'kit',
    buildDir: target.build(),
    backend: target.backend,
    ...options,
  });
}

/** The error that a function threw. */
export function thrown(work: () => unknown): Error & { tag?: string; code?: string; detail?: Record<string, unknown> } {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

export async function rejected(
  work: Promise<unknown>,
): Promise<Error & { tag?: string; detail?: Record<string, unknown> }> {
  return work.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: Error) => error,
  );
}

/** Opens the library of what an argument is to the two languages. */
export function openEdges(backend: 'native' | 'wasm', options: Partial<LibraryOptions> = {}): Promise<Kit> {
  const buildDir = built(`edges-${backend}`, ['edges.c', 'edges.h'], (folder) => {
    const names = readFileSync(join(fixtures, 'edges.h'), 'utf8').matchAll(
      /(edges_\w+)\(|(?<=^extern \w+ )(edges_\w+)/gm,
    );
    if (backend === 'native')
      run('gcc', '-O2', '-Wall', '-shared', '-fPIC', '-I.', 'edges.c', '-o', join(folder, `libedges.${shared}`));
    else
      run(
        'emcc',
        ...['-O2', '-I.', 'edges.c', '-sSTANDALONE_WASM', '--no-entry', '-sALLOW_MEMORY_GROWTH'],
        '-sMAXIMUM_MEMORY=4GB',
        ...['-sALLOW_TABLE_GROWTH', '-Wl,--export-table', '-o', join(folder, 'edges.wasm')],
        `-sEXPORTED_FUNCTIONS=_malloc,_free,${[...names].map(([, name, variable]) => `_${name ?? variable}`).join()}`,
      );
  });
  return getLibHandle({ header: 'edges.h', includeDir: fixtures, library: 'edges', buildDir, backend, ...options });
}
