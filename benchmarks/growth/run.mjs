// `npm run bench -- growth`: the same work in other shapes. Each line is processor time over a growing number, beside
// what linear growth from the first of them would take; a line that leaves it has a cliff.
//   --mib N   MiB of frames (default 192)
//   --only SHAPES   commands, frames, panels, crystals, peaks, spots, merges, masks, lengths
//   --commands A,B  some of the commands of `ewald run`   --markdown FILE   writes the table of them
//   --tries N       how often each command runs, of which the least counts (default 2)
// Times are CPU seconds, the better of two. A shape passes if it stays within its factor of linear growth, for frames
// beside what the first writing of fresh memory takes (`memory`): results as large as frames, and the frames of a file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createContext } from '../../dist/index.node.js';
import { refineGeometry } from '../../dist/pipeline.node.js';
import { Context, comUdf, masksUdf, stddevUdf, sumUdf } from '../../dist/udf.node.js';
import { crystalsOf, square, still } from '../../test/support/detector-crystals.mjs';
import { record } from '../lib/lines.mjs';
import { countsOf } from '../udf/counts.mjs';
import { commands, costOf, patternScan, tableOf } from './commands.mjs';
import { added, highest } from './functions.mjs';

const { values: options } = parseArgs({
  options: {
    mib: { type: 'string', default: '192' },
    only: { type: 'string' },
    commands: { type: 'string' },
    markdown: { type: 'string' },
    tries: { type: 'string', default: '2' },
  },
});
const only = options.only?.split(',');
const numbers = Number(options.mib) * 2 ** 19;

