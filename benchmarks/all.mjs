#!/usr/bin/env node
// `npm run bench:all`: runs every benchmark and writes one report with plots, benchmarks/results/REPORT.md.
//   node benchmarks/all.mjs [--rounds N] [--quick] [ROOM…]
// --rounds repeats each benchmark N times (default 3); the report gives the median and the range. --quick makes one
// short round, to see that everything runs. ROOM selects benchmarks; the others keep their lines of the last report.
// The output of each benchmark is kept in build/bench-all. The machine must be idle. A missed aim fails nothing; a
// benchmark that ends with an error makes the exit code 1, and its lines are omitted.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { plotOf, reportOf, summaryOf } from './lib/report.mjs';
import { runRound } from './lib/round.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const kept = join(root, 'build/bench-all');
const results = join(root, 'benchmarks/results');

/** Benchmarks by name: the command, and the arguments of a quick round. */
const benchmarks = {
  rows: { title: 'Rows of the table of cases', run: ['run.mjs', '--seconds', '1'], quick: ['--seconds', '0.2'] },
  pipeline: { title: 'Frames to a stream', run: ['pipeline/run.mjs'], quick: ['--frames', '4'] },
  peaks: { title: 'Peaks', run: ['peaks/run.mjs', '--seconds', '1'], quick: ['--seconds', '0.2'] },
  frames: { title: 'Reading frames', run: ['frames/run.mjs', '--seconds', '0.7'], quick: ['--seconds', '0.1'] },
  truth: { title: 'Merging', run: ['merging/run.mjs', 'truth'], quick: [] },
  udf: { title: 'Analyses of scans', run: ['udf/run.mjs'], quick: ['--frames', '256'] },
  functions: { title: "Users' functions", run: ['udf/functions.mjs'], quick: ['--frames', '256', '--repeats', '1'] },
  analyses: {
    title: 'Corrections, disks, side bands, holograms',
    run: ['udf/analyses.mjs'],
    quick: ['--seconds', '0.2'],
  },
  live: { title: 'Live scans', run: ['udf/live.mjs', '--seconds', '20'], quick: ['--seconds', '3'] },
  fft: { title: 'Transforms', run: ['fft/run.mjs', '--seconds', '0.5'], quick: ['--quick', '--seconds', '0.1'] },
  distributed: { title: 'Distributed transforms', run: ['distributed/run.mjs'], quick: ['--quick'] },
  parallel: { title: 'Executors', run: ['parallel/run.mjs'], quick: [] },
  ffi: { title: 'Calls of C', run: ['ffi/run.mjs'], quick: [] },
  viewer: { title: 'The viewer', run: ['viewer/run.mjs'], quick: [] },
};

const { values: options, positionals: rooms } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, quick: { type: 'boolean', default: false } },
});
const unknown = rooms.filter((room) => !(room in benchmarks));
const rounds = options.quick ? 1 : Number(options.rounds);
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  const what = unknown.length > 0 ? `there is no benchmark "${unknown[0]}"` : `--rounds is "${options.rounds}"`;
  process.stderr.write(
    `bench:all: ${what}; usage: npm run bench:all -- [--rounds N] [--quick] [${Object.keys(benchmarks).join(' | ')}]\n`,
  );
  process.exit(2);
}

/** Runs one benchmark and returns its lines; none if it fails. */
async function measure(name, round) {
  const { run, quick } = benchmarks[name];
  const [program, ...args] = run;
  const all = [join(root, 'benchmarks', program), ...(options.quick && quick.length > 0 ? quick : args)];
  const { lines, problem } = await runRound({ args: all, folder: kept, name, round, cwd: root });
  if (problem) {
    process.stdout.write(`  ${name}: ${problem}; see build/bench-all/${name}.${round}.log\n`);
    process.exitCode = 1;
  }
  return lines;
}

mkdirSync(kept, { recursive: true });
const saved = join(results, 'report.json');
const sections = existsSync(saved) ? JSON.parse(readFileSync(saved, 'utf8')).sections : {};
const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
for (const name of rooms.length > 0 ? rooms : Object.keys(benchmarks)) {
  const began = Date.now();
  const load = loadavg()[0];
  const measured = [];
  for (let round = 0; round < rounds; round++) measured.push(...(await measure(name, round)));
  if (measured.length === 0) continue;
  const { title, run } = benchmarks[name];
  sections[name] = {
    title,
    command: `node benchmarks/${run.join(' ')}`,
    date: new Date().toISOString().slice(0, 10),
    load: Number(load.toFixed(1)),
    rounds,
    machine,
    lines: summaryOf(measured),
  };
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  if (!options.quick) save();
  process.stdout.write(`${name}: ${sections[name].lines.length} lines of ${rounds} rounds, ${seconds} s\n`);
}
process.stdout.write(options.quick ? 'a quick round is not saved\n' : 'wrote benchmarks/results/REPORT.md\n');

/** Writes the report with the benchmarks measured so far, so that an interrupted run keeps those that finished. */
function save() {
  const ordered = Object.fromEntries(
    Object.keys(benchmarks).flatMap((name) => (sections[name] ? [[name, sections[name]]] : [])),
  );
  write('report.json', `${JSON.stringify({ sections: ordered }, null, 1)}\n`);
  for (const [name, section] of Object.entries(ordered)) {
    const plot = plotOf(section);
    if (plot) write(`report-${name}.svg`, plot);
  }
  write('REPORT.md', reportOf(ordered));
}

/** Writes a file of the results, or leaves the old one as it is. */
function write(name, text) {
  writeFileSync(join(results, `${name}.tmp`), text);
  renameSync(join(results, `${name}.tmp`), join(results, name));
}
