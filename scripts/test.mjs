#!/usr/bin/env node
// Runs the tests. Every step runs regardless of the results of others. The lines before the last name what failed and
// what passed when it was repeated; the last is `N passed, N failed[, N skipped]`. test/README.md describes the folders.
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { changedRooms, stateOfSources } from './lib/changed.mjs';
import { findChromium, softwareVulkan } from './lib/chromium.mjs';
import { hasLibrary } from './lib/headers.mjs';
import { countResults, filterOf, readRecords } from './lib/results.mjs';
import { rooms as roomsOfSource, testsOf } from './lib/rooms.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';
import { cuda, hasCard } from './parts/addons.mjs';
import { incremental, tsc } from './parts/esm.mjs';

const usage = `usage: npm test -- [--changed [COMMIT]] [--built] [STEP…|ROOM…], after which everything stale is built

  npm test                  what every change must pass; CI runs this and nothing else
  npm run test:all          everything that holds on any machine: all rows, browsers, processes, bundlers
  npm run nightly           what takes hours: long tests, mutants, guides, packages, soak loops; -- --resume goes on
                            with one of the same sources that was stopped
  npm test -- ROOM          the tests and rows of one room; with test:all, all of them
  npm test -- --changed     the rooms that differ from the last commit that landed, and those that import them
  npm test -- STEP          one step: %STEPS%
  --built                   builds nothing

One file: node node_modules/vitest/vitest.mjs run --project node test/ROOM/FILE.test.ts [-t NAME]`;

const node = process.execPath;
const args = process.argv.slice(2);
const resume = args.includes('--resume') ? ['--resume'] : [];
const once =
  (args, options = {}) =>
  async (env) =>
    counted(await run(node, args, { env, minutes: 10, ...options }), options.table);
const long = (args, minutes) => once(args, { minutes, show: true });

/** The steps. `only` names the command, other than all, that runs a step; a step with `part` runs by its name alone. */
const steps = [
  { name: 'style', run: once(['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']) },
  // What the build has just compiled is known to be right.
  { name: 'types', run: once([tsc, '-p', 'tsconfig.json', '--noEmit', '--pretty', 'false', ...incremental]) },
  { name: 'types of tests', run: once([tsc, '-p', 'test/tsconfig.json', '--pretty', 'false']) },
  { name: 'vitest', run: vitest('vitest', ['--project', 'node', '--project', 'platform'], ['--project', 'chromium']) },
  { name: 'long tests', only: 'nightly', run: vitest('nightly', ['--project', 'node', '--project', 'platform']) },
  { name: 'package', part: true, run: vitest('package', ['--project', 'platform']) },
  { name: 'matrix', only: 'all', run: once(['scripts/matrix.mjs'], { table: true }) },
  { name: 'golden', only: 'all', run: once(['scripts/golden.mjs']) },
  { name: 'mutants', only: 'nightly', run: long(['scripts/mutants.mjs', ...resume], 240) },
  { name: 'guides', only: 'nightly', run: long(['scripts/guides.mjs'], 120) },
  { name: 'packages', only: 'nightly', run: long(['scripts/pack.mjs', '--check', '--build'], 120) },
  { name: 'soak', only: 'nightly', run: long(['scripts/soak.mjs', '--minutes', '45'], 240) },
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

/**
 * A step whose tests vitest runs; npm test leaves out `more`. Each result is written when it is there, so that a run
 * that is stopped has some.
 */
function vitest(name, args, more = []) {
  return async (env) => {
    const results = join(root, 'build/test', `${name}.jsonl`);
    const projects = command === 'quick' ? args : [...args, ...more];
    const reporters = ['--reporter=default', '--reporter=./scripts/lib/results-reporter.mjs'];
    const { code, seconds } = await run(
      node,
      ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...filterOf(command), ...reporters],
      { env: { ...env, EWALD_TEST_RESULTS: results }, show: true, minutes: command === 'quick' ? 30 : 24 * 60 },
    );
    const counts = countResults(results, command);
    if (code !== 0 && counts.failed === 0) {
      counts.failed = 1;
      counts.names.push(`${name}: ended with ${code} outside of any test`);
    }
    return { ...counts, seconds, log: '' };
  };
}

