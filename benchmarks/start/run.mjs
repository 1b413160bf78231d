#!/usr/bin/env node
// `npm run bench -- start`: what somebody waits for who tries ewald for the first time, as wall and processor time of
// whole commands: help, indexing 160 simulated frames with a report, the same in one process, and the viewer until its
// page shows a picture. Of --runs runs (default 3) the fastest counts.
//   [--runs N]   [--before FOLDER] alternates with another build: a folder with its dist/   [--json]
//   [--save] keeps the times in results/start.json; others are printed beside them. CI prints a single run.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';
import { writeWhole } from '../../scripts/lib/files.mjs';
import { record } from '../lib/lines.mjs';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    before: { type: 'string' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const kept = join(root, 'benchmarks/results/start.json');
const builds = { now: root, ...(options.before ? { before: resolve(options.before) } : {}) };
const folder = mkdtempSync(join(tmpdir(), 'ewald-start-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Writes the processor time of a process, with its threads and the children that it has waited for, when it ends. */
const meter = join(folder, 'meter.cjs');
writeFileSync(
  meter,
  `const { writeFileSync } = require('node:fs');
if (require('node:worker_threads').isMainThread)
  process.on('exit', () => writeFileSync(process.env.EWALD_METER, JSON.stringify(process.cpuUsage())));\n`,
);

/** Seconds of a command; `until` ends it when `seen` has been given what its output matches. */
async function timed(build, args, until) {
  const file = join(folder, 'used.json');
  rmSync(file, { force: true });
  const begun = performance.now();
  const child = spawn(process.execPath, ['--require', meter, join(build, 'dist/cli.js'), ...args], {
    cwd: folder,
    env: { ...process.env, EWALD_METER: file },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let wall;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      output += piece;
      const found = until?.pattern.exec(output);
      if (!found || wall !== undefined) return;
      wall = 0;
      until.seen(found[1]).then((at) => {
        wall = (at - begun) / 1000;
        child.kill('SIGINT');
      });
    });
  const code = await new Promise((done) => child.once('close', done));
  if (until ? !(wall > 0) : code !== 0) throw new Error(`ewald ${args.join(' ')} ended with ${code}:\n${output}`);
  const { user, system } = JSON.parse(readFileSync(file, 'utf8'));
  return { wall: wall ?? (performance.now() - begun) / 1000, processor: (user + system) / 1e6 };
}

/** When a page of the viewer has drawn its first frame. */
async function firstPicture(url) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArgs });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => globalThis.viewer?.opened !== undefined, undefined, { timeout: 120_000 });
    return performance.now();
  } finally {
    await browser.close();
  }
}

const base = join(folder, 'set/run');
await timed(root, ['simulate', 'frames', '-o', join(folder, 'set'), '--images', '160', '--seed', '3']);
const index = ['index', `${base}.h5`, '-g', `${base}.geom`, '-p', `${base}.cell`, '-o', 'out.stream', '--force'];
const html = ['--html', 'out.html'];
const cases = [
  { what: 'ewald --help', args: ['--help'], aims: [0.2] },
  { what: 'ewald index --help', args: ['index', '--help'], aims: [0.2] },
  { what: 'ewald index, 160 frames with a report', args: [...index, ...html], aims: [2.2, 2.5] },
  { what: 'ewald index -j 1, the same', args: [...index, ...html, '-j', '1'], aims: [] },
  { what: 'ewald index -j 1, without the report', args: [...index, '-j', '1'], aims: [] },
  ...(findChromium()
    ? [
        {
          what: 'ewald view to the first picture, Chromium included',
          args: ['view', `${base}.h5`, '-g', `${base}.geom`, '--port', '0', '--no-open'],
          until: { pattern: /(http:\/\/\S+)/, seen: firstPicture },
          aims: [],
        },
      ]
    : []),
];
const lines = [];
const machine = `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
const recorded = !options.save && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : undefined;
if (!options.json) {
  process.stdout.write(`start: ${machine}, load ${loadavg()[0].toFixed(1)}\n`);
  if (recorded) process.stdout.write(`start: in parentheses ${recorded.date}, ${recorded.machine}\n`);
}
for (const { what, args, until, aims } of cases) {
  const best = {};
  for (let i = 0; i < Number(options.runs); i++)
    for (const [name, build] of Object.entries(builds)) {
      const one = await timed(build, args, until);
      best[name] ??= { ...one };
      const held = best[name];
      held.wall = Math.min(held.wall, one.wall);
      held.processor = Math.min(held.processor, one.processor);
    }
  lines.push({ what, ...best });
  for (const [i, name] of ['wall', 'processor'].entries())
    record({ what: `${what}, ${name} time`, value: best.now[name], unit: 's', aim: aims[i], most: true });
  if (options.json) continue;
  const old = recorded?.lines.find((line) => line.what === what)?.now;
  const beside = old ? ` (${old.wall.toFixed(2)} s, ${old.processor.toFixed(2)} s)` : '';
  const shown = Object.entries(best).map(
    ([name, { wall, processor }]) =>
      `${options.before ? `${name} ` : ''}${wall.toFixed(2)} s, processor ${processor.toFixed(2)} s${name === 'now' ? beside : ''}`,
  );
  const met = aims.every((aim, i) => best.now[['wall', 'processor'][i]] <= aim);
  const aim = aims.length > 0 ? ` (aim ${aims.map((one) => `${one} s`).join(', processor ')})` : '';
  process.stdout.write(`  ${aims.length === 0 ? '    ' : met ? 'pass' : 'MISS'}  ${what}: ${shown.join('; ')}${aim}\n`);
}
if (options.json) process.stdout.write(`${JSON.stringify(lines)}\n`);
if (options.save) {
  const text = JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, lines }, undefined, 2);
  writeWhole(kept, `${text}\n`);
}
