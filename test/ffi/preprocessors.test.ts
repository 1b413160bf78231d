// Header files are read through the preprocessor of a C compiler: its markers name the user's lines, its arguments are
// the user's folders and definitions, and a header from elsewhere cannot make it read without end.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseHeaderFile } from '../../src/entries/ffi.node.js';
import { absent, thrown } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-cpp-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** A constant in C. */
const cText = (value: unknown): string =>
  typeof value === 'string' ? (value.startsWith('-') ? `(${BigInt(value) + 1n}LL - 1)` : `${value}ULL`) : String(value);

const why = process.platform === 'win32' ? 'files are found on POSIX' : absent('gcc');
describe.skipIf(why)(`the preprocessor of a compiler${why ? ` (absent: ${why})` : ''}`, () => {
  test('expands what the built-in one leaves to it, and keeps the constants, places and comments', () => {
    const path = file(
      'a.h',
      '#define API(t, ...) t f(__VA_ARGS__)\n#define N 5\n#define M (N + INT32_MAX)\n#include <stdint.h>\n\n' +
        '/** The one\n * function. */\n  API(int, double   x);\nint  g(int y[N]);\n',
    );
    const { functions, constants, files, warnings } = parseHeaderFile(path);
    expect(functions.f).toMatchObject({ file: path, line: 8, doc: 'The one\nfunction.', parameters: [{ name: 'x' }] });
    expect(functions.g).toMatchObject({ line: 9, column: 6, parameters: [{ length: 5 }] });
    expect(Object.entries(constants).map(([name, { value, line }]) => [name, value, line])).toEqual([
      ['N', 5, 2],
      ['M', -2147483644, 3],
    ]);
    expect({ files, warnings }).toEqual({ files: [path], warnings: [] });
    expect(thrown(() => parseHeaderFile(path, { cpp: 'builtin' })).message).toMatch(
      /a\.h:8:3: the macro API uses "\.\.\."; this needs a C compiler/,
    );
  });

  test("the headers of the compiler itself are found, and the whole of limits.h and float.h is gcc's", () => {
    for (const header of ['limits.h', 'float.h', 'stdint.h']) {
      const macros = execFileSync('gcc', ['-E', '-dM', '-include', header, '-x', 'c', '/dev/null'], {
        encoding: 'utf8',
      });
      const names = [...macros.matchAll(/^#define ([A-Z]\w+) \S/gm)].map(([, name]) => name as string);
      const wanted = names.filter((name) => /^(?:\w+_(?:MAX|MIN|BIT|EPSILON|DIG)|CHAR_BIT)$/.test(name));
      const { constants } = parseHeaderFile(header);
      // A number has no room for the range of long double.
      const absent = wanted.filter((name) => !constants[name] && !/^LDBL_(?:MAX|MIN|TRUE_MIN)$/.test(name));
      expect([header, absent]).toEqual([header, []]);
      const lines = Object.keys(constants)
        .filter((name) => wanted.includes(name))
        .map((name) => `_Static_assert((${name}) == (${cText(constants[name]?.value)}), "${name}");`);
      expect(lines.length).toBeGreaterThan(15);
      const program = file('own.c', `#include <${header}>\n${lines.join('\n')}\n`);
      execFileSync('gcc', ['-w', '-fsyntax-only', program], { stdio: 'pipe' });
    }
    for (const header of ['stddef.h', 'stdatomic.h', 'stdbool.h'])
      expect(parseHeaderFile(header).files[0]).toContain(header);
    expect(parseHeaderFile('stdatomic.h').functions.atomic_thread_fence).toBeDefined();
  });

  test('conditions find `defined` in a macro as gcc does', () => {
    const lines = ['HAS_A', '!HAS_B', 'HAS_A && HAS_P', 'BOTH', 'HAS_NONE', 'A_OR(HAS_NONE)'];
    const conditions = lines.map((text, i) => `#if ${text}\n#define R${i} 1\n#else\n#define R${i} 0\n#endif`);
    const path = file(
      'defined.h',
      '#define A 5\n#define P (1\n#define HAS_A defined A\n#define HAS_P defined(P)\n#define HAS_B defined(B)\n' +
        `#define HAS_NONE defined NONE\n#define BOTH (HAS_A && !HAS_B)\n#define A_OR(x) (defined A || x)\n${conditions.join('\n')}\n`,
    );
    const values = (cpp?: string): unknown[] => {
      const { constants } = parseHeaderFile(path, { cpp });
      return lines.map((_, i) => constants[`R${i}`]?.value);
    };
    expect(values('builtin')).toEqual(values());
    expect(values()).toEqual([1, 1, 1, 1, 0, 1]);
  });

  test('errors show the line of the user, in the file that is included', () => {
    mkdirSync(join(folder, 'inner'), { recursive: true });
    const inner = file('inner/b.h', '#pragma once\n#define T double\n\tT   h(intt x);\n');
    const outer = file('outer.h', '#include <b.h>\n');
    const error = thrown(() => parseHeaderFile(outer, { includeDir: join(folder, 'inner') }));
    expect(error).toMatchObject({ tag: 'Format', detail: { file: inner, line: 3, column: 8 } });
    expect(error.message).toBe(
      `${inner}:3:8: unknown type name "intt"; did you mean "int"?\n  \tT   h(intt x);\n  \t      ^`,
    );
  });

  test('definitions and folders are arguments, whatever they contain', () => {
    const odd = join(folder, '$(touch made) `touch made`; touch made');
    mkdirSync(odd, { recursive: true });
    writeFileSync(join(odd, 'odd.h'), 'int odd(T x);\n');
    const path = file('c.h', '#include "odd.h"\n');
    const { functions } = parseHeaderFile(path, {
      includeDir: [folder, odd],
      definitions: { T: 'double /* $(touch made) */' },
    });
    expect(functions.odd?.parameters[0]?.type).toMatchObject({ name: 'double' });
    expect(existsSync('made') || existsSync(join(folder, 'made'))).toBe(false);
  });

  test('CC names the program; without one the built-in preprocessor reads, and says so', () => {
    const path = file('d.h', '#ifdef MINE\nint mine(void);\n#else\nint other(void);\n#endif\n');
    const cc = file('my cc', '#!/bin/sh\nexec cc "$@" -DMINE\n');
    chmodSync(cc, 0o755);
    vi.stubEnv('CC', `"${cc}"`);
    expect(Object.keys(parseHeaderFile(path).functions)).toEqual(['mine']);
    vi.stubEnv('CC', 'no-such-compiler');
    const { functions, warnings } = parseHeaderFile(path);
    expect(Object.keys(functions)).toEqual(['other']);
    expect(warnings).toEqual([
      expect.stringMatching(/no-such-compiler -E -dD does not preprocess .*: there is no such program/),
    ]);
    expect(thrown(() => parseHeaderFile(path, { cpp: 'no-such-compiler -E' })).message).toMatch(
      /there is no such program/,
    );
  });

  test('what a compiler refuses is read without it where that is possible', () => {
    const path = file('e.h', '#include <no/such.h>\nint f(void);\n');
    expect(parseHeaderFile(path).warnings).toEqual([
      expect.stringMatching(/read without it: .*e\.h:1:10: fatal error: no\/such\.h: No such file/s),
      expect.stringMatching(/<no\/such\.h> was not found and is passed over/),
    ]);
    expect(thrown(() => parseHeaderFile(file('g.h', '#error stop\n'))).message).toMatch(/g\.h:1:2: error: #error stop/);
    expect(parseHeaderFile(file('h.h', '#warning slow\nint f(void);\n')).warnings).toEqual([
      expect.stringMatching(/h\.h:1:2: #warning slow/),
    ]);
  });

  test('a compiler for another target is refused', () => {
    const cpp = `${file('emulated', '')} -E`;
    chmodSync(join(folder, 'emulated'), 0o755);
    writeFileSync(join(folder, 'emulated'), '#!/bin/sh\necho "#define __SIZEOF_POINTER__ 4"\n');
    expect(thrown(() => parseHeaderFile(file('i.h', 'int f(void);\n'), { cpp })).message).toMatch(
      /is for another target: its pointer has 4 bytes, but 8 on lp64/,
    );
    // The one that is named says its target itself.
    writeFileSync(join(folder, 'emulated'), '#!/bin/sh\nexec gcc -m32 "$@"\n');
    const { model, structs } = parseHeaderFile(file('i.h', 'struct s { long a; char *b; };\n'), { cpp });
    expect([model, structs.s?.size]).toEqual(['wasm32', 8]);
    expect(
      thrown(() => parseHeaderFile(file('i.h', 'int f(void);\n'), { cpp: 'gcc -E', model: 'wasm32' })).message,
    ).toMatch(/its pointer has 8 bytes, but 4 on wasm32/);
  });

  test.skipIf(!existsSync('/usr/bin/prlimit'))(
    'a name that a macro makes cannot exhaust the memory',
    { tags: 'all' },
    () => {
      const path = file('z.h', '#define Q(x) #x\n#include Q(/dev/zero)\nint f(void);\n');
      // A slow machine reads so much for longer than a header may take.
      expect(thrown(() => parseHeaderFile(path)).message).toMatch(
        /does not preprocess .*z\.h: .*(memory|more than 20 s)/s,
      );
    },
  );
});
