// @module-tag all: bundlers.
/**
 * The packed package in an empty user project: Node, a Vite build and a Rollup build, and a missing or truncated wasm
 * file.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { answerOf } from './site.js';
import { installed, node, projectOf, root } from './support.js';

const piHits = '785537';
const page = (script: string): string =>
  '<!doctype html><meta charset="utf-8"><title>pi</title><output></output><script type="module" ' +
  `src="${script}"></script>\n`;
const app = `
import { createContext, isEwaldError } from 'ewald';
const query = new URLSearchParams(location.search);
const cell = Float32Array.of(50, 0, 0, 0, 60, 0, 0, 0, 70);
const still = Array.from({ length: 48 }, (_, i) => [((i % 4) - 1.5) / 25, (((i >> 2) % 4) - 1.5) / 30, ((i >> 4) + 1) / 70]).flat();
async function pi(ctx) {
  const plan = await ctx.pi();
  return String((await plan.run({ points: 1e6, seed: 1 })).hits);
}
async function indexInWorkers(ctx) {
  const indexer = await ctx.indexer({ maxSpots: 64, batch: 4, threads: 2 });
  const result = await indexer.run({ spots: Float32Array.from([...still, ...still, ...still]), offsets: Uint32Array.of(0, 48, 96, 144), cells: cell });
  return result.images + ' images';
}
async function main() {
  const backend = query.get('backend');
  const ctx = await createContext(backend ? { backend } : {});
  try {
    return await (query.has('workers') ? indexInWorkers(ctx) : pi(ctx));
  } finally {
    await ctx.dispose();
  }
}
document.querySelector('output').textContent = await main().catch((error) => (isEwaldError(error) ? error.tag + ': ' : 'untagged: ') + error.message);
`;
/** Uses only transforms, through their own entry or through the main entry. */
const fftApp = (entry: string): string => `
import { createContext } from '${entry}';
const ctx = await createContext({ backend: 'wasm' });
const plan = await ctx.fft({ shape: [4, 4], kind: 'r2c' });
const spectrum = await plan.forward(new Float32Array(16).fill(0.5));
document.querySelector('output').textContent = 'sum ' + spectrum[0];
await ctx.dispose();
`;
const pluginUrl = pathToFileURL(join(root, 'node_modules/@rollup/plugin-node-resolve/dist/es/index.js')).href;
const rollupConfig = `
import resolve from ${JSON.stringify(pluginUrl)};
export default { input: { app: 'app.js', 'worker.browser': 'ewald/worker' }, plugins: [resolve({ browser: true })], output: { dir: 'with-rollup', format: 'es' } };
`;

/**
 * Minified sizes: the limit for an app of transforms in total, and for what any app loads before it plans something.
 */
// This includes 11 kB for the self-test of GPUs, which is loaded when something is planned on a GPU, 6 kB for errors
// that threads restore, callbacks that are checked, and options that are checked by rows, and 7 kB for the model of
// where work pays, which is loaded where there is a choice.
const fftAppBytes = 168_000;
// An app loads only the layouts of the rooms that it plans, when it plans them. 6 kB are the queue of pushed frames,
// the copies of what is pushed, the start of a run at the first push, the turns that loops of short calls leave to the
// event loop, costs of a device, and the staging buffers of its uploads.
const startBytes = 76_000;

let project = '';
beforeAll(async () => {
  project = projectOf({
    'app.js': app,
    'index.html': page('/app.js'),
    'rollup.config.mjs': rollupConfig,
    'by-room/app.js': fftApp('ewald/fft'),
    'by-room/index.html': page('/app.js'),
    'by-all/app.js': fftApp('ewald'),
    'by-all/index.html': page('/app.js'),
  });
  for (const folder of ['by-room', 'by-all']) {
    const built = await node(
      [join(root, 'node_modules/vite/bin/vite.js'), 'build', folder, '--outDir', 'dist', '--logLevel', 'warn'],
      { cwd: project },
    );
    expect(built.code, built.err + built.out).toBe(0);
  }
  const vite = await node(
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', 'with-vite', '--logLevel', 'warn'],
    { cwd: project },
  );
  expect(vite.code, vite.err + vite.out).toBe(0);
  const rollup = await node(
    [join(root, 'node_modules/rollup/dist/bin/rollup'), '-c', 'rollup.config.mjs', '--silent'],
    { cwd: project },
  );
  expect(rollup.code, rollup.err).toBe(0);
  writeFileSync(join(project, 'with-rollup/index.html'), page('/app.js'));
});

