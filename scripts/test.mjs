#!/usr/bin/env node
// Everything that has to be green: `npm test`, or `node scripts/test.mjs [STEP…|ROOM…]` after a build. A room (`fft`,
// `ffi`, a folder of test/) is its tests and its rows alone, in Node, and of large tables one row in eight on emulated
// cards and software GPUs. Every step runs whatever the others say; the last line is `N passed, N failed[, N skipped]`,
// tests of vitest and other steps together.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium, softwareVulkan } from './lib/chromium.mjs';
import { hasLibrary } from './lib/headers.mjs';
import { root, run, tail } from './lib/run.mjs';
import { complain, paint, say } from './lib/say.mjs';
import { tsc } from './parts/esm.mjs';

const node = process.execPath;
const once =
  (args, options = {}) =>
  async (env) =>
    counted(await run(node, args, { env, minutes: 10, ...options }));

const steps = [
  { name: 'style', run: once(['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']) },
  { name: 'types', run: once([tsc, '-p', 'tsconfig.json', '--noEmit', '--pretty', 'false']) },
  { name: 'types of tests', run: once([tsc, '-p', 'test/tsconfig.json', '--pretty', 'false']) },
  { name: 'layout', run: once(['scripts/layout.mjs', '--check']) },
  { name: 'abi', run: once(['scripts/check-abi.mjs']) },
  { name: 'vitest', run: vitest('vitest', ['--project', 'node', '--project', 'chromium'], 50) },
  { name: 'matrix', run: once(['scripts/matrix.mjs'], { minutes: 5, show: true }) },
  { name: 'package', run: vitest('package', ['--project', 'platform'], 20) },
  {
    name: 'mutants',
    run: once(['scripts/mutants.mjs'], { minutes: 25, show: true }),
    off: () => (existsSync(join(root, 'scripts/mutants.mjs')) ? undefined : 'scripts/mutants.mjs is not there'),
  },
];

/** A step that is one check. */
function counted({ code, output, seconds }) {
  return {
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? 0 : 1,
    skipped: 0,
    seconds,
    log: code === 0 ? '' : tail(output, 100),
  };
}

/** A step that vitest runs and counts. */
function vitest(name, args, minutes) {
  return async (env) => {
    const report = join(root, 'build/test', `${name}.json`);
    rmSync(report, { force: true });
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code, seconds } = await run(node, ['node_modules/vitest/vitest.mjs', 'run', ...args, ...reporters], {
      env,
      show: true,
      minutes,
    });
    let passed = 0;
    let failed = 0;
    let skipped = 0;
    if (existsSync(report)) {
      const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
        readFileSync(report, 'utf8'),
      );
      // A file that cannot even be loaded has no tests to fail.
      const broken = testResults.filter(
        ({ status, assertionResults }) =>
          status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
      );
      passed = numPassedTests;
      failed = numFailedTests + broken.length;
      skipped = numPendingTests + numTodoTests;
    }
    // An error outside of every test, or an end before the report.
    if (code !== 0 && failed === 0) failed = 1;
    return { passed, failed, skipped, seconds, log: '' };
  };
}

/** Folders of test/ that are no room. */
const shared = ['conformance', 'engines', 'platform', 'soak', 'support', 'fuzz'];
const folders = readdirSync(join(root, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !shared.includes(entry.name))
  .map(({ name }) => name);
const tables = existsSync(join(root, 'dist/validate.js'))
  ? (await import(pathToFileURL(join(root, 'dist/validate.js')).href)).rows.map(({ id }) => id.split(':')[0])
  : [];
const rooms = [...new Set([...folders, ...tables])];

/** A room as a step: the tests in its folder and, where it has any, its rows. */
function stepOfRoom(name) {
  const files = [
    ...(folders.includes(name) ? [`test/${name}/`] : []),
    ...(tables.includes(name) ? ['test/conformance/rows.'] : []),
  ];
  const step = vitest(name, ['--project', 'node', ...files], 10);
  return { name, run: (env) => step({ ...env, EWALD_TEST_ROOM: name }) };
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !steps.some((step) => step.name === name) && !rooms.includes(name));
if (unknown.length > 0) {
  complain(
    'test',
    `there is no step or room ${unknown.join(', ')}; steps: ${steps.map(({ name }) => name).join(', ')}; ` +
      `rooms: ${rooms.join(', ')}`,
  );
  process.exit(2);
}
const chosen =
  names.length === 0
    ? steps
    : [
        ...steps.filter(({ name }) => names.includes(name)),
        ...rooms.filter((name) => names.includes(name)).map(stepOfRoom),
      ];
// Green is not to mean "skipped": what was built or can be had on this machine has to be there.
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
const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined };
const env = {
  ...plain,
  // Without this folder the Vulkan loader, which the probe of WebGPU starts, writes lines of its own to standard error.
  XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
  EWALD_REQUIRE:
    process.env.EWALD_REQUIRE ??
    Object.keys(present)
      .filter((name) => present[name])
      .join(','),
};
say('test', `on ${availableParallelism()} processors, required backends: ${env.EWALD_REQUIRE}`);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const step of chosen) {
  const why = step.off?.();
  if (why) {
    total.skipped++;
    say('test', `${step.name} is left out: ${why}`);
    continue;
  }
  const { seconds, log, ...counts } = await step.run(env);
  for (const key of Object.keys(total)) total[key] += counts[key];
  if (log) console.error(log);
  const outcome = counts.failed === 0 ? paint('green', 'passed') : paint('red', 'failed');
  say(
    'test',
    `${step.name} ${outcome}${counts.passed + counts.failed > 1 ? `, ${counts.passed} passed, ${counts.failed} failed` : ''}`,
    seconds,
  );
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 ? 0 : 1;
