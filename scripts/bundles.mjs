#!/usr/bin/env node
// Bundles pages of one thing by three bundlers from the packed package, opens each in Chromium, and prints what it loads:
// `node scripts/bundles.mjs [--tarball FILE] [--before FILE] [--write]`. `--write` writes the table into docs/install.md;
// without `--before` the figures of the earlier package stay as they are there.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { bundlers, pages } from './bundles/pages.mjs';
import { chromiumArgs, findChromium } from './lib/chromium.mjs';
import { root, run, tail } from './lib/run.mjs';
import { say } from './lib/say.mjs';

const guide = 'docs/install.md';
const [begin, end] = ['<!-- bundles -->', '<!-- end of bundles -->'];
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** An empty project with the package of a tarball, or of this clone as `npm run pack:all` packs it. */
async function projectWith(tarball, folder) {
  let file = tarball && resolve(tarball);
  if (!file) {
    const { packAll } = await import('./packages/stage.mjs');
    const { made } = await packAll(join(folder, 'tarballs'), { only: ['ewald'] });
    file = join(folder, 'tarballs', made[0].file);
  }
  const project = join(folder, 'project');
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
  const words = [
    'install',
    '--prefer-offline',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--omit=optional',
    file,
  ];
  const { code, output } = await run('npm', words, { cwd: project });
  if (code !== 0) throw new Error(`${file} cannot be installed: ${tail(output, 5)}`);
  return project;
}

/** Opens a folder in Chromium; returns what the page shows and the files that it fetched. */
async function opened(browser, folder, data) {
  const fetched = new Map();
  const server = createServer(({ url }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    const name = path === '/' ? '/index.html' : path;
    try {
      const body = name === '/frames.h5' ? data : readFileSync(join(folder, name));
      fetched.set(name, body);
      response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const page = await browser.newPage();
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const shown = page.locator('output:not(:empty)');
    await shown.waitFor({ state: 'attached', timeout: 60_000 });
    return { answer: await shown.textContent(), fetched };
  } finally {
    await page.close();
    server.closeAllConnections();
    server.close();
  }
}

/** Bytes of the scripts and of the modules that a page fetched, as brotli sends them at its default, the slowest. */
function sizesOf(fetched) {
  const sum = (suffix) =>
    [...fetched]
      .filter(([name]) => name.endsWith(suffix))
      .reduce((total, [, body]) => total + brotliCompressSync(body).length, 0);
  return { script: sum('.js'), wasm: sum('.wasm') };
}

/** Sizes of every page by every bundler with the package of a project; a page whose entry the package lacks has none. */
async function measured(project, browser, data) {
  const { exports: entries } = JSON.parse(readFileSync(join(project, 'node_modules/ewald/package.json'), 'utf8'));
  const sizes = new Map();
  for (const [i, { name, entry, script, answer }] of pages.entries()) {
    if (!(entry in entries)) continue;
    const folder = join(project, `page-${i}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'app.js'), script);
    const html = '<!doctype html><meta charset="utf-8"><title>page</title><output></output>';
    writeFileSync(join(folder, 'index.html'), `${html}<script type="module" src="./app.js"></script>\n`);
    for (const [bundler, bundle] of Object.entries(bundlers)) {
      const to = join(project, `out-${i}-${bundler.slice(0, 4)}`);
      await bundle(project, folder, to);
      const { answer: shown, fetched } = await opened(browser, to, data);
      if (shown !== answer) throw new Error(`${name} by ${bundler} shows ${shown}, expected ${answer}`);
      sizes.set(`${name}, ${bundler}`, sizesOf(fetched));
      say('bundles', `${name}, ${bundler}: shows ${shown}, fetched ${[...fetched.keys()].join(' ')}`);
    }
  }
  return sizes;
}

/** A stack of 2 × 16 × 16 numbers, 0 to 511, as `ewald convert` writes HDF5. */
async function stack(folder) {
  const numbers = Uint16Array.from({ length: 512 }, (_, i) => i);
  const header = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 16, 16), }".padEnd(117);
  const npy = [Buffer.from('\x93NUMPY\x01\0\x76\0', 'latin1'), Buffer.from(`${header}\n`), Buffer.from(numbers.buffer)];
  writeFileSync(join(folder, 'frames.npy'), Buffer.concat(npy));
  const words = ['dist/cli.js', 'convert', join(folder, 'frames.npy'), '-o', join(folder, 'frames.h5')];
  const { code, output } = await run(process.execPath, words);
  if (code !== 0) throw new Error(tail(output, 5));
  return readFileSync(join(folder, 'frames.h5'));
}

const kilobytes = ({ script, wasm }) => {
  const [scripts, modules] = [script, wasm].map((bytes) => Math.round(bytes / 1000));
  return `${Math.round((script + wasm) / 1000)} | ${scripts} + ${modules}`;
};

/** The rows of the table; `kept` gives the columns of the earlier package where that was not measured. */
function tableOf(now, before, kept) {
  const head = [
    '| page | bundler | before | scripts + module | now | scripts + module |',
    '|---|---|---:|---:|---:|---:|',
  ];
  const rows = pages.flatMap(({ name }) =>
    Object.keys(bundlers).map((bundler) => {
      const key = `${name}, ${bundler}`;
      const earlier = before ? (before.has(key) ? kilobytes(before.get(key)) : '– | –') : (kept.get(key) ?? '– | –');
      return `| ${name} | ${bundler} | ${earlier} | ${kilobytes(now.get(key))} |`;
    }),
  );
  return [...head, ...rows].join('\n');
}

/** The columns of the earlier package in the guide, by page and bundler. */
function keptColumns(text) {
  const rows = text.slice(text.indexOf(begin), text.indexOf(end)).split('\n');
  return new Map(
    rows
      .map((row) => row.split('|').map((cell) => cell.trim()))
      .filter(({ length }) => length === 8)
      .map(([, page, bundler, total, parts]) => [`${page}, ${bundler}`, `${total} | ${parts}`]),
  );
}

const args = process.argv.slice(2);
const given = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
const folder = mkdtempSync(join(tmpdir(), 'ewald-bundles-'));
const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArgs });
try {
  const data = await stack(folder);
  const sizesWith = async (tarball, name) => measured(await projectWith(tarball, join(folder, name)), browser, data);
  const before = given('--before') && (await sizesWith(given('--before'), 'before'));
  const now = await sizesWith(given('--tarball'), 'now');
  const text = readFileSync(join(root, guide), 'utf8');
  const table = tableOf(now, before, keptColumns(text));
  console.log(table);
  if (args.includes('--write')) {
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${guide} lacks "${begin}" or "${end}"`);
    writeFileSync(join(root, guide), `${text.slice(0, from)}${begin}\n${table}\n${text.slice(to)}`);
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
