#!/usr/bin/env node
// Runs the tests in two tiers. Every step runs regardless of the results of others. The last line is `N passed, N
// failed[, N skipped]`, counting the tests of vitest and the other steps; the lines before it name what failed, in
// either tier. test/README.md describes the folders.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium, softwareVulkan } from './lib/chromium.mjs';
import { writeWhole } from './lib/files.mjs';
import { hasLibrary } from './lib/headers.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';
import { countReport, hashOfTree, minutes } from './lib/tiers.mjs';
import { tsc } from './parts/esm.mjs';

const usage = `usage: node scripts/test.mjs [--all [--after]] [STEP…|ROOM…]   (after a build; npm test builds first)

  npm test                      the first tier: style, types, every room on wasm and native, rows chosen by value on
                                WebGPU and emulated CUDA, the commands, the packed package; about %FIRST% minutes
  npm run test:all              everything: all rows, browsers, bundlers, the support matrix, a quarter of the mutants
  npm run test:all -- --after   what the last npm test of this very tree left out; all of it where there was none.
                                The last line counts both. This is how CI continues after npm test.
  npm test -- ROOM              the first tier of one room: its tests and its rows, in Node
  npm run test:all -- ROOM      all tests and rows of one room, in Node and in Chromium
  npm test -- STEP              one step: %STEPS%
  npm run mutants -- [WORD…]    the mutants whose names hold a word; npm run soak: the long loops

A test of the second tier has the tag "all": test('…', { tags: 'all' }, …), or a line "@module-tag all" at the head of
its file. One file: node node_modules/vitest/vitest.mjs run --project node test/ROOM/FILE.test.ts [-t NAME]`;

const node = process.execPath;
const once =
  (args, options = {}) =>
  async (env) =>
    counted(await run(node, args, { env, minutes: 10, ...options }), options.table);

/**
 * The steps; `all` marks those of the second tier, `part` one that another includes and that runs only by its name. A
 * vitest step runs in both tiers and selects its tests by tag.
 */
const steps = [
  { name: 'style', run: once(['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']) },
  { name: 'types', run: once([tsc, '-p', 'tsconfig.json', '--noEmit', '--pretty', 'false']) },
  { name: 'types of tests', run: once([tsc, '-p', 'test/tsconfig.json', '--pretty', 'false']) },
  { name: 'layout', run: once(['scripts/layout.mjs', '--check']) },
  { name: 'abi', run: once(['scripts/check-abi.mjs']) },
  {
    name: 'vitest',
    run: vitest('vitest', ['--project', 'node', '--project', 'chromium', '--project', 'platform'], 60),
  },
  { name: 'package', part: true, run: vitest('package', ['--project', 'platform'], 20) },
  { name: 'matrix', all: true, run: once(['scripts/matrix.mjs'], { minutes: 5, table: true }) },
  {
    name: 'mutants',
    all: true,
    run: once(['scripts/mutants.mjs', '--quarter'], { minutes: 25, show: true }),
    off: () => (existsSync(join(root, 'scripts/mutants.mjs')) ? undefined : 'scripts/mutants.mjs is not there'),
  },
];

/** A step that consists of a single check. */
function counted({ code, output, seconds }, table) {
  return {
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? 0 : 1,
    skipped: 0,
    seconds,
    log: code === 0 ? '' : tail(output, 100),
    table: table && code === 0 ? output : '',
  };
}

/** A step whose tests vitest runs and counts. */
function vitest(name, args, limit) {
  return async (env) => {
    const report = join(root, 'build/test', `${name}.json`);
    rmSync(report, { force: true });
    const filter = { first: ['--tags-filter=!all'], rest: ['--tags-filter=all'], whole: [] }[env.EWALD_TEST_TIER];
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code, seconds } = await run(
      node,
      ['node_modules/vitest/vitest.mjs', 'run', ...args, ...filter, ...reporters],
      { env, show: true, minutes: limit },
    );
    const counts = existsSync(report)
      ? countReport(JSON.parse(readFileSync(report, 'utf8')), env.EWALD_TEST_TIER)
      : { passed: 0, failed: 0, skipped: 0, later: 0, names: [] };
    // An error outside of any test, or an exit before the report was written.
    if (code !== 0 && counts.failed === 0) {
      counts.failed = 1;
      counts.names.push(`${name}: ended with ${code} outside of any test`);
    }
    return { ...counts, seconds, log: '' };
  };
}

const args = process.argv.slice(2);
const all = args.includes('--all');
const after = args.includes('--after');
if (args.includes('--help') || args.includes('-h')) {
  const names = steps.map(({ name }) => name).join(', ');
  console.log(usage.replace('%STEPS%', names).replace('%FIRST%', minutes.first));
  process.exit(0);
}

