#!/usr/bin/env node
// Compares the distributed transform with raw FFTW, with our local plan and with ranks that compute side by side
// without exchanging anything:
//   npm run bench -- distributed [--size 256] [--quick] [--markdown FILE]
// --markdown writes the page benchmarks/results/distributed.md. It takes less than two minutes. A missed aim does not
// fail the run, because machines are busy; a wrong result does.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPage } from '../lib/page.mjs';

const { values } = parseArgs({
  options: { size: { type: 'string', default: '256' }, quick: { type: 'boolean' }, markdown: { type: 'string' } },
});
const n = values.quick ? 64 : Number(values.size);
if (!Number.isInteger(n) || n < 16 || n > 1024 || n % 4 !== 0) {
  process.stderr.write(`bench: --size is "${values.size}"; expected a multiple of 4 from 16 to 1024\n`);
  process.exit(2);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = (name) => join(root, 'dist', name);
const { createContext } = await import(dist('fft.node.js'));
const { spmd } = await import(dist('executors.node.js'));

const size = [n, n, n];
const cube = `${n}^3`;
const rounds = values.quick ? 1 : 3;
const runs = values.quick ? 2 : 4;
const least = (list) => Math.min(...list);
const module = new URL('./tasks.mjs', import.meta.url).href;
const addonFolder = `native/${process.platform}-${process.arch}`;
const hasMpi = existsSync(dist(`${addonFolder}/ewald_mpi.node`));
const mpiEnv = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
};

/** Opens one plan in this process, on one thread, and returns what times a pair of transforms. */
async function local(options) {
  const ctx = await createContext({ backend: 'native', strict: true, log: { level: 'error' } });
  const { driver } = ctx.backends[0].device;
  const plan = await ctx.fft({ shape: size, threads: 1, ...options }).catch(async (error) => {
    await ctx.dispose();
    throw error;
  });
  const input = Float32Array.from({ length: 2 * n ** 3 }, (_, i) => ((i * 7919) % 1009) / 1009 - 0.5);
  const output = new Float32Array(input.length);
  const back = new Float32Array(input.length);
  const pair = async () => {
    const began = performance.now();
    await plan.forward(input, output);
    await plan.backward(output, back, { scale: 'full' });
    return (performance.now() - began) / 2;
  };
  await pair();
  const dispose = async () => {
    await plan.dispose();
    await ctx.dispose();
  };
  return { pair, dispose, driver };
}

/** Runs a wish on some workers; returns what rank 0 measured. */
async function onWorkers(ranks, wish, name = 'onWorkers') {
  const entry = new URL(`../../dist/${name === 'onWorkers' ? 'heffte' : 'fft'}.node.js`, import.meta.url).href;
  const argument = { entry, ...wish };
  const [measured] = await spmd({ module, function: name, argument }, { ranks, threads: 1 });
  return measured;
}

