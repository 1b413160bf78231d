// `npm run bench -- growth`: the same work in other shapes. Each line is processor time over a growing number, beside
// what linear growth from the first of them would take; a line that leaves it has a cliff.
//   --mib N   MiB of frames (default 192)
//   --only SHAPES   commands, frames, functions, kinds, stages, files, panels, crystals, peaks, spots, merges, masks, lengths
//   --commands A,B  some of the commands of `ewald run`, or `convert`   --markdown FILE   writes the tables
//   --tries N       how often each command runs, of which the least counts (default 2)
// Times are CPU seconds, the better of two. A shape passes if it stays within its factor of linear growth, for frames
// beside what the first writing of fresh memory takes (`memory`): results as large as frames, and the frames of a file.
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Corrections } from '../../dist/data.node.js';
import { createContext } from '../../dist/index.node.js';
import { refineGeometry } from '../../dist/pipeline.node.js';
import {
  Context,
  comUdf,
  femUdf,
  logSumUdf,
  masksUdf,
  maxUdf,
  minUdf,
  stddevUdf,
  sumSigUdf,
  sumUdf,
} from '../../dist/udf.node.js';
import { crystalsOf, square, still } from '../../test/support/detector-crystals.mjs';
import { record } from '../lib/lines.mjs';
import { countsOf } from '../udf/counts.mjs';
import { alone } from './alone.mjs';
import { commands, costOf, costOfArguments, patternScan, tableOf } from './commands.mjs';
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

/** What `shape` has measured, as rows of a table. */
const lines = [];

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
  lines.push([name, cells.join(', '), worst.toFixed(2), worst <= most ? '' : 'miss']);
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

/** CPU seconds in which a byte that is in memory is written to a file. */
async function fileTouch(folder) {
  const bytes = new Uint8Array(2 ** 27).fill(1);
  return (await seconds(() => writeFileSync(join(folder, 'touch'), bytes))) / bytes.length;
}

/** Files that `ewald convert` writes, and whether it reads them again. */
const formats = ['h5', 'npy', 'raw', 'mrc'];

/** What is run as a process: commands, writers and readers, each by the scan of a side. */
function processes(folder, scans) {
  const chosen = options.commands?.split(',');
  const isChosen = (one) => !chosen || chosen.includes(one) || chosen.includes(one.split(' ')[0]);
  const converted = (side, format) => join(folder, `copy-${side}.${format}`);
  const written = (side, format) => async () => {
    const output = converted(side, format);
    const cost = await costOfArguments(['convert', scans[side], '-o', output, '--force']);
    return { ...cost, written: statSync(output).size };
  };
  const shape = (side) => ['--sig-shape', `${side},${side}`, '--dtype', 'u16'];
  const read = (side, format) => async () => ({
    ...(await costOfArguments(['run', 'sumsig', converted(side, format), ...(format === 'raw' ? shape(side) : [])])),
    written: 0,
  });
  return [
    ...commands.filter(isChosen).map((name) => [`run ${name}`, (side) => () => costOf(name, scans[side])]),
    ...formats
      .filter((name) => isChosen(`convert ${name}`))
      .flatMap((format) => [
        [`convert -o .${format}`, (side) => written(side, format)],
        [`run sumsig, .${format}`, (side) => read(side, format)],
      ]),
  ];
}

/** What a command takes beside the work on its results, where that is known: the worst growth, and both in words. */
async function without(command, folder, sides, costs, linear) {
  const part = alone[command];
  if (!part) return undefined;
  const own = [];
  for (const side of sides) own.push(await part.at(side, folder));
  const worst = Math.max(...costs.map(({ seconds }, i) => (seconds - own[i]) / (linear[i] - own[0])));
  const each = sides.map(
    (side, i) =>
      `${(own[i] * 1e9) / side ** 2 < 10 ? ((own[i] * 1e9) / side ** 2).toFixed(1) : Math.round((own[i] * 1e9) / side ** 2)}`,
  );
  const text =
    `${part.what}: ${own.map((one) => one.toFixed(2)).join(', ')} s (${each.join(', ')} ns a pixel); without ` +
    `${worst.toFixed(2)} x linear`;
  return { worst, text };
}

