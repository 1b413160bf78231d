/**
 * The package as npm sees it: entry points, types, packed files, public names. After an intended change: npx vitest run
 * --project platform -u
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { installed, node, pack, root } from './support.js';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

test('publint reports nothing', { tags: 'nightly' }, async () => {
  const { code, out, err } = await node(['node_modules/publint/src/cli.js', 'run', '.', '--strict', '--pack', 'npm'], {
    env: { NO_COLOR: '1' },
  });
  expect(out + err).toMatch(/All good/);
  expect(code).toBe(0);
});

test('the types are correct', { tags: 'nightly' }, async () => {
  const args = [
    '--pack',
    '.',
    '--profile',
    'esm-only',
    '--exclude-entrypoints',
    ...['', '-fft', '-fft-f64', '-frames', '-indexing', '-pi'].map((part) => `./ewald${part}.wasm`),
    '--no-emoji',
    '--no-color',
    '--format',
    'json',
  ];
  const { code, out, err } = await node(['node_modules/@arethetypeswrong/cli/dist/index.js', ...args]);
  expect(code, out.slice(-4000) + err).toBe(0);
});

/** The files of the main package as it is installed. */
const inPackage = (): string[] =>
  readdirSync(join(installed, 'node_modules/ewald'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(installed, 'node_modules/ewald'), join(entry.parentPath, entry.name)))
    .sort();

test('the packed files are the pinned ones', { tags: 'house' }, async () => {
  // The division of shared code into chunks changes with every import. The test only requires that chunks are in the
  // same folder as the entries.
  const isChunk = (path: string): boolean => /^dist\/chunk-[a-z0-9-]+\.js$/.test(path);
  // Declarations follow the sources, and the ones that entries name are checked above; README files follow the rooms.
  const follows = (path: string): boolean => /^dist\/types\/|^src\/.*\/README\.md$/.test(path);
  const listed = inPackage().filter((path) => !isChunk(path) && !follows(path));
  await expect(`${listed.join('\n')}\n`).toMatchFileSnapshot('pinned/packed-files.txt');
  const command = join(installed, 'node_modules/ewald/dist/cli.js');
  expect(statSync(command).mode & 0o111, 'dist/cli.js is executable').toBe(0o111);
  expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('without an addon, scripts and modules are less than 8 MB, the rest of dist less than 0.74 MB', {
  tags: 'house',
}, () => {
  const files = inPackage();
  expect(
    files.filter((file) => /\.(node|so|dll|dylib)$|cuda/i.test(file.replace(/^dist\/(?:types|chunk).*/, ''))),
  ).toEqual([]);
  // Guides, pages and their pictures grow with the documentation, which must neither take the room of the scripts nor
  // hide that they grow; so each has a ceiling. Declarations have none: no program loads them.
  const shipped = files.filter((file) => /^dist\/(?!types\/)/.test(file));
  const isCode = (file: string): boolean => /\.(js|wasm)$/.test(file);
  const size = (some: readonly string[]): number =>
    some.reduce((sum, file) => sum + statSync(join(installed, 'node_modules/ewald', file)).size, 0);
  expect(size(shipped.filter(isCode))).toBeLessThan(8e6);
  expect(size(shipped.filter((file) => !isCode(file)))).toBeLessThan(0.74e6);
  const lines = readFileSync(join(installed, 'node_modules/ewald/dist/index.node.js'), 'utf8').split('\n').length;
  expect(lines).toBeLessThan(20);
});

test('an error that nobody catches is printed with a short line of the package, and its tag', {
  tags: 'all',
}, async () => {
  const script = "import { createContext } from 'ewald'; await (await createContext()).fft({ shape: [0] });";
  const { code, err } = await node(['--input-type=module', '-e', script], { cwd: installed });
  expect(code).toBe(1);
  expect(err.length, err.slice(0, 500)).toBeLessThan(2000);
  expect(err).toMatch(/^EwaldError \[Shape\]: fft: length 0 of axis 0; expected an integer from 1 to \d+$/m);
  const ofMemory = "import { BufferError } from 'ewald/memory'; throw new BufferError('INDEX', 'no such row');";
  expect((await node(['--input-type=module', '-e', ofMemory], { cwd: installed })).err).toMatch(
    /^EwaldError \[Argument\]: no such row$/m,
  );
  const dist = join(installed, 'node_modules/ewald/dist');
  const long = readdirSync(dist)
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => readFileSync(join(dist, file), 'utf8').split('\n'))
    .filter((line) => line.length > 1000 && /\bthrow\b/.test(line));
  expect(long.map((line) => line.slice(0, 100))).toEqual([]);
});

test('the native addon is a separate package for its platform, which the main one depends on optionally', () => {
  const name = `@ewald/native-${process.platform}-${process.arch}`;
  const manifestOf = (path: string) => JSON.parse(readFileSync(join(installed, 'node_modules', path), 'utf8'));
  const { os, cpu, libc, version, scripts } = manifestOf(`${name}/package.json`);
  expect({ os, cpu, libc, scripts }).toEqual({
    os: ['linux'],
    cpu: [process.arch],
    libc: ['glibc'],
    scripts: undefined,
  });
  expect(version).toBe(manifest.version);
  const main = manifestOf('ewald/package.json');
  expect(main.optionalDependencies).toEqual({ [name]: manifest.version });
  expect(main).not.toHaveProperty('scripts');
  expect(main).not.toHaveProperty('devDependencies');
});

test('ewald devices states where the native addon comes from', async () => {
  const script = `import { devices } from 'ewald';
    console.log((await devices()).find(({ backend }) => backend === 'native').reason);`;
  const { out, err } = await node(['--input-type=module', '-e', script], { cwd: installed });
  expect(err).toBe('');
  expect(out).toMatch(/, of the package @ewald\/native-/);
});

test('the pages and pictures that the README names are in the package, and its folders are in the repository', {
  tags: 'all',
}, async () => {
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

test.each([
  ['ewald', 'index', 'public-names'],
  ['ewald/hdf5', 'hdf5', 'hdf5-names'],
])('every build of %s has the same, pinned public names', async (_, entry, pinned) => {
  const names = async (file: string): Promise<string[]> =>
    Object.keys(await import(/* @vite-ignore */ join(root, 'dist', file))).sort();
  const onNode = await names(`${entry}.node.js`);
  expect(await names(`${entry}.browser.js`)).toEqual(onNode);
  // Names that an entry re-exports by `export *` count as its own.
  const files = new Set([`entries/${entry}.d.ts`]);
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
    `pinned/${pinned}.txt`,
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
