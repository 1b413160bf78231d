#!/usr/bin/env node
// `node benchmarks/peaks/compare.mjs [--data FOLDER] [--json]`: compares our peaks (with both kinds of centroid) and
// the peaks of CrystFEL's streams with the truth of the simulated sets, scored in the same way: recall of true spots
// above 60 and 100 counts within two pixels, false peaks, median distance. Both use the same parameters. The exit code
// is 1 where a peer is better, 3 where the data is absent.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: process.env.EWALD_TEST_DATA ?? join(root, '../shared/data') },
    json: { type: 'boolean', default: false },
  },
});
const sims = join(resolve(options.data), 'sim');
if (!existsSync(sims)) {
  process.stderr.write(`compare: ${sims} is absent; give the folder of test data with --data\n`);
  process.exit(3);
}
const load = (file) => import(pathToFileURL(join(root, file)).href);
const { createContext, parseGeometry } = await load('dist/index.node.js');
const { open } = await load('dist/data.node.js');

/** Peaks of a stream, [x, y] for each event. */
function peaksOf(file) {
  const events = new Map();
  let [event, inside] = [0, false];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('Event: //')) {
      event = Number(line.slice(9));
      events.set(event, []);
    }
    if (line.startsWith('End of peak list')) inside = false;
    const [x, y, ...more] = line.trim().split(/\s+/);
    if (inside && more.length === 3 && Number.isFinite(Number(x))) events.get(event).push([Number(x), Number(y)]);
    if (line.startsWith('Peaks from peak search')) inside = true;
  }
  return events;
}

function score(events, { frames }) {
  const count = { 60: [0, 0], 100: [0, 0] };
  const distances = [];
  let [no, all] = [0, 0];
  for (const [f, { lattices }] of frames.entries()) {
    const spots = lattices.flatMap((lattice) => lattice.spots);
    const peaks = events.get(f) ?? [];
    const nearest = (points, x, y) => points.reduce((least, [a, b]) => Math.min(least, Math.hypot(a - x, b - y)), 1e9);
    for (const [x, y, , , , counts] of spots) {
      if (counts <= 60) continue;
      const distance = nearest(peaks, x, y);
      for (const above of [60, 100]) {
        if (counts <= above) continue;
        count[above][1]++;
        if (distance < 2) count[above][0]++;
      }
      if (distance < 2) distances.push(distance);
    }
    all += peaks.length;
    no += peaks.filter(([x, y]) => nearest(spots, x, y) >= 2).length;
  }
  distances.sort((a, b) => a - b);
  const share = ([found, of]) => Number((found / of).toFixed(4));
  return {
    recall60: share(count[60]),
    recall100: share(count[100]),
    found60: count[60][0],
    false: no,
    peaks: all,
    centroid: Number((distances[distances.length >> 1] ?? Number.NaN).toFixed(4)),
  };
}

const context = await createContext({ backend: process.env.EWALD_DEVICE ?? 'auto' });
const report = [];
for (const set of ['run', 'weak', 'hard', 'multi', 'mono']) {
  const truth = JSON.parse(readFileSync(join(sims, `${set}.truth.json`), 'utf8'));
  const geometry = parseGeometry(readFileSync(join(sims, `${set}.geom`), 'utf8'), `${set}.geom`);
  const dataset = await open(join(sims, `${set}.h5`));
  const [height, width] = dataset.shape.sig;
  const bad = await dataset.mask?.();
  const finder = await context.peaks({
    ...{ width, height, dtype: dataset.dtype, geometry, minRes: 20 },
    ...(bad ? { bad: Uint8Array.from(bad, (v) => (v ? 1 : 0)) } : {}),
  });
  const ours = { blob: new Map(), weighted: new Map() };
  for (let f = 0; f < dataset.frames; f++) {
    const frame = await dataset.read(f, 1);
    for (const centroid of Object.keys(ours)) {
      const { fs, ss } = await finder.run(frame, { threshold: 12, minSnr: 4.5, localBgRadius: 4, centroid });
      ours[centroid].set(
        f,
        Array.from(fs, (x, i) => [x, ss[i]]),
      );
    }
  }
  await finder.dispose();
  await dataset.dispose();
  const peers = ['asdf', 'xgandalf'].map((name) => [
    `CrystFEL (${name})`,
    score(peaksOf(join(sims, `peers/${set}.${name}.stream`)), truth),
  ]);
  report.push({
    set,
    scores: Object.fromEntries([
      ['ewald', score(ours.blob, truth)],
      ['ewald, weighted', score(ours.weighted, truth)],
      ...peers,
    ]),
  });
}
await context.dispose();

let worse = 0;
for (const { set, scores } of report) {
  const [blob, weighted, ...peers] = Object.values(scores);
  // A stream rounds positions to a hundredth of a pixel.
  for (const peer of peers)
    for (const [own, room] of [
      [blob, 2e-3],
      [weighted, 0],
    ])
      if (own.recall60 < peer.recall60 || own.recall100 < peer.recall100 || own.centroid > peer.centroid + room)
        worse++;
  if (options.json) continue;
  for (const [name, s] of Object.entries(scores))
    process.stdout.write(
      `${set.padEnd(6)}${name.padEnd(20)} I>60 ${s.recall60.toFixed(4)} (${s.found60})  I>100 ` +
        `${s.recall100.toFixed(4)}  ` +
        `false ${s.false} of ${s.peaks}  centroid ${s.centroid.toFixed(4)} px\n`,
    );
}
if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = worse > 0 ? 1 : 0;