/** Commands on the same bytes as frames of other sizes, from their start to their files. */
async function shell() {
  const sides = [256, 1024, 4096];
  const folder = mkdtempSync(join(tmpdir(), 'ewald-growth-'));
  const rows = [];
  try {
    const [touch, copy] = [await firstTouch(), await fileTouch(folder)];
    const scans = Object.fromEntries(sides.map((side) => [side, patternScan(folder, numbers, side)]));
    for (const [name, costAt] of processes(folder, scans)) {
      const costs = [];
      for (const side of sides) {
        const all = [];
        for (let i = 0; i < Number(options.tries); i++) all.push(await costAt(side)());
        const least = (key) => Math.min(...all.map((cost) => cost[key]));
        costs.push({ seconds: least('seconds'), megabytes: least('megabytes'), written: least('written') });
      }
      const [first] = costs;
      // The system clears what results as large as frames take, and copies it to the file; the smallest have neither.
      const linear = costs.map(
        ({ megabytes, written }) =>
          first.seconds + (megabytes - first.megabytes) * 1e6 * touch + Math.max(0, written - first.written) * copy,
      );
      const worst = Math.max(...costs.map(({ seconds }, i) => seconds / linear[i]));
      const memory = Math.max(...costs.map(({ megabytes }) => megabytes));
      record({ what: `growth of ewald ${name}`, value: worst, unit: 'x linear', aim: 1.5, most: true });
      const passes = worst <= 1.5 && memory <= mostMegabytes;
      const own = passes ? undefined : await without(name.replace(/^run /, ''), folder, sides, costs, linear);
      const mark = passes ? '' : own?.worst <= 1.5 && memory <= mostMegabytes ? 'bound' : 'miss';
      const cells = costs.map(({ seconds, megabytes }) => `${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB`);
      rows.push([`\`${name}\``, ...cells, worst.toFixed(2), mark, own?.text ?? '']);
      process.stdout.write(
        `  ${passes ? 'pass' : mark === 'bound' ? 'BOUND' : 'MISS'}  ewald ${name}: ${worst.toFixed(2)} x linear, ${memory.toFixed(0)} MB   ` +
          `${sides.map((side, i) => `${side}: ${cells[i]} (${linear[i].toFixed(2)})`).join('  ')}` +
          `${own ? `  ${own.text}` : ''}\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

/** The same bytes as frames of other sizes in memory, by each function of the package. */
async function functions() {
  const sides = [256, 1024, 4096];
  const data = countsOf(numbers);
  const ctx = new Context({ context: { backend: 'native' } });
  const touch = await firstTouch();
  const ready = {
    sum: [() => sumUdf(), 2],
    sumSig: [() => sumSigUdf(), 0],
    logSum: [() => logSumUdf(), 2],
    stddev: [() => stddevUdf(), 7],
    max: [() => maxUdf(), 2],
    min: [() => minUdf(), 2],
    com: [() => comUdf(), 0],
    fem: [(side) => femUdf({ cx: side / 2, cy: side / 2, ri: side / 8, ro: side / 4 }), 0],
    'masks, 16 dense': [
      (side) =>
        masksUdf({
          masks: Array.from({ length: 16 }, (_, k) =>
            Float32Array.from({ length: side ** 2 }, (_, i) => Math.cos((k * (i % side)) / side)),
          ),
        }),
      // A stack of 16 float32, and that of the plan.
      16,
    ],
  };
  try {
    for (const [name, [make, planes]] of Object.entries(ready))
      await shape(
        `${name}, by frame side`,
        sides,
        () => 1,
        async (side) => {
          const scan = ctx.fromMemory(data, { navShape: [data.length / side ** 2, 1], sigShape: [side, side] });
          const udf = make(side);
          return async () => {
            for (const result of Object.values(await ctx.runUdf(scan, udf))) result.data;
          };
        },
        { memory: (side) => 8 * planes * side ** 2 * touch },
      );
  } finally {
    await ctx.close();
  }
}

/** Every kind of transform in single lines, the same number of points in all. */
async function kinds() {
  const context = await createContext({ backend: 'native' });
  const r2r = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];
  for (const kind of ['c2c', 'r2c', 'c2r', ...r2r])
    await shape(
      `single lines of ${kind} by points`,
      [1024, 16384, 262144],
      (n) => Math.log2(n),
      async (n) => {
        const isReal = r2r.includes(kind);
        const length = n + (kind === 'dct1' ? 1 : kind === 'dst1' ? -1 : 0);
        const plan = await context.fft({
          shape: [length],
          threads: 1,
          ...(isReal ? { kind: 'r2r', r2r: kind } : { kind }),
        });
        const { now } = plan;
        now.input.fill(1);
        return () => {
          for (let i = 0; i < 2 ** 25 / n; i++) now.forward(now.input, now.output);
        };
      },
      { most: 3 },
    );
  await context.dispose();
}

/** The search of peaks and the correction of frames, the same bytes as frames of other sizes. */
async function stages() {
  const sides = [512, 1024, 2048, 4096];
  // Whole frames of the largest side.
  const data = countsOf(Math.max(1, Math.floor(numbers / 4 / 4096 ** 2)) * 4096 ** 2);
  const context = await createContext({ backend: 'native' });
  const each = (side, run) => async () => {
    for (let at = 0; at < data.length; at += side ** 2) await run(data.subarray(at, at + side ** 2));
  };
  await shape(
    'peakfinder8 by frame side',
    sides,
    () => 1,
    async (side) => {
      const finder = await context.peaks({
        width: side,
        height: side,
        dtype: 'u16',
        centre: [side / 2, side / 2],
        minRes: 20,
      });
      return each(side, (frame) => finder.run(frame, { threshold: 100, minSnr: 5 }));
    },
  );
  await shape(
    'corrected frames by side',
    sides,
    () => 1,
    async (side) => {
      const [length, gain] = [side ** 2, new Float32Array(side ** 2).fill(1.5)];
      const corrections = new Corrections({ length, gain, patch: { width: side, height: side } });
      const correction = await context.frameCorrection({ corrections, dtype: 'u16', threads: 1 });
      const out = new Float32Array(length);
      return each(side, (frame) => correction.run(frame, 1, out));
    },
  );
  await context.dispose();
}

/** Files of one frame each, beside one file: what each file costs more. */
async function files() {
  const [side, counts] = [128, [64, 512, 4096]];
  const folder = mkdtempSync(join(tmpdir(), 'ewald-growth-'));
  const ctx = new Context({ context: { backend: 'native' } });
  try {
    await shape('files of one frame', counts, Number, (count) => {
      const some = join(folder, String(count));
      mkdirSync(some);
      for (let i = 0; i < count; i++)
        renameSync(stored(some, countsOf(side ** 2), side), join(some, `f${10000 + i}.npy`));
      return async () => {
        const scan = await ctx.load(some);
        (await ctx.runUdf(scan, sumUdf())).intensity.data;
        await scan.close?.();
      };
    });
  } finally {
    await ctx.close();
    rmSync(folder, { recursive: true, force: true });
  }
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

/** Indices that are at the Ewald sphere of the crystals below, to .02 nm^-1. */
function atSphere() {
  const found = [];
  const radius = 9537 / 1239.842;
  for (let h = -25; h <= 25; h++)
    for (let k = -25; k <= 25; k++) {
      const across = (0.19 * h) ** 2 + (0.16 * k) ** 2;
      if (across >= radius ** 2) continue;
      const along = Math.sqrt(radius ** 2 - across) - radius;
      const l = Math.round(along / 0.135);
      if (Math.abs(along - 0.135 * l) < 0.02) found.push([h, k, l]);
    }
  return found;
}

/** A stream of crystals with 300 observations each. */
function* stream(crystals) {
  const encoder = new TextEncoder();
  yield encoder.encode('CrystFEL stream format 2.3\n');
  const places = atSphere();
  const [place, index] = [numbersBelow(places.length, 1), numbersBelow(31, 2)];
  for (let c = 0; c < crystals; c++) {
    const observed = [];
    for (let i = 0; i < 300; i++) {
      const [h, k, l] = places[place()];
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
  frames,
  functions,
  kinds,
  stages,
  files,
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
const rows = !only || only.includes('commands') ? await shell() : [];
for (const [name, measure] of Object.entries(shapes)) if (!only || only.includes(name)) await measure();
if (options.markdown)
  writeFileSync(
    options.markdown,
    tableOf({ sides: [256, 1024, 4096], rows, shapes: lines, mib: options.mib, tries: options.tries }),
  );
