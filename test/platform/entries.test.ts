/**
 * Every entry point in a project that contains only the packed package, without optional peers or other types. It
 * compiles in strict TypeScript, and every bundler bundles it without a warning.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { node, projectOf, root } from './support.js';

/** `.` is ewald, `./fft` is ewald/fft; data files have no code. */
const entries = Object.keys(manifest.exports)
  .filter((path) => !/\.(wasm|json)$/.test(path))
  .map((path) => path.replace('.', 'ewald'));
/** `ewald/shell` writes files and `ewald/view` serves them, which is impossible in browsers. */
const inBrowsers = entries.filter((entry) => !['ewald/shell', 'ewald/view'].includes(entry));
const fileOf = (entry: string): string => entry.replace('/', '-');

let project = '';
beforeAll(() => {
  const used = (entry: string): string => `import * as entry from '${entry}';\nexport { entry };\n`;
  project = projectOf({
    ...Object.fromEntries(entries.map((entry) => [`${fileOf(entry)}.js`, used(entry)])),
    ...Object.fromEntries(entries.map((entry) => [`ts/${fileOf(entry)}.ts`, used(entry)])),
  });
});

test('there are entry points, and each has a file here', () => {
  expect(entries.length).toBeGreaterThan(10);
  expect(entries).toContain('ewald/executors');
});

const nodeTypes = { module: 'nodenext', moduleResolution: 'nodenext' };
const places = [
  { place: 'a page', lib: ['es2022', 'dom'], types: [] },
  { place: 'Node with its types', lib: ['es2022'], types: ['node'], ...nodeTypes },
  { place: 'the language alone', lib: ['es2022'], types: [], ...nodeTypes },
];
/** npm test compiles once with the present compiler, where no other name exists. */
const compiled = ['typescript', 'typescript-5.4'].flatMap((compiler) =>
  places.map((place) => ({ compiler, ...place })),
);
const isQuick = ({ compiler, place }: { compiler: string; place: string }): boolean =>
  compiler === 'typescript' && place === 'the language alone';
for (const { compiler, place, ...options } of compiled)
  test(`${compiler} compiles every entry point for ${place}`, {
    tags: isQuick({ compiler, place }) ? [] : ['all'],
  }, async () => {
    const config = join(project, `ts/${compiler}-${place.replaceAll(' ', '-')}.json`);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'es2022',
      ...options,
      // From the repository, because the project has none.
      typeRoots: [join(root, 'node_modules/@types')],
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const { out } = await node([join(root, 'node_modules', compiler, 'bin/tsc'), '-p', config, '--pretty', 'false']);
    expect(out).toBe('');
  });

/** Bundles every entry point with one bundler; prints its warnings, and fails if it fails. */
const bundlers: Readonly<Record<string, (platform: 'browser' | 'node') => string>> = {
  esbuild: (platform) => `
    const { errors, warnings } = await require('esbuild').build({
      entryPoints: files, bundle: true, format: 'esm', splitting: true, platform: '${platform}', outdir: 'out',
      write: false, logLevel: 'silent',
    }).catch((error) => error);
    for (const { text, location } of [...errors, ...warnings]) warn(location?.file + ': ' + text);`,
  Rollup: (platform) => `
    const { nodeResolve } = require('@rollup/plugin-node-resolve');
    const resolve = ${platform === 'browser' ? '{ browser: true }' : "{ exportConditions: ['node'] }"};
    const bundle = await require('rollup').rollup({
      input: files, plugins: [nodeResolve(resolve)], treeshake: false,
      external: (id) => ${platform === 'node'} && id.startsWith('node:'), onwarn: ({ message }) => warn(message),
    });
    await bundle.generate({ dir: 'out', format: 'es' });`,
  webpack: (platform) => `
    const options = {
      mode: 'none', context: process.cwd(), target: '${platform === 'node' ? 'node20' : 'web'}',
      entry: Object.fromEntries(files.map((file) => [file, file])),
      experiments: { outputModule: true },
      output: { path: process.cwd() + '/out-${platform}', module: true, library: { type: 'module' } },
    };
    const stats = await new Promise((resolve, reject) =>
      require('webpack')(options, (error, stats) => (error ? reject(error) : resolve(stats))));
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    for (const { moduleName, message } of [...errors, ...warnings]) warn(moduleName + ': ' + message);`,
  Vite: () => `
    const { build } = await import(${JSON.stringify(pathToFileURL(join(root, 'node_modules/vite/dist/node/index.js')))});
    const customLogger = { info() {}, warn, warnOnce: warn, error: warn, clearScreen() {}, hasErrorLogged: () => false };
    await build({
      configFile: false, customLogger,
      build: { minify: false, target: 'esnext', reportCompressedSize: false, write: false, rollupOptions: { input: files, preserveEntrySignatures: 'strict', treeshake: false } },
    });`,
};

for (const [bundler, platform, tags] of [
  ['esbuild', 'browser', 'all'],
  ['esbuild', 'node', 'all'],
  ['Rollup', 'browser', 'nightly'],
  ['Rollup', 'node', 'nightly'],
  ['webpack', 'browser', 'all'],
  ['webpack', 'node', 'nightly'],
  // bundlers.test.ts builds two pages with Vite, which takes half a minute for all entries.
  ['Vite', 'browser', 'nightly'],
] as const)
  test(`${bundler} bundles every entry point for ${platform} without a warning`, {
    tags,
  }, async () => {
    const script = `
    import { createRequire } from 'node:module';
    const require = createRequire(${JSON.stringify(join(root, 'package.json'))});
    const files = ${JSON.stringify((platform === 'browser' ? inBrowsers : entries).map((entry) => `./${fileOf(entry)}.js`))};
    const warn = (text) => console.log(text);
    ${bundlers[bundler]?.(platform)}`;
    const { code, out, err } = await node(['--input-type=module', '-e', script], { cwd: project, seconds: 280 });
    expect(out + err).toBe('');
    expect(code).toBe(0);
  });
