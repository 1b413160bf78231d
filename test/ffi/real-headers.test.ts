// Headers from Debian packages: each is parsed unchanged, its structs and constants are compared with gcc, and its
// library executes a call. Development packages that are not installed are reported as absent; scripts/setup.mjs --test
// installs them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getLibHandle, parseHeaderFile, writeModule } from '../../dist/ffi.node.js';
import type { FunctionTable, Library } from '../../src/entries/ffi.node.js';
import { systemFolders } from '../../src/ffi/native/headers.js';
import { needsOwnNames } from '../../src/ffi/native/own-names.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { absent } from './support.js';

// biome-ignore lint/suspicious/noExplicitAny: the declarations of the headers are only known at run time
type Any = any;

interface Case {
  readonly header: string;
  readonly library: string;
  readonly definitions?: Record<string, string | number>;
  /** The result of a call. */
  call(lib: Library<Any>): void | Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const cases: Case[] = [
  {
    header: 'zlib.h',
    library: 'z',
    call(z) {
      expect(z.crc32(0, bytes('hello'), 5)).toBe(0x3610a686);
      const packed = new Uint8Array(200);
      const length = z.ref('uLongf', packed.length);
      const text = bytes('a'.repeat(1000));
      expect(z.compress(packed, length, text, text.length)).toBe(0);
      expect(length.at(0)).toBeLessThan(40);
      const back = new Uint8Array(1000);
      const size = z.ref('uLongf', back.length);
      expect(z.uncompress(back, size, packed, length.at(0))).toBe(0);
      expect(back).toEqual(text);
      // No bytes are not null, which would start anew.
      const reserved = z.alloc('Bytef', 0);
      for (const no of [new Uint8Array(0), [], reserved]) expect(z.crc32(5, no, 0)).toBe(5);
      reserved.dispose();
      // Streams: these functions call others of zlib, and Node has a zlib of its own with another layout.
      const { ZLIB_VERSION: version, Z_FINISH, Z_STREAM_END } = z.table.constants;
      const stream = (step: string, from: Uint8Array, into: Uint8Array): Uint8Array => {
        const [input, output] = [z.alloc('Bytef', from.length).copyFrom(from), z.alloc('Bytef', into.length)];
        const state = z.alloc('z_stream');
        const given = [...(step === 'deflate' ? [6] : []), version.value, z.table.structs.z_stream_s.size];
        expect(z[`${step}Init_`](state, ...given)).toBe(0);
        const places = { next_in: input, avail_in: from.length, next_out: output, avail_out: into.length };
        state.set(0, { ...state.at(0), ...places });
        expect(z[step](state, Z_FINISH.value)).toBe(Z_STREAM_END.value);
        const count = Number(state.at(0).total_out);
        expect(z[`${step}End`](state)).toBe(0);
        return output.toTypedArray().slice(0, count);
      };
      const deflated = stream('deflate', text, new Uint8Array(200));
      expect(inflateSync(deflated)).toEqual(Buffer.from(text));
      expect(stream('inflate', deflated, new Uint8Array(1000))).toEqual(text);
    },
  },
  {
    header: 'fftw3.h',
    library: 'fftw3',
    call(fftw) {
      const data = fftw.alloc('double', 16);
      const plan = fftw.fftw_plan_dft_1d(8, data, data, -1, 1 << 6);
      data.set(2, 1);
      fftw.fftw_execute(plan);
      // The transform of a shifted pulse: e^(-2πi·k/8).
      for (let k = 0; k < 8; k++) {
        expect(data.at(2 * k)).toBeCloseTo(Math.cos((2 * Math.PI * k) / 8), 14);
        expect(data.at(2 * k + 1)).toBeCloseTo(-Math.sin((2 * Math.PI * k) / 8), 14);
      }
      fftw.fftw_destroy_plan(plan);
    },
  },
  {
    header: 'sqlite3.h',
    library: 'sqlite3',
    call(lib) {
      const out = [null] as Any[];
      expect(lib.sqlite3_open(':memory:', out)).toBe(0);
      const [db] = out;
      const error = [null] as Any[];
      expect(
        lib.sqlite3_exec(db, 'create table t (a, b); insert into t values (1, 2), (3, 4)', null, null, error),
      ).toBe(0);
      expect(error).toEqual([null]);
      const rows: (string | null)[][] = [];
      // int (*callback)(void *, int, char **, char **)
      const row = (_: unknown, count: number, values: Any): number => {
        rows.push(Array.from({ length: count }, (_each, i) => values.read(i)?.text() ?? null));
        return 0;
      };
      expect(lib.sqlite3_exec(db, 'select a, b, null from t order by a', row, null, null)).toBe(0);
      expect(rows).toEqual([
        ['1', '2', null],
        ['3', '4', null],
      ]);
      expect(lib.sqlite3_exec(db, 'nonsense', null, null, error)).toBe(1);
      expect(error[0].text()).toMatch(/syntax error/);
      lib.sqlite3_free(error[0]);
      expect(lib.sqlite3_close(db)).toBe(0);
    },
  },
  {
    header: 'png.h',
    library: 'png',
    call(png) {
      expect(png.png_access_version_number()).toBe(png.table.constants.PNG_LIBPNG_VER.value);
      expect(png.png_get_libpng_ver(null)).toBe(png.table.constants.PNG_LIBPNG_VER_STRING.value);
    },
  },
  {
    header: 'math.h',
    library: 'm',
    call(m) {
      expect(m.cos(1)).toBeCloseTo(Math.cos(1), 15);
      expect(m.frexp(48, new Int32Array(1))).toBe(0.75);
      expect(m.powf(2, 10)).toBe(1024);
      expect(() => m.cosl(1)).toThrow(/long double/);
    },
  },
  {
    header: 'string.h',
    library: 'c',
    call(c) {
      expect(c.strlen('grüß')).toBe(6);
      const target = new Uint8Array(6);
      c.memcpy(target, bytes('hello'), 5);
      expect(new TextDecoder().decode(target)).toBe('hello\0');
      expect(c.strcmp('a', 'b')).toBeLessThan(0);
    },
  },
  {
    header: 'stdio.h',
    library: 'c',
    call(c) {
      expect(c.puts).toBeTypeOf('function');
      const text = new Uint8Array(64);
      const length = c.snprintf(
        text,
        64,
        '%d %.2f %s %c',
        ['int', -5],
        ['float', 1.5],
        ['const char *', 'grüß'],
        ['char', 33],
      );
      expect(new TextDecoder().decode(text.subarray(0, length))).toBe('-5 1.50 grüß !');
      expect(() => c.snprintf(text, 64, '%d', 5)).toThrow(/each argument has its type/);
      expect(() => c.snprintf(text, 64, '%d', ['int', 1.5])).toThrow(/whole number/);
    },
  },
  {
    header: 'time.h',
    library: 'c',
    call(c) {
      const tm = { tm_mday: 1, tm_year: 100 };
      c.gmtime_r(new BigInt64Array([86400n]), tm);
      expect(tm).toMatchObject({ tm_mday: 2, tm_mon: 0, tm_year: 70, tm_wday: 5 });
    },
  },
  {
    header: 'stdlib.h',
    library: 'c',
    call(c) {
      const values = new Int32Array([3, 1, 2]);
      c.qsort(
        values,
        3,
        4,
        (a: Any, b: Any) => c.pointer('int', a.address).read() - c.pointer('int', b.address).read(),
      );
      expect([...values]).toEqual([1, 2, 3]);
      expect(c.div(7, 2)).toEqual({ quot: 3, rem: 1 });
    },
  },
  {
    header: 'uuid/uuid.h',
    library: 'uuid',
    call(uuid) {
      const id = new Uint8Array(16);
      const text = '01234567-89ab-cdef-0123-456789abcdef';
      expect(uuid.uuid_parse(text, id)).toBe(0);
      expect(id[1]).toBe(0x23);
      expect(uuid.uuid_is_null(id)).toBe(0);
    },
  },
  {
    header: 'zstd.h',
    library: 'zstd',
    call(zstd) {
      expect(zstd.ZSTD_versionNumber()).toBe(zstd.table.constants.ZSTD_VERSION_NUMBER.value);
      const source = new Uint8Array(1000).fill(7);
      const packed = new Uint8Array(zstd.ZSTD_compressBound(1000));
      const size = zstd.ZSTD_compress(packed, packed.length, source, source.length, 3);
      const back = new Uint8Array(1000);
      expect(zstd.ZSTD_decompress(back, 1000, packed, size)).toBe(1000);
      expect(back).toEqual(source);
    },
  },
  {
    header: 'lz4.h',
    library: 'lz4',
    call(lz4) {
      const source = new Uint8Array(1000).fill(7);
      const packed = new Uint8Array(lz4.LZ4_compressBound(1000));
      const size = lz4.LZ4_compress_default(source, packed, 1000, packed.length);
      const back = new Uint8Array(1000);
      expect(lz4.LZ4_decompress_safe(packed, back, size, 1000)).toBe(1000);
      expect(back).toEqual(source);
    },
  },
  {
    header: 'expat.h',
    library: 'expat',
    call(expat) {
      const parser = expat.XML_ParserCreate(null);
      const seen: string[] = [];
      const open = expat.callback('XML_StartElementHandler', (_: unknown, name: string) => void seen.push(name));
      const close = expat.callback('XML_EndElementHandler', (_: unknown, name: string) => void seen.push(`/${name}`));
      expat.XML_SetElementHandler(parser, open, close);
      const text = '<a><b/></a>';
      expect(expat.XML_Parse(parser, text, text.length, 1)).toBe(1);
      expect(seen).toEqual(['a', 'b', '/b', '/a']);
      expat.XML_ParserFree(parser);
      open.dispose();
      close.dispose();
    },
  },
  {
    header: 'pcre2.h',
    library: 'pcre2-8',
    definitions: { PCRE2_CODE_UNIT_WIDTH: 8 },
    call(pcre2) {
      const [code, offset] = [new Int32Array(1), new BigUint64Array(1)];
      const pattern = bytes('(\\d+)-(\\d+)');
      const re = pcre2.pcre2_compile_8(pattern, pattern.length, 0, code, offset, null);
      const data = pcre2.pcre2_match_data_create_from_pattern_8(re, null);
      const subject = bytes('see 12-345');
      expect(pcre2.pcre2_match_8(re, subject, subject.length, 0, 0, data, null)).toBe(3);
      expect(pcre2.pcre2_get_ovector_pointer_8(data).array(6).toArray()).toEqual([4, 10, 4, 6, 7, 10]);
      pcre2.pcre2_match_data_free_8(data);
      pcre2.pcre2_code_free_8(re);
    },
  },
  {
    header: 'bzlib.h',
    library: 'bz2',
    call(bz2) {
      expect(bz2.BZ2_bzlibVersion()).toMatch(/^1\./);
    },
  },
  {
    header: 'lzma.h',
    library: 'lzma',
    call(lzma) {
      expect(lzma.lzma_crc32(bytes('hello'), 5, 0)).toBe(0x3610a686);
    },
  },
];

/** Headers without a call here: parsed, and compared with gcc. */
const more = ['unistd.h', 'pthread.h', 'signal.h', 'sys/stat.h', 'sys/socket.h', 'elf.h', 'complex.h', 'X11/Xlib.h'];

const there = (header: string): boolean => systemFolders().some((folder) => existsSync(join(folder, header)));
const noHeader = (header: string): string | undefined => (there(header) ? undefined : `no ${header}`);
const noKoffi = process.platform === 'linux' ? absent('koffi') : 'headers are found on Linux';
const noGcc = process.platform === 'linux' ? absent('gcc') : 'headers are found on Linux';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-real-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a call', () => {
  for (const { header, library, definitions, call } of cases) {
    const why = noKoffi ?? noHeader(header);
    test.skipIf(why)(`${header}${why ? ` (absent: ${why})` : ''}`, async () => {
      const lib = await getLibHandle<Any>({ header, library, backend: 'native', ...(definitions && { definitions }) });
      await call(lib);
      lib.dispose();
    });
  }
});

