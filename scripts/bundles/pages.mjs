// The pages that scripts/bundles.mjs bundles, each of which wants one thing, and the bundlers that bundle them.
import { copyFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Runs in the page; what it returns is shown, and must be `answer`. */
const page = (lines) => `${lines}
document.querySelector('output').textContent = String(await main().catch((error) => error.message));
`;
const transform = (entry) => `import { createContext } from '${entry}';
async function main() {
  const ctx = await createContext({ backend: 'wasm' });
  const plan = await ctx.fft({ shape: [4, 4], kind: 'r2c', precision: 'f32' });
  const [sum] = await plan.forward(new Float32Array(16).fill(0.5));
  await ctx.dispose();
  return sum;
}`;

/** Three pages of one thing, and one of them by the entry of everything. */
export const pages = [
  { name: 'a transform by `ewald/fft`', entry: './fft', script: page(transform('ewald/fft')), answer: '8' },
  {
    name: 'a cell by `ewald/indexing`',
    entry: './indexing',
    script: page(`import { createContext } from 'ewald/indexing';
async function main() {
  const spots = Array.from({ length: 60 }, (_, i) => [(i % 5) - 2, (Math.floor(i / 5) % 4) - 1, Math.floor(i / 20) - 1]);
  const ctx = await createContext({ backend: 'wasm' });
  const indexer = await ctx.indexer({ maxSpots: 64 });
  const cells = Float32Array.of(60, 0, 0, 0, 70, 0, 0, 0, 80);
  const result = await indexer.run({ spots: Float32Array.from(spots.flatMap(([h, k, l]) => [h / 60, k / 70, l / 80])), cells });
  await ctx.dispose();
  return result.images;
}`),
    answer: '1',
  },
  {
    name: 'an array by `ewald/hdf5`',
    entry: './hdf5',
    script: page(`import { open } from 'ewald/hdf5';
async function main() {
  const file = await open(new URL('frames.h5', location.href));
  const frames = await file.get('/entry/data/data');
  const numbers = await frames.read();
  await file.dispose();
  return numbers.reduce((sum, number) => sum + Number(number), 0);
}`),
    answer: '130816',
  },
  { name: 'a transform by `ewald`', entry: '.', script: page(transform('ewald')), answer: '8' },
];

/** Copies the modules of the package beside scripts, as docs/web-page.md tells users of esbuild to. */
function copyModules(project, to) {
  const from = join(project, 'node_modules/ewald/dist');
  for (const file of readdirSync(from).filter((name) => name.endsWith('.wasm')))
    copyFileSync(join(from, file), join(to, file));
}

const require = createRequire(import.meta.url);

/** Each makes `to` of app.js and index.html in `folder`, minified, as its guide tells for a page that is published. */
export const bundlers = {
  async esbuild(project, folder, to) {
    const { build } = await import('esbuild');
    const entryPoints = [join(folder, 'app.js')];
    const names = { entryNames: '[name]', chunkNames: '[name]-[hash]' };
    await build({
      ...{ entryPoints, bundle: true, format: 'esm', splitting: true, minify: true, outdir: to, logLevel: 'error' },
      ...names,
    });
    copyModules(project, to);
    copyFileSync(join(folder, 'index.html'), join(to, 'index.html'));
  },
  async 'Vite (Rollup)'(_project, folder, to) {
    const { build } = await import('vite');
    const made = { outDir: to, emptyOutDir: true, target: 'es2022', reportCompressedSize: false };
    await build({ configFile: false, root: folder, logLevel: 'error', build: made });
  },
  async webpack(_project, folder, to) {
    const options = {
      ...{ mode: 'production', context: folder, target: 'web', entry: './app.js', performance: false },
      experiments: { outputModule: true },
      output: { path: to, filename: 'app.js', module: true, publicPath: 'auto' },
    };
    await new Promise((resolve, reject) =>
      require('webpack')(options, (error, stats) =>
        error || stats.hasErrors() ? reject(error ?? new Error(stats.toString('errors-only'))) : resolve(),
      ),
    );
    copyFileSync(join(folder, 'index.html'), join(to, 'index.html'));
  },
};
