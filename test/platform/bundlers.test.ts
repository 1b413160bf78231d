/**
 * The packed package in a user's empty project: Node, a Vite build and a Rollup build, and a wasm file that is missing
 * or cut off.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerOf } from './site.js';
import { installedProject, node, root } from './support.js';

const piHits = '785537';
const page = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>pi</title><output></output><script type="module" src="${script}"></script>\n`;
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
const pluginUrl = pathToFileURL(join(root, 'node_modules/@rollup/plugin-node-resolve/dist/es/index.js')).href;
const rollupConfig = `
import resolve from ${JSON.stringify(pluginUrl)};
export default { input: { app: 'app.js', 'worker.browser': 'ewald/worker' }, plugins: [resolve({ browser: true })], output: { dir: 'with-rollup', format: 'es' } };
`;

let project = '';
beforeAll(async () => {
  project = await installedProject({ 'app.js': app, 'index.html': page('/app.js'), 'rollup.config.mjs': rollupConfig });
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
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** The wasm file of a build, wherever the bundler put it. */
function wasmIn(folder: string): string {
  const found = readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' }).find((file) =>
    file.endsWith('.wasm'),
  );
  if (!found) throw new Error(`no wasm file in ${folder}`);
  return join(project, folder, found);
}
const shipped = (): string => join(project, 'node_modules/ewald/dist/ewald.wasm');
/**
 * What the README says for Rollup: it leaves the asset to you, so put it beside the bundle; the worker is an entry of
 * its own.
 */
const placeForRollup = (): void => copyFileSync(shipped(), join(project, 'with-rollup/ewald.wasm'));

test('only the package and what it depends on is installed', () => {
  const installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(installed.sort()).toEqual(['commander', 'ewald']);
});

test('Node imports it and computes pi', async () => {
  const { code, out, err } = await node(
    [
      '--input-type=module',
      '-e',
      `import { createContext } from 'ewald'; const ctx = await createContext({ backend: 'wasm' }); console.log(String((await (await ctx.pi()).run({ points: 1e6, seed: 1 })).hits)); await ctx.dispose();`,
    ],
    { cwd: project },
  );
  expect({ code, out, err }).toEqual({ code: 0, out: `${piHits}\n`, err: '' });
});

test('the command is there', async () => {
  const { out } = await node(
    [join(project, 'node_modules/.bin/ewald'), 'pi', '--points', '1e6', '--seed', '1', '--backend', 'wasm', '--json'],
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

test('a Rollup build with the wasm file beside it computes pi in Chromium', async () => {
  placeForRollup();
  expect(await answerOf(join(project, 'with-rollup'), '?backend=wasm')).toBe(piHits);
});

test('both builds index in workers', async () => {
  placeForRollup();
  for (const folder of ['with-vite', 'with-rollup'])
    expect(await answerOf(join(project, folder), '?backend=wasm&workers=2'), folder).toBe('3 images');
});

test('a Rollup build without the wasm file says what is missing', async () => {
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
  // On Node another backend may be there, so it is named.
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
