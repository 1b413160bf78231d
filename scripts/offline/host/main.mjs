// Started by run.sh: runs the steps in order within the budget, and writes the results. usage: main.mjs PACK WORK
// [options of run.sh]
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endAll } from './child.mjs';
import { findHost, missingHere } from './find.mjs';
import { pageOf } from './page.mjs';
import { Results } from './results.mjs';
import { groups, steps } from './steps.mjs';

const [pack, work, ...args] = process.argv.slice(2);
const usage = `usage: bash run.sh [--seconds N] [--out DIR] [--only STEP,...] [--cases ID,...]
  --seconds N   the whole ends within about N seconds, default 1800; complete after 600, then repeated with more time
  --out DIR     where the results go, default ./results
  --only STEPS  only these, of ${steps.map(({ name }) => name).join(', ')}; or check, aims, timings: several of them
  --cases IDS   only these cases of validate and bench, for example pi,indexing:fast
Exit codes: 0 every step that can run here passed, 1 one did not, 2 wrong usage. Steps that cannot run are listed as absent, with reasons.`;

function misused(text) {
  console.error(`offline: ${text}\n${usage}`);
  process.exit(2);
}

function options() {
  const found = { seconds: '1800', out: 'results', only: '', cases: '' };
  const words = args.flatMap((word) =>
    /^--\w+=/.test(word) ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] : [word],
  );
  for (let i = 0; i < words.length; i += 2) {
    if (words[i] === '--help' || words[i] === '-h') {
      console.log(usage);
      process.exit(0);
    }
    const name = words[i].slice(2);
    if (!words[i].startsWith('--') || !(name in found)) misused(`there is no option ${words[i]}`);
    if (words[i + 1] === undefined) misused(`${words[i]} needs a value`);
    found[name] = words[i + 1];
  }
  const seconds = Number(found.seconds);
  if (!(seconds >= 10)) misused(`--seconds is ${found.seconds}; expected a number of at least 10`);
  const only = found.only.split(',').flatMap((name) => (name === '' ? [] : (groups[name] ?? name)));
  const unknown = only.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) misused(`there is no step ${unknown.join(', ')}`);
  return { seconds, out: resolve(found.out), only, cases: found.cases.split(',').filter(Boolean) };
}

/**
 * The environment of children: no home, no settings of this shell, and nothing written outside of the temporary folder.
 * Python packages that the user has installed remain available.
 */
function environment() {
  const { EWALD_BACKEND: _, NODE_OPTIONS: __, FORCE_COLOR: ___, ...env } = process.env;
  const own = {
    HOME: 'home',
    XDG_CACHE_HOME: 'cache',
    XDG_CONFIG_HOME: 'config',
    XDG_DATA_HOME: 'data',
    XDG_RUNTIME_DIR: 'run',
    TMPDIR: 'tmp',
  };
  for (const [name, folder] of Object.entries(own)) {
    env[name] = join(work, 'home', folder);
    mkdirSync(env[name], { recursive: true, mode: 0o700 });
  }
  if (process.env.HOME) env.PYTHONUSERBASE ??= join(process.env.HOME, '.local');
  env.CUPY_CACHE_DIR = join(work, 'home/cupy');
  return { ...env, PATH: process.env.PATH || '/usr/local/bin:/usr/bin:/bin', NO_COLOR: '1' };
}

const { seconds, out, only, cases } = options();
const manifest = JSON.parse(readFileSync(join(pack, 'offline.json'), 'utf8'));
let results;
try {
  results = new Results(out);
} catch (error) {
  misused(`the results cannot be written: ${error.message}`);
}
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
const env = environment();
const host = await findHost(env, process.env.HOME);
if (host.cupy) env.EWALD_PYTHON = host.cupy;
const missing = missingHere(host, manifest.needsOf?.cuda);
const check = join(work, 'check/ewald_cuda_check');
for (const program of manifest.programs) chmodSync(join(work, 'check', program), 0o755);

// Backends that must be present: the two without requirements, CUDA when a card is visible, and any that the caller
// names.
const required = new Set(['wasm', 'native', ...(host.hasNvidia && manifest.contents.cuda ? ['cuda'] : [])]);
for (const name of (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).filter(Boolean)) required.add(name);
env.EWALD_REQUIRE = [...required].join(',');

const { files: _, ...packed } = manifest;
const summary = {
  pass: false,
  date: new Date().toISOString(),
  seconds: 0,
  budget: seconds,
  gpus: host.gpus,
  driver: host.driver,
  host,
  missing,
  vulkan: null,
  required: [...required],
  steps: [],
  counts: {},
  pack: packed,
};
const run = {
  seconds,
  cases,
  work,
  check,
  host,
  env,
  results,
  summary,
  leftOut: manifest.leftOut,
  required: [...required],
  node: process.execPath,
  available: ['native', 'wasm'],
  cudaCheck: {},
  bench: { cases: null, extras: {} },
};

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    endAll();
  });
}