const options = ['--all', '--nightly', '--changed', '--built', '--resume', '--help', '-h'];
const command = args.includes('--nightly') ? 'nightly' : args.includes('--all') ? 'all' : 'quick';
if (args.includes('--help') || args.includes('-h')) {
  console.log(usage.replace('%STEPS%', steps.map(({ name }) => name).join(', ')));
  process.exit(0);
}

const wrong = args.filter((arg) => arg.startsWith('-') && !options.includes(arg));
if (wrong.length > 0) {
  complain('test', `unknown option ${wrong.join(' ')}; node scripts/test.mjs --help lists the options`);
  process.exit(2);
}
const words = args.filter((arg) => !arg.startsWith('-'));
if (!args.includes('--built')) {
  const isWhole = command !== 'quick' || (words.length === 0 && !args.includes('--changed'));
  const readsSources = words.length > 0 && words.every((word) => ['style', 'types'].includes(word));
  const readsTypes = words.length > 0 && words.every((word) => ['style', 'types', 'types of tests'].includes(word));
  // The emulated kernels are compiled for minutes, and only rows of rooms that have some run them.
  const hasKernels = words.length === 0 || words.some((word) => existsSync(join(root, 'cuda', word)) || isShared(word));
  const parts = [
    ...(readsSources ? [] : ['types', 'layout', 'bundle']),
    ...(readsTypes ? [] : ['wasm', 'native', ...(hasKernels ? ['cuda-emulated'] : [])]),
    // Tests of rooms in Node need neither the pages nor the addon for MPI.
    ...(isWhole ? ['pages', 'mpi'] : []),
  ];
  // Without a card nothing of npm test loads the addon for CUDA, and the emulator compiles its kernels too; an addon of
  // another build would be refused.
  if (isWhole && (command !== 'quick' || hasCard() || cuda.outputs().some((file) => existsSync(join(root, file)))))
    parts.push('cuda');
  const some = [`--parts=${parts}`];
  const setup = ['scripts/setup.mjs', '--test', ...some];
  const { code } = parts.length === 0 ? { code: 0 } : await run(node, setup, { show: true });
  if (code !== 0) {
    console.log('0 passed, 1 failed');
    process.exit(code);
  }
}

/** Tests of what rooms share, which compute on every backend. */
function isShared(word) {
  return ['vitest', 'arrays', 'backends', 'context', 'validate', 'hostile'].includes(word);
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
    ...(tables.includes(name) ? ['test/conformance/rows.', ...(command === 'quick' ? [] : ['chromium.browser'])] : []),
  ];
  const projects = ['--project', 'node', ...(command === 'quick' ? [] : ['--project', 'chromium'])];
  const step = vitest(name, [...projects, ...files, '--passWithNoTests']);
  return { name, run: (env) => step({ ...env, EWALD_TEST_ROOM: name }) };
}

/** Whether a name is a room of src without tests of its own, which others stand for. */
function isGone(name) {
  return roomsOfSource.includes(name) && !rooms.includes(name);
}

const [names, why] = await chosenNames();
const unknown = names.filter((name) => !steps.some((step) => step.name === name) && !rooms.includes(name));
if (unknown.length > 0) {
  complain(
    'test',
    `there is no step or room ${unknown.join(', ')}; steps: ${steps.map(({ name }) => name).join(', ')}; ` +
      `rooms: ${rooms.join(', ')}`,
  );
  process.exit(2);
}
if (why) say('test', why);

/** The steps and rooms that are named, or that have changed. */
async function chosenNames() {
  // A room of src without a folder of its name is tested with others.
  const folderNames = (word) => (isGone(word) ? testsOf(word).filter((name) => !isGone(name)) : [word]);
  if (!args.includes('--changed')) return [[...new Set(words.flatMap(folderNames))], undefined];
  const { since, changed } = await changedRooms(words[0]).catch((error) => {
    complain('test', error.message);
    process.exit(2);
  });
  const found = changed.filter((name) => rooms.includes(name));
  return [['style', 'types', 'types of tests', ...found], `since ${since}: ${found.join(', ') || 'no room'}`];
}

