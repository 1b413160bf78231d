#!/usr/bin/env node
// Runs a small job of every entry point in every runtime, browser, bundler and version of TypeScript that the package
// supports, with the packed package in an empty project: `npm run everywhere [-- NAME…]`. It installs runtimes and
// compilers with npm into build/everywhere; browsers are those of the system. `--write` writes the table of
// docs/platforms.md.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browsers, bundlers, compilers, runtimes } from './everywhere/places.mjs';
import { root, run, tail, which } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';
import { packAll } from './packages/stage.mjs';

const folder = join(root, 'build/everywhere');
const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('-'));
const all = [...runtimes, ...browsers, ...compilers, ...bundlers];
const unknown = names.filter((name) => !all.some((place) => place.name === name));
if (unknown.length > 0 || args.some((arg) => arg.startsWith('-') && arg !== '--write')) {
  console.log(`usage: npm run everywhere [-- NAME…] [--write]; places: ${all.map(({ name }) => name).join(', ')}`);
  process.exit(args.includes('--help') || args.includes('-h') ? 0 : 2);
}
const chosen = (list) => list.filter(({ name }) => names.length === 0 || names.includes(name));
const host = `@ewald/native-${process.platform}-${process.arch}`;
const { exports: exported } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.keys(exported)
  .filter((path) => !/\.(wasm|json)$/.test(path))
  .map((path) => path.replace('.', 'ewald'));
const inBrowsers = entries.filter((entry) => exported[entry.replace('ewald', '.')].browser !== null);
const quiet = { npm_config_loglevel: 'error', npm_config_audit: 'false', npm_config_fund: 'false' };

const project = await install();
const table = [];
for (const place of chosen(runtimes)) await tried(place, () => inRuntime(place));
for (const place of chosen(browsers)) await tried(place, () => inBrowser(place));
for (const place of chosen(compilers)) await tried(place, () => compiled(place));
for (const place of chosen(bundlers)) await tried(place, () => bundled(place));
const failed = table.filter(({ outcome }) => outcome === 'failed');
const absent = table.filter(({ outcome }) => outcome === 'absent');
if (args.includes('--write')) write();
console.log(`${table.length - failed.length - absent.length} passed, ${failed.length} failed, ${absent.length} absent`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Installs the packed packages in a project, offline except for `commander`. */
async function install() {
  const to = join(folder, 'project');
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'package.json'), '{ "name": "everywhere", "private": true, "type": "module" }\n');
  const emulated = runtimes.flatMap(({ native }) => native ?? []).filter((name) => name !== host);
  const { made } = await packAll(join(folder, 'packages'), { only: ['ewald', host, ...emulated] });
  const fitting = made.filter(({ name }) => !emulated.includes(name));
  const tarballs = fitting.map(({ file }) => join(folder, 'packages', file));
  const words = ['install', '--prefer-offline', '--no-package-lock', ...tarballs];
  const { code, output } = await run('npm', words, { cwd: to, env: quiet });
  if (code !== 0) throw new Error(`the package cannot be installed: ${tail(output)}`);
  // npm installs no addon of another processor.
  for (const { name, file } of made.filter(({ name }) => emulated.includes(name))) {
    const at = join(to, 'node_modules', name);
    mkdirSync(at, { recursive: true });
    await run('tar', ['xzf', join(folder, 'packages', file), '--strip-components=1', '-C', at]);
  }
  writeFileSync(join(to, 'smoke.mjs'), readFileSync(join(root, 'scripts/everywhere/smoke.mjs')));
  writeFileSync(
    join(to, 'main.mjs'),
    `import { smoke } from './smoke.mjs';
const [backend, ...entries] = globalThis.process.argv.slice(2);
console.log('OUTCOMES ' + JSON.stringify(await smoke(entries, (entry) => import(entry), backend)));
`,
  );
  return to;
}

/** Runs a place and adds its line; `act` returns { version, what } and throws if something fails. */
async function tried(place, act) {
  const started = performance.now();
  let line;
  try {
    line = { outcome: 'passed', ...(await act()) };
  } catch (error) {
    line = { outcome: error.absent ? 'absent' : 'failed', version: '', what: error.message };
  }
  table.push({ name: place.name, ...line });
  const colour = { passed: 'green', failed: 'red', absent: 'dim' }[line.outcome];
  const text = `${place.name.padEnd(16)} ${paint(colour, line.outcome)} ${line.version} ${line.what}`;
  say('everywhere', text.trimEnd(), (performance.now() - started) / 1000);
}

/** An error of a place that this machine lacks: it is absent, and has not failed. */
function missing(why) {
  return Object.assign(new Error(why), { absent: true });
}

const noDriver = 'no software driver of Vulkan is installed (Debian: mesa-vulkan-drivers)';