const shown = { pass: 'pass   ', fail: 'FAIL   ', partial: 'partial', absent: 'absent ' };
function tell(step) {
  console.log(`${shown[step.outcome]} ${step.name.padEnd(10)} ${step.seconds.toFixed(1).padStart(6)} s  ${step.why}`);
}
/** Written after every step, so that a forced end keeps the results so far. */
function note(done) {
  if (done) {
    summary.steps.push(done);
    tell(done);
  }
  summary.counts = {};
  for (const { outcome } of summary.steps)
    summary.counts[outcome] = summary.steps.filter((step) => step.outcome === outcome).length;
  summary.seconds = elapsed();
  summary.pass =
    !interrupted &&
    summary.steps.every(
      ({ outcome, timing }) => outcome === 'pass' || outcome === 'absent' || (outcome === 'partial' && timing),
    );
  results.json('summary.json', summary);
  results.write('page.md', pageOf(summary, run.bench));
}

const gpu = host.gpus.map(({ name, driver, memory }) => `${name}, driver ${driver}, ${memory}`).join('; ');
console.log(
  `offline: ewald ${manifest.version} (${manifest.commit}), Node ${process.versions.node}, ${host.os}, ` +
    `${host.processors} × ${host.processor}`,
);
console.log(`offline: card: ${gpu || `none (${host.gpusWhy})`}`);
console.log(
  'offline: compute-sanitizer: ' +
    `${host.computeSanitizer ? `${host.computeSanitizer.version}, ${host.computeSanitizer.path}` : 'not found'}`,
);
for (const text of missing) console.log(`offline: not on this machine: ${text}`);
if (manifest.leftOut.length > 0) console.log(`offline: not in this pack: ${manifest.leftOut.join('; ')}`);

const chosen = steps.filter(({ name }) => name === 'devices' || only.length === 0 || only.includes(name));

/** Runs steps until `end` seconds after the start; `again` replaces the notes of an earlier round. */
async function round(list, end, again = false) {
  for (const [i, step] of list.entries()) {
    const left = end - 2 - elapsed();
    const why = interrupted ? 'interrupted' : step.absent?.(run);
    const base = { name: step.name, timing: step.timing ?? false };
    if (why || left < step.least) {
      if (again) continue;
      note({
        ...base,
        outcome: 'absent',
        why: why ?? `${Math.max(0, left).toFixed(0)} s of the budget are left, it needs ${step.least} s`,
        seconds: 0,
      });
      continue;
    }
    // Time that a step does not use is available to later steps.
    const waiting = list.slice(i).filter((other) => !other.absent?.(run));
    const share = step.share / waiting.reduce((sum, other) => sum + other.share, 0);
    const limit = Math.min(left, Math.max(step.least, left * share));
    const begun = performance.now();
    let outcome;
    try {
      outcome = await step.act(run, limit);
    } catch (error) {
      outcome = { outcome: 'fail', why: `a defect of the pack: ${error.stack}` };
    }
    if (interrupted) outcome = { ...outcome, outcome: 'partial', why: `interrupted; ${outcome.why}` };
    // A repetition with more time replaces the first attempt, unless it got less far.
    const before = summary.steps.findIndex(({ name }) => name === step.name);
    if (again && before >= 0) {
      if (outcome.outcome === 'partial' && summary.steps[before].outcome === 'pass') continue;
      summary.steps.splice(before, 1);
    }
    note({ ...base, ...outcome, seconds: (performance.now() - begun) / 1000, limit });
  }
}

// The first round gives an answer to every question within ten minutes; the second improves those that measure time,
// and repeats what has not ended.
const firstEnd = Math.min(seconds, 600);
await round(chosen, firstEnd);
const late = chosen.filter(({ name, timing }) => {
  const done = summary.steps.find((step) => step.name === name);
  return (
    (timing && done?.outcome !== 'absent') || done?.outcome === 'partial' || /of the budget are left/.test(done?.why)
  );
});
if (seconds - elapsed() > 60 && seconds > firstEnd) await round(late, seconds, true);
note();
const total = Object.entries(summary.counts).map(([outcome, count]) => `${count} ${outcome}`);
console.log(`offline: ${total.join(', ')} in ${elapsed().toFixed(0)} s; results in ${out}`);
console.log(summary.pass ? 'offline: every step that can run here passed' : 'offline: NOT everything passed');
process.exit(summary.pass ? 0 : 1);
