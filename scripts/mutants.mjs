#!/usr/bin/env node
// The mutation check. It relinks the build with one mistake in a copy of the sources (test/conformance/mutants.mjs), or
// copies dist/ with one mistake, in a temporary folder, and expects the case tables to fail every time. `node
// scripts/mutants.mjs [WORD…]` selects the mutants of a lane, or whose names contain a word; --quarter takes every fourth
// one, as a short look does; --list prints them, --keep keeps the folder. --resume goes on with a run that was stopped:
// build/mutants.jsonl has a line for each mutant judged, which holds as long as nothing that it depends on changes.
// The exit code is 1 when a mutant survives or does not match its source, or when the unchanged copy fails.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { looks } from '../test/conformance/looks.mjs';
import { mutants } from '../test/conformance/mutants.mjs';
import { check as checkLaw } from '../test/laws/law.mjs';
import { closeLaws, openLaws } from '../test/laws/laws.mjs';
import { softwareVulkan } from './lib/chromium.mjs';
import { filesUnder, hashOf } from './lib/files.mjs';
import { Relinked } from './lib/relink.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (text) => process.stdout.write(`mutants: ${text}\n`);

/** A check takes seconds; this ends one that hangs, and never one that a busy machine delays. */
const limit = 20 * 60_000;

/** Runs a program; returns its exit code (null when it had to be killed) and its output. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...softwareVulkan() },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limit);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output, late });
    });
  });
}

/**
 * Runs rows on one core, or on a copy of dist/, until the first one fails. Uses a separate process, because a mutant
 * may hang or crash.
 */
async function check(lane, file, ids) {
  const { backend, own } = targets[lane];
  const folder = own === 'dist' ? file : join(root, 'dist');
  const core =
    backend === 'wasm'
      ? { wasm: readFileSync(own === 'dist' ? join(file, 'ewald.wasm') : file) }
      : { addonPath: backend === 'cuda-emulated' ? { [backend]: file } : file };
  const rows = ids.filter((id) => !(id in looks) && !id.startsWith('law:'));
  const words = ids.filter((id) => id.startsWith('law:')).map((id) => id.slice(4));
  if (words.length > 0 && (await isLawBroken(folder, words))) process.exitCode = 1;
  if (words.length > 0 && (process.exitCode === 1 || words.length === ids.length)) return;
  for (const id of ids.filter((one) => one in looks)) {
    const why = await looks[id]({ folder: pathToFileURL(folder).href, core: { backend, ...core } }).then(
      () => undefined,
      (error) => error.message,
    );
    process.stdout.write(why ? `${id}: ${why}\n` : `${id} passes\n`);
    if (why) process.exitCode = 1;
    if (why || rows.length === 0) return;
  }
  const [{ createContext }, { validate }] = await Promise.all(
    ['index.node.js', 'validate.js'].map((name) => import(pathToFileURL(join(folder, name)).href)),
  );
  const report = await validate({
    createContext,
    backends: [backend],
    require: backend,
    ids: rows,
    budget: Number.POSITIVE_INFINITY,
    stopAtFailure: true,
    context: own === 'dist' ? {} : core,
  });
  const red = report.rows.find(({ outcome }) => outcome === 'fail');
  process.stdout.write(red ? `${red.id}: ${red.why.split('\n')[0]}\n` : `${report.counts.pass} rows pass\n`);
  process.exitCode = red || report.counts.pass === 0 ? 1 : 0;
}

/** Whether one of the laws with these words does not hold for the package in a folder, by the inputs of `npm test`. */
async function isLawBroken(folder, words) {
  const laws = await openLaws(folder);
  let broken;
  for (const law of laws.filter(({ law }) => words.some((some) => law.includes(some))))
    broken ??= await checkLaw(law).then(
      () => undefined,
      (error) => error.message,
    );
  await closeLaws();
  process.stdout.write(`${broken?.split('\n')[0] ?? `the laws of ${words.join(', ')} hold`}\n`);
  return broken !== undefined;
}

const setOf = (line) => / -DEWALD_ISA=(\S+)/.exec(line)?.[1];
/** The set of instructions that the native backend uses on this machine; undefined without that backend. */
let usedSet;
async function setOfInstructions() {
  const { createContext } = await import(pathToFileURL(join(root, 'dist/index.node.js')).href);
  const context = await createContext({ backend: 'native' }).catch(() => undefined);
  const native = context?.backends.find(({ name }) => name === 'native');
  await context?.dispose();
  return native?.device.driver.split(', ')[1];
}

/** What is checked need not be fast. */
const quick = (line) => line.replace(/ -O[23]/g, ' -O1');

const emscripten = {
  backend: 'wasm',
  build: 'wasm',
  target: 'ewald.wasm',
  built: 'ewald.wasm',
  compile: quick,
  // A mutant does not need binaryen's optimisations, which take most of the link time.
  relink: (line) => line.replace(/ -O3(?= )/g, ' -O1'),
};
/**
 * Lanes: the builds on which mutants run. `left` is excluded: a wasm module without the transforms, or with little
 * else, links three times faster.
 */
