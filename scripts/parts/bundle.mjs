// Bundles build/esm into dist/ with rollup, and copies the declarations that the exports refer to.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { transformSync } from 'esbuild';
import { hashedFiles } from '../build-hash-plugin.mjs';
import { guideName, guidePage, guidePictures, guideSources } from '../guides/pages.mjs';
import { copyWhole, filesUnder, prune, writeCompressed, writeWhole } from '../lib/files.mjs';
import { withOptions } from '../lib/option-types.mjs';
import { root, run } from '../lib/run.mjs';
import { writeThirdParty } from '../lib/third-party.mjs';

const rollup = 'node_modules/rollup/dist/bin/rollup';
/** HTML pages, each stored next to the scripts that it loads. */
const pageFiles = {
  'dist/index.html': 'src/pages/door/index.html',
  'dist/door.css': 'src/pages/door/door.css',
  'dist/gallery.html': 'src/pages/gallery/gallery.html',
  'dist/gallery.css': 'src/pages/gallery/gallery.css',
  'dist/palette.css': 'src/pages/palette.css',
  'dist/validate.html': 'src/pages/validate/validate.html',
  'dist/validate.css': 'src/pages/validate/validate.css',
  'dist/view.html': 'src/pages/view/view.html',
  'dist/view.css': 'src/pages/view/view.css',
  'dist/live.css': 'src/pages/view/live.css',
  'dist/guides.css': 'src/pages/guides/guides.css',
};
const isScript = (file) => /^dist\/[^/]+\.js(\.map)?$/.test(file);
/** Files that a page loads, apart from the module; they are also stored compressed. Guides are small. */
const isOfPages = (file) => /^(?:chunk-page-.*|[a-z]+-page|view-worker)\.js$|^(?!guide).*\.(?:html|css)$/.test(file);

/** Writes a page as it is, or a style sheet without what only its readers need. */
function writePage(source, page) {
  if (!page.endsWith('.css')) return copyWhole(join(root, source), join(root, page));
  const style = readFileSync(join(root, source), 'utf8');
  const { code } = transformSync(style, { loader: 'css', minify: true, charset: 'utf8', target: 'esnext' });
  return writeWhole(join(root, page), code, 0o644);
}

/** Writes the guides as pages, with their pictures. */
function writeGuides() {
  const sources = guideSources();
  const written = sources.map((path) => `dist/${guideName(path)}`);
  for (const path of sources) writeWhole(join(root, 'dist', guideName(path)), guidePage(path, sources), 0o644);
  const pictures = guidePictures();
  for (const path of pictures) copyWhole(join(root, path), join(root, 'dist', basename(path)));
  const copied = pictures.map((path) => `dist/${basename(path)}`);
  prune('dist', copied, (file) => /^dist\/[^/]+\.(?:jpg|svg)$/.test(file));
  prune('dist', written, (file) => /^dist\/guides?(-[a-z0-9-]+)?\.html$/.test(file));
}

/** Compresses the files of the pages. */
async function compress() {
  const files = readdirSync(join(root, 'dist')).filter(isOfPages);
  const compressed = await Promise.all(files.map((file) => writeCompressed(`dist/${file}`)));
  prune('dist', compressed, (file) => /^dist\/[^/]+(?<!\.wasm)\.br$/.test(file));
}

/**
 * Declarations, by their paths in build/esm, that the `types` conditions of package.json refer to: the public ones and
 * those that they import.
 */
async function reachableDeclarations() {
  const found = new Map();
  const entries = JSON.stringify(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports).matchAll(
    /"\.\/dist\/types\/([^"]+)\.d\.ts"/g,
  );
  const open = [...entries].map(([, name]) => `${name}.d.ts`);
  for (let file = open.pop(); file; file = open.pop()) {
    if (found.has(file) || !existsSync(join(root, 'build/esm', file))) continue;
    const text = await withOptions(readFileSync(join(root, 'build/esm', file), 'utf8'), file);
    found.set(file, text);
    for (const [, , target] of text.matchAll(/(from\s|import\s|import\()\s*['"](\.[^'"]+)\.js['"]/g))
      open.push(posix.join(dirname(file), `${target}.d.ts`));
  }
  return found;
}