/** Installs a package of a tool in a separate folder; returns the folder. */
async function tool(spec) {
  const at = join(folder, 'tools', spec.replace(/[^\w.-]/g, '_'));
  if (existsSync(join(at, 'installed'))) return at;
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'package.json'), '{ "private": true }\n');
  // With --force npm also installs what is made for another processor.
  const { code, output } = await run('npm', ['install', '--no-package-lock', '--force', spec], { cwd: at, env: quiet });
  if (code !== 0) throw missing(`${spec} cannot be installed: ${tail(output, 2)}`);
  writeFileSync(join(at, 'installed'), '');
  return at;
}

function judged(outcomes, expected) {
  const wrong = Object.entries(outcomes).filter(([, outcome]) => outcome !== 'ok');
  if (wrong.length > 0) throw new Error(wrong.map(([entry, outcome]) => `${entry}: ${outcome}`).join('; '));
  if (Object.keys(outcomes).length !== expected.length) throw new Error('not every entry was tried');
}

async function inRuntime({ spec, file, flags, emulator = [], native = host, driver }) {
  if (emulator.length > 0 && !which(emulator[0])) throw missing(`${emulator[0]} is not installed (Debian: qemu-user)`);
  const installed = join(await tool(spec), file);
  if (!existsSync(installed)) throw missing(`${spec} has no ${file}`);
  const [binary, ...before] = [...emulator, installed];
  const { stdout } = spawnSync(binary, [...before, '--version'], { encoding: 'utf8' });
  const version = /\d+\.\d+\.\d+/.exec(stdout ?? '')?.[0] ?? '';
  if (driver && !driver()) throw missing(noDriver);
  const backends = driver
    ? ['webgpu']
    : existsSync(join(project, 'node_modules', native))
      ? ['wasm', 'native']
      : ['wasm'];
  const env = driver && { VK_ICD_FILENAMES: driver(), XDG_RUNTIME_DIR: tmpdir() };
  for (const backend of backends) {
    const words = [...before, ...flags, 'main.mjs', backend, ...entries];
    const { code, output, errors } = await run(binary, words, { cwd: project, apart: true, minutes: 10, env });
    const line = output.split('\n').find((text) => text.startsWith('OUTCOMES '));
    if (!line) throw new Error(`${backend}: code ${code}: ${tail(errors + output, 4)}`);
    judged(JSON.parse(line.slice(9)), entries);
    if (code !== 0) throw new Error(`${backend}: every job passed, but the exit code is ${code}: ${tail(errors, 3)}`);
  }
  const checked = driver ? await validated([binary, ...before, ...flags], env) : '';
  return { version, what: `${entries.length} entries on ${backends.join(' and ')}${checked}` };
}

/** A minute of the rows of all rooms on WebGPU, in turn. */
async function validated([binary, ...flags], env) {
  const words = ['node_modules/ewald/dist/cli.js', 'validate', '--backend', 'webgpu', '--seconds', '60', '--json'];
  const { output, errors } = await run(binary, [...flags, ...words], { cwd: project, apart: true, minutes: 10, env });
  const { counts } = JSON.parse(output.slice(output.indexOf('{')) || '{}');
  return rowsText(counts, tail(errors, 4));
}

/** The rows of a minute, none of which may be wrong. */
function rowsText(counts, errors = '') {
  if (!counts?.pass || counts.fail > 0) throw new Error(`validate: ${JSON.stringify(counts)}: ${errors}`);
  return `; ${counts.pass} rows of \`ewald validate\`, all right`;
}