/** Runs wishes under mpirun; returns what rank 0 measured for each. */
function underMpi(ranks, wishes) {
  const program = fileURLToPath(new URL('./mpi-rank.mjs', import.meta.url));
  const args = ['-n', String(ranks), process.execPath, program, JSON.stringify(wishes)];
  const run = spawnSync('mpirun', args, { env: mpiEnv, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`mpirun ${args.join(' ')}: ${run.error?.message ?? run.stderr}`);
  return run.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** The version of the FFTW library that was found, which names its instruction sets. */
function fftwVersion() {
  const run = spawnSync(process.execPath, [dist('cli.js'), 'devices', '--json'], { encoding: 'utf8' });
  const engines = JSON.parse(run.stdout || '[]').flatMap(({ engines: list }) => list ?? []);
  return engines.find(({ engine, available }) => engine === 'fftw' && available)?.version ?? 'of an unknown version';
}

const ours = await local({});
const fftw = await local({ engine: 'fftw', tune: 'measure' }).catch((error) => error.message);
const libraries = [
  `ewald: ${ours.driver}`,
  typeof fftw === 'string' ? `FFTW: absent (${fftw})` : `FFTW: ${fftwVersion()}, planned with MEASURE`,
  hasMpi
    ? `MPI: ${spawnSync('mpirun', ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0]}`
    : 'MPI: the addon is absent',
];
const page = startPage({
  title: 'Distributed transforms: measured',
  command: 'node benchmarks/distributed/run.mjs --markdown benchmarks/results/distributed.md',
  builds: libraries,
});

const times = { ours: [], fftw: [] };
for (let round = 0; round < 2 * rounds; round++) {
  times.ours.push(await ours.pair());
  if (typeof fftw !== 'string') times.fftw.push(await fftw.pair());
}
await ours.dispose();
if (typeof fftw !== 'string') await fftw.dispose();
page.line({ what: `our local plan of ${cube}, one thread`, values: times.ours, unit: 'ms', most: true });
if (times.fftw.length > 0)
  page.line({ what: `raw FFTW of ${cube}, one thread`, values: times.fftw, unit: 'ms', most: true });

/** Times the packing and unpacking of ranks against a contiguous copy of the same number of bytes; they take turns. */
async function packing() {
  const { blockCopier, copyBlock, joinAxes } = await import(join(root, 'build/esm/heffte/copy.js'));
  const { nativeBlocks } = await import(join(root, 'build/esm/compute/backends/native/blocks.js'));
  const addon = nativeBlocks(dist(`${addonFolder}/ewald_native.node`));
  if (!addon) return;
  const copyNative = blockCopier(() => addon);
  const [whole, packed] = [new Float32Array(2 * n ** 3).fill(1), new Float32Array(2 * n ** 3).fill(2)];
  const [half, quarter] = [n / 2, n / 4];
  const world = [1, n, n * n];
  // Cases: the half of a slab that goes to the other of two ranks, the quarters of pencils, and a transposed slab.
  for (const [what, sizes, strides, axes, aim] of [
    ['half of y', [n, half, half], world, [0, 1, 2], 0.5],
    ['half of x', [half, n, half], world, [0, 1, 2], 0.5],
    ['quarter of x', [quarter, n, half], world, [0, 1, 2], 0.5],
    ['turned, x and y', [n, n, half], world, [1, 0, 2]],
    ['turned, z and x', [n, half, n], world, [2, 1, 0]],
  ]) {
    const compact = [1, sizes[axes[0]], sizes[axes[0]] * sizes[axes[1]]];
    const far = axes.map((axis) => strides[axis]);
    const lengths = axes.map((axis) => sizes[axis]);
    const ways = { packing: [whole, packed, far, compact], unpacking: [packed, whole, compact, far] };
    const numbers = 2 * sizes.reduce((a, b) => a * b);
    for (const [way, [from, to, fromStrides, toStrides]] of Object.entries(ways)) {
      const block = joinAxes({ sizes: lengths, from: 0, fromStrides, to: 0, toStrides });
      const time = (work) => {
        const began = performance.now();
        work();
        return performance.now() - began;
      };
      const shares = { native: [], JavaScript: [] };
      for (let i = 0; i < 4; i++) {
        const plain = time(() => to.set(from.subarray(0, numbers)));
        shares.native.push(plain / time(() => copyNative(from, to, block, 2)));
        shares.JavaScript.push(plain / time(() => copyBlock(from, to, block, 2)));
      }
      const line = (name, goal) =>
        page.line({
          what: `${way} ${what}, ${name}: rate over a plain copy`,
          values: shares[name],
          unit: 'x',
          aim: goal,
        });
      line('native', aim);
      line('JavaScript');
    }
  }
}

/** Times of 1, 2 and 4 ranks, in turns, in milliseconds. */
async function inTurns(where, measure, counts) {
  const all = Object.fromEntries(counts.map((ranks) => [ranks, []]));
  let text = '';
  for (let round = 0; round < rounds; round++)
    for (const ranks of counts) {
      const measured = await measure(ranks);
      all[ranks].push(1000 * measured.seconds);
      if (ranks === 2) text = `${where}: ${measured.text}`;
    }
  for (const ranks of counts)
    page.line({
      what: `${where}: ${cube} on ${ranks} rank${ranks === 1 ? '' : 's'}`,
      values: all[ranks],
      unit: 'ms',
      most: true,
    });
  const over = (ranks) => all[1].map((one, round) => one / all[ranks][round]);
  return { all, over, text };
}

const texts = [];
const wish = { n, runs };
const bound = [];
for (let round = 0; round < rounds; round++) {
  const [one, two] = [await onWorkers(1, { n }, 'onWorkersApart'), await onWorkers(2, { n }, 'onWorkersApart')];
  bound.push(one / two);
}
page.line({ what: 'two workers over one without any exchange: the limit of this machine', values: bound, unit: 'x' });
const native = await inTurns('workers', (ranks) => onWorkers(ranks, wish), [1, 2, 4]);
const overLocal = native.all[1].map((one) => one / least(times.ours));
page.line({ what: 'workers: one rank over our local plan', values: overLocal, unit: 'x', aim: 1.15, most: true });
page.line({ what: 'workers: two ranks over one', values: native.over(2), unit: 'x', aim: 1.6 });
page.line({ what: 'workers: four ranks over one', values: native.over(4), unit: 'x', aim: 1 });
texts.push(native.text);
const plined = await onWorkers(2, { ...wish, options: { algorithm: 'p2p-plined' } });
page.line({ what: `workers: ${cube} on 2 ranks by messages`, values: [1000 * plined.seconds], unit: 'ms', most: true });
const wasm = { ...wish, backend: 'wasm' };
const overWasm = [];
for (let round = 0; round < rounds; round++)
  overWasm.push((await onWorkers(1, wasm)).seconds / (await onWorkers(2, wasm)).seconds);
page.line({ what: 'workers, wasm: two ranks over one', values: overWasm, unit: 'x', aim: 1.6 });
const small = { n: 16, runs: 200, rounds: 10 };
const values16 = [];
for (let round = 0; round < rounds; round++) values16.push(1e6 * (await onWorkers(2, small)).seconds);
page.line({ what: 'workers: 16^3 on 2 ranks', values: values16, unit: 'us', most: true });

if (hasMpi) {
  const mpi = await inTurns('mpirun', (ranks) => underMpi(ranks, [wish])[0], [1, 2, 4]);
  page.line({ what: 'mpirun: two ranks over one', values: mpi.over(2), unit: 'x', aim: 1.6 });
  page.line({ what: 'mpirun: four ranks over one', values: mpi.over(4), unit: 'x', aim: 1 });
  texts.push(mpi.text);
  const messages = { algorithm: 'alltoallv' };
  const [large, ...repeated] = underMpi(2, [
    { ...wish, options: messages },
    ...Array.from({ length: rounds }, () => [small, { ...small, options: messages }]).flat(),
  ]);
  page.line({ what: `mpirun: ${cube} on 2 ranks by messages`, values: [1000 * large.seconds], unit: 'ms', most: true });
  const of = (which) => repeated.filter((_, i) => i % 2 === which).map(({ seconds }) => 1e6 * seconds);
  page.line({ what: 'mpirun: 16^3 on 2 ranks', values: of(0), unit: 'us', most: true });
  page.line({ what: 'mpirun: 16^3 on 2 ranks by messages', values: of(1), unit: 'us', most: true });
}

await packing();

for (const text of texts) page.note(`\`\`\`\n${text}\n\`\`\``);
page.write(values.markdown);
