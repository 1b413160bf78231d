#!/usr/bin/env node
// `npm run bench`: measures the ratios that this project promises, side by side in one run. Each is verified before it
// is timed and printed with a mark.
//   node benchmarks/run.mjs [--save NAME] [--seconds S] [--json]
//   node benchmarks/run.mjs fft|ffi|executors|data|merging|peaks|pipeline|jobs|live|start|udf|distributed|viewer|cluster|
//     growth|card
// This runs one benchmark, benchmarks/<name>/run.mjs, with its own arguments.
// --save writes benchmarks/results/NAME.json. A missed aim fails nothing, because machines differ. A wrong answer does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { compareWorkers, measureHandling } from './indexing/facade.mjs';
import { record } from './lib/lines.mjs';
import { comparePrototype } from './prototype.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [room, ...rest] = process.argv.slice(2);
/** Prints the comment at the head of a benchmark, which says how it is called. */
function printUsage(path) {
  const lines = readFileSync(path, 'utf8')
    .replace(/^#!.*\n/, '')
    .split('\n');
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  process.stdout.write(`${head.map((line) => line.replace(/^\/\/ ?/, '')).join('\n')}\n`);
  process.exit(0);
}
const asksForHelp = (word) => word === '--help' || word === '-h';
if (asksForHelp(room)) printUsage(fileURLToPath(import.meta.url));
const own = {
  ...Object.fromEntries(
    [
      'fft',
      'ffi',
      'parallel',
      'frames',
      'merging',
      'peaks',
      'pipeline',
      'start',
      'udf',
      'distributed',
      'viewer',
      'cluster',
      'growth',
      'card',
    ].map((name) => [name, `${name}/run.mjs`]),
  ),
  jobs: 'pipeline/jobs.mjs',
  live: 'live/run.mjs',
};
if (Object.hasOwn(own, room ?? '')) {
  const path = join(root, 'benchmarks', own[room]);
  if (rest.some(asksForHelp)) printUsage(path);
  process.exit(spawnSync(process.execPath, [path, ...rest], { stdio: 'inherit' }).status ?? 1);
}
const { values: options } = parseArgs({
  options: {
    save: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
if (options.save !== undefined && !/^[\w.-]+$/.test(options.save)) {
  process.stderr.write(`bench: --save is "${options.save}"; expected a name of letters, digits, points and dashes\n`);
  process.exit(2);
}
const missing = ['dist/index.node.js', 'dist/validate.js'].filter((file) => !existsSync(join(root, file)));
if (missing.length > 0) {
  process.stderr.write(`bench: ${missing.join(' and ')} not found; run node scripts/build.mjs first\n`);
  process.exit(1);
}
const load = (file) => import(pathToFileURL(join(root, file)).href);
const { createContext, sameLattice } = await load('dist/index.node.js');
const { bench } = await load('dist/validate.js');
const print = (line = '') => {
  if (!options.json) process.stdout.write(`${line}\n`);
};
const places = (x, digits = 3) => Number(x.toPrecision(digits));

const place =
  `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} x ` +
  `${cpus()[0]?.model.trim()}`;
print(place);

/** Lines of the summary: name, value, aim. */
const lines = [];
const mark = ({ what, value, aim, most = false, note }) => {
  const pass = most ? value <= aim : value >= aim;
  lines.push({ what, value, aim, most, pass, note });
  record({ what, value, unit: 'x', aim, most });
  print(
    `  ${pass ? 'pass' : 'MISS'}  ${what}: ${places(value)} (aim ${most ? 'at most' : 'at least'} ` +
      `${aim})${note ? `, ${note}` : ''}`,
  );
};

const report = await bench({
  createContext,
  seconds: Number(options.seconds),
  place,
  backends: ['native', 'wasm', 'webgpu', 'cuda'],
});
for (const { backend, device, reason } of report.backends)
  print(`${backend.padEnd(8)} ${device ? `${device.name}, ${device.driver}` : `not here: ${reason}`}`);
print();
for (const { id, backend, outcome, why, planMs, timing, unit } of report.rows) {
  if (timing)
    print(
      `${id} ${backend}: plan ${places(planMs)} ms, run ${places(timing.medianMs)} ms ± ` +
        `${places(timing.spreadMs / 2)}, ${places(timing.rate)} ${unit}/s`,
    );
  else if (outcome !== 'absent') print(`${id} ${backend}: ${outcome}, ${why}`);
}
for (const { id, peer, timing, unit } of report.peers)
  print(
    `${id} ${peer}: run ${places(timing.medianMs)} ms ± ${places(timing.spreadMs / 2)}, ${places(timing.rate)} ` +
      `${unit}/s`,
  );
print();
for (const { id, backend, ratios } of report.rows) {
  for (const { over, ratio, target } of ratios)
    if (target !== null) mark({ what: `${id}, ${backend} over ${over}`, value: ratio, aim: target });
}

const prototype = await comparePrototype({ createContext, sameLattice, print });
for (const line of prototype.lines ?? []) mark(line);
if (prototype.absent) print(`  --    indexing beside the prototype: ${prototype.absent}`);
for (const line of await compareWorkers({ createContext, print })) mark(line);
for (const line of await measureHandling()) mark(line);

const result = { ...report, summary: lines, prototype };
if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
if (options.save) {
  const file = join(root, 'benchmarks/results', `${options.save}.json`);
  mkdirSync(join(root, 'benchmarks/results'), { recursive: true });
  writeFileSync(`${file}.tmp`, `${JSON.stringify(result, null, 1)}\n`);
  renameSync(`${file}.tmp`, file);
  print(`saved benchmarks/results/${options.save}.json`);
}
process.exitCode = report.rows.some(({ outcome }) => outcome === 'fail') || prototype.wrong ? 1 : 0;
