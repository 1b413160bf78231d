#!/usr/bin/env node
// `node benchmarks/known-cells.mjs OTHER`: what this build and the build in the folder OTHER make of known cells, beside
// each other: the sets of simulated and real frames, the real spot lists and the merges of the test data, names of axes
// of pseudo-symmetric cells, plain cells bit by bit, and the time of the search. Without OTHER this build alone.
//   [--only sets,lists,merges,names,time] [--seed N] [--images N] of each cell and length (default 20) [--turns N]
// Crystals are compared by the labels of their axes. EWALD_TEST_DATA names the folder of the data. Ends with 1 if this
// build is worse.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cellFromParameters, sameLattice, simulateSpots } from '../dist/index.node.js';
import { indexRealLists } from '../test/indexing/real-lists.mjs';
import { batchOf, plainCells, pseudoCells, verdictOf } from '../test/support/labels.mjs';
import { listOf, sets as mergeSets, scoreOf, unpacked, wrongSettings } from './lib/merge-truth.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: 'sets,lists,merges,names,time' },
    seed: { type: 'string', default: '1' },
    images: { type: 'string', default: '20' },
    turns: { type: 'string', default: '12' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const data = resolve(process.env.EWALD_TEST_DATA ?? join(root, '../shared/data'));
const [images, turns, seed] = [Number(options.images), Number(options.turns), Number(options.seed)];
const builds = [];
for (const [name, folder] of [...(positionals[0] ? [['other', resolve(positionals[0])]] : []), ['this', root]]) {
  const library = await import(pathToFileURL(join(folder, 'dist/index.node.js')).href);
  builds.push({ name, folder, library, context: await library.createContext({ backend: 'native' }) });
}
const worse = [];
console.log(`| | ${builds.map(({ name }) => name).join(' | ')} |\n|---|${builds.map(() => '---|').join('')}`);

/** One line; `cost` is a number that must not be larger in this build than in the other one. */
function line(what, found, cost) {
  console.log(`| ${what} | ${found.join(' | ')} |`);
  const [other, own] = [cost?.[0], cost?.at(-1)];
  if (own > other) worse.push(what);
}
const each = async (of) => {
  const found = [];
  for (const build of builds) found.push(await of(build));
  return found;
};

const run = (folder, words, most = 0) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'dist/cli.js'), ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status === null || status > most) throw new Error(`ewald ${words.slice(0, 3).join(' ')}: ${stderr}`);
  return stdout;
};

const search = ['--threshold=12', '--min-snr=4.5', '--local-bg-radius=4', '--min-res=20'];
const simulated = ['run', 'weak', 'hard', 'multi', 'mono'];
const real = ['cspad_thermolysin', 'pilatus_thaumatin'];

/** Sets of frames: right crystals of those there are, by both builds, compared by this one. */
async function sets() {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-known-'));
  const index = (build, input, known, more) => {
    const words = [`${join(data, input)}.h5`, '-g', `${join(data, known)}.geom`, '-p', `${join(data, known)}.cell`];
    const stream = join(folder, `${build.name}.stream`);
    const out = run(
      build.folder,
      ['index', ...words, ...more, '--backend=native', '--force', '--json', '-o', stream],
      1,
    );
    return {
      stream,
      crystals: out
        .split('\n')
        .filter((text) => text.startsWith('{'))
        .map((text) => JSON.parse(text)),
    };
  };
  for (const set of simulated) {
    const found = await each((build) => {
      const more = set === 'multi' ? [...search, '--multi'] : search;
      const { stream } = index(build, `sim/${set}`, `sim/${set}`, more);
      return JSON.parse(run(root, ['stream', 'compare', stream, join(data, `sim/${set}.truth.json`), '--json'], 1));
    });
    const wrong = (one) => one.crystalsWrong + (one.crystalsMislabelled ?? 0);
    const text = (one) =>
      `${one.crystalsRight} of ${one.crystalsThere}, ${wrong(one)} wrong, ${one.misorientationMedianDeg.toFixed(4)}°`;
    line(
      set,
      found.map(text),
      found.map((one) => 1000 * wrong(one) - one.crystalsRight),
    );
  }
  // Their truth is the lattices of other programs, for frames that these could index.
  for (const set of real) {
    const truth = JSON.parse(readFileSync(join(data, `real/frames/${set}_dev.truth.json`), 'utf8'));
    const found = await each((build) => {
      const { crystals } = index(build, `real/frames/${set}_dev`, `real/frames/${set}`, []);
      const isRight = ({ frame, real_space_crystfel: cell }) =>
        crystals.some((one) => one.event === frame && one.crystals.some((own) => sameLattice(own.cell, cell)));
      return truth.filter((one) => one.indexable && isRight(one)).length;
    });
    line(
      set,
      found.map((n) => `${n} of ${truth.filter(({ indexable }) => indexable).length}`),
      found.map((n) => -n),
    );
  }
  rmSync(folder, { recursive: true });
}

/** The real lists: right and invented lattices. */
async function lists() {
  const folder = join(data, 'real/spots');
  const found = await each(({ context, library: { sameLattice } }) => indexRealLists({ context, sameLattice, folder }));
  const text = ({ right, wrong, invented, several, incomplete, nominal, lost }) =>
    `${right.length} of ${right.length + wrong.length} right, ${invented.length} invented, several lattices ` +
    `${several.length - incomplete.length} of ${several.length}, by nominal cell ${nominal.length - lost.length} of ` +
    `${nominal.length}`;
  const cost = ({ wrong, invented, incomplete, lost }) =>
    wrong.length + invented.length + incomplete.length + lost.length;
  line('real lists', found.map(text), found.map(cost));
}

