// Bundles what tsc emitted (build/esm) into dist/. Chunks stay beside the entries: `new URL('./ewald.wasm',
// import.meta.url)` in shared code resolves against the chunk it ends up in. WGSL is inlined as strings, with its
// includes.
import { existsSync, statSync } from 'node:fs';
import nodeResolve from '@rollup/plugin-node-resolve';
import { transform } from 'esbuild';
import { buildHash } from './scripts/build-hash-plugin.mjs';
import { bundledPackages } from './scripts/lib/third-party.mjs';
import { wgsl } from './scripts/wgsl-plugin.mjs';

const entries = {
  'index.node': 'entries/index.node.js',
  'index.browser': 'entries/index.js',
  'fft.node': 'entries/fft.node.js',
  'fft.browser': 'entries/fft.js',
  'indexing.node': 'entries/indexing.node.js',
  'indexing.browser': 'entries/indexing.js',
  'pi.node': 'entries/pi.node.js',
  'pi.browser': 'entries/pi.js',
  'worker.node': 'entries/worker.node.js',
  'ffbidx.node': 'entries/ffbidx.node.js',
  'ffbidx.browser': 'entries/ffbidx.js',
  memory: 'entries/memory.js',
  'data.node': 'entries/data.node.js',
  'data.browser': 'entries/data.js',
  'hdf5.node': 'entries/hdf5.node.js',
  'hdf5.browser': 'entries/hdf5.js',
  merging: 'entries/merging.js',
  'pipeline.node': 'entries/pipeline.node.js',
  'pipeline.browser': 'entries/pipeline.js',
  'udf.node': 'entries/udf.node.js',
  'udf.browser': 'entries/udf.js',
  'ffi.node': 'entries/ffi.node.js',
  'ffi.browser': 'entries/ffi.js',
  'communicator.node': 'entries/communicator.node.js',
  'communicator.browser': 'entries/communicator.js',
  'heffte.node': 'entries/heffte.node.js',
  'heffte.browser': 'entries/heffte.js',
  'executors.node': 'entries/executors.node.js',
  'executors.browser': 'entries/executors.js',
  'shell.node': 'entries/shell.node.js',
  'view.node': 'entries/view.node.js',
  // Not exported by package.json: what the command loads with its program, and on demand.
  'command.node': 'entries/command.node.js',
  cli: 'cli/main.js',
  validate: 'entries/validate.js',
};

/** Scripts of the pages, which are minified: they are loaded over networks, and nobody imports them. */
const pageScripts = {
  'gallery-page': 'pages/gallery/main.js',
  'validate-page': 'pages/validate/main.js',
  'view-page': 'pages/view/main.js',
  'view-worker': 'pages/view/worker.js',
};

