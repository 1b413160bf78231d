// The example of the guide on C libraries: this JavaScript passes the compiler, and prints what the guide states.
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
    ? 'the example names libraries of Linux'
    : (absent('koffi') ??
      (existsSync(join(root, 'dist/ffi.node.js')) ? undefined : 'no dist') ??
      (systemFolders().some((folder) => existsSync(join(folder, 'zlib.h'))) ? undefined : 'no zlib.h'));

test.skipIf(why)(`the example of C libraries${why ? ` (absent: ${why})` : ''}`, { tags: 'all' }, () => {
  const page = readFileSync(join(root, 'docs/c-libraries.md'), 'utf8');
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const [, shown = ''] = /```text\n([\s\S]*?)```/.exec(page) ?? [];
  expect(shown.trim().split('\n')).toEqual(['907060870', '907060870', '1,2,3', '2,2 3']);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-readme-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/ewald'));
    for (const name of ['koffi', '@koromix', '@types', 'undici-types'])
      if (existsSync(join(root, 'node_modules', name)))
        symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'example.ts'), code);
    const options = {
      strict: true,
      noImplicitAny: false,
      module: 'nodenext',
      target: 'es2023',
      types: ['node'],
      skipLibCheck: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['example.ts'] }));
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    const printed = execFileSync(process.execPath, ['example.js'], { cwd: folder, encoding: 'utf8' });
    expect(printed.trim().split('\n')).toEqual(['907060870', '907060870', '1,2,3', '2,2 3']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
