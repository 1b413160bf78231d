// Generates files from the layouts and from the parameter rows: headers, TypeScript types and README tables. With
// --check it reports whether they are up to date. Requires build/esm, which npm run build makes.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { nodeKernels } from '../build/esm/assembly/kernels.node.js';
import { declaration, table } from '../build/esm/base/parameter-text.js';
import { cHeader, rangesHeader, searchHeader, searchShader, wgslHeader } from '../build/esm/layout/generate.js';
import { rooms } from '../build/esm/layout/rooms.js';

const check = process.argv.includes('--check');
const headers = new Map([
  ['cpp/include/generated/layout.h', cHeader()],
  ['cpp/include/generated/ranges.h', rangesHeader()],
  ['cpp/include/generated/search.h', searchHeader()],
  ['wgsl/generated/search.wgsl', searchShader()],
  ...rooms.map((room) => [`wgsl/generated/${room.name}.wgsl`, wgslHeader(room)]),
]);
const rootUrl = new URL('../', import.meta.url);
const notice = '// Generated from parameters.ts by `npm run layout`. Do not edit.\n\n';
for (const room of readdirSync(new URL('src/', rootUrl))) {
  if (!existsSync(new URL(`src/${room}/parameters.ts`, rootUrl))) continue;
  const { tables } = await import(`../build/esm/${room}/parameters.js`);
  if (tables === undefined) continue;
  const imports = [...new Set(tables.flatMap((table) => table.imports ?? []))].map((line) => `${line}\n`).join('');
  const types = tables.map(({ name, about, rows, loose }) => declaration(name, about, rows, loose));
  headers.set(`src/${room}/parameter-types.ts`, notice + (imports && `${imports}\n`) + types.join('\n'));
  const path = `src/${room}/README.md`;
  headers.set(path, withTables(readFileSync(new URL(path, rootUrl), 'utf8'), tables, path));
}

headers.set('README.md', withSupport(readFileSync(new URL('README.md', rootUrl), 'utf8')));

/** The front page with the table of the backends that have kernels of each feature. */
function withSupport(page) {
  const [begin, end] = ['<!-- support -->', '<!-- end of support -->'];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md lacks "${begin}" or "${end}" for its table of backends`);
  const backends = ['wasm', 'native', 'webgpu', 'cuda'];
  const lines = nodeKernels
    .filter(({ feature }) => feature.kernels.wasm !== undefined && feature.missing === undefined)
    .map(({ feature, kernels }) => {
      const has = { ...feature.kernels, ...kernels };
      return `| ${feature.name} | ${backends.map((backend) => (has[backend] ? '✓' : '')).join(' | ')} |`;
    });
  const head = `| kernels | ${backends.join(' | ')} |\n|${' --- |'.repeat(backends.length + 1)}`;
  return `${page.slice(0, from)}${begin}\n${head}\n${lines.join('\n')}\n${page.slice(to)}`;
}

/** The page with its parameter tables, each of which is between two markers. */
function withTables(page, tables, path) {
  let text = page;
  for (const { name, rows } of tables) {
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