const targets = {
  wasm: { ...emscripten, left: 'fft' },
  fft: { ...emscripten, left: 'indexing' },
  native: {
    backend: 'native',
    build: 'native',
    target: 'ewald_native',
    built: 'ewald_native.node',
    // Of the sets of instructions only this machine's runs.
    compile: (line) => (usedSet && ![undefined, usedSet].includes(setOf(line)) ? undefined : quick(line)),
  },
  // The CUDA kernels on the CPU; absent if the emulator was not built.
  cuda: {
    backend: 'cuda-emulated',
    sources: 'cuda',
    build: 'cuda-emulated',
    target: 'ewald_cuda_emulated',
    compile: quick,
    built: 'ewald_cuda_emulated.node',
    absent: () =>
      existsSync(join(root, 'build/cuda-emulated/build.ninja')) ? undefined : 'the emulator was not built',
  },
  webgpu: { backend: 'webgpu', own: 'dist' },
  script: { backend: 'wasm', own: 'dist' },
};

const kept = join(root, 'build/mutants.jsonl');

/** The mutants that were red in an earlier run, by their keys. */
function redBefore() {
  if (!existsSync(kept)) return new Map();
  const lines = readFileSync(kept, 'utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line)).map((result) => [result.key, result]));
}

/** A key of a mutant that changes with its lane's sources and with the rows, which are part of dist/. */
function keysOf(lane) {
  const { own, sources = 'cpp' } = targets[lane];
  const isSource = (file) => !/\.(?:md|wasm)$/.test(file);
  const files = [
    ...(own === 'dist' ? [] : [...filesUnder('cpp', isSource), ...(sources === 'cpp' ? [] : filesUnder(sources))]),
    ...filesUnder('dist', (file) => /^dist\/[^/]*\.js$/.test(file) && !file.includes('chunk-page-')),
    ...filesUnder('test/conformance', (file) => file.includes('/looks')),
  ];
  const common = hashOf(files, [lane, process.version]);
  return (mutant) => hashOf([], [common, mutant]);
}

/** Finds a text regardless of its line breaks: reformatting a source must not disable a mutant. */
const blind = (find) => new RegExp(find.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'));

/**
 * Relinks the original build with a separate copy of the sources, in which each mutant is applied and then reverted.
 */
class Bench {
  constructor(lane, folder) {
    this.lane = lane;
    const { build, target, sources = 'cpp', left, compile, relink } = targets[lane];
    this.folder = join(folder, lane);
    this.count = 0;
    this.relinked = new Relinked({
      build: join(root, 'build', build),
      target,
      sources,
      folder: this.folder,
      left,
      compile,
      relink,
    });
  }

  /** Links with recompiled objects of the changed files. */
  make(changed = []) {
    // Each addon gets a new name, because a process loads an addon of a given name only once.
    this.file = join(this.folder, `${this.count++}-${targets[this.lane].built}`);
    return this.relinked.make(changed, this.file);
  }

  verdict(ids) {
    return run(process.execPath, [fileURLToPath(import.meta.url), '--check', this.lane, this.file, ...ids]);
  }

  /** The outcome of a mutant: caught, or the reason why not. */
  async judge({ name, file, find, replace, ids }) {
    const path = this.relinked.path(file);
    const source = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const place = blind(find);
    const places = source.split(place).length - 1;
    if (places !== 1)
      return {
        name,
        red: false,
        why: `does not fit: ${file} holds ${JSON.stringify(find.slice(0, 60))} ${places} times`,
      };
    writeFileSync(
      path,
      source.replace(place, () => replace),
    );
    try {
      const built = await this.make([file]);
      if (built.code !== 0)
        return {
          name,
          red: false,
          why: `does not compile: ${built.output.split('\n').find((line) => line.includes('error')) ?? ''}`,
        };
      return verdictOf(name, await this.verdict(ids));
    } finally {
      writeFileSync(path, source);
      rmSync(this.file, { force: true });
    }
  }
}

/** A copy of dist/, changed in the places to which TypeScript and WGSL were compiled. */
class Copy {
  constructor(lane, folder) {
    this.lane = lane;
    this.folder = join(folder, lane);
    cpSync(join(root, 'dist'), this.folder, { recursive: true });
    // Bare imports in the copy resolve to those of the repository.
    if (!existsSync(join(folder, 'node_modules')))
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  }

  make() {
    return { code: 0 };
  }

  verdict(ids) {
    return run(process.execPath, [fileURLToPath(import.meta.url), '--check', this.lane, this.folder, ...ids]);
  }

  async judge({ name, find, replace, ids }) {
    const files = readdirSync(this.folder)
      // The browser worker and the pages include everything a second time; no row uses them.
      .filter((file) => file.endsWith('.js') && !/^(?:worker\.browser|chunk-page-)/.test(file))
      .map((file) => ({ path: join(this.folder, file), text: readFileSync(join(this.folder, file), 'utf8') }));
    const place = blind(find);
    const holding = files.filter(({ text }) => place.test(text));
    const [only] = holding;
    if (holding.length !== 1 || only.text.split(place).length !== 2) {
      return {
        name,
        red: false,
        why: `does not fit: ${JSON.stringify(find.slice(0, 60))} is not in dist/ exactly once`,
      };
    }
    writeFileSync(
      only.path,
      only.text.replace(place, () => replace),
    );
    try {
      return verdictOf(name, await this.verdict(ids));
    } finally {
      writeFileSync(only.path, only.text);
    }
  }
}

/** The verdict of the check's process on a mutant. */
function verdictOf(name, { code, signal, output, late }) {
  // A timeout is inconclusive: a check that was killed proves nothing about the mutant.
  if (late) return { name, red: false, why: 'UNKNOWN: the check did not end in time' };
  const last = output.trim().split('\n').at(-1) ?? '';
  if (code === 0) return { name, red: false, why: `SURVIVED: ${last}` };
  if (code === 2) return { name, red: false, why: `could not be checked: ${last}` };
  return { name, red: true, why: code === 1 ? last : `the process ended with ${signal ?? code}` };
}

async function lane(backend, all, folder, before) {
  const absent = targets[backend].absent?.();
  if (absent) {
    say(`${backend}: ${all.length} mutants are left out: ${absent}`);
    return [];
  }
  const keyOf = keysOf(backend);
  const known = all.map((mutant) => before.get(keyOf(mutant))).filter(Boolean);
  if (known.length > 0) say(`${backend}: ${known.length} of ${all.length} mutants were red before`);
  const chosen = all.filter((mutant) => !before.has(keyOf(mutant)));
  if (chosen.length === 0) return known;
  const bench = targets[backend].own === 'dist' ? new Copy(backend, folder) : new Bench(backend, folder);
  const asItIs = await bench.make();
  if (asItIs.code !== 0)
    return [
      { name: `${backend}: the copy as it is`, red: false, why: `does not build:\n${asItIs.output.slice(-2000)}` },
    ];
  const ids = [...new Set(chosen.flatMap((mutant) => mutant.ids))];
  const { code, output } = await bench.verdict(ids);
  if (code !== 0)
    return [
      { name: `${backend}: the copy as it is`, red: false, why: `is not green: ${output.trim().split('\n').at(-1)}` },
    ];
  say(`${backend}: the copy as it is passes (${output.trim().split('\n').at(-1)})`);
  const results = [...known];
  for (const mutant of chosen) {
    const started = performance.now();
    const result = await bench.judge(mutant);
    if (result.red) appendFileSync(kept, `${JSON.stringify({ key: keyOf(mutant), ...result })}\n`);
    say(
      `${result.red ? 'red  ' : 'ALIVE'} ${backend} ${mutant.name} ` +
        `(${((performance.now() - started) / 1000).toFixed(1)} s) ${result.why.slice(0, 140)}`,
    );
    results.push(result);
  }
  return results;
}

async function main(words) {
  const wanted = words.filter((word) => !word.startsWith('--'));
  const chosen = mutants
    .filter(({ name, on = 'wasm' }) => wanted.length === 0 || wanted.some((word) => name.includes(word) || on === word))
    .filter((_, i) => i % 4 === 0 || !words.includes('--quarter'));
  if (words.includes('--list')) {
    for (const { name, file, on = 'wasm' } of chosen) say(`${on} ${file}: ${name}`);
    return;
  }
  const missing = ['dist/index.node.js', 'dist/validate.js'].filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) throw new Error(`${missing.join(' and ')} not found; run node scripts/build.mjs first`);
  const before = words.includes('--resume') ? redBefore() : new Map();
  if (before.size === 0 && wanted.length === 0) rmSync(kept, { force: true });
  usedSet = await setOfInstructions();
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'ewald-mutants-'));
  for (const [name, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 }))
    process.once(name, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(128 + number);
    });
  let results;
  try {
    const lanes = Object.keys(targets).map((backend) => [backend, chosen.filter(({ on = 'wasm' }) => on === backend)]);
    results = (
      await Promise.all(
        lanes.filter(([, list]) => list.length > 0).map(([backend, list]) => lane(backend, list, folder, before)),
      )
    ).flat();
  } finally {
    if (words.includes('--keep')) say(`kept ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  const alive = results.filter(({ red }) => !red);
  for (const { name, why } of alive) say(`${name}: ${why}`);
  say(
    `${results.length - alive.length} of ${results.length} red in ` +
      `${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  process.exitCode = alive.length > 0 || results.length === 0 ? 1 : 0;
}

const [, , first, ...rest] = process.argv;
if (first === '--check') {
  await check(rest[0], rest[1], rest.slice(2)).catch((error) => {
    process.stdout.write(`${error.message}\n`);
    process.exitCode = 2;
  });
} else {
  await main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`mutants: ${error.message}\n`);
    process.exitCode = 1;
  });
}
