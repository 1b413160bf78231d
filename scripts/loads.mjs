#!/usr/bin/env node
// Measures what a page loads for each entry point of the package, and writes the table into docs/install.md: `node
// scripts/loads.mjs` after `npm run pack:all`. test/platform/loads.test.ts compares the table with the package.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { root } from './lib/run.mjs';

const page = 'docs/install.md';
const [begin, end] = ['<!-- loads -->', '<!-- end of loads -->'];

/** The minified scripts, as they are in the package, and the module. */
const pathOf = (file) => join(root, file.endsWith('.wasm') ? 'dist' : 'build/packed', file);

/** The files that a script imports: statically, and on demand. */
function importsOf(file) {
  const text = readFileSync(pathOf(file), 'utf8');
  const paths = (pattern) => [...text.matchAll(pattern)].map(([, path]) => posix.join(dirname(file), path));
  return {
    first: paths(/(?:\bfrom|\bimport)\s*["'](\.\/[^"']+\.js)["']/g),
    later: paths(/\bimport\(\s*["'](\.\/[^"']+\.js)["']\s*\)/g),
    wasm: [...text.matchAll(/["'`]\.\/(ewald(?:-\w+)?\.wasm)["'`]/g)].map(([, path]) => path),
  };
}

/** The files that are loaded from `start` on: at once, and in all. */
function closureOf(start, follow) {
  const found = new Set([start]);
  for (const file of found) for (const path of follow(importsOf(file))) found.add(path);
  return [...found];
}

const compressedSizes = new Map();
function compressed(file) {
  if (!compressedSizes.has(file)) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
    compressedSizes.set(file, brotliCompressSync(readFileSync(pathOf(file)), { params }).length);
  }
  return compressedSizes.get(file);
}
const plain = (file) => readFileSync(pathOf(file)).length;
const sum = (files, size) => files.reduce((total, file) => total + size(file), 0);

/**
 * The module that an entry loads: the part that its own script names, or that the codecs do if it opens no context; the whole
 * core is the fallback of these.
 */
function moduleOf(name, all) {
  const [own] = importsOf(name).wasm;
  if (own !== undefined) return own;
  const named = all.flatMap((script) => importsOf(script).wasm);
  const ofCodecs = /^(?:data|hdf5)\./.test(name);
  return ofCodecs ? 'ewald-frames.wasm' : named.includes('ewald.wasm') ? 'ewald.wasm' : undefined;
}

/** What each entry point, or one of them, loads in a page, in bytes; `wasm` is undefined for those without a module. */
export function measureLoads(only) {
  const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.entries(entries).flatMap(([path, target]) => {
    const file = target.browser ?? target.default;
    if (only !== undefined && path.replace('.', 'ewald') !== only) return [];
    if (typeof target === 'string' || file === undefined || target.browser === null) return [];
    const name = file.replace('./dist/', '');
    const first = closureOf(name, (found) => found.first);
    const all = closureOf(name, (found) => [...found.first, ...found.later]);
    const wasm = moduleOf(name, all);
    return [
      {
        entry: path.replace('.', 'ewald'),
        start: sum(first, plain),
        startCompressed: sum(first, compressed),
        all: sum(all, plain),
        allCompressed: sum(all, compressed),
        wasm: wasm && plain(wasm),
        wasmCompressed: wasm && compressed(wasm),
      },
    ];
  });
}

const kilobytes = (bytes) => (bytes === undefined ? '–' : `${Math.round(bytes / 1000)}`);

/** The rows of the table in Markdown, in kilobytes. */
export function tableOfLoads(loads) {
  const head = [
    '| entry | script at the start | compressed | with all that is loaded on demand | compressed | wasm | compressed |',
    '|---|---:|---:|---:|---:|---:|---:|',
  ];
  const rows = loads.map(({ entry, start, startCompressed, all, allCompressed, wasm, wasmCompressed }) => {
    const cells = [start, startCompressed, all, allCompressed, wasm, wasmCompressed].map(kilobytes);
    return `| \`${entry}\` | ${cells.join(' | ')} |`;
  });
  return [...head, ...rows].join('\n');
}

/** The text between the markers of the page. */
export function writtenTable() {
  const text = readFileSync(join(root, page), 'utf8');
  return text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = readFileSync(join(root, page), 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} lacks "${begin}" or "${end}"`);
  const table = tableOfLoads(measureLoads());
  writeFileSync(join(root, page), `${text.slice(0, from)}${begin}\n${table}\n${text.slice(to)}`);
  console.log(table);
}