/** Minifies what is written, in lines of `lineLimit` characters or in one. */
const minified = (lineLimit) => ({
  name: 'minified',
  async renderChunk(code) {
    // The minifier drops the comments that tell bundlers to ignore an import; an unknown function stays as it is.
    const marks = [];
    const marked = code.replace(/\bimport\(\s*((?:\/\*[^*]*\*\/\s*)+)/g, (_, mark) => {
      marks.push(mark.trim());
      return `ignoredImport${marks.length - 1}(`;
    });
    // It drops the marks of calls that do nothing but give a value as well, without which bundlers keep the code of
    // names that a page does not import; a call of a member stays as it is.
    const named = marked.replace(/\/\* ?[@#]__PURE__ ?\*\/ ?((?:new )?[\w$.]+)\(/g, '$1.pureCall(');
    const result = await transform(named, {
      minify: true,
      keepNames: false,
      format: 'esm',
      target: 'es2022',
      legalComments: 'none',
      ...(lineLimit && { lineLimit }),
    });
    // Lines are broken within strings as well, but bundlers look for the names of files as they are.
    const joined = result.code.replace(/"(?:[\w./-]|\\\n)+"/g, (text) => {
      const whole = text.replaceAll('\\\n', '');
      return /\.\w+"$/.test(whole) ? whole : text;
    });
    // A line may be broken at any dot of the name.
    const pure = joined.replace(/((?:new\s+)?[\w$]+(?:\s*\.\s*[\w$]+)*?)\s*\.\s*pureCall\(/g, '/*@__PURE__*/$1(');
    if (pure.includes('pureCall')) throw new Error('a mark of a pure call is lost');
    return { code: pure.replace(/\bignoredImport(\d+)\(/g, (_, i) => `import(${marks[i]}`), map: null };
  },
});

/** What a chunk holds, in words: the file it was made for, or the rooms that most of it is from, three at most. */
function nameOf({ facadeModuleId, moduleIds }) {
  // A shader is in pieces, 'u64.wgsl?pieces'.
  const files = moduleIds.map((id) => id.replace(/\?.*$/, ''));
  const only = facadeModuleId?.replace(/\?.*$/, '') ?? (files.length === 1 ? files[0] : undefined);
  const sizes = new Map();
  for (const id of only ? [only] : files) {
    // wgsl/fft/radix.wgsl belongs to webgpu-fft, like fft/kernels/webgpu/fft.js; errors.js has no room but its name.
    // A shader's pieces have a query behind their file.
    const path = id
      .replace(/\?.*$/, '')
      .replace(/^.*\/wgsl\//, 'webgpu/')
      .replace(/^.*\/build\/esm\//, '')
      .replace(/^compute\/(?=.*\/)/, '')
      .replace(/^(\w+)\/kernels\/(\w+)(?=[./])/, (_, room, backend) => `${backend}/${room}`);
    const words = path
      .replace(/^backends\/(?=.*\/)/, '')
      .replace(/\.\w+$/, '')
      .split('/');
    const file = words.pop();
    const name = (
      only || words.length === 0 ? [...words.filter((word) => word !== file), file] : words.slice(0, 2)
    ).join('-');
    sizes.set(name, (sizes.get(name) ?? 0) + statSync(id.replace(/\?.*$/, '')).size);
  }
  const largest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, 3);
  // Each word once: the folders of one room repeat its name.
  return [...new Set(largest.flatMap(([name]) => name.toLowerCase().split(/[^a-z0-9]+/)))].join('-');
}

/** Libraries that become part of the scripts; every other package is external. */
const libraries = () => nodeResolve({ resolveOnly: [...bundledPackages] });

const common = {
  external: (id) => id.startsWith('node:') || id === 'commander',
  // Importing a module of ours changes nothing (src/README.md), as package.json says: a name that is passed on loads the
  // module that it comes from, and not all that an entry has.
  treeshake: { moduleSideEffects: false },
  plugins: [libraries(), wgsl(), buildHash()],
  onwarn(warning, warn) {
    // A library may have circles of its own.
    const isOurs = !warning.ids?.every((id) => id.includes('/node_modules/'));
    if (warning.code === 'CIRCULAR_DEPENDENCY' && isOurs) throw new Error(warning.message);
    if (warning.code !== 'CIRCULAR_DEPENDENCY') warn(warning);
  },
};

const inputsOf = (files) =>
  Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) =>
      existsSync(`build/esm/${file}`) ? [[name, `build/esm/${file}`]] : [],
    ),
  );

/**
 * What an app asks of the first frame that it pushes: alone, since Rollup would put it beside the writer of streams,
 * which the same entries have, and a page would load that at its start.
 */
const apart = {
  manualChunks: (id) => (/\/pipeline\/inputs\/kinds\.js$/.test(id) ? 'kinds' : null),
  onlyExplicitManualChunks: true,
};

/** One script without chunks: a worker for bundlers, and what pages of results are written with. */
const whole = (name, file, plugins) => ({
  ...common,
  input: { [name]: `build/esm/${file}` },
  plugins,
  output: { dir: 'dist', format: 'es', entryFileNames: '[name].js', inlineDynamicImports: true },
});
const banner = ({ name }) => (name === 'cli' ? '#!/usr/bin/env node' : '');

/** A clone (the parts bundle and pages of scripts/build.mjs), in which stack traces and mutants lead to readable code, except in the pages. */
const readable = {
  entries: {
    ...common,
    input: inputsOf(entries),
    output: {
      dir: 'dist',
      format: 'es',
      entryFileNames: '[name].js',
      banner,
      // Without hashes the packed file list can be pinned; the code is not minified, so maps would only repeat it.
      chunkFileNames: (chunk) => `chunk-${nameOf(chunk)}.js`,
      ...apart,
    },
  },
  // The pages share nothing with the entries: their code is minified.
  pages: [
    {
      ...common,
      input: inputsOf(pageScripts),
      plugins: [...common.plugins, minified()],
      output: {
        dir: 'dist',
        format: 'es',
        entryFileNames: '[name].js',
        chunkFileNames: (chunk) => `chunk-page-${nameOf(chunk)}.js`,
        hoistTransitiveImports: false,
      },
    },
    // Whole: Vite makes a worker one classic script unless it is told otherwise, and that cannot load further chunks.
    whole('worker.browser', 'entries/worker.browser.js', common.plugins),
    whole('results-page', 'pages/results/main.js', [...common.plugins, minified()]),
  ],
};

/**
 * The package (scripts/packages/stage.mjs): all of it minified, and the pages share the code of the entries. Its lines
 * are short, because Node prints the line of an error that nobody catches.
 */
const packedPlugins = [libraries(), wgsl({ indented: false }), buildHash(), minified(160)];
const packed = [
  {
    ...common,
    input: inputsOf({ ...entries, ...pageScripts }),
    plugins: packedPlugins,
    output: {
      dir: 'dist',
      format: 'es',
      entryFileNames: '[name].js',
      chunkFileNames: (chunk) => `chunk-${nameOf(chunk)}.js`,
      ...apart,
      hoistTransitiveImports: false,
      banner,
    },
  },
  whole('worker.browser', 'entries/worker.browser.js', packedPlugins),
  whole('results-page', 'pages/results/main.js', packedPlugins),
];

export default process.env.EWALD_PACKED ? packed : readable[process.env.EWALD_BUNDLE ?? 'entries'];