/** What both parts are made of. */
const made = [
  'rollup.config.mjs',
  'package.json',
  'scripts/build-hash-plugin.mjs',
  'scripts/wgsl-plugin.mjs',
  'scripts/lib/option-types.mjs',
  'scripts/lib/third-party.mjs',
  'scripts/parts/bundle.mjs',
];
const versions = () => [JSON.parse(readFileSync(join(root, 'node_modules/rollup/package.json'), 'utf8')).version];
const isOff = () => (existsSync(join(root, rollup)) ? undefined : 'rollup is not installed; run npm install');
/** The scripts of the pages, and the worker for bundlers: the others are those of the entries. */
const isPageScript = (file) =>
  isScript(file) && /^dist\/(?:chunk-page-|[a-z]+-page\.|view-worker\.|worker\.browser\.)/.test(file);
const isEntryScript = (file) => isScript(file) && !isPageScript(file);

/** Bundles one of the lists of rollup.config.mjs into dist, and removes older scripts for which `isOwn` holds. */
async function bundled(list, isOwn) {
  const staged = `build/bundle-${list}`;
  rmSync(join(root, staged), { recursive: true, force: true });
  const env = { EWALD_BUNDLE: list };
  const ended = await run(process.execPath, [rollup, '-c', 'rollup.config.mjs', '--dir', staged, '--silent'], { env });
  if (ended.code !== 0) return ended;
  const scripts = filesUnder(staged).map((file) => file.slice(staged.length + 1));
  for (const script of scripts) {
    const text = readFileSync(join(root, staged, script), 'utf8');
    writeWhole(join(root, 'dist', script), text, script === 'cli.js' ? 0o755 : 0o644);
  }
  const written = scripts.map((script) => `dist/${script}`);
  prune('dist', written, isOwn);
  return { ...ended, scripts };
}

/** The entries of the package, which tests and commands import, with their declarations. */
export const bundle = {
  name: 'bundle',
  required: true,
  off: isOff,
  inputs: () => ({
    files: [...hashedFiles(), ...filesUnder('build/esm', (file) => file.endsWith('.d.ts')), ...made],
    more: versions(),
  }),
  outputs: () => [
    ...filesUnder('dist', isEntryScript),
    ...filesUnder('dist/types'),
    'dist/index.node.js',
    'dist/index.browser.js',
    'dist/types/entries/index.d.ts',
    'dist/third-party.txt',
  ],
  async build() {
    const ended = await bundled('entries', isEntryScript);
    if (ended.code !== 0) return ended;
    writeThirdParty();
    const texts = await reachableDeclarations();
    const declarations = [...texts.keys()].sort();
    for (const file of declarations) {
      // Typed arrays have been generic since TypeScript 5.7. Omitting the type argument, which is the default, makes
      // the declarations readable for 5.4.
      const text = texts.get(file).replaceAll('Array<ArrayBufferLike>', 'Array');
      writeWhole(join(root, 'dist/types', file), text, 0o644);
    }
    prune(
      'dist/types',
      declarations.map((file) => `dist/types/${file}`),
    );
    return { ...ended, note: `${ended.scripts.length} scripts, ${declarations.length} declarations` };
  },
};

/** The pages with their scripts, the guides, and a worker in one file for bundlers. */
export const pages = {
  name: 'pages',
  required: true,
  off: isOff,
  inputs: () => ({
    files: [
      ...hashedFiles(),
      ...Object.values(pageFiles),
      ...guideSources(),
      ...guidePictures(),
      ...made,
      'scripts/guides/pages.mjs',
    ],
    more: versions(),
  }),
  outputs: () => [
    ...filesUnder('dist', isPageScript),
    ...Object.keys(pageFiles),
    ...guideSources().map((path) => `dist/${guideName(path)}`),
    'dist/view-page.js',
    'dist/worker.browser.js',
  ],
  async build() {
    const ended = await bundled('pages', isPageScript);
    if (ended.code !== 0) return ended;
    for (const [page, source] of Object.entries(pageFiles)) writePage(source, page);
    prune('dist', Object.keys(pageFiles), (file) => /^dist\/(?!guide)[a-z-]+\.(?:html|css)$/.test(file));
    writeGuides();
    await compress();
    return { ...ended, note: `${ended.scripts.length} scripts` };
  },
};