/** The structs and constants of a header according to gcc, as lines. Names that gcc refuses are omitted. */
function asked(header: string, table: FunctionTable, definitions: Record<string, string | number>): string[][] {
  const structs = Object.values(table.structs).filter(({ tag, fields }) => fields && !tag.startsWith('anonymous_'));
  const wanted = [
    ...structs.map(({ tag, kind, size, align }) => {
      const type = table.typedefs[tag]?.type;
      const name = type?.kind === 'struct' && type.tag === tag ? tag : `${kind} ${tag}`;
      const own = type?.align ?? align;
      return { name, ours: `${size} ${own}`, code: `printf("%zu %zu\\n", sizeof(${name}), _Alignof(${name}));` };
    }),
    ...Object.entries(table.constants)
      // The headers of glibc assume 128-bit floats for newer compilers.
      .filter(([name, { kind }]) => kind === 'int' && !name.startsWith('__HAVE_'))
      .map(([name, { value }]) => ({
        name,
        ours: String(value),
        code: `printf("%${typeof value === 'number' && value < 0 ? 'lld' : 'llu'}\\n", (unsigned long long)(${name}));`,
      })),
  ];
  const source = join(folder, `${header.replace(/\W/g, '_')}.c`);
  const defines = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  let list = wanted;
  for (let round = 0; round < 6; round++) {
    const lines = [
      `#include <${header}>`,
      '#include <stdio.h>',
      'int main(void) {',
      ...list.map(({ code }) => code),
      '}',
    ];
    writeFileSync(source, lines.join('\n'));
    try {
      execFileSync('gcc', ['-w', '-fmax-errors=0', ...defines, source, '-o', `${source}.out`], { stdio: 'pipe' });
      const told = execFileSync(`${source}.out`, { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n');
      return list.map(({ name, ours }, i) => [name, ours, told[i] ?? '']);
    } catch (error) {
      const refused = new Set(
        [...String((error as { stderr?: Buffer }).stderr).matchAll(/\.c:(\d+):\d+: error/g)].map(
          (match) => Number(match[1]) - 4,
        ),
      );
      const rest = list.filter((_, i) => !refused.has(i));
      if (rest.length === list.length) throw error;
      list = rest;
    }
  }
  return [];
}

const noProgram = noKoffi ?? (process.platform === 'linux' ? absent('gcc') : 'names are looked up otherwise');
test.skipIf(noProgram)('a library calls its own functions, not those of the program with the same names', async () => {
  const source = 'const char *uv_version_string(void);\nconst char *inner(void);';
  const build = (name: string, ...words: string[]): string => {
    const path = join(folder, `lib${name}.so`);
    const code = `${source}\nconst char *uv_version_string(void) { return "mine"; }\nconst char *inner(void) { return uv_version_string(); }`;
    execFileSync('gcc', ['-x', 'c', '-', '-O0', '-shared', '-fPIC', '-o', path, ...words], { input: code });
    return path;
  };
  const lib = await getLibHandle<Any>({ header: { source }, library: build('own') });
  expect(lib.inner()).toBe('mine');
  lib.dispose();
  // The streams of C++ are in the program: a library that looked only among its own would end the process.
  expect(needsOwnNames(build('cxx', '-Wl,--no-as-needed', '-lstdc++'))).toBe(false);
});

test.skipIf(noProgram)(
  'a library calls and stores its own, not what the C library has under the same names',
  async () => {
    const source = 'extern int glob; int getglob(void); double twice(double x); int own_index(int i);';
    const build = (name: string, code: string): string => {
      const path = join(folder, `lib${name}.so`);
      execFileSync('gcc', ['-x', 'c', '-', '-O0', '-w', '-fno-builtin', '-shared', '-fPIC', '-o', path], {
        input: code,
      });
      return path;
    };
    const code = `int glob = 5; int getglob(void) { return glob; }
    double gamma(double x) { return x + 1; } double twice(double x) { return 2 * gamma(x); }
    int index(int i) { return i + 1000; } int own_index(int i) { return index(i); }`;
    const lib = await getLibHandle<Any>({ header: { source }, library: build('names-of-c', code) });
    const glob = lib.variable('glob');
    expect([glob.read(), lib.getglob(), lib.twice(3), lib.own_index(1)]).toEqual([5, 5, 8, 1001]);
    glob.write(11);
    expect(lib.getglob()).toBe(11);
    lib.dispose();
    // An allocator is everyone's, and environ is one.
    expect(needsOwnNames(build('allocator', 'void *malloc(long n) { return 0; } int index(int i) { return i; }'))).toBe(
      false,
    );
    expect(needsOwnNames(build('environ', 'char **environ; int other(void) { return 1; }'))).toBe(false);
  },
);

test.skipIf(noProgram)('a library with names of the program has its environment and time zone', { tags: 'all' }, () => {
  const source = 'int count(void);\nint has(const char *text);\nlong zone(void);';
  const code = `#include <time.h>
    #include <string.h>
    extern char **environ;
    const char *uv_version_string(void) { return "mine"; }
    int count(void) { int n = 0; while (environ[n]) n++; return n; }
    int has(const char *text) { for (int i = 0; environ[i]; i++) if (!strcmp(environ[i], text)) return 1; return 0; }
    long zone(void) { return timezone; }`;
  const path = join(folder, 'libsurroundings.so');
  execFileSync('gcc', ['-x', 'c', '-', '-O0', '-shared', '-fPIC', '-o', path], { input: code });
  const script = `import(${JSON.stringify(pathToFileURL(resolve('dist/ffi.node.js')).href)}).then(async ({ getLibHandle }) => {
    const lib = await getLibHandle({ header: { source: ${JSON.stringify(source)} }, library: ${JSON.stringify(path)} });
    console.log(lib.count() >= 2, lib.has('EWALD_HERE=yes'), lib.has('EWALD_HERE=no'), lib.zone());
  });`;
  const env = { ...process.env, EWALD_HERE: 'yes', TZ: 'XYZ-3' };
  const said = execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  expect(said.trim()).toBe('true 1 0 -10800');
});

describe('structs and constants equal those of gcc', () => {
  for (const header of [...cases.map((one) => one.header), ...more]) {
    const why = noGcc ?? noHeader(header);
    test.skipIf(why)(`${header}${why ? ` (absent: ${why})` : ''}`, { tags: 'all' }, () => {
      const definitions = cases.find((one) => one.header === header)?.definitions ?? {};
      const table = parseHeaderFile(header, { definitions });
      const found = asked(header, table, definitions);
      expect(found.length).toBeGreaterThan(
        (Object.keys(table.structs).length + Object.keys(table.constants).length) * 0.6 - 10,
      );
      expect(found.filter(([, ours, told]) => ours !== told)).toEqual([]);
    });
  }

  test.skipIf(noGcc)('their typed modules are valid TypeScript', { tags: 'all' }, () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const paths = {
      'ewald/ffi': [join(root, 'src/entries/ffi.node.ts')],
      'ewald/memory': [join(root, 'src/entries/memory.ts')],
    };
    const names = [...cases.map((one) => one.header), ...more].filter(there);
    const files = names.map((header) => {
      const definitions = cases.find((one) => one.header === header)?.definitions ?? {};
      const file = join(folder, `${header.replace(/\W/g, '_')}.ts`);
      writeFileSync(file, writeModule(parseHeaderFile(header, { definitions })));
      return file;
    });
    expect(files.length).toBeGreaterThan(4);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023', 'dom', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      skipLibCheck: true,
      paths,
    };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder],
      { encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

/** What the built-in preprocessor reads differently from gcc: the C library asks there for a compiler. */
const withoutCompiler: Readonly<Record<string, readonly string[]>> = {
  'sys/types.h': ['register_t'],
};
/** What a header declares for gcc alone: functions of 128-bit numbers. */
const ofGcc: Readonly<Record<string, string>> = { 'fftw3.h': 'fftwq_' };

/** The declarations of a table that a program would use, without their places. */
const declared = (table: FunctionTable): Map<string, string> =>
  new Map(
    [table.functions, table.variables, table.structs, table.enums, table.typedefs, table.constants].flatMap((names) =>
      Object.entries(names).map(([name, one]) => [
        name,
        JSON.stringify(one, (key, value) => (/^(?:file|line|column|doc)$/.test(key) ? undefined : value)),
      ]),
    ),
  );

describe('with and without a compiler', { tags: 'all' }, () => {
  for (const header of [...cases.map((one) => one.header), ...more, 'hdf5/serial/hdf5.h', 'sys/types.h', 'wchar.h']) {
    const why = noGcc ?? noHeader(header);
    test.skipIf(why)(`${header}${why ? ` (absent: ${why})` : ''}`, () => {
      const definitions = cases.find((one) => one.header === header)?.definitions ?? {};
      const through = declared(parseHeaderFile(header, { definitions }));
      const own = declared(parseHeaderFile(header, { definitions, cpp: 'builtin' }));
      const names = [...new Set([...through.keys(), ...own.keys()])];
      expect(through.size).toBeGreaterThan(5);
      const isCompared = (name: string): boolean =>
        !name.startsWith('__') && !(ofGcc[header] && !own.has(name) && name.startsWith(ofGcc[header]));
      expect(names.filter((name) => isCompared(name) && through.get(name) !== own.get(name))).toEqual(
        withoutCompiler[header] ?? [],
      );
    });
  }
});

const noCli = existsSync(fileURLToPath(new URL('../../dist/cli.js', import.meta.url))) ? undefined : 'no dist';
const noCommand = noKoffi ?? noCli ?? noHeader('zlib.h');
describe.skipIf(noCommand)(`through the command${noCommand ? ` (absent: ${noCommand})` : ''}`, () => {
  test.each<[string[], string | RegExp]>([
    [['zlib.h', '--lib', 'z', '--call', 'crc32', '0', 'hello', '5'], '907060870'],
    [['zlib.h', '--lib', 'libz.so.1', '--call', 'crc32', '0', 'hello', '5'], '907060870'],
    [['/usr/include/zlib.h', '--lib', 'z', '--call', 'crc32', '0', 'hello', '5'], '907060870'],
    [['zlib.h', '--cpp', 'builtin', '--lib', 'z', '--call', 'crc32', '0', 'hello', '5'], '907060870'],
    [['math.h', '--lib', 'm', '--call', 'cos', '0'], '1'],
    // char * of C's own text, which is not const.
    [['string.h', '--lib', 'c', '--call', 'strerror', '2'], 'No such file or directory'],
    [['stdlib.h', '--lib', 'c', '--call', 'getenv', 'EWALD_NO_SUCH_NAME'], 'null'],
    [
      ['stdio.h', '--lib', 'c', '--call', 'snprintf', '[0,0,0,0,0,0]', '6', '%d|%s', '7', 'x'],
      '3\n__s [55,124,120,0,0,0]',
    ],
    [['zlib.h'], /^uLong crc32\(uLong crc, const Bytef \*buf, uInt len\)/m],
  ])('%j', { tags: 'all' }, async (words, expected) => {
    const { code, out, err } = await ewald(['ffi', ...words]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    if (typeof expected === 'string') expect(out.trimEnd()).toBe(expected);
    else expect(out).toMatch(expected);
  });

  test('a missing library', { tags: 'all' }, async () => {
    const { code, err } = await ewald(['ffi', 'zlib.h', '--lib', 'no_such_library', '--call', 'crc32', '0', 'a', '1']);
    expect(code).toBe(1);
    expect(err).toMatch(/libno_such_library\.so and libno_such_library\.so\.N where the dynamic loader looks/);
  });
});