/** The page loads the modules as they are, by an import map, and reports with a request: no driver is necessary. */
async function inBrowser({ find, flags, profile, through = [], env = {}, driver, preferences = {} }) {
  const binary = find();
  if (!binary) throw missing('it is not installed');
  if (driver && !driver()) throw missing(noDriver);
  const backend = driver ? 'webgpu' : 'wasm';
  const version = /\d+(\.\d+)+/.exec(spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0] ?? '';
  const imports = Object.fromEntries(
    inBrowsers.map((entry) => {
      const target = exported[entry.replace('ewald', '.')];
      return [entry, (target.browser ?? target.default).replace('./', '/node_modules/ewald/')];
    }),
  );
  const page = `<!doctype html><meta charset="utf-8"><title>smoke</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
import { smoke } from '/smoke.mjs';
const load = (entry) => import(entry);
const outcomes = await smoke(${JSON.stringify(inBrowsers)}, load, '${backend}').catch((error) => ({ page: String(error) }));
const counts = ${driver ? 'await minuteOfRows().catch((error) => ({ error: String(error) }))' : 'undefined'};
await fetch('/outcomes', { method: 'POST', body: JSON.stringify({ outcomes, counts }) });
async function minuteOfRows() {
  const [{ validate }, { createContext }] = await Promise.all([import('ewald/validate'), import('ewald')]);
  return (await validate({ createContext, backends: ['webgpu'], seconds: 60 })).counts;
}
</script>`;
  const types = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };
  let report;
  const reported = new Promise((resolve) => {
    report = resolve;
  });
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (request.method === 'POST') {
      let body = '';
      for await (const piece of request) body += piece;
      response.end();
      report(JSON.parse(body));
    } else if (path === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    else if (existsSync(join(project, path)))
      response
        .writeHead(200, { 'Content-Type': types[path.split('.').at(-1)] ?? 'application/octet-stream' })
        .end(readFileSync(join(project, path)));
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const home = mkdtempSync(join(tmpdir(), 'ewald-browser-'));
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  if (lines.length > 0) writeFileSync(join(home, 'user.js'), lines.join(''));
  const drivers = driver && { VK_ICD_FILENAMES: driver(), XDG_RUNTIME_DIR: tmpdir() };
  const [command, ...words] = [...through, binary, ...flags, ...profile(home)];
  const child = spawn(command, [...words, `http://127.0.0.1:${server.address().port}/`], {
    stdio: 'ignore',
    env: { ...process.env, HOME: home, ...env, ...drivers },
    detached: true,
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let checked = '';
  try {
    const limit = AbortSignal.timeout(300_000);
    const late = new Promise((_, reject) =>
      limit.addEventListener('abort', () => reject(new Error('the page did not report within five minutes'))),
    );
    const { outcomes, counts } = await Promise.race([reported, late]);
    judged(outcomes, inBrowsers);
    if (driver) checked = rowsText(counts);
  } finally {
    server.closeAllConnections();
    server.close();
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {}
    await exited;
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
  return { version, what: `${inBrowsers.length} entries on ${backend}, as modules without a bundler${checked}` };
}

/** Every entry point in strict TypeScript without skipLibCheck, for a page and for Node. */
async function compiled({ spec }) {
  const at = await tool(spec);
  const { version } = JSON.parse(readFileSync(join(at, 'node_modules/typescript/package.json'), 'utf8'));
  const sources = join(project, 'ts');
  mkdirSync(sources, { recursive: true });
  for (const entry of entries)
    writeFileSync(
      join(sources, `${entry.replace('/', '-')}.ts`),
      `import * as entry from '${entry}';\nexport { entry };\n`,
    );
  const places = {
    page: { lib: ['es2022', 'dom'], types: [], module: 'esnext', moduleResolution: 'bundler' },
    node: { lib: ['es2022'], types: ['node'], module: 'nodenext', moduleResolution: 'nodenext' },
  };
  for (const [place, options] of Object.entries(places)) {
    const fixed = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false };
    const typeRoots = [join(root, 'node_modules/@types')];
    const config = { compilerOptions: { ...fixed, target: 'es2022', typeRoots, ...options }, include: ['*.ts'] };
    writeFileSync(join(sources, `${place}.json`), JSON.stringify(config));
    const tsc = join(at, 'node_modules/typescript/bin/tsc');
    const { code, output } = await run(process.execPath, [tsc, '-p', join(sources, `${place}.json`)]);
    if (code !== 0) throw new Error(`${place}: ${tail(output, 5)}`);
  }
  return { version, what: `${entries.length} entries, strict, for pages and for Node` };
}

/** The tests of bundlers, which bundle every entry for both platforms. */
async function bundled({ title, manifest }) {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', manifest, 'package.json'), 'utf8'));
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'platform', 'test/platform/entries.test.ts'];
  const report = join(folder, `${manifest}.json`);
  const { code, output } = await run(
    process.execPath,
    [...vitest, '-t', `${title} bundles`, '--reporter=json', `--outputFile=${report}`],
    { minutes: 15, env: { EWALD_TEST_TIER: 'whole' } },
  );
  const { numPassedTests } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { numPassedTests: 0 };
  if (code !== 0 || numPassedTests === 0) throw new Error(tail(output, 5));
  return { version, what: `${entries.length} entries, ${numPassedTests === 1 ? 'pages' : 'pages and Node'}` };
}

/** Writes the table between the markers of the guide; lines of places that were not tried stay. */
function write() {
  const path = join(root, 'docs/platforms.md');
  const text = readFileSync(path, 'utf8');
  const [begin, end] = ['<!-- everywhere -->', '<!-- end of everywhere -->'];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/platforms.md lacks "${begin}" or "${end}"`);
  const before = text
    .slice(from, to)
    .split('\n')
    .filter((line) => /^\| (?!place)[^-]/.test(line));
  const lines = all.flatMap(({ name }) => {
    const found = table.find((entry) => entry.name === name);
    if (found) return [`| ${name} | ${found.version} | ${found.outcome} | ${found.what.replaceAll('\n', ' ')} |`];
    return before.filter((line) => line.startsWith(`| ${name} |`));
  });
  const head = '| place | version | outcome | what |\n|---|---|---|---|';
  writeFileSync(path, `${text.slice(0, from)}${begin}\n${head}\n${lines.join('\n')}\n${text.slice(to)}`);
  if (failed.length > 0) complain('everywhere', 'the table has places that fail');
}
