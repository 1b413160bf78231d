// @module-tag all: whole runs.
/**
 * The three lines of the README, in Node and in Chromium, compared with `ewald index`: the streams are identical to the
 * byte. A small set is tested; EWALD_ALL_SETS=1 selects all simulated sets and the real frames.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumArgs } from '../../scripts/lib/chromium.mjs';
import { startChromium } from '../support/chromium.js';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const all = process.env.EWALD_ALL_SETS !== undefined;
const real = join('real', 'frames');
const sets: readonly (readonly [folder: string, name: string, file: string])[] = [
  ['sim', 'mono', 'mono.h5'],
  ...(all
    ? ([
        ...['run', 'weak', 'hard', 'multi'].map((name) => ['sim', name, `${name}.h5`] as const),
        ...['cspad_thermolysin', 'pilatus_thaumatin'].map((name) => [real, name, `${name}_dev.h5`] as const),
      ] as const)
    : []),
];
const cases = sets.flatMap((set) => [true, false].map((known) => [...set, known] as const));

/** The stream of `ewald index`, run in the folder of its files. */
async function byCommand(folder: string, name: string, file: string, known: boolean): Promise<string> {
  const words = [
    'index',
    file,
    '-g',
    `${name}.geom`,
    ...(known ? ['-p', `${name}.cell`] : []),
    '--backend=wasm',
    '-j1',
  ];
  const { code, out, err } = await ewald([...words, '-o', '-'], { cwd: resolve(dataFolder ?? '', folder) });
  expect(code, err).toBe(0);
  return out;
}

const commandLineOf = (stream: string): string => stream.split('\n')[2] ?? '';

/** The same with the three lines, in a separate process. */
async function inNode(folder: string, name: string, file: string, known: boolean, commandLine: string) {
  const script = `
    import { createContext } from ${JSON.stringify(join(dist, 'index.node.js'))};
    const ctx = await createContext({ backend: 'wasm' });
    const output = (piece) => new Promise((done) => process.stdout.write(piece, done));
    const given = ${JSON.stringify({ geometry: `${name}.geom`, ...(known ? { cells: [`${name}.cell`] } : {}) })};
    for await (const _ of ctx.pipeline({ inputs: [${JSON.stringify(file)}], ...given, output, commandLine: ${JSON.stringify(commandLine)} }));
    if (ctx.liveBytes > 0) throw new Error('plans are left');
    await ctx.dispose();`;
  const cwd = resolve(dataFolder ?? '', folder);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd,
    maxBuffer: 2 ** 30,
  });
  return stdout;
}

/** The package is copied to the place from which scripts of the test page load it. */
const html = `<!doctype html><script type="module">
  import { createContext } from '/dist/index.browser.js';
  globalThis.createContext = createContext;
</script>`;

let wasmRequests = 0;
let [server, browser, page]: [Server?, Browser?, Page?] = [];

beforeAll(async () => {
  if (!dataFolder) return;
  server = createServer(async ({ url = '/' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    if (path.endsWith('.wasm')) wasmRequests++;
    const [, place = '', rest = ''] = /^\/(dist|data)\/(.*)$/.exec(path) ?? [];
    const types: Record<string, string> = { js: 'text/javascript', wasm: 'application/wasm' };
    const body = await readFile(join(place === 'dist' ? dist : (dataFolder ?? ''), rest)).catch(() => undefined);
    if (path === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    else if (!body || place === '') response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': types[path.split('.').at(-1) ?? ''] ?? 'text/plain' }).end(body);
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  browser = await startChromium(chromiumArgs);
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { waitUntil: 'networkidle' });
});
afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/** The same with the three lines, in a page, with Files as from a drop event. */
async function inChromium(folder: string, name: string, file: string, known: boolean, commandLine: string) {
  const names = [file, `${name}.geom`, ...(known ? [`${name}.cell`] : [])];
  return page?.evaluate(
    async ({ folder, names, commandLine }) => {
      const { createContext } = globalThis as unknown as typeof import('../../dist/index.node.js');
      const [frames, geometry, ...cells] = await Promise.all(
        names.map(async (one) => new File([await (await fetch(`/data/${folder}/${one}`)).blob()], one)),
      );
      const ctx = await createContext({ backend: 'wasm' });
      const pieces: BlobPart[] = [];
      const output = (piece: Uint8Array): void => void pieces.push(piece.slice());
      const given = { geometry, ...(cells.length > 0 ? { cells } : {}) };
      for await (const _ of ctx.pipeline({ inputs: [frames as File], ...given, output, commandLine }));
      if (ctx.liveBytes > 0) throw new Error('plans are left');
      await ctx.dispose();
      return new Blob(pieces).text();
    },
    { folder: folder.replaceAll('\\', '/'), names, commandLine },
  );
}

describe.skipIf(!dataFolder)(`the same stream everywhere${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  for (const [folder, name, file, known] of cases)
    test(`${folder}/${name} ${file}, cell known: ${known}: the stream of ewald index`, {
      timeout: 900_000,
      tags: known ? [] : ['nightly'],
    }, async () => {
      const expected = await byCommand(folder, name, file, known);
      expect(expected.match(/^astar = /gm)?.length).toBeGreaterThan(1);
      const commandLine = commandLineOf(expected);
      expect(await inNode(folder, name, file, known, commandLine)).toBe(expected);
      wasmRequests = 0;
      expect(await inChromium(folder, name, file, known, commandLine)).toBe(expected);
      // The context and the codecs of the file share a module; the module of the previous run may still exist.
      expect(wasmRequests).toBeLessThanOrEqual(1);
    });
});
