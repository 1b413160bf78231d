// Imports in a circle, also through types, are errors of the check; here it finds two planted ones.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test.each([
  ['values', "import { b } from './b.js';\nexport const a = () => b;\n"],
  ['types', "import type { B } from './b.js';\nexport type A = B | undefined;\n"],
  ['a lazy import', "export const a = async () => (await import('./b.js')).b;\n"],
])('two files that import each other, one by %s, fail the check', (_, text) => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-circle-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  writeFileSync(join(folder, 'a.ts'), text);
  const check = () => {
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', '--vcs-enabled=false', '.'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, said: stdout + stderr };
  };
  writeFileSync(join(folder, 'b.ts'), 'export type B = string;\nexport const b = 1;\n');
  expect(check()).toMatchObject({ status: 0 });
  writeFileSync(
    join(folder, 'b.ts'),
    "import type * as a from './a.js';\nexport type B = keyof typeof a;\nexport const b = 1;\n",
  );
  const { status, said } = check();
  expect(status).toBe(1);
  expect(said).toContain('noImportCycles');
});