/** The wasm file of a build, in the location chosen by the bundler. */
function wasmIn(folder: string): string {
  const found = readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).find((file) =>
    file.endsWith('.wasm'),
  );
  if (!found) throw new Error(`no wasm file in ${folder}`);
  return join(project, folder, found);
}
const shipped = (): string => join(installed, 'node_modules/ewald/dist/ewald.wasm');
/**
 * The README's instructions for Rollup: Rollup does not copy the asset, so put it next to the bundle; the worker is a
 * separate entry.
 */
const placeForRollup = (): void => copyFileSync(shipped(), join(project, 'with-rollup/ewald.wasm'));

test('only the package and its dependencies are installed', () => {
  const names = readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.'));
  const addon = names.includes('@ewald') ? ['@ewald'] : [];
  expect(names.sort()).toEqual([...addon, 'commander', 'ewald']);
});

test('Vite builds the page of the examples with its worker', { tags: 'nightly' }, async () => {
  const shown = (name: string): string => readFileSync(join(root, 'examples/page', name), 'utf8');
  const worker = shown('worker.js').replace('/node_modules/ewald/dist/index.browser.js', 'ewald');
  const [config = ''] = /export default \{.*?\}(?=`)/s.exec(shown('README.md')) ?? [];
  const folder = projectOf({ 'index.html': shown('index.html'), 'worker.js': worker, 'vite.config.mjs': config });
  const built = await node([join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
    cwd: folder,
  });
  expect(built.code, built.err + built.out).toBe(0);
  const scripts = readdirSync(join(folder, 'dist/assets')).filter((name) => name.endsWith('.js'));
  const textOf = (name = ''): string => readFileSync(join(folder, 'dist/assets', name), 'utf8');
  const own = scripts.filter((name) => textOf(name).includes('Finished.'));
  expect(own, scripts.join()).toHaveLength(1);
  const [, script] = /src="\/assets\/([\w-]+\.js)"/.exec(readFileSync(join(folder, 'dist/index.html'), 'utf8')) ?? [];
  expect(textOf(script)).toMatch(new RegExp(`new Worker\\(.*${own[0]}`, 's'));
});

test('Node imports it and computes pi', async () => {
  const { code, out, err } = await node(
    [
      '--input-type=module',
      '-e',
      `import { createContext } from 'ewald'; const ctx = await createContext({ backend: 'wasm' }); ` +
        'console.log(String((await (await ctx.pi()).run({ points: 1e6, seed: 1 })).hits)); await ctx.dispose();',
    ],
    { cwd: project },
  );
  expect({ code, out, err }).toEqual({ code: 0, out: `${piHits}\n`, err: '' });
});

test('an uncaught error shows the name of its class', async () => {
  const uncaught = "import { open } from 'ewald/data'; await open('absent.h5');";
  const { code, err } = await node(['--input-type=module', '-e', uncaught], { cwd: installed });
  expect(code).toBe(1);
  expect(err).toMatch(/^EwaldError \[File\]: /m);
  expect(err).not.toContain('[EwaldError]');
});

test('the command is installed', async () => {
  const { out } = await node(
    [join(installed, 'node_modules/.bin/ewald'), 'pi', '--points', '1e6', '--seed', '1', '--backend', 'wasm', '--json'],
    {
      cwd: project,
    },
  );
  expect(JSON.parse(out).results[0]).toMatchObject({ backend: 'wasm', points: 1e6, hits: Number(piHits) });
});

test('a Vite build computes pi in Chromium', async () => {
  expect(await answerOf(join(project, 'with-vite'), '?backend=wasm')).toBe(piHits);
  expect(await answerOf(join(project, 'with-vite'))).toBe(piHits);
});

test('a Rollup build with the wasm file beside it computes pi in Chromium', { tags: 'nightly' }, async () => {
  placeForRollup();
  expect(await answerOf(join(project, 'with-rollup'), '?backend=wasm')).toBe(piHits);
});

test('both builds index in workers', async () => {
  placeForRollup();
  for (const folder of ['with-vite', 'with-rollup'])
    expect(await answerOf(join(project, folder), '?backend=wasm&workers=2'), folder).toBe('3 images');
});

test('a Rollup build without the wasm file names the missing file', { tags: 'nightly' }, async () => {
  rmSync(join(project, 'with-rollup/ewald.wasm'), { force: true });
  const message = /HTTP 404.*ewald\.wasm.*createContext\(\{ wasm \}\)/;
  const anything = await answerOf(join(project, 'with-rollup'));
  expect(anything).toMatch(/^Load: /);
  expect(anything).toMatch(message);
  const named = await answerOf(join(project, 'with-rollup'), '?backend=wasm');
  expect(named).toMatch(/^(Load|Unsupported): /);
  expect(named).toMatch(message);
});

test('a truncated wasm file is named as such, in both builds and in Node', async () => {
  placeForRollup();
  const message = /^Load: .*(truncated|not a WebAssembly module)/;
  for (const folder of ['with-vite', 'with-rollup']) {
    const size = readFileSync(wasmIn(folder)).length;
    for (const left of [Math.floor(size / 2), 5, 0]) {
      truncateSync(wasmIn(folder), left);
      expect(await answerOf(join(project, folder)), `${left} of ${size} bytes`).toMatch(message);
    }
  }
  // On Node another backend may be available, so the backend is named.
  const script = `
    import { createContext } from 'ewald';
    await createContext({ wasm: new URL(process.argv[1]), backend: 'wasm' }).catch((error) => console.log(error.name, error.message));`;
  for (const file of ['/with-rollup/ewald.wasm', '/with-rollup/absent.wasm']) {
    const { out } = await node(['--input-type=module', '-e', script, pathToFileURL(project + file).href], {
      cwd: project,
    });
    expect(out).toMatch(/^EwaldError .*(truncated|not a WebAssembly module|missing)/);
  }
});

/** Scripts of a build, by path; minified by Vite. */
const scriptsOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js'))
      .map((file) => [file, readFileSync(join(project, folder, file), 'utf8')]),
  );
/** The scripts that a page loads at the start: its own and their static imports, without dynamic imports. */
function loadedAtStart(scripts: Map<string, string>, start: string): string[] {
  const loaded = new Set([start]);
  for (const file of loaded)
    for (const [, target = ''] of (scripts.get(file) ?? '').matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g))
      loaded.add(join(dirname(file), target));
  return [...loaded];
}
/** Names of compute kernels of a room, as they occur in any shader that contains one. */
const kernelsOf = (room: string): string[] =>
  readdirSync(join(root, 'wgsl', room))
    .filter((file) => file.endsWith('.wgsl'))
    .flatMap((file) =>
      [...readFileSync(join(root, 'wgsl', room, file), 'utf8').matchAll(/@compute[^{]*?fn (\w+)/g)].map(
        ([, name]) => `fn ${name}(`,
      ),
    );
const size = (texts: Iterable<string>): number => [...texts].reduce((sum, text) => sum + text.length, 0);

test('an app of transforms includes no shader of indexing and no parser of headers, and stays small', async () => {
  expect(await answerOf(join(project, 'by-room/dist'))).toBe('sum 8');
  const scripts = scriptsOf('by-room/dist');
  const all = [...scripts.values()].join('\n');
  const foreign = [...kernelsOf('indexing'), ...kernelsOf('pi')];
  expect(foreign.length).toBeGreaterThan(10);
  for (const kernel of foreign) expect(all, kernel).not.toContain(kernel);
  // Words from the messages of the header parser and of the other rooms.
  for (const words of ['unknown type name', 'maxSpots', 'Philox']) expect(all, words).not.toContain(words);
  expect([...scripts.keys()].filter((file) => /worker/.test(file))).toEqual([]);
  const entry = [...scripts.keys()].find((file) => /index-/.test(file)) ?? '';
  const first = loadedAtStart(scripts, entry).map((file) => scripts.get(file) ?? '');
  console.log(`  ewald/fft: ${size(scripts.values())} bytes of scripts, ${size(first)} at the start`);
  expect(size(scripts.values())).toBeLessThan(fftAppBytes);
});

test('a program that imports everything loads a room on first use', async () => {
  expect(await answerOf(join(project, 'by-all/dist'))).toBe('sum 8');
  const scripts = scriptsOf('by-all/dist');
  const entry = [...scripts.keys()].find((file) => /index-/.test(file)) ?? '';
  const first = loadedAtStart(scripts, entry).map((file) => scripts.get(file) ?? '');
  for (const kernel of [...kernelsOf('indexing'), ...kernelsOf('fft')])
    expect(
      first.some((text) => text.includes(kernel)),
      kernel,
    ).toBe(false);
  console.log(`  ewald: ${size(scripts.values())} bytes of scripts, ${size(first)} at the start`);
  expect(size(first)).toBeLessThan(startBytes);
  expect(readFileSync(join(root, 'docs/web-page.md'), 'utf8')).toContain(`starts with ${startBytes / 1000} kB at most`);
});
