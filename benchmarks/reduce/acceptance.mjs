#!/usr/bin/env node
// What `ewald reduce` promises, on simulated runs of a seed that nobody has looked at:
//   node benchmarks/reduce/acceptance.mjs [--seed N] [--frames 240] [--proof 60] [--only hits,spots,harms,raw,ambiguity]
// Needs build/esm (node scripts/build.mjs types), esbuild, and h5py for one of its rows. Prints one table; the exit code is 3
// if a row is out of its bounds.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { open } from '../../dist/data.node.js';
import { createContext, mergeStream } from '../../dist/index.node.js';
import { simulateFrames } from '../../dist/shell.node.js';
import { missedAim } from '../lib/lines.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 1e6) },
    frames: { type: 'string', default: '240' },
    proof: { type: 'string', default: '60' },
    only: { type: 'string', default: 'hits,spots,harms,raw,ambiguity' },
    backend: { type: 'string', default: 'native' },
  },
});
const [seed, count, proofFrames] = [values.seed, values.frames, values.proof].map(Number);
const wants = new Set(values.only.split(','));
process.chdir(root);
const folder = mkdtempSync(join(tmpdir(), 'ewald-reduce-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const at = (name) => join(folder, name);
const esm = (path) => import(join(root, 'build/esm', path));

// The ways of reducing frames that do harm, and the raw words, are those of the tests.
const support = at('support.mjs');
await build({
  stdin: {
    contents: "export * from './test/pipeline/hits-support.ts'; export * from './test/support/jungfrau.ts';",
    resolveDir: root,
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: support,
  logLevel: 'error',
  define: { 'import.meta.url': JSON.stringify(new URL('../../src/', import.meta.url).href) },
});
const { harmed, harms, Jungfrau, writeNxmx } = await import(support);
const { proofOf } = await esm('pipeline/reduce/proof.js');
const { isMissing, pairsOf } = await esm('pipeline/reduce/pairs.js');
const { limitsOf } = await esm('pipeline/reduce/limits.js');
const { tableOf } = await esm('pipeline/stages/reflection-table.js');
const { philox } = await esm('compute/random/philox.js');
const { centric, epsilon, representative } = await esm('crystal/symmetry/asymmetric-unit.js');
const { laueGroup, pointGroup } = await esm('crystal/symmetry/point-group.js');

const ctx = await createContext({ backend: values.backend, log: { level: 'error' } });
const rows = [];
/** Notes a figure and its bound. */
function row(set, what, value, isRight, expected) {
  rows.push({ set, what, value: String(value), expected, isRight });
  process.stderr.write(`${isRight ? ' ' : '!'} ${set}: ${what}: ${value} (${expected})\n`);
}

const usual = { detectorPx: [640, 640], pixelMm: 0.12, distanceMm: 60, wavelengthA: 1.3, images: count, blank: 0.2 };
const box = (a, b, c) => [
  [a, 0, 0],
  [0, b, 0],
  [0, 0, c],
];
const peaksAt = (threshold) => ({ threshold, minSnr: 4.5, minPixCount: 2, maxPixCount: 200, localBgRadius: 4 });
const sets = {
  strong: { cell: box(42, 51, 63), symmetry: 'mmm', strength: 900, background: 4, peaks: peaksAt(7) },
  weak: { cell: box(52, 52, 44), symmetry: '4/m', strength: 220, background: 1, peaks: peaksAt(2.6) },
  faint: { cell: box(52, 52, 44), symmetry: '4/m', strength: 70, background: 0.6, peaks: peaksAt(2) },
};
const common = (set) => ({
  cells: [at(`${set}.cell`)],
  peaks: sets[set].peaks,
  intRadius: [4, 5, 7],
});

/** Without parameters a run takes the peaks and the radii of a file of spots. */
const asKept = { peaks: undefined, intRadius: undefined };

async function searched(set, file, more = {}) {
  const items = [];
  const options = { ...common(set), geometry: at(`${set}.geom`), refineGeometry: 'off', inputs: [at(file)], ...more };
  for await (const item of ctx.pipeline({ ...options, force: true }))
    if (item.error) throw item.error;
    else items.push(item);
  return items.sort((a, b) => a.origin.event - b.origin.event);
}
const tables = (item) => (item?.result.crystals ?? []).map(({ reflections = [] }) => ({ table: tableOf(reflections) }));

/** Items of a file of hits by the number with which their frame was recorded. */
async function byRecorded(file, items) {
  const dataset = await open(at(file));
  const numbers = (await dataset.field('/entry/reduction/frame')).values;
  await dataset.dispose();
  return new Map(items.map((item) => [Number(numbers[item.origin.event]), item]));
}
const both = (items, after) =>
  items.map((item) => ({ before: tables(item), after: tables(after.get(item.origin.event)) }));

/** True intensities in the order of a merged list: the law by which the simulator draws them. */
function truthOf(list, { cell, symmetry }, way) {
  const laue = laueGroup(pointGroup(symmetry));
  const drawn = (indices, which) => {
    const [h, k, l] = indices;
    const sign = h > 0 || (h === 0 && (k > 0 || (k === 0 && l > 0))) ? 1 : -1;
    const words = [h, k, l].map((index) => (sign * index) >>> 0);
    return ((philox([...words, 5], [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0])[which] ?? 0) + 0.5) / 2 ** 32;
  };
  return Array.from({ length: list.count }, (_, i) => {
    const given = list.indices.subarray(3 * i, 3 * i + 3);
    const [h, k, l] = way ? [given[1], given[0], -given[2]] : given;
    const unique = representative([h, k, l], laue);
    const q2 = (unique[0] / cell[0][0]) ** 2 + (unique[1] / cell[1][1]) ** 2 + (unique[2] / cell[2][2]) ** 2;
    const part = centric(unique, laue) ? 2 * Math.cos(2 * Math.PI * drawn(unique, 1)) ** 2 : 1;
    return epsilon(unique, laue) * part * -Math.log(drawn(unique, 0)) * Math.exp((-25 * q2) / 2);
  });
}

/** Mean of ((I − truth)/σ)² of a merge on the reflections of `keys`, with the errors of `errors`; the better setting counts. */
function noiseOf(list, set, keys, errors) {
  const index = new Map(
    Array.from({ length: list.count }, (_, i) => [list.indices.subarray(3 * i, 3 * i + 3).join(), i]),
  );
  const chosen = keys.flatMap((key) => (index.has(key) ? [[index.get(key), errors.get(key)]] : []));
  const ways = sets[set].symmetry === '4/m' ? [false, true] : [false];
  return Math.min(
    ...ways.map((way) => {
      const truth = truthOf(list, sets[set], way);
      let [it, tt] = [0, 0];
      for (const [i, sigma] of chosen) {
        it += (list.intensity[i] * truth[i]) / sigma ** 2;
        tt += truth[i] ** 2 / sigma ** 2;
      }
      const scale = it / tt;
      return (
        chosen.reduce((sum, [i, sigma]) => sum + ((list.intensity[i] - scale * truth[i]) / sigma) ** 2, 0) /
        chosen.length
      );
    }),
  );
}
const keysOf = (list) => Array.from({ length: list.count }, (_, i) => list.indices.subarray(3 * i, 3 * i + 3).join());

const known = ({ value, error }, digits = 4) => `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
const sha = (pixels) =>
  createHash('sha256')
    .update(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength))
    .digest('hex');

async function hits(set, items) {
  for (const codec of ['bslz4', 'gzip']) {
    const output = at(`${codec}.cxi`);
    const found = await ctx.reduce({
      inputs: [at(`${set}.h5`)],
      geometry: at(`${set}.geom`),
      peaks: sets[set].peaks,
      codec,
      output,
    });
    const [source, kept] = [await open(at(`${set}.h5`)), await open(output)];
    const numbers = (await kept.field('/entry/reduction/frame')).values;
    const shas = [];
    let differ = 0;
    for (const [i, frame] of numbers.entries()) {
      shas.push(sha(await kept.read(i, 1)));
      if (shas[i] !== sha(await source.read(Number(frame), 1))) differ++;
    }
    await Promise.all([source.dispose(), kept.dispose()]);
    const lit = items.filter(({ result }) => result.peaks.count >= 5).length;
    row(set, `${codec}: hits kept of ${found.frames} frames`, found.kept, found.kept === lit, `${lit} by the search`);
    row(set, `${codec}: frames that differ`, differ, differ === 0, '0');
    row(set, `${codec}: times smaller than all frames`, (found.rawBytes / found.bytes).toFixed(2), true, 'no bound');
    if (codec === 'gzip') byCxi(set, output, shas);
  }
  for (const [name, more] of [
    ['from pixels', {}],
    ['from --peaks cxi', { peaks: 'cxi' }],
  ]) {
    const { peaks } = common(set);
    const options = {
      geometry: at('bslz4.geom'),
      ...(more.peaks === 'cxi' ? { peaks: undefined, finder: 'cxi' } : { peaks }),
    };
    const after = await byRecorded('bslz4.cxi', await searched(set, 'bslz4.cxi', options));
    const { both: same, lost, gained } = pairsOf(both(items, after));
    row(
      set,
      `crystals ${name}: same, lost, gained`,
      `${same}, ${lost}, ${gained}`,
      same > 0 && lost + gained === 0,
      'all the same',
    );
  }
}

/** The rules of CXI, by a reader that shares nothing with ours. */
function byCxi(set, file, shas) {
  const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);
  if (!python) return row(set, 'h5py', 'absent', false, 'installed');
  const script = `
import h5py, hashlib, json, sys
f = h5py.File(sys.argv[1], "r")
d, m, r = f["/entry_1/data_1/data"], f["/entry_1/data_1/mask"], f["/entry_1/result_1"]
n, x, y, i = (r[k][...] for k in ("nPeaks", "peakXPosRaw", "peakYPosRaw", "peakTotalIntensity"))
inside = all(((0 <= a[:c]) & (a[:c] <= e - .5)).all() for a, e in ((x, d.shape[2]), (y, d.shape[1])) for a, c in zip(a, n))
print(json.dumps([[hashlib.sha256(one.tobytes()).hexdigest() for one in d], d == f["/entry/data/data"],
  m == f["/entry/instrument/detector/pixel_mask"], m.shape == d.shape[1:], bool(inside),
  len(n) == len(d) and x.shape == y.shape == i.shape == (len(d), int(n.max()))]))`;
  const [pixels, ...rules] = JSON.parse(
    execFileSync(python, ['-c', script, file], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
  row(
    set,
    'h5py: frames that differ',
    pixels.filter((one, i) => one !== shas[i]).length,
    pixels.join() === shas.join(),
    '0',
  );
  row(
    set,
    'h5py: rules of CXI kept',
    `${rules.filter(Boolean).length} of ${rules.length}`,
    rules.every(Boolean),
    'all',
  );
}

async function spots(set, items, full) {
  const name = `${set}.spots.cxi`;
  const { proof, pixels, whole, rawBytes, bytes } = await ctx.reduce({
    ...common(set),
    inputs: [at(`${set}.h5`)],
    geometry: at(`${set}.geom`),
    keep: 'spots',
    proof: proofFrames,
    output: at(name),
  });
  row(
    set,
    'spots: pixels kept, hits whole, times smaller',
    `${(100 * pixels).toFixed(0)} %, ${whole}, ${(rawBytes / bytes).toFixed(1)}`,
    true,
    'no bound',
  );
  const { bias, missing } = proof;
  row(
    set,
    `spots: --proof ${proof.frames}: bias, σ`,
    known(bias),
    Math.abs(bias.value) - 2 * bias.error <= 0.005 && bias.error < 0.003,
    '≤ .005 ± .003',
  );
  row(
    set,
    'spots: --proof, missing',
    `${(100 * missing).toFixed(1)} %`,
    proof.failures.length === 0,
    proof.failures[0] ?? 'accepted',
  );
  const after = await byRecorded(
    name,
    await searched(set, name, { geometry: at(`${set}.spots.geom`), output: at(`${set}.spots.stream`), ...asKept }),
  );
  const { both: same, lost, gained } = pairsOf(both(items, after));
  // What a program gets that searches for peaks among the pixels that are left, of which a run warns.
  const anew = pairsOf(
    both(items, await byRecorded(name, await searched(set, name, { geometry: at(`${set}.spots.geom`) }))),
  );
  const gone = anew.pairs.filter(isMissing).length / anew.pairs.length;
  row(
    set,
    'spots, searched anew: crystals lost, observations missing',
    `${anew.lost}, ${(100 * gone).toFixed(1)} %`,
    true,
    'a run warns of it',
  );
  row(
    set,
    'spots: crystals: same, lost, gained',
    `${same}, ${lost}, ${gained}`,
    same > 0 && lost + gained === 0,
    'all the same',
  );
  const merged = await mergeStream(ctx, at(`${set}.spots.stream`), { symmetry: sets[set].symmetry });
  const [a, b] = [full.reflections, merged.reflections];
  const errors = new Map(keysOf(a).map((key, i) => [key, a.sigma[i]]));
  const there = new Set(keysOf(b));
  const keys = keysOf(a).filter((key) => there.has(key));
  const [before, now] = [noiseOf(a, set, keys, errors), noiseOf(b, set, keys, errors)];
  row(
    set,
    'spots: noise against truth, before and after',
    `${before.toFixed(3)}, ${now.toFixed(3)}`,
    now / before <= 1.02,
    'ratio ≤ 1.02',
  );
  row(set, 'spots: reflections merged, before and after', `${a.count}, ${b.count}`, b.count > 0.97 * a.count, '> 97 %');
  if (wants.has('ambiguity') && full.waysToIndex.length > 1)
    await ambiguity(set, full, merged, name, swapsOf(set, items, after));
}

/** The recorded numbers of frames whose crystal is indexed in the other setting the second time: what is resolved is swapped. */
function swapsOf(set, items, after) {
  const laue = laueGroup(pointGroup(sets[set].symmetry));
  const keyOf = ({ h, k, l }) => representative([h, k, l], laue).join();
  return new Set(
    items.flatMap((item) => {
      const [before, now] = [item, after.get(item.origin.event)].map(
        (one) => one?.result.crystals[0]?.reflections ?? [],
      );
      let [same, other] = [0, 0];
      for (const one of before) {
        const there = now.find(({ fs, ss }) => Math.hypot(fs - one.fs, ss - one.ss) < 1.2);
        if (there && keyOf(there) === keyOf(one)) same++;
        else if (there) other++;
      }
      return other > same ? [item.origin.event] : [];
    }),
  );
}

/** Whether crystals are resolved the same way from both. */
async function ambiguity(set, full, merged, name, swaps) {
  const dataset = await open(at(name));
  const numbers = (await dataset.field('/entry/reduction/frame')).values;
  await dataset.dispose();
  const eventOf = ({ event }) => Number(event.replace(/^\/*/, ''));
  const before = new Map(full.crystals.map((one) => [eventOf(one), one]));
  const pairs = merged.crystals.flatMap((one) => {
    const other = before.get(Number(numbers[eventOf(one)]));
    return other ? [[other, one]] : [];
  });
  // Below odds of e⁵ a crystal of few observations is doubtful, and says so.
  const decided = pairs.filter(([a, b]) => a.logOdds >= 5 && b.logOdds >= 5);
  const same = decided.filter(([a, b]) => (a.way === b.way) !== swaps.has(eventOf(a))).length;
  const most = Math.max(same, decided.length - same);
  row(
    set,
    'spots: crystals resolved alike, of those beyond doubt',
    `${most} of ${decided.length}`,
    most === decided.length && decided.length > 0.9 * pairs.length,
    'all',
  );
  const sum = (which) => pairs.reduce((all, pair) => all + Math.min(1e6, pair[which].logOdds), 0);
  const ratio = sum(1) / sum(0);
  row(set, 'spots: log odds, after to before', ratio.toFixed(3), Math.abs(ratio - 1) <= 0.05, '1 ± .05');
}

async function bad(set, items) {
  const source = await open(at(`${set}.h5`));
  const sig = source.shape.sig;
  const { beamCentrePx } = source.meta;
  const mask = await source.mask();
  const lit = items.filter(({ result }) => result.crystals.length > 0);
  const some = lit.slice(0, proofFrames);
  for (const how of ['unchanged', ...harms]) {
    const frames = [];
    // A selection is seen in the merge, of which all frames have a part.
    const used = how === 'peaks, masked' ? lit : some;
    for (const item of used) {
      const frame = await source.read(item.origin.event, 1);
      frames.push(how === 'unchanged' ? frame : harmed(how, frame, sig, [beamCentrePx.x, beamCentrePx.y], item));
    }
    const meta = how === 'peaks, masked' ? { ...source.meta, markers: [65535] } : source.meta;
    await writeNxmx(at('harmed.h5'), sig, frames, { meta, mask });
    const after = await searched(set, 'harmed.h5');
    const proof = proofOf(
      used.map((item, i) => ({ before: tables(item), after: tables(after[i]) })),
      sets[set].cell,
      limitsOf('accept'),
    );
    const worst = Math.max(...proof.shells.map(({ bias }) => Math.abs(bias.value) / (bias.error || 1)));
    const merge = Math.max(...proof.merged.shells.flat().map(({ value, error }) => Math.abs(value) / (error || 1)));
    const said = `${worst.toFixed(1)}, ${merge.toFixed(1)}, ${(100 * proof.missing).toFixed(1)} %, ${proof.failures.length}`;
    const text = `${how}: bias and merge in errors, missing, failures (${used.length} frames)`;
    if (how === 'unchanged') row(set, text, said, proof.failures.length === 0, 'accepted');
    else if (how === 'peaks, masked') row(set, text, said, proof.failures.length > 0 && merge > 5, 'fails, merge > 5');
    else
      row(
        set,
        text,
        said,
        proof.failures.length > 0 && worst > (how.startsWith('k') ? 3.5 : 10),
        how.startsWith('k') ? 'fails, > 3.5' : 'fails, > 10',
      );
  }
  await source.dispose();
}

/** Photons as their charge is shared with the pixels beside theirs: clouds of .13 pixels. */
function shared(frame, width, random) {
  const cut = (x) => 1 / (1 + Math.exp((1.702 * x) / 0.13));
  const out = new Float64Array(frame.length);
  const put = (i, share) => {
    if (i >= 0 && i < out.length) out[i] += share;
  };
  for (let i = 0; i < frame.length; i++)
    for (let n = Math.min(frame[i], 1000); n > 0; n--) {
      const [x, y] = [random(), random()];
      const [fx, fy] = [x, y].map((one) => [cut(one), 1 - cut(one) - cut(1 - one), cut(1 - one)]);
      for (let b = 0; b < 3; b++)
        for (let a = 0; a < 3; a++) if (fx[a] * fy[b] > 1e-4) put(i + (b - 1) * width + a - 1, fx[a] * fy[b]);
    }
  return out;
}

/** Quarter photons of a JUNGFRAU against the same words as real numbers. */
async function raw(set, items) {
  const source = await open(at(`${set}.h5`));
  const sig = source.shape.sig;
  const detector = new Jungfrau(sig, 9500, seed);
  const [words, exact] = [[], []];
  const some = items.filter(({ result }) => result.crystals.length > 0).slice(0, proofFrames);
  const n = detector.n;
  for (const item of some) {
    const word = detector.words(shared(await source.read(item.origin.event, 1), sig[1], () => detector.uniform()));
    words.push(word);
    exact.push(
      Float32Array.from(word, (one, i) => {
        const from = i + [0, 1, 1, 2][one >> 14] * n;
        return (((one & 0x3fff) - detector.pedestals[from]) / (detector.gains[from] * 9.5)) * 4;
      }),
    );
  }
  const mask = await source.mask();
  const { saturation: _, bitDepth: __, markers: ___, ...meta } = source.meta;
  await writeNxmx(at('words.h5'), sig, words, { meta, mask });
  await writeNxmx(at('exact.h5'), sig, exact, { meta, mask });
  await source.dispose();
  const constants = await detector.write([at('gains.h5'), at('pedestals.h5')]);
  const geometry = at('raw.geom');
  writeFileSync(
    geometry,
    readFileSync(at(`${set}.geom`), 'utf8')
      .replaceAll(/adu_per_photon = .*/g, 'adu_per_photon = 4')
      .replaceAll(/max_adu = .*/g, 'max_adu = 30000'),
  );
  const peaks = { ...sets[set].peaks, threshold: 4 * sets[set].peaks.threshold };
  const before = await searched(set, 'exact.h5', { geometry, peaks });
  const after = await searched(set, 'words.h5', { geometry, peaks, constants, energy: 9500 });
  const proof = proofOf(
    before.map((item, i) => ({ before: tables(item), after: tables(after[i]) })),
    sets[set].cell,
    limitsOf('accept'),
  );
  const { bias, variance, crystals } = proof;
  row(
    set,
    `quarter photons of words: bias, σ (${some.length} frames)`,
    known(bias),
    Math.abs(bias.value) - 2 * bias.error < 0.005,
    '< .005',
  );
  row(set, 'quarter photons of words: variance', known(variance), variance.value < 0.025, '< 2.5 %');
  row(
    set,
    'quarter photons of words: crystals: same, lost, gained',
    `${crystals.both}, ${crystals.lost}, ${crystals.gained}`,
    crystals.lost + crystals.gained <= 0.02 * some.length,
    '≤ 2 % others',
  );
}

for (const [set, { peaks: _, ...simulation }] of Object.entries(sets)) {
  const isUsed = wants.has('spots') || wants.has('ambiguity') || (set === 'weak' && values.only !== '');
  if (!isUsed) continue;
  await simulateFrames(folder, { ...usual, ...simulation, seed }, { name: set });
  const items = await searched(set, `${set}.h5`, { output: at(`${set}.stream`) });
  if (set === 'weak' && wants.has('hits')) await hits(set, items);
  if (set === 'weak' && wants.has('harms')) await bad(set, items);
  if (set === 'weak' && wants.has('raw')) await raw(set, items);
  if (wants.has('spots'))
    await spots(set, items, await mergeStream(ctx, at(`${set}.stream`), { symmetry: simulation.symmetry }));
}
await ctx.dispose();

const widths = ['set', 'what', 'value'].map((name) => Math.max(...rows.map((one) => one[name].length)));
process.stdout.write(`seed ${seed}, ${count} frames of 640 × 640, a fifth of them blank\n`);
for (const { set, what, value, expected, isRight } of rows)
  process.stdout.write(
    `${isRight ? 'pass' : 'MISS'}  ${set.padEnd(widths[0])}  ${what.padEnd(widths[1])}  ${value.padEnd(widths[2])}  ${expected}\n`,
  );
if (rows.some(({ isRight }) => !isRight)) process.exitCode = missedAim;
