// Generates files from the layouts and the parameter rows: headers, and tables of README files. With --check it reports
// whether they are up to date, which requires build/esm; npm run build makes it. Without, it writes build/esm from the
// sources first.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { housePicture } from './lib/house.mjs';
import { rooms as folders } from './lib/rooms.mjs';
import { types } from './parts/esm.mjs';

const check = process.argv.includes('--check');
if (!check) await types.build();
const esm = (path) => import(`../build/esm/${path}.js`);
const { crystfelPrograms, crystfelTable } = await esm('options/crystfel-flags');
const { table } = await esm('options/parameter-text');
const { cHeader, fewHeader, rangesHeader, searchHeader, searchShader, wgslHeader } =
  await esm('compute/layout/generate');
const { rooms } = await esm('compute/layout/rooms');
const { formats } = await esm('frames/formats/table');
const { nodeKernels } = await esm('context/kernels.node');

const headers = new Map([
  ['cpp/include/generated/layout.h', cHeader()],
  ['cpp/include/generated/ranges.h', rangesHeader()],
  ['cpp/include/generated/few.h', fewHeader()],
  ['cpp/include/generated/search.h', searchHeader()],
  ['wgsl/generated/search.wgsl', searchShader()],
  ...rooms.map((room) => [`wgsl/generated/${room.name}.wgsl`, wgslHeader(room)]),
]);
const rootUrl = new URL('../', import.meta.url);
for (const room of folders) {
  if (!existsSync(new URL(`src/${room}/parameters.ts`, rootUrl))) continue;
  const { tables } = await esm(`${room}/parameters`);
  if (tables === undefined) continue;
  const path = `src/${room}/README.md`;
  headers.set(path, withTables(readFileSync(new URL(path, rootUrl), 'utf8'), tables, path));
}

headers.set('README.md', withTable('README.md', 'support', support()));
headers.set('docs/detectors.md', withTable('docs/detectors.md', 'formats', formatList()));
const programs = crystfelPrograms.flatMap((program) => [`### ${program}`, '', crystfelTable(program), '']);
headers.set('docs/crystfel.md', withTable('docs/crystfel.md', 'crystfel', programs));
headers.set('docs/house.svg', housePicture(readFileSync(new URL('src/README.md', rootUrl), 'utf8')));

/** A page with a table between two markers. */
function withTable(path, name, lines) {
  const page = readFileSync(new URL(path, rootUrl), 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} lacks "${begin}" or "${end}" for its table`);
  return `${page.slice(0, from)}${begin}\n${lines.join('\n')}\n${page.slice(to)}`;
}

/** The backends that have kernels of each feature. */
function support() {
  const backends = ['wasm', 'native', 'webgpu', 'cuda'];
  const lines = nodeKernels
    .filter(({ feature }) => feature.kernels.wasm !== undefined && feature.missing === undefined)
    .map(({ feature, kernels }) => {
      const has = { ...feature.kernels, ...kernels };
      return `| ${feature.name} | ${backends.map((backend) => (has[backend] ? '✓' : '')).join(' | ')} |`;
    });
  return [`| kernels | ${backends.join(' | ')} |`, `|${' --- |'.repeat(backends.length + 1)}`, ...lines];
}

/** The file formats by title. */
function formatList() {
  const lines = [...formats]
    .sort((a, b) => a.title.localeCompare(b.title, 'en', { sensitivity: 'base' }))
    .map(({ name, title, endings }) => {
      const usual = endings.map((ending) => `.${ending}`).join(', ');
      return `| ${title[0].toUpperCase()}${title.slice(1)} | \`${name}\` | ${usual || 'any'} |`;
    });
  return ['| format | `--format` | usual endings |', '| --- | --- | --- |', ...lines];
}

/** The page with its parameter tables, each of which is between two markers. */
function withTables(page, tables, path) {
  let text = page;
  for (const [name, rows] of Object.entries(tables)) {
    const [begin, end] = [`<!-- parameters ${name} -->`, '<!-- end of parameters -->'];
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`${path} lacks "${begin}" or "${end}" for its table of parameters`);
    text = `${text.slice(0, from)}${begin}\n${table(rows)}\n${text.slice(to)}`;
  }
  return text;
}

let stale = 0;
const found = (path, wrong) => {
  stale++;
  if (check) console.error(`${path} ${wrong}: run npm run layout and commit it`);
  return !check;
};
for (const [path, text] of headers) {
  const url = new URL(`../${path}`, import.meta.url);
  let old = '';
  try {
    old = readFileSync(url, 'utf8');
  } catch {}
  if (old !== text && found(path, 'is stale')) {
    writeFileSync(url, text);
    console.log(`wrote ${path}`);
  }
}
for (const folder of ['cpp/include/generated', 'wgsl/generated']) {
  const url = new URL(`../${folder}/`, import.meta.url);
  for (const name of readdirSync(url)) {
    if (headers.has(`${folder}/${name}`) || !found(`${folder}/${name}`, 'has no source')) continue;
    rmSync(new URL(name, url));
    console.log(`removed ${folder}/${name}`);
  }
}
process.exitCode = check && stale ? 1 : 0;
