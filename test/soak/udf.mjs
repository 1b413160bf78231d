/** A scan larger than memory, consecutive runs, and live pictures during a run. */
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { halfBlocks } from '../../build/esm/udf/live/terminal.js';
import { Context, comUdf, defineUdf, stddevUdf, sumUdf } from '../../dist/udf.node.js';

export const name = 'udf';
export const about =
  '20 GB stream in less than 300 MB, 10^3 runs give back memory and handles, live pictures cost a twentieth at most';
export const minutes = 10;

const side = 256;
const frameBytes = side * side * 2;
const MiB = 2 ** 20;
const raw = (frames) => ({ format: 'raw', dtype: 'u16', sigShape: [side, side], navShape: [frames] });
const handles = () => readdirSync('/proc/self/fd').length;
/** Bytes owned by this process; pages of a mapped file belong to the system. */
const held = () => process.memoryUsage().rss;

export async function run({ scale, note }) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-udf-'));
  try {
    await large(join(folder, 'large.raw'), scale, note);
    await many(join(folder, 'small.raw'), scale, note);
    await live(scale < 1 ? 5 : 9, note);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A sparse file: it has the given length, but uses no disk space. */
async function large(file, scale, note) {
  const frames = Math.max(64, Math.floor((20e9 * scale) / frameBytes));
  writeFileSync(file, '');
  truncateSync(file, frames * frameBytes);
  const ctx = new Context();
  let most = 0;
  try {
    const started = performance.now();
    const scan = await ctx.load(file, raw(frames));
    const [{ intensity }, { std }] = await ctx.runUdf(scan, [sumUdf(), stddevUdf()], {
      onProgress: () => {
        most = Math.max(most, held());
      },
    });
    if (intensity.data.some((value) => value !== 0)) throw new Error('nothing was added up to something');
    if (std.data.some((value) => value !== 0)) throw new Error('nothing deviates');
    const seconds = (performance.now() - started) / 1000;
    note(
      `${((frames * frameBytes) / 1e9).toFixed(1)} GB in ${seconds.toFixed(0)} s ` +
        `(${((frames * frameBytes) / 1e9 / seconds).toFixed(2)} GB/s), at most ${Math.round(most / MiB)} MiB held`,
    );
    if (most > 300e6) throw new Error(`${Math.round(most / 1e6)} MB are held; 300 MB are allowed`);
  } finally {
    await ctx.close();
  }
}

async function many(file, scale, note) {
  const frames = 32;
  writeFileSync(
    file,
    Uint16Array.from({ length: (frames * frameBytes) / 2 }, (_, i) => i % 4096),
  );
  const turns = Math.max(50, Math.floor(1000 * scale));
  const once = async () => {
    const ctx = new Context();
    try {
      const scan = await ctx.load(file, { ...raw(frames), navShape: [8, 4] });
      await ctx.runUdf(scan, [sumUdf(), stddevUdf(), comUdf()]);
      await scan.dispose?.();
    } finally {
      await ctx.close();
    }
  };
  const settled = async () => {
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await new Promise((done) => setTimeout(done, 50));
    }
    return { bytes: held(), open: handles() };
  };
  for (let i = 0; i < turns / 5; i++) await once();
  const before = await settled();
  for (let i = 0; i < turns; i++) await once();
  const after = await settled();
  note(
    `${turns} runs: ${Math.round(before.bytes / MiB)} MiB, ${before.open} handles before; ` +
      `${Math.round(after.bytes / MiB)} MiB, ${after.open} after`,
  );
  if (after.open > before.open) throw new Error(`${after.open - before.open} handles were left open`);
  if (after.bytes > before.bytes + 32 * MiB)
    throw new Error(`${Math.round((after.bytes - before.bytes) / MiB)} MiB were not given back`);
}

/** The passes over each frame that make a run last some seconds. */
const passes = 48;
/** The share of a run's processor time that pictures may add. */
const mostOfRun = 0.05;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * The same run with and without pictures, in turns, because the speed of a machine changes: the median of the ratios of
 * neighbouring runs counts. The first of a pair alternates. A run lasts seconds, because the last picture is drawn in
 * any case and would be a noticeable share of a short one.
 */
async function live(pairs, note) {
  const [rows, columns, edge] = [128, 128, 64];
  const data = Uint16Array.from({ length: rows * columns * edge * edge }, (_, i) => i % 4093);
  const brightest = defineUdf({
    name: 'brightest',
    buffers: { value: { kind: 'nav', dtype: 'f32' } },
    processFrame({ frame, results }) {
      let most = 0;
      for (let pass = 0; pass < passes; pass++) for (let i = 0; i < frame.length; i++) most = Math.max(most, frame[i]);
      results.value[0] = most;
    },
  });
  const ctx = new Context();
  let drawings = 0;
  try {
    const scan = ctx.fromMemory(data, { navShape: [rows, columns], sigShape: [edge, edge] });
    const seconds = async (plots) => {
      const began = process.cpuUsage();
      // Drawn as for a terminal, but not shown.
      await ctx.runUdf(scan, brightest, {
        plots: plots && {
          show(picture) {
            drawings += halfBlocks(picture).length;
          },
        },
      });
      const { user, system } = process.cpuUsage(began);
      return (user + system) / 1e6;
    };
    // Both are compiled before they are measured.
    for (const plots of [false, true]) await seconds(plots);
    const times = { false: [], true: [] };
    for (let i = 0; i < pairs; i++) {
      const first = i % 2 === 0;
      for (const plots of [first, !first]) times[plots].push(await seconds(plots));
    }
    if (drawings === 0) throw new Error('no picture was drawn');
    const added = median(times.true.map((drawn, i) => drawn / times.false[i])) - 1;
    note(
      `pictures: ${median(times.true).toFixed(2)} s of the processor with, ${median(times.false).toFixed(2)} s ` +
        `without: ${(100 * added).toFixed(1)} % (limit ${100 * mostOfRun})`,
    );
    if (added > mostOfRun) throw new Error(`pictures add ${(100 * added).toFixed(1)} % to a run`);
  } finally {
    await ctx.close();
  }
}