/** CPU seconds of a call, the better of two. */
async function seconds(work) {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 2; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

/** CPU seconds in which a byte of fresh memory is written for the first time: the system clears it page by page. */
async function firstTouch() {
  const bytes = 2 ** 27;
  return (await seconds(() => new Float64Array(bytes / 8).fill(1))) / bytes;
}

/**
 * Measures a shape: the work of `work(size)` for each size, beside linear growth, which is proportional to `share(size)`;
 * `memory(size)` is what the first writing of fresh memory takes, which the system clears.
 */
async function shape(name, sizes, share, work, { most = 1.5, memory = () => 0 } = {}) {
  const times = [];
  for (const size of sizes) times.push(await seconds(await work(size)));
  const first = Math.max(0, times[0] - memory(sizes[0]));
  const linear = sizes.map((size) => (first * share(size)) / share(sizes[0]) + memory(size));
  const worst = Math.max(...times.map((time, i) => time / linear[i]));
  const alone = (size) => (memory(size) > 0 ? `, memory ${memory(size).toFixed(2)}` : '');
  const cells = sizes.map((size, i) => `${size}: ${times[i].toFixed(2)} (${linear[i].toFixed(2)}${alone(size)})`);
  record({ what: `growth of ${name}`, value: worst, unit: 'x linear', aim: most, most: true });
  process.stdout.write(
    `  ${worst <= most ? 'pass' : 'MISS'}  ${name}: ${worst.toFixed(2)} x linear (aim at most ${most})   ` +
      `${cells.join('  ')} s\n`,
  );
}

/** An .npy file of frames of this side. */
function stored(folder, data, side) {
  const path = join(folder, `${side}.npy`);
  const shape = `(${data.length / side ** 2}, 1, ${side}, ${side})`;
  const text = `{'descr': '<u2', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]);
  writeFileSync(path, Buffer.concat([start, Buffer.from(`${text}\n`), Buffer.from(data.buffer)]));
  return path;
}

/** The same bytes as frames of other sizes, in memory, and in files on this thread and on workers: linear growth is none. */
async function frames() {
  const data = countsOf(numbers);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-growth-'));
  const context = { backend: 'wasm' };
  const here = new Context({ context });
  const workers = await Context.makeWith('workers', { cpus: 2, context });
  const inMemory = (side) => here.fromMemory(data, { navShape: [data.length / side ** 2, 1], sigShape: [side, side] });
  const places = {
    'in memory': [here, inMemory],
    stored: [here, (side) => here.load(stored(folder, data, side))],
    'on workers': [workers, (side) => workers.load(stored(folder, data, side))],
  };
  // What is read of the results counts as well.
  const udfs = { intensity: sumUdf(), std: stddevUdf(), counts: comUdf(), value: added };
  // Planes of 8 bytes a pixel that a partition has, and that its results have beside them: std has Σ and Σ², and its own.
  const planes = { intensity: [1, 0], std: [2, 1], counts: [0, 0], value: [1, 0] };
  const touch = await firstTouch();
  const fresh = (place, result, side) => {
    const [sums, own] = planes[result];
    // Workers write into memory that they share, and the run has its own.
    const results = 8 * side ** 2 * (sums * (place === 'on workers' ? 2 : 1) + own);
    // Two pieces of at least eight frames, which kernels add at a time.
    return results + (place === 'in memory' ? 0 : Math.min(2 * numbers, 2 * 8 * 2 * side ** 2));
  };
  try {
    for (const [place, [ctx, scanOf]] of Object.entries(places))
      for (const [result, udf] of [...Object.entries(udfs), ['value', highest]])
        await shape(
          `${udf.name ?? udf.definition.name}, ${place}, by frame side`,
          [256, 512, 1024, 2048, 4096],
          () => 1,
          async (side) => {
            const scan = await scanOf(side);
            return async () => (await ctx.runUdf(scan, udf))[result].data;
          },
          { memory: (side) => fresh(place, result, side) * touch },
        );
  } finally {
    await workers.close();
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Memory that a command may take for the frames of this benchmark, beside which 1 GB is that of their results. */
const mostMegabytes = 1000;

/** Commands on the same bytes as frames of other sizes, from their start to their files. */
async function shell() {
  const sides = [256, 1024, 4096];
  const folder = mkdtempSync(join(tmpdir(), 'ewald-growth-'));
  const touch = await firstTouch();
  const rows = [];
  try {
    const scans = sides.map((side) => patternScan(folder, numbers, side));
    const chosen = options.commands?.split(',') ?? commands;
    for (const command of commands.filter((one) => chosen.includes(one) || chosen.includes(one.split(' ')[0]))) {
      const costs = [];
      for (const scan of scans) {
        const both = [];
        for (let i = 0; i < Number(options.tries); i++) both.push(await costOf(command, scan));
        costs.push({
          seconds: Math.min(...both.map(({ seconds }) => seconds)),
          megabytes: Math.min(...both.map(({ megabytes }) => megabytes)),
        });
      }
      const [first] = costs;
      // The system clears what results as large as frames take, which the smallest frames do not have.
      const linear = costs.map(({ megabytes }) => first.seconds + (megabytes - first.megabytes) * 1e6 * touch);
      const worst = Math.max(...costs.map(({ seconds }, i) => seconds / linear[i]));
      const memory = Math.max(...costs.map(({ megabytes }) => megabytes));
      record({ what: `growth of ewald run ${command}`, value: worst, unit: 'x linear', aim: 1.5, most: true });
      const passes = worst <= 1.5 && memory <= mostMegabytes;
      const cells = costs.map(({ seconds, megabytes }) => `${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB`);
      rows.push([`\`${command}\``, ...cells, worst.toFixed(2), passes ? '' : 'miss']);
      process.stdout.write(
        `  ${passes ? 'pass' : 'MISS'}  ewald run ${command}: ${worst.toFixed(2)} x linear, ${memory.toFixed(0)} MB   ` +
          `${sides.map((side, i) => `${side}: ${cells[i]} (${linear[i].toFixed(2)})`).join('  ')}\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.markdown)
    writeFileSync(options.markdown, tableOf({ sides, rows, mib: options.mib, tries: options.tries }));
}

const refined = (across, count, peaks) => {
  const geometry = square(across);
  const truth = { whole: [0.7, -0.5, 4], panels: still(across ** 2) };
  const crystals = crystalsOf(geometry, truth, { count, peaks });
  return () => refineGeometry(geometry, crystals);
};

async function masks() {
  const [side, data] = [256, countsOf(2 ** 24)];
  const ctx = new Context({ context: { backend: 'wasm' } });
  const scan = ctx.fromMemory(data, { navShape: [data.length / side ** 2], sigShape: [side, side] });
  const mask = (k) => Float32Array.from({ length: side ** 2 }, (_, i) => Math.cos((k * (i % side)) / side));
  await shape('dense masks', [1, 16, 64, 256], Number, (count) => {
    const udf = masksUdf({ masks: Array.from({ length: count }, (_, k) => mask(k)) });
    return () => ctx.runUdf(scan, udf);
  });
  await ctx.close();
}

async function lengths() {
  const context = await createContext({ backend: 'wasm' });
  await shape(
    'transforms by side',
    [32, 64, 128, 256],
    // The same number of points in all: what grows is the logarithm.
    (side) => Math.log2(side ** 3),
    async (side) => {
      const plan = await context.fft({ shape: [side, side, side], threads: 1 });
      const data = new Float32Array(2 * side ** 3).fill(1);
      return async () => {
        for (let i = 0; i < 256 ** 3 / side ** 3; i++) await plan.forward(data);
      };
    },
    { most: 3 },
  );
  await context.dispose();
}

/** Whole numbers below `most`, the same in each run. */
function numbersBelow(most, seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

async function spots() {
  const context = await createContext({ backend: 'wasm' });
  const cells = [
    [52.4, 0, 0],
    [0, 61.3, 0],
    [-17.1, 0, 72.8],
  ];
  const images = 50;
  await shape('indexing by spots', [50, 200, 800, 2000], Number, async (count) => {
    const list = new Float32Array(images * count * 3);
    for (let image = 0; image < images; image++) {
      const index = numbersBelow(25, image + 1);
      const [cos, sin] = [Math.cos(0.1 + image), Math.sin(0.1 + image)];
      for (let j = 0; j < count; j++) {
        const [h, k, l] = [index() - 12, index() - 12, index() - 12];
        const [x, y] = [h / 52.4, k / 61.3];
        list.set([cos * x - sin * y, sin * x + cos * y, (l + (17.1 * h) / 52.4) / 72.8], 3 * (image * count + j));
      }
    }
    const offsets = Uint32Array.from({ length: images + 1 }, (_, i) => i * count);
    const indexer = await context.indexer({ batch: images, threads: 1 });
    return async () => {
      const result = await indexer.run({ spots: list, offsets, cells });
      for (let i = 0; i < images; i++) if (!result.image(i).indexed) throw new Error(`image ${i} is not indexed`);
    };
  });
  await context.dispose();
}

/** A stream of crystals with 300 observations each. */
function* stream(crystals) {
  const encoder = new TextEncoder();
  yield encoder.encode('CrystFEL stream format 2.3\n');
  const index = numbersBelow(31, 1);
  for (let c = 0; c < crystals; c++) {
    const observed = [];
    for (let i = 0; i < 300; i++) {
      const [h, k, l] = [index() - 15, index() - 15, index() - 15];
      const mean = 40 + ((7919 * (h * h + 3 * k * k + 7 * l * l)) % 1000);
      observed.push(` ${h} ${k} ${l} ${mean + index() - 15} ${Math.sqrt(mean).toFixed(2)} 9.00 1.00 100.0 200.0 p0`);
    }
    yield encoder.encode(
      `----- Begin chunk -----\nImage filename: run.h5\nEvent: //${c}\nphoton_energy_eV = 9537\n--- Begin crystal\n` +
        'Cell parameters 5.2 6.1 7.4 nm, 90 90 90 deg\nastar = 0.19 0 0 nm^-1\nbstar = 0 0.16 0 nm^-1\n' +
        'cstar = 0 0 0.135 nm^-1\nReflections measured after indexing\n' +
        '   h    k    l          I   sigma(I)       peak background  fs/px  ss/px panel\n' +
        `${observed.join('\n')}\nEnd of reflections\n--- End crystal\n----- End chunk -----\n`,
    );
  }
}

async function merges() {
  const context = await createContext({ backend: 'wasm' });
  const options = { symmetry: 'mmm', polarisation: 'none', model: 'mean' };
  await shape('merged crystals of 300 observations', [250, 1000, 4000], Number, (count) => async () => {
    const merger = await context.merger(options);
    await merger.addStream({ name: 'stream', bytes: stream(count) });
    await merger.run();
  });
  await context.dispose();
}

const shapes = {
  commands: shell,
  frames,
  panels: () =>
    shape(
      'refined panels, 160 crystals of 185 peaks',
      [1, 16, 64, 256],
      (n) => 0.1 + 1.9 * (n / 256),
      (n) => refined(Math.sqrt(n), 160, 185),
    ),
  crystals: () => shape('crystals of a refinement', [40, 160, 640], Number, (count) => refined(2, count, 100)),
  peaks: () => shape('peaks of a refinement', [50, 100, 200], Number, (peaks) => refined(2, 160, peaks)),
  spots,
  merges,
  masks,
  lengths,
};
process.stdout.write(`Node ${process.versions.node}, ${availableParallelism()} cores; seconds beside linear growth\n`);
for (const [name, measure] of Object.entries(shapes)) if (!only || only.includes(name)) await measure();
