// The programs of the guide on C libraries print what the guide states; the first one is TypeScript as well.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { systemFolders } from '../../src/ffi/native/headers.js';
import { absent } from './support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const why =
  process.platform !== 'linux'
    ? 'the programs name libraries of Linux'
    : (absent('koffi') ?? (existsSync(join(root, 'dist/ffi.node.js')) ? undefined : 'no dist'));

interface Program {
  readonly name: string;
  readonly code: string;
  readonly shown: string;
}

/** The programs of the guide whose headers this machine has. */
function programs(): Program[] {
  const page = readFileSync(join(root, 'docs/c-libraries.md'), 'utf8');
  const found = [...page.matchAll(/```js\n\/\/ Save as (\w+)\.mjs\n([\s\S]*?)```\n+```text\n([\s\S]*?)```/g)];
  expect(found).toHaveLength([...page.matchAll(/```js\n/g)].length);
  const isThere = (header: string): boolean => systemFolders().some((folder) => existsSync(join(folder, header)));
  return found
    .map(([, name = '', code = '', shown = '']) => ({ name, code, shown }))
    .filter(({ code }) => [...code.matchAll(/header: '([^']+)'/g)].every(([, header = '']) => isThere(header)));
}

test.skipIf(why)(`the programs of the guide on C libraries${why ? ` (absent: ${why})` : ''}`, { tags: 'all' }, () => {
  const all = programs();
  expect(all.length).toBeGreaterThan(3);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-readme-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/ewald'));
    for (const name of ['koffi', '@koromix', '@types', 'undici-types'])
      if (existsSync(join(root, 'node_modules', name)))
        symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const { name, code } of all) writeFileSync(join(folder, `${name}.mjs`), code);
    writeFileSync(join(folder, 'first.ts'), (all[0] as Program).code);
    const compilerOptions = {
      strict: true,
      noImplicitAny: false,
      module: 'nodenext',
      target: 'es2023',
      types: ['node'],
      skipLibCheck: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['first.ts'] }));
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    for (const { name, shown } of all) {
      const printed = execFileSync(process.execPath, [`${name}.mjs`], { cwd: folder, encoding: 'utf8' });
      expect({ name, printed }).toEqual({ name, printed: shown });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
