/**
 * The package as npm sees it: entry points, types, packed files, public names. After an intended change: npx vitest run
 * --project platform -u
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { node, pack, root } from './support.js';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

test('publint reports nothing', async () => {
  const { code, out, err } = await node(['node_modules/publint/src/cli.js', 'run', '.', '--strict', '--pack', 'npm'], {
    env: { NO_COLOR: '1' },
  });
  expect(out + err).toMatch(/All good/);
  expect(code).toBe(0);
});

test('the types are correct', async () => {
  const args = [
    '--pack',
    '.',
    '--profile',
    'esm-only',
    '--exclude-entrypoints',
    './ewald.wasm',
    '--no-emoji',
    '--no-color',
    '--format',
    'json',
  ];
  const { code, out, err } = await node(['node_modules/@arethetypeswrong/cli/dist/index.js', ...args]);
  expect(code, out.slice(-4000) + err).toBe(0);
});

test('the packed files are the pinned ones', async () => {
  const { files } = await pack();
  const paths = files.map(({ path }) => path).sort();
  // The set of addons depends on the machine that packs.
  const isAddon = (path: string): boolean => /^dist\/native\//.test(path);
  expect(
    paths.filter(
      (path) => isAddon(path) && !/^dist\/native\/[a-z0-9]+-[a-z0-9]+\/ewald_(native|cuda|mpi)\.node$/.test(path),
    ),
  ).toEqual([]);
  // The division of shared code into chunks changes with every import. The test only requires that chunks are in the
  // same folder as the entries.
  const isChunk = (path: string): boolean => /^dist\/chunk-[a-z0-9-]+\.js(\.br)?$/.test(path);
  // Declarations follow the sources, and the ones that entries name are checked above; README files follow the rooms.
  const follows = (path: string): boolean => /^dist\/types\/|^src\/.*\/README\.md$/.test(path);
  const listed = paths.filter((path) => !isAddon(path) && !isChunk(path) && !follows(path));
  await expect(`${listed.join('\n')}\n`).toMatchFileSnapshot('pinned/packed-files.txt');
  const command = files.find(({ path }) => path === 'dist/cli.js');
  expect((command?.mode ?? 0) & 0o111, 'dist/cli.js is executable').toBe(0o111);
  expect(text('dist/cli.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('the pages and pictures that the README names are in the package, and its folders are in the repository', async () => {
  const packed = new Set((await pack()).files.map(({ path }) => path));
  const named = [
    ...text('README.md').matchAll(/\b(?:docs|src|examples|benchmarks|cpp|cuda|wgsl|test|scripts)\/[\w./-]*\w/g),
  ];
  expect(named.length).toBeGreaterThan(5);
  for (const [path] of named) {
    expect(existsSync(join(root, path)), `${path} exists`).toBe(true);
    if (/\.\w+$/.test(path)) expect(packed.has(path), `${path} is packed`).toBe(true);
  }
  // Each room has its documentation there.
  for (const room of readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()))
    if (existsSync(join(root, 'src', room.name, 'README.md')))
      expect(packed.has(`src/${room.name}/README.md`), room.name).toBe(true);
});

test('nothing runs when the package is installed', () => {
  for (const hook of [
    'preinstall',
    'install',
    'postinstall',
    'prepublish',
    'prepare',
    'prepack',
    'postpack',
    'dependencies',
  ])
    expect(manifest.scripts).not.toHaveProperty(hook);
  // npm runs node-gyp for a package with this file, even without an install script.
  expect(existsSync(join(root, 'binding.gyp'))).toBe(false);
  expect(manifest.sideEffects).toBe(false);
});

test('every build has the same, pinned public names', async () => {
  const names = async (file: string): Promise<string[]> =>
    Object.keys(await import(/* @vite-ignore */ join(root, 'dist', file))).sort();
  const onNode = await names('index.node.js');
  expect(await names('index.browser.js')).toEqual(onNode);
  // Names that an entry re-exports by `export *` count as its own.
  const files = new Set(['entries/index.d.ts']);
  for (const file of files)
    for (const [, target = ''] of text(`dist/types/${file}`).matchAll(/^export \* from '(.+)\.js'/gm))
      files.add(join(dirname(file), `${target}.d.ts`));
  const declared = [...files]
    .flatMap((file) => [
      ...text(`dist/types/${file}`).matchAll(/^export (?:declare \w+ (\w+)|(?:type )?\{([^}]*)\})/gm),
    ])
    .flatMap(([, single, many]) => (single ? [single] : (many ?? '').split(',')))
    .map((name) => name.trim().split(' ').at(-1) ?? '')
    .filter(Boolean);
  const types = [...new Set(declared)].filter((name) => !onNode.includes(name)).sort();
  expect(onNode.every((name) => declared.includes(name))).toBe(true);
  await expect(`# values\n${onNode.join('\n')}\n\n# types\n${types.join('\n')}\n`).toMatchFileSnapshot(
    'pinned/public-names.txt',
  );
});

test('it contains no information about the machine that built it', () => {
  const here = [root, process.env.HOME].filter((path): path is string => !!path && path.length > 5);
  for (const file of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(js|wasm|node|ts)$/.test(file)) continue;
    const content = readFileSync(join(root, 'dist', file), 'latin1');
    for (const path of here) expect(content.includes(path), `${file} contains ${path}`).toBe(false);
  }
});