/** Folders of test/ that do not correspond to a room. */
const shared = ['conformance', 'engines', 'platform', 'soak', 'support', 'fuzz'];
const folders = readdirSync(join(root, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !shared.includes(entry.name))
  .map(({ name }) => name);
const tables = existsSync(join(root, 'dist/validate.js'))
  ? (await import(pathToFileURL(join(root, 'dist/validate.js')).href)).rows.map(({ id }) => id.split(':')[0])
  : [];
const rooms = [...new Set([...folders, ...tables])];

/** A step for a room: the tests in its folder and, if it has any, its rows. */
function stepOfRoom(name) {
  const files = [
    ...(folders.includes(name) ? [`test/${name}/`] : []),
    ...(tables.includes(name) ? ['test/conformance/rows.', ...(all ? ['test/conformance/chromium.'] : [])] : []),
  ];
  const projects = ['--project', 'node', ...(all ? ['--project', 'chromium'] : [])];
  const step = vitest(name, [...projects, ...files], all ? 30 : 10);
  return { name, run: (env) => step({ ...env, EWALD_TEST_ROOM: name }) };
}

const names = args.filter((arg) => !arg.startsWith('-'));
const wrong = args.filter((arg) => arg.startsWith('-') && !['--all', '--after', '--help', '-h'].includes(arg));
const unknown = names.filter((name) => !steps.some((step) => step.name === name) && !rooms.includes(name));
if (wrong.length > 0 || (after && (!all || names.length > 0))) {
  complain('test', wrong.length > 0 ? `unknown option ${wrong.join(' ')}` : '--after belongs to --all without names');
  process.exit(2);
}
if (unknown.length > 0) {
  complain(
    'test',
    `there is no step or room ${unknown.join(', ')}; steps: ${steps.map(({ name }) => name).join(', ')}; ` +
      `rooms: ${rooms.join(', ')}`,
  );
  process.exit(2);
}
// A passing run must not mean that tests were skipped: every backend that was built or is available on this machine is
// required.
const present = {
  wasm: true,
  native: existsSync(join(root, `dist/native/${process.platform}-${process.arch}/ewald_native.node`)),
  'cuda-emulated': existsSync(join(root, 'build/cuda-emulated/ewald_cuda_emulated.node')),
  webgpu:
    Boolean(findChromium()) &&
    hasLibrary('libvulkan.so.1') &&
    existsSync(join(root, 'node_modules/webgpu')) &&
    Object.keys(softwareVulkan()).length > 0,
};
const required =
  process.env.EWALD_REQUIRE ??
  Object.keys(present)
    .filter((name) => present[name])
    .join(',');

/**
 * Records the tests and the tree of the first tier: `--after` continues only if the tree and the backends are the same.
 */
const recordPath = join(root, 'build/test/first-tier.json');
const tree = names.length === 0 ? await hashOfTree() : undefined;
const first = after ? recordOfThisTree() : undefined;
if (!after && !all && names.length === 0) rmSync(recordPath, { force: true });

function recordOfThisTree() {
  if (!existsSync(recordPath)) {
    say('test', 'no first tier was run to its end: everything runs');
    return undefined;
  }
  const record = JSON.parse(readFileSync(recordPath, 'utf8'));
  if (tree !== undefined && record.tree === tree && record.required === required) return record;
  say('test', 'the first tier that was run is of other sources or other backends: everything runs');
  return undefined;
}

const tier = all ? (first ? 'rest' : 'whole') : 'first';
const ofVitest = (name) => name === 'vitest' || name === 'package';
const usesAll = ({ name }) => ofVitest(name) || name === 'mutants' || rooms.includes(name);
const ofTier = ({ name, all: isLater = false, part = false }) =>
  !part && (tier === 'whole' || isLater === (tier === 'rest') || ofVitest(name));
const chosen =
  names.length > 0
    ? [
        ...steps.filter(({ name }) => names.includes(name)),
        ...rooms.filter((name) => names.includes(name)).map(stepOfRoom),
      ]
    : steps.filter(ofTier);
const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined };
const env = {
  ...plain,
  // Without this folder the Vulkan loader, which the WebGPU probe starts, writes messages to standard error.
  XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
  EWALD_REQUIRE: required,
  EWALD_TEST_TIER: tier,
};
say('test', `on ${availableParallelism()} processors, required backends: ${required}`);
const total = { passed: 0, failed: 0, skipped: 0, ...first?.total };
const later = {};
const failures = [...(first?.failures ?? [])];
// Vitest and the mutants use all processors; of the steps between, most use one, so those run at the same time.
const groups = [];
for (const step of chosen) {
  const last = groups.at(-1);
  if (last && !usesAll(step) && !usesAll(last[0])) last.push(step);
  else groups.push([step]);
}
for (const group of groups) await Promise.all(group.map(runStep));

/** Runs a step, adds its counts, and says how it ended. */
async function runStep(step) {
  const why = step.off?.();
  if (why) {
    total.skipped++;
    say('test', `${step.name} is left out: ${why}`);
    return;
  }
  const { seconds, log, table, later: left = 0, names: ofStep, ...counts } = await step.run(env);
  if (left > 0) later[step.name] = left;
  // The tests that the first tier left to this one must equal the tests that this tier ran: no test may be missed by
  // both.
  const expected = tier === 'rest' ? (first.later[step.name] ?? 0) : undefined;
  const ran = counts.passed + counts.failed + counts.skipped;
  if (ofVitest(step.name) && expected !== undefined && expected !== ran && counts.failed === 0) {
    counts.failed = 1;
    complain('test', `${step.name}: the first tier left ${expected} tests to this one, which found ${ran}`);
  }
  for (const key of Object.keys(total)) total[key] += counts[key];
  if (counts.failed > 0) failures.push(...(ofStep?.length ? ofStep : [`the step ${step.name}`]));
  if (table) console.log(table.trimEnd());
  if (log) console.error(log);
  const outcome = counts.failed === 0 ? paint('green', 'passed') : paint('red', 'failed');
  say('test', `${step.name} ${outcome}${ran > 1 ? `, ${counts.passed} passed, ${counts.failed} failed` : ''}`, seconds);
}
if (tier === 'first') {
  if (names.length === 0)
    writeWhole(recordPath, `${JSON.stringify({ tree, required, total, later, failures }, null, 2)}\n`);
  const more = Object.values(later).reduce((sum, count) => sum + count, 0);
  const others = names.length > 0 ? [] : steps.filter((step) => step.all).map(({ name }) => name);
  if (more + others.length > 0) say('test', `${[`${more} more tests`, ...others].join(', ')} in npm run test:all`);
}
for (const line of failures.slice(0, 40)) console.error(`${paint('red', 'failed')} ${line}`);
if (failures.length > 40) console.error(`and ${failures.length - 40} more`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;
