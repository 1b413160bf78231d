// The pi example as a new user runs it: a copy of examples/pi, its single build command, its own tests, its timing
// table.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHeaderFile, writeModule } from '../../dist/ffi.node.js';
import { absent } from './support.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const example = join(root, 'examples/pi');

/**
 * The package that `npm install` would install: this package as it is exported or, before a build exports it, as
 * compiled.
 */
function packageAt(folder: string): string | undefined {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  mkdirSync(join(folder, 'node_modules'));
  if ('./ffi' in exports && existsSync(join(root, 'dist/ffi.node.js'))) {
    symlinkSync(root, join(folder, 'node_modules/ewald'));
  } else if (existsSync(join(root, 'build/esm/entries/ffi.node.js'))) {
    mkdirSync(join(folder, 'node_modules/ewald'));
    symlinkSync(join(root, 'build/esm'), join(folder, 'node_modules/ewald/esm'));
    writeFileSync(
      join(folder, 'node_modules/ewald/package.json'),
      JSON.stringify({
        name: 'ewald',
        type: 'module',
        exports: { './ffi': './esm/ffi/node.js', './memory': './esm/memory/index.js' },
      }),
    );
  } else return 'neither dist/ nor build/esm is built';
  for (const name of ['koffi', '@koromix', 'typescript', '@typescript', '@types', 'undici-types']) {
    if (existsSync(join(root, 'node_modules', name)))
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return undefined;
}

test('the typed module equals the one generated from the header', () => {
  const table = parseHeaderFile('pi.h', { includeDir: join(example, 'include'), definitions: ['-DPI_API='] });
  expect(readFileSync(join(example, 'ts/library.ts'), 'utf8')).toBe(writeModule(table));
});

const why = absent('gcc', 'gfortran', 'emcc', 'koffi');
describe.skipIf(why)(`examples/pi${why ? ` (absent: ${why})` : ''}`, () => {
  let folder: string;
  let missing: string | undefined;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-example-pi-'));
    cpSync(example, folder, { recursive: true, filter: (path) => !/[\\/](?:node_modules|build)$/.test(path) });
    missing = packageAt(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const env = { ...process.env, PI_REQUIRE_ALL: '1' };
  const node = (...args: string[]): string =>
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });

  test('one command builds, the tests pass, the table has four lines', (context) => {
    if (missing) context.skip(missing);
    expect(node('build.mjs')).toMatch(
      /libpi_cpp and libpi_f90 built[\s\S]*pi_cpp\.wasm built[\s\S]*TypeScript compiled/,
    );
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--test', '--test-reporter=tap', 'build/js/test/pi.test.js'],
      {
        cwd: folder,
        encoding: 'utf8',
        env,
      },
    );
    expect(stdout).toMatch(/# pass 8\b/);
    expect(stdout).toMatch(/# fail 0\b/);
    expect(status).toBe(0);
    const table = node('build/js/ts/timing.js', '100000');
    for (const language of ['TypeScript', 'C', 'C, on wasm', 'Fortran'])
      expect(table).toMatch(new RegExp(`^${language} +3\\.138520 +\\d+\\.\\d{4}$`, 'm'));
  });

  test('PI_BUILD_DIR names the folder of the libraries', (context) => {
    if (missing) context.skip(missing);
    const elsewhere = spawnSync(process.execPath, ['build/js/ts/timing.js', '1000'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...env, PI_BUILD_DIR: join(folder, 'nowhere') },
    });
    expect(elsewhere.stdout).toMatch(/^TypeScript +3\./m);
    expect(elsewhere.stdout).toContain(
      `absent: the library pi_cpp was not found; tried ${join(folder, 'nowhere/lib/libpi_cpp.so')}`,
    );
  });
});
