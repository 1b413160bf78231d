// Builds and runs the programs of this folder: the driver on our core, and the baseline on the prototype where it is
// available.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const here = join(root, 'benchmarks/indexing');
const out = join(root, 'build/bench-indexing');
const prototypes = join(process.env.EWALD_PROTOTYPES ?? join(root, '../shared/prototypes'), 'indexing');
const compiler = process.env.CXX ?? 'g++';

function must(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(
      `${command} failed: ${(error?.message ?? `${stdout}\n${stderr}`).trim().split('\n').slice(-20).join('\n')}`,
    );
}

/** The driver, linked with the core of the current tree. */
export function buildDriver() {
  mkdirSync(out, { recursive: true });
  must('cmake', ['-S', '.', '-B', join(out, 'core'), '-G', 'Ninja', '-DEWALD_WITHOUT_CUDA=ON']);
  must('cmake', ['--build', join(out, 'core'), '--target', 'ewald_core']);
  const program = join(out, 'driver');
  must(compiler, [
    '-std=gnu++20',
    '-O2',
    `-I${join(root, 'cpp/include')}`,
    `-I${join(root, 'cpp')}`,
    join(here, 'driver.cpp'),
    join(out, 'core/libewald_core.a'),
    '-lpthread',
    '-o',
    program,
  ]);
  return program;
}

/** The prototype on our lists, compiled with the flags from its own measurements; throws if the prototype is absent. */
export function buildBaseline() {
  if (!existsSync(join(prototypes, 'idx.hpp')))
    throw new Error('the prototype was not found; EWALD_PROTOTYPES says where it is');
  const program = join(out, 'baseline');
  const flags = ['-O3', '-march=x86-64-v3', '-std=c++17', '-fno-math-errno', '-fno-trapping-math', '-w'];
  must(compiler, [...flags, `-I${prototypes}`, `-I${here}`, join(here, 'baseline.cpp'), '-o', program]);
  return program;
}

const arguments_ = (options) => Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);

/** The lines that a program prints, parsed. */
function rowsOf(program, args) {
  return new Promise((resolve, reject) => {
    let text = '';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${program} ${args.join(' ')} ended with ${code}`));
      else
        resolve(
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        );
    });
  });
}

export const driver = (program, what, options) => rowsOf(program, [what, ...arguments_(options)]);

/**
 * Runs a mode of the prototype on lists that are determined by the options. The result takes long to compute, so it is
 * kept under build/ in a file named after everything it depends on.
 */
export async function baseline(program, mode, options) {
  const sources = [
    join(prototypes, 'idx.hpp'),
    join(prototypes, 'preset.hpp'),
    join(here, 'simulate.h'),
    join(here, 'baseline.cpp'),
  ];
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const file = join(out, `baseline-${mode}-${hash.update(JSON.stringify(options)).digest('hex').slice(0, 16)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const rows = await rowsOf(program, [mode, ...arguments_(options)]);
  write(file, JSON.stringify(rows));
  return rows;
}

/** Runs tasks in parallel, as many at a time as there are cores. */
export async function allOf(tasks) {
  const results = [];
  const queue = tasks.map((task, i) => ({ task, i }));
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next.i] = await next.task();
  };
  await Promise.all(cpus().map(worker));
  return results;
}

export function write(file, text) {
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}

/** Writes benchmarks/results/NAME.md and .json. */
export function writeResults(name, markdown, document) {
  const folder = join(root, 'benchmarks/results');
  mkdirSync(folder, { recursive: true });
  write(join(folder, `${name}.md`), markdown);
  write(join(folder, `${name}.json`), `${JSON.stringify(document)}\n`);
}

export const machine = () =>
  `${cpus()[0]?.model.trim()}, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
