#!/usr/bin/env node
// `npm run bench -- live`: what a live answer costs a frame. Runs over frames of 4.5 Mpixel of 16 bits take turns, on one
// core and without reading files: without anything, with a radial profile (background and ice), with eight regions, and
// with both. Prints the processor time of a frame, and how much more each takes than a run without anything: from the
// least times, and as the median of the differences in a turn. A run is counted when its peaks are those of the others.
//   [--turns N] (default 24)  [--backends native,wasm] (default native)
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { record } from '../lib/lines.mjs';
import { centre, frameOf, height, width } from '../peaks/frames.mjs';

const { values: options } = parseArgs({
  options: { turns: { type: 'string', default: '24' }, backends: { type: 'string', default: 'native' } },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const load = (file) => import(pathToFileURL(join(root, file)).href);
const { createContext, parseGeometry } = await load('dist/index.node.js');
const { memoryDataset } = await load('dist/data.node.js');

const geometry = parseGeometry(
  `photon_energy = 12398.4\nclen = 0.12\nres = 13333.3\nadu_per_photon = 1\ndata = /data\np/min_fs = 0\n` +
    `p/max_fs = ${width - 1}\np/min_ss = 0\np/max_ss = ${height - 1}\np/corner_x = ${-centre[0]}\n` +
    `p/corner_y = ${-centre[1]}\np/fs = x\np/ss = y\n`,
);
/** Two rectangles, two circles, two rings, two sectors. */
const rois = [
  'a=rect:900:1000,900:1000',
  'b=rect:200:600,1500:1800',
  'c=circle:1500,700,30',
  'd=circle:500,500,150',
  'e=ring:1.85:2.05',
  'f=ring:1.6:1.63',
  'g=sector:1:2,30:60',
  'h=sector:2:3,-20:20',
];
/** What each run is asked for. */
const asked = { nothing: {}, profile: { profile: true }, regions: { rois }, all: { profile: true, rois } };
/** Different frames, which together are in no cache, and passes over them in a run. */
const [different, passes] = [6, 3];
const aimMs = 0.4;

const frames = Array.from({ length: different }, () => frameOf('u16', 5));
const pixels = new Uint16Array(different * width * height);
for (const [i, frame] of frames.entries()) pixels.set(frame, i * frame.length);
const dataset = memoryDataset(pixels, { sigShape: [height, width] });

/** Processor time of a frame of one run, ms, and its peaks. */
async function run(context, more) {
  const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };
  // A dataset is read again under another name only.
  const inputs = Array.from({ length: passes }, (_, pass) => ({ dataset, filename: `pass-${pass}` }));
  let [seen, found, used] = [0, 0];
  for await (const { result, error } of context.pipeline({ inputs, geometry, cells: [], peaks, minRes: 20, ...more })) {
    if (error) throw error;
    found += result.peaks.count;
    // Frames are counted after the first ones, when the run is planned and its arrays are made.
    if (++seen === different) used = process.cpuUsage();
  }
  if (seen !== passes * different) throw new Error(`${seen} frames were searched, not ${passes * different}`);
  const { user, system } = process.cpuUsage(used);
  return { ms: (user + system) / 1000 / (seen - different), found };
}

const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.floor(share * values.length)];
process.stdout.write(`${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}\n`);
const names = Object.keys(asked);
for (const backend of options.backends.split(',')) {
  const context = await createContext({ backend, strict: true });
  const [times, more] = [{}, {}];
  for (const name of names) [times[name], more[name]] = [[], []];
  for (let turn = 0; turn <= Number(options.turns); turn++) {
    const turns = {};
    for (const name of turn % 2 ? names.toReversed() : names) turns[name] = await run(context, asked[name]);
    for (const name of names) {
      if (turns[name].found !== turns.nothing.found) throw new Error(`${backend}, ${name}: other peaks`);
      // In the first turn V8 still compiles.
      if (turn === 0) continue;
      times[name].push(turns[name].ms);
      more[name].push(turns[name].ms - turns.nothing.ms);
    }
  }
  for (const name of names) {
    const [least, median] = [Math.min(...times[name]), quantile(times[name], 0.5)];
    const over = [least - Math.min(...times.nothing), quantile(more[name], 0.5)];
    const aim = name === 'all' ? ` (aim ${aimMs})` : '';
    process.stdout.write(
      `${backend}, ${name}: ${least.toFixed(2)} ms at least, median ${median.toFixed(2)}; more than nothing ` +
        `${over.map((ms) => ms.toFixed(2)).join(' and ')} ms${aim}\n`,
    );
    if (name !== 'nothing')
      record({ what: `${backend} ${name}`, value: over[0], unit: 'ms', most: true, ...(aim && { aim: aimMs }) });
  }
  await context.dispose();
}
