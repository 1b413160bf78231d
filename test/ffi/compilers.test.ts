// The parser compared with real compilers: every prototype is written as C and compiled together with the header.
// differential.test.ts compares layouts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type DataModel,
  type FunctionTable,
  parseHeader,
  parseHeaderFile,
  signature,
} from '../../src/entries/ffi.node.js';
import { absent, fixtures, thrown } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-compilers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The parsed table as assertions for a compiler. */
const assertions = ({ structs }: FunctionTable): string =>
  Object.values(structs)
    .flatMap(({ tag, size, align, fields }) =>
      fields === undefined
        ? []
        : [
            `_Static_assert(sizeof(struct ${tag}) == ${size} && _Alignof(struct ${tag}) == ${align}, "${tag}");`,
            ...fields.map(
              ({ name, offset }) => `_Static_assert(offsetof(struct ${tag}, ${name}) == ${offset}, "${tag}.${name}");`,
            ),
          ],
    )
    .join('\n');

const compilers: { name: 'gcc' | 'emcc'; model: DataModel }[] = [
  { name: 'gcc', model: process.platform === 'win32' ? 'llp64' : 'lp64' },
  { name: 'emcc', model: 'wasm32' },
];

for (const { name, model } of compilers) {
  const why = absent(name);
  describe.skipIf(why)(`${name}${why ? ` (absent: ${why})` : ''}`, () => {
    const compile = (text: string): string => {
      const file = join(folder, `${name}.c`);
      writeFileSync(file, text);
      try {
        execFileSync(name, ['-std=c11', '-w', '-fsyntax-only', `-I${fixtures}`, file], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        return '';
      } catch (error) {
        return String((error as { stderr?: string }).stderr);
      }
    };

    test('prototypes generated from the table agree with the header', { tags: 'all' }, () => {
      const table = parseHeaderFile('kit.h', { includeDir: fixtures, model });
      const back = Object.values(table.functions).map((fn) => `${signature(fn, fn.name)};`);
      expect(back.length).toBeGreaterThan(50);
      expect(
        compile(
          '#include ' +
            `"kit.h"\n${back.join('\n')}\n${assertions({ ...table, structs: { kit_point: table.structs.kit_point as never } })}`,
        ),
      ).toBe('');
      expect(
        compile(`#include "kit.h"\n${back.join('\n').replace('int kit_add(int a', 'int kit_add(long a')}`),
      ).toMatch(/conflicting types/);
    });

    test('unusual declarators generated from the table agree, too', { tags: 'all' }, () => {
      const text =
        'int (*a(int x))(double);\nvoid b(double m[][4], int (*f)(const char *const *, ...), unsigned long long ' +
        '*const p);\nconst char *const *c(void);\nvoid (*(*d(void))[3])(int);\n';
      const table = parseHeader(text, { model, allowVarargs: true });
      expect(
        compile(
          text +
            Object.values(table.functions)
              .map((fn) => `${signature(fn, fn.name)};`)
              .join('\n'),
        ),
      ).toBe('');
    });
  });
}

const noGcc = absent('gcc');
describe.skipIf(noGcc)(`constants against gcc${noGcc ? ` (absent: ${noGcc})` : ''}`, () => {
  /** What gcc has for expressions, and what the parser has: undefined where it refuses one. */
  const both = (before: string, expressions: readonly string[]): [string, string | undefined, string][] => {
    const lines = expressions.map((one) => `printf("%lld\\n", (long long)(${one}));`).join('\n');
    const file = join(folder, 'constants');
    writeFileSync(`${file}.c`, `#include <stdio.h>\n${before}\nint main(void) {\n${lines}\n}`);
    execFileSync('gcc', ['-std=gnu11', '-w', '-O0', `${file}.c`, '-o', file]);
    const told = execFileSync(file, { encoding: 'utf8' }).trim().split('\n');
    return expressions.map((one, i) => {
      const { C: found } = parseHeader(`${before}\n#define C ((long long)(${one}))`).constants;
      return [one, found && String(found.value), told[i] as string];
    });
  };

  test('one of long double is that of gcc, or has no value and refuses what needs it', () => {
    let seed = 7;
    const pick = <T>(all: readonly T[]): T => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return all[(seed >>> 16) % all.length] as T;
    };
    const leaves = ['9007199254740992.0L', '1', '0.1L', '0x1.8p60L', '3ull', '0.1', '0.5f', '7.0L', '1e-3L', '1e19L'];
    leaves.push('9007199254740993ll', '0xffffffffffffffffull', '2.9999999999999999999L', '1e400L');
    const made = (depth: number): string => {
      if (depth === 0) return pick(leaves);
      const [a, b] = [made(depth - 1), made(depth - pick([1, 1, depth]))];
      const binary = (): string => `(${a} ${pick(['+', '-', '*', '/', '+', '-', '<', '==', '>=', '&&'])} ${b})`;
      return pick([binary, binary, binary, () => `(long double)${a}`, () => `(${b} > 0 ? ${a} : ${b})`])();
    };
    const casts = ['(int)', '(long long)', '(double)', '(float)', '(_Bool)', '!', '', '-'];
    // A result out of range has no value in C.
    const inside = (one: string): string => `((${one}) > -1e15L && (${one}) < 1e15L ? 1 : 0) + 4 * (${one})`;
    const drawn = Array.from({ length: 400 }, () => `${pick(casts)}(${made(pick([1, 2, 3]))})`);
    const results = both('', [...drawn, ...drawn.slice(0, 50).map(inside)]);
    const isIn = ([, , told]: readonly unknown[]): boolean => Math.abs(Number(told)) < 2 ** 31 - 1;
    expect(results.filter(([, found, told]) => found !== undefined && found !== told).filter(isIn)).toEqual([]);
    expect(results.filter(([, found]) => found !== undefined).length).toBeGreaterThan(100);
    const exact = [
      '(9007199254740992.0L + 2) - 9007199254740992.0L',
      '(int)(0.5L * 6)',
      '0.1L < 0.2',
      '(int)2.7L',
      '!0.1L',
    ];
    exact.push('sizeof(0.1L * 3)', '(int)(7.0L / 2)', '1 ? 3 : 0.1L', '-(long double)5');
    for (const [one, found, told] of both('', exact)) expect([one, found]).toEqual([one, told]);
    expect(
      thrown(() => parseHeader('enum { E = (int)((9007199254740992.0L + 1) - 9007199254740992.0L) };')).message,
    ).toMatch(/the value depends on digits of a long double that a double does not have/);
    expect(parseHeader('#define PI_L 3.14159265358979323846L\n').constants.PI_L?.value).toBe(Math.PI);
  });

  test('one that is cast to an enum has the value and the sign of its type', () => {
    const before = 'enum q { A = -2, B = 5 }; enum u { C0, D = 9 }; enum long_one { E };';
    const expressions = [
      '(enum q)1.5',
      '(int)(enum q)-1.9',
      '(enum u)-1 > 0',
      '(enum q)-1 < 0',
      '(enum q)3000000000u < 0',
    ];
    expressions.push(
      '((enum u)2.5 + 1)',
      'sizeof((enum long_one)1 + 1)',
      '_Generic((enum long_one)1 + 1u, unsigned: 3, default: 4)',
    );
    for (const [one, found, told] of both(before, expressions)) expect([one, found]).toEqual([one, told]);
  });
});
