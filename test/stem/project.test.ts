/**
 * New projects for user-defined functions: in each language, the project that `newUdf` writes builds, and its test
 * passes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newUdf, type UdfLanguage, udfProject } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-udf-new-'));
  // The package, at the place where npm install would put it.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/ewald'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const builds = (compiler: string, args: readonly string[]): boolean =>
  existsSync(compiler) && spawnSync(compiler, args, { stdio: 'pipe' }).status === 0;
const asc = join(root, 'node_modules/.bin/asc');

/** Folders of the compilers that are present; the others are absent here. */
const compilers: Readonly<Record<UdfLanguage, string | undefined>> = {
  js: '',
  as: builds(asc, ['--version']) ? dirname(asc) : undefined,
};

/** Tables of 800 bytes at top level, which the module fills when it is set up, and how each language writes them. */
const tables: Readonly<
  Record<string, readonly [file: string, ...edits: (readonly [before: string, after: string])[]]>
> = {
  as: [
    'sums_as.ts',
    ['let pixels = 0;', 'const table = new StaticArray<f64>(100);\nlet pixels = 0;'],
    ['  params = given;', '  params = given;\n  for (let i = 0; i < 100; i++) table[i] = i;'],
  ],
};
function addTable(language: string, project: string): void {
  const [name, ...edits] = tables[language] ?? [];
  if (name === undefined) return;
  const file = join(project, name);
  let text = readFileSync(file, 'utf8');
  for (const [before, after] of edits) {
    expect(text).toContain(before);
    text = text.replace(before, after);
  }
  writeFileSync(file, text);
}

describe('a new project', () => {
  for (const [language, compiler] of Object.entries(compilers))
    test.skipIf(compiler === undefined)(
      `in ${language} is built by its own command and passes its test`,
      { tags: 'all' },
      async () => {
        const made = await newUdf(`sums_${language}`, {
          language: language as UdfLanguage,
          folder: join(folder, language),
        });
        const PATH = `${compiler}:${process.env.PATH}`;
        addTable(language, made.folder);
        const { scripts } = JSON.parse(readFileSync(join(made.folder, 'package.json'), 'utf8'));
        expect(scripts.build === undefined).toBe(language === 'js');
        if (scripts.build)
          execFileSync('sh', ['-c', scripts.build], { cwd: made.folder, env: { ...process.env, PATH } });
        const tested = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
          cwd: made.folder,
          encoding: 'utf8',
        });
        expect(tested.stdout).toContain('# pass 2');
        expect(tested.status, tested.stdout).toBe(0);
        expect(made.files.every((file) => existsSync(join(made.folder, file)))).toBe(true);
      },
    );

  test('is started from the shell, and ewald run finds its function', { tags: 'nightly' }, async () => {
    const started = await ewald(['udf', 'new', 'sums'], { cwd: folder });
    expect(started).toMatchObject({ code: 0, err: '' });
    expect(started.out).toContain('build and test it: cd sums && npm install && npm test');
    writeFileSync(
      join(folder, 'scan.raw'),
      Uint8Array.from({ length: 24 }, (_, i) => i),
    );
    const raw = ['scan.raw', '--dtype', 'u8', '--sig-shape', '2,3', '--nav-shape', '2,2'];
    const run = await ewald(['run', ...raw, '--udf', 'sums/sums.mjs', '--json'], { cwd: folder });
    const { results } = JSON.parse(run.out) as { results: { name: string; max: number }[] };
    expect(results.map(({ name, max }) => [name, max])).toEqual([
      ['sum', 18 + 19 + 20 + 21 + 22 + 23],
      ['total', 5 + 11 + 17 + 23],
    ]);
    const other = await ewald(['udf', 'new', 'fast', '--language', 'as', '--folder', 'elsewhere', '--json'], {
      cwd: folder,
    });
    expect(JSON.parse(other.out)).toEqual({
      name: 'fast',
      language: 'as',
      folder: join(folder, 'elsewhere'),
      files: ['package.json', 'fast.mjs', 'fast.test.mjs', 'fast.ts'],
    });
  });

  test('is refused if the folder already exists, which stays unchanged', async () => {
    const target = join(folder, 'taken');
    mkdirSync(target);
    await refused(() => newUdf('sums', { folder: target }), 'Argument', 'taken exists already; choose another folder');
    expect(readdirSync(target)).toEqual([]);
    const before = readdirSync(folder);
    await refused(() => newUdf('sums', { folder: join(folder, 'no/such/place') }), 'File', 'cannot be made');
    expect(readdirSync(folder)).toEqual(before);
  });

  test('needs a name that JavaScript can export, and a known language', async () => {
    for (const name of ['radial-variance', '2d', '', '../x'])
      await refused(() => udfProject(name), 'Argument', `"${name}" cannot be the name of a user-defined function`);
    await refused(() => udfProject('sums', { language: 'fortran' as never }), 'Argument', 'fortran', 'js, as');
  });
});
