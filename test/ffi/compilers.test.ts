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
import { absent, fixtures } from './support.js';

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
