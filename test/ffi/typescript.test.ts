// The typed module: it compiles, completes the right names, and refuses wrong ones. Its table opens the library without
// the header.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseHeader, parseHeaderFile, writeModule } from '../../dist/ffi.node.js';
import { fixtures, openKit, targets } from './support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

const use = `
import { KIT_FAST, open, type kit_mode, type kit_point } from './kit.js';
import type { Handle } from 'ewald/ffi';
const kit = await open('kit', { buildDir: '.' });
const a: number = kit.kit_add(1, 2);
const b: bigint = kit.kit_i64(5);
const c: string | null = kit.kit_hello();
const d: Promise<number> = kit.kit_sum.async(new Float64Array(2), 2);
const e: Handle | null = kit.kit_account_new(1);
const f: kit_point = kit.kit_middle({ x: 0, y: 0 }, { x: 1, y: 1 });
kit.kit_sum([1, 2], 2);
const h: kit_mode = kit.kit_next(kit.kit_next(KIT_FAST));
kit.kit_each(3, (value) => value.toFixed(0).length, null);
kit.kit_account_free(e);
const g = kit.alloc('double', 3);
kit.kit_fill(3, g);
kit.kit_each_of(3, { visit: kit.callback('kit_visit', (value: number) => value), user: g });
// @ts-expect-error
kit.kit_length(5);
// @ts-expect-error
kit.kit_add('1', 2);
// @ts-expect-error
kit.kit_add(1);
// @ts-expect-error
kit.kit_sum(new Float32Array(2), 2);
// @ts-expect-error
kit.kit_nowhere();
// @ts-expect-error
kit.kit_next(7);
// @ts-expect-error
const i: 7 = kit.kit_next(KIT_FAST);
// @ts-expect-error
kit.kit_middle({ x: 0 }, { x: 1, y: 1 });
export { a, b, c, d, f, h, i };
`;

test('the module and its declarations compile, strictly', { tags: 'all' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-types-'));
  try {
    const table = parseHeaderFile('kit.h', { includeDir: fixtures });
    const module = writeModule(table);
    expect(module).not.toContain(fixtures);
    writeFileSync(join(folder, 'kit.ts'), module);
    writeFileSync(join(folder, 'use.ts'), use);
    mkdirSync(join(folder, 'declared'));
    writeFileSync(join(folder, 'declared/kit.d.ts'), writeModule(table, { form: 'd.ts' }));
    writeFileSync(join(folder, 'declared/use.ts'), use);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          module: 'nodenext',
          lib: ['es2023', 'dom', 'esnext.disposable'],
          types: ['node'],
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          paths: {
            'ewald/ffi': [join(root, 'src/entries/ffi.node.ts')],
            'ewald/memory': [join(root, 'src/entries/memory.ts')],
          },
        },
        include: ['*.ts', 'declared/*.ts'],
      }),
    );
    const compile = (): string => {
      try {
        return execFileSync(
          process.execPath,
          [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
          { encoding: 'utf8' },
        );
      } catch (error) {
        return String((error as { stdout?: string }).stdout);
      }
    };
    expect(compile()).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('reserved words of TypeScript and unusual names do not conflict', () => {
  const module = writeModule(
    parseHeader(
      'int f(int class, int new, int, int a, double *this); struct delete { int x; }; void g(struct delete *d); ' +
        'enum { ONLY }; enum mode { SLOW, FAST }; struct run { enum mode mode, each[2]; }; enum own *h(enum own *p);',
      { name: 'odd-1.h' },
    ),
  );
  expect(module).toContain('(class_1: number, new_2: number, value_3: number, a: number, this_5:');
  expect(module).toContain('export interface Delete {');
  expect(module).toContain('export interface run {\n  mode: mode;\n  each: mode[];\n}');
  expect(module).toContain('export interface Odd1Functions {');
  expect(module).toContain('readonly h: { (p: Handle | Pointer | null): Handle | null;');
});

for (const target of targets) {
  test.skipIf(target.absent)(
    `a table restored from JSON opens the library: ${target.backend}${target.absent ? ` (absent: ${target.absent})` : ''}`,
    async () => {
      const table = JSON.parse(JSON.stringify(parseHeaderFile('kit.h', { includeDir: fixtures })));
      const kit = await openKit(target, { header: table });
      expect(kit.table.model).toBe(target.backend === 'wasm' ? 'wasm32' : 'lp64');
      const record = { name: 'x', flag: 1, count: 2, where: { x: 1, y: 1 }, weights: [1, 1, 1], data: null };
      kit.kit_describe(record);
      expect(record.count).toBe(3);
      kit.dispose();
    },
  );
}
