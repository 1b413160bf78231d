/**
 * The README and the guides, pasted: the shell blocks of a page run in an empty folder, then its programs, each from
 * its file, which are also compiled as strict TypeScript. Indented blocks need a detector, a cluster or a browser, and
 * are not run.
 * `npm run guides` does the same from an empty home folder, block by block, and compares what is printed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { blocksOf, codeOf, programsOf, python, readsInPython } from '../../scripts/guides/blocks.mjs';
import { node, projectOf, root, run } from './support.js';

const paths = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (/\.md$/.test(name) ? `docs/${name}` : [])),
];
const pages = paths.map((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  const blocks = blocksOf(text);
  // The package is installed already; `npm run guides` pastes this as well, with a registry of its own.
  const shell = codeOf(blocks, 'sh').replace(/^npm install .*$/gm, '');
  return { path, text, folder: path.replace(/\W/g, '-'), shell: shell.trim(), programs: programsOf(blocks) };
});

let project = '';
beforeAll(() => {
  const files = pages.flatMap(({ folder, programs }) => [
    [`${folder}/.keep`, ''],
    ...programs.flatMap(({ name, code }) => [
      [`${folder}/${name}`, code],
      [`${folder}/${name.replace(/mjs$/, 'ts')}`, `export {};\n${code}`],
    ]),
  ]);
  project = projectOf(Object.fromEntries(files));
});

test('pages with blocks to paste are found', () => {
  const names = (kind: 'shell' | 'programs'): string[] =>
    pages.filter((page) => page[kind].length > 0).map(({ path }) => path);
  expect(names('shell')).toEqual(expect.arrayContaining(['README.md', 'docs/index-a-run.md', 'docs/merge.md']));
  expect(names('programs')).toEqual(expect.arrayContaining(['README.md', 'docs/scans.md', 'docs/transforms.md']));
});

test('each page simulates into a folder of its own, so that several can be pasted in one folder', {
  tags: 'house',
}, () => {
  const folders = pages.flatMap(({ path, shell }) =>
    [...shell.matchAll(/^npx ewald simulate .*-o (\S+)/gm)].map(([, folder]) => `${folder} of ${path}`),
  );
  expect(folders.length).toBeGreaterThan(7);
  const named = (one: string): string => one.replace(/ of .*/, '');
  expect(folders.filter((one, i) => folders.findIndex((other) => named(other) === named(one)) !== i)).toEqual([]);
});

// Only ewald is installed here; pages that install further packages are pasted by `npm run guides`.
const alone = pages.filter(({ text }) => !/^npm install ewald +\S/m.test(text));
for (const { path, folder, shell, programs } of alone.filter((one) => one.shell !== '' || one.programs.length > 0))
  test(`${path} runs as pasted`, { tags: 'nightly' }, async () => {
    const cwd = join(project, folder);
    if (shell !== '') {
      const { code: status, out, err } = await run('bash', ['-euo', 'pipefail', '-c', shell], { cwd, seconds: 100 });
      expect(status, `${shell}\n${out.slice(-2000)}\n${err.slice(-2000)}`).toBe(0);
    }
    for (const { name } of programs) {
      const { code: status, err } = await node([name], { cwd, seconds: 60 });
      expect(status, `${name}: ${err}`).toBe(0);
    }
  });

const inPython = pages.filter(({ text }) => blocksOf(text).some(({ kind }) => kind === 'py'));
for (const { path, folder, text } of inPython)
  test.skipIf(!readsInPython())(
    `${path}: its Python programs read what its commands wrote (needs gemmi, h5py and pandas)`,
    { tags: 'nightly' },
    async () => {
      const programs = blocksOf(text).filter(({ kind }) => kind === 'py');
      for (const { code, line } of programs) {
        const { code: status, err } = await run(python, ['-c', code], { cwd: join(project, folder), seconds: 60 });
        expect(status, `line ${line}: ${err}`).toBe(0);
      }
    },
  );

test('all JavaScript is strict TypeScript', { tags: 'all' }, async () => {
  const options = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] };
  const compilerOptions = { ...options, typeRoots: [join(root, 'node_modules/@types')] };
  const args = Object.entries(compilerOptions).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const files = pages.flatMap(({ folder, programs }) =>
    programs.map(({ name }) => `${folder}/${name.replace(/mjs$/, 'ts')}`),
  );
  const { code, out } = await node([join(root, 'node_modules/typescript/bin/tsc'), ...args, ...files], {
    cwd: project,
  });
  expect(out).toBe('');
  expect(code).toBe(0);
});

test('links between pages lead to files', () => {
  for (const { path, text } of pages)
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      expect(existsSync(join(root, dirname(path), target)), `${path}: ${target}`).toBe(true);
});