/** Every backend that was built or is available on this machine is required, so that passing never means skipping. */
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

const ofCommand = ({ only, part = false }) =>
  !part && (only === command || (only === undefined && command !== 'nightly'));
const chosen =
  names.length > 0
    ? [
        ...steps.filter(({ name }) => names.includes(name)),
        ...rooms.filter((name) => names.includes(name)).map(stepOfRoom),
      ]
    : steps.filter(ofCommand);
const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined };
const env = {
  ...plain,
  // Without this folder the Vulkan loader, which the WebGPU probe starts, writes messages to standard error.
  XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
  EWALD_REQUIRE: required,
  EWALD_TEST_COMMAND: command,
};
say('test', `on ${availableParallelism()} processors, required backends: ${required}`);
const total = { passed: 0, failed: 0, skipped: 0 };
const [failures, repeated] = [[], []];
// Vitest and the mutants use all processors; the other steps use one, so those that follow each other run together.
const alone = ({ name }) => !['style', 'types', 'types of tests', 'matrix', 'golden'].includes(name);
const groups = [];
for (const step of chosen) {
  const last = groups.at(-1);
  if (last && !alone(step) && !alone(last[0])) last.push(step);
  else groups.push([step]);
}
// A nightly run that was stopped has a line for each step that passed, with the state of the sources.
const ledger = join(root, 'build/test/nightly.jsonl');
const state = command === 'nightly' ? await stateOfSources() : undefined;
const passedBefore = new Set(
  readRecords(ledger)
    .filter((record) => resume.length > 0 && state !== undefined && record.state === state)
    .map(({ name }) => name),
);
if (command === 'nightly' && passedBefore.size === 0) rmSync(ledger, { force: true });
for (const group of groups) await Promise.all(group.map(runStep));

/** Notes that a step of a nightly run has passed. */
function note(name) {
  mkdirSync(join(root, 'build/test'), { recursive: true });
  appendFileSync(ledger, `${JSON.stringify({ name, state })}\n`);
}

/** Runs a step, adds its counts, and says how it ended. */
async function runStep(step) {
  if (passedBefore.has(step.name)) {
    total.passed++;
    return say('test', `${step.name} passed before, with the same sources`);
  }
  const { seconds, log, table, names: ofStep = [], repeated: again = [], ...counts } = await step.run(env);
  for (const key of Object.keys(total)) total[key] += counts[key];
  if (counts.failed > 0) failures.push(...(ofStep.length > 0 ? ofStep : [`the step ${step.name}`]));
  else if (state !== undefined) note(step.name);
  repeated.push(...again);
  if (table) console.log(table.trimEnd());
  if (log) console.error(log);
  const outcome = counts.failed === 0 ? paint('green', 'passed') : paint('red', 'failed');
  const many = counts.passed + counts.failed + counts.skipped > 1;
  say('test', `${step.name} ${outcome}${many ? `, ${counts.passed} passed, ${counts.failed} failed` : ''}`, seconds);
}

// The lists that a change may have to enter are advice, as in `npm run house`.
const tellers = [
  'cli/parameters',
  'cli/flags',
  'scripts/api',
  'scripts/registers',
  'context/vocabulary',
  'context/rooms',
];
if (command === 'quick' && names.some((name) => rooms.includes(name)))
  await run(node, ['scripts/house.mjs', ...tellers.map((name) => `test/${name}.test.ts`)], { show: true, minutes: 10 });

for (const line of failures.slice(0, 40)) console.error(`${paint('red', 'failed')} ${line}`);
if (failures.length > 40) console.error(`and ${failures.length - 40} more`);
if (repeated.length > 0) console.log(`passed when repeated: ${repeated.join('; ')}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;