/** The merges: correlation with the truth, unique reflections, Rsplit, and crystals in a wrong setting. */
async function merges() {
  for (const [set, { symmetry }] of Object.entries(mergeSets)) {
    const bytes = unpacked(`${set}.stream.xz`);
    const truth = listOf(`${set.slice(0, 3)}.truth.hkl.xz`);
    const found = await each(async ({ context, library: { mergeStream } }) => {
      const result = await mergeStream(context, { name: set, bytes: [bytes] }, { symmetry });
      const settings = symmetry === '4/m' ? wrongSettings(set, result.crystals) : 0;
      return { ...scoreOf([result.reflections, ...result.halves], truth, symmetry), settings };
    });
    const text = ({ cc, unique, rSplit, settings }) =>
      `CC ${cc.toFixed(4)}, ${unique} unique, Rsplit ${rSplit.toFixed(4)}, ${settings} settings wrong`;
    line(
      `merge ${set}`,
      found.map(text),
      found.map(({ cc, settings }) => settings + Math.round(1e4 * (1 - cc)) / 1e4),
    );
  }
}

const lengths = [20, 50, 120, 300];
const stillsOf = ([parameters, centring], spots, count = images) =>
  simulateSpots({
    ...{ cell: cellFromParameters(...parameters), centring, images: count, spots, seed: 1000 * seed + spots },
    ...{ noisePx: 0.5, spurious: 0.2 },
  });
const indexerOf = ({ context }, count = images) =>
  context.indexer({ batch: count, maxBatchSpots: 300 * count, threads: 1 });

/** Names of axes; and, of plain cells, everything that a run returns. */
async function names() {
  const found = await each(async (build) => {
    const indexer = await indexerOf(build);
    const seen = { right: 0, label: 0, undecided: 0, lattice: 0, none: 0 };
    for (const known of Object.values(pseudoCells))
      for (const spots of lengths) {
        const stills = stillsOf(known, spots);
        const cells = [{ parameters: known[0], centring: known[1] }];
        const result = await indexer.run({ ...batchOf(stills.map((still) => still.spots)), cells });
        for (const [i, { lattices }] of stills.entries())
          seen[verdictOf(result.image(i).crystals()[0], lattices, known[1])]++;
      }
    const bits = createHash('sha256');
    for (const known of Object.values(plainCells))
      for (const spots of lengths) {
        const cells = [{ parameters: known[0], centring: known[1] }];
        const result = await indexer.run({ ...batchOf(stillsOf(known, spots).map((still) => still.spots)), cells });
        for (const column of [result.cells, result.scores, result.indexedSpots, result.assignment])
          bits.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
      }
    await indexer.dispose();
    return { ...seen, bits: bits.digest('hex').slice(0, 12) };
  });
  const text = (one) =>
    `${one.right} right, ${one.label} with wrong names, ${one.undecided} undecided, ${one.lattice + one.none} lost`;
  line(
    `${lengths.length * images * 10} pseudo-symmetric crystals, 0.5 px`,
    found.map(text),
    found.map(({ label }) => label),
  );
  const bits = found.map((one) => one.bits);
  line('plain cells: hash of results', bits, [0, Number(bits[0] !== bits.at(-1))]);
}

/** Time of the search of one still, the best of turns that alternate between the builds. */
async function time() {
  const count = 50;
  const indexers = await each((build) => indexerOf(build, count));
  for (const [kind, cells] of Object.entries({ plain: plainCells, 'pseudo-symmetric': pseudoCells }))
    for (const spots of lengths) {
      const inputs = Object.values(cells).map((known) => ({
        ...batchOf(stillsOf(known, spots, count).map((still) => still.spots)),
        cells: [{ parameters: known[0], centring: known[1] }],
      }));
      const best = inputs.map(() => indexers.map(() => Number.POSITIVE_INFINITY));
      for (let turn = 0; turn < turns; turn++)
        for (const [i, input] of inputs.entries())
          for (const [b, indexer] of indexers.entries()) {
            const begin = performance.now();
            await indexer.run(input);
            best[i][b] = Math.min(best[i][b], (performance.now() - begin) / count);
          }
      const sums = indexers.map((_, b) => best.reduce((sum, one) => sum + one[b], 0) / inputs.length);
      const ratio = sums.at(-1) / sums[0];
      const limit = kind === 'plain' ? 1.02 : 1.05;
      line(
        `µs a still, ${kind}, ${spots} spots: × ${ratio.toFixed(3)}`,
        sums.map((one) => (1000 * one).toFixed(1)),
        [limit, ratio],
      );
    }
}

if (!existsSync(data) && /sets|lists|merges/.test(options.only))
  throw new Error(`${data} does not exist; set EWALD_TEST_DATA to the folder of the test data`);
for (const [part, of] of Object.entries({ sets, lists, merges, names, time }))
  if (options.only.split(',').includes(part)) await of();
for (const { context } of builds) await context.dispose();
if (worse.length > 0) console.log(`worse than the other build: ${worse.join('; ')}`);
process.exitCode = worse.length > 0 ? 1 : 0;
