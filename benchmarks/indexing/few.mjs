#!/usr/bin/env node
// Few spots of small cells: which part of simulated lists is right, undecided and wrong, beside the usual search on the
// same lists, and the processor time of an image of eight spots.
//   node benchmarks/indexing/few.mjs [--lists 4] [--seed 1] [--beam mono]
// A field has that many lists of each of nine cells. Right: 70 % of the true spots have their indices, up to the
// rotations of the lattice, and for electrons up to an inversion.
import { parseArgs } from 'node:util';
import { cellFromParameters, createContext, simulateSpots } from '../../dist/index.node.js';
import { beams, cells } from '../lib/small-cells.mjs';

const { values } = parseArgs({
  options: {
    lists: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    beam: { type: 'string' },
  },
});
const lists = Number(values.lists);
const counts = [3, 4, 5, 6, 8, 10, 15];
const shares = [0, 0.3, 0.5];

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const vectors = Array.from({ length: 27 }, (_, n) => [(n % 3) - 1, (Math.floor(n / 3) % 3) - 1, Math.floor(n / 9) - 1]);

/** The rotations of a lattice, as matrices that act on the indices of its conventional cell. */
function rotationsOf(cell) {
  const metric = cell.map((a) => cell.map((b) => dot(a, b)));
  const product = (a, b) => a.reduce((sum, x, i) => sum + x * dot(metric[i], b), 0);
  const same = (a, b, i, j) => Math.abs(a - b) < 6e-4 * Math.sqrt(metric[i][i] * metric[j][j]);
  const images = [0, 1, 2].map((i) => vectors.filter((v) => same(product(v, v), metric[i][i], i, i)));
  const found = [];
  for (const a of images[0])
    for (const b of images[1].filter((v) => same(product(a, v), metric[0][1], 0, 1)))
      for (const c of images[2])
        if (same(product(a, c), metric[0][2], 0, 2) && same(product(b, c), metric[1][2], 1, 2)) {
          const det = dot(a, [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]]);
          if (det === 1) found.push([a, b, c]);
        }
  return found;
}

/** Whether the true spots have their indices. */
function isRight(found, { spots, owner, lattices }, rotations, signs) {
  const indices = (cell) =>
    Array.from(owner, (_, i) => cell.map((row) => Math.round(dot(row, spots.subarray(3 * i, 3 * i + 3)))));
  const [own, truth] = [indices(found), indices(lattices[0])];
  const wanted = owner.reduce((sum, one) => sum + (one === 1 ? 1 : 0), 0);
  return signs.some((sign) =>
    rotations.some(
      (turn) =>
        own.filter((h, i) => owner[i] === 1 && turn.every((row, k) => sign * dot(row, h) === truth[i][k])).length >=
        0.7 * wanted,
    ),
  );
}

const context = await createContext({ backend: 'native' });
const size = { batch: 4 * lists, threads: 1, maxOutputCells: 16 };
const indexers = {
  few: await context.indexer({ ...size, method: 'few' }),
  fast: await context.indexer({ ...size, method: 'fast' }),
};
const all = { lists: 0, wrong: 0 };

/** Counts of a field: right, undecided and wrong by each method, and the processor time of the first. */
async function field(name, beam, spots, share) {
  const spurious = share < 0.5 ? Math.round((spots * share) / (1 - share)) : spots;
  const sums = { few: [0, 0, 0], fast: [0, 0, 0], lists: 0, us: 0 };
  for (const [k, [parameters, centring, dMinA]] of Object.values(cells).entries()) {
    const cell = cellFromParameters(...parameters);
    const options = { cell, centring, dMinA, bFactorA2: 4, noisePx: 0.4, detectorPx: [2100, 2100], ...beam };
    const total = { spots: spots + spurious, spurious: spurious / (spots + spurious) };
    const seed = Number(values.seed) * 1000 + spots * 10 + k;
    const stills = simulateSpots({ ...options, ...total, images: 5 * lists, seed })
      .filter(({ owner }) => owner.length === spots + spurious)
      .slice(0, lists);
    // Some stills of the smallest cells have fewer reflections.
    if (stills.length === 0) continue;
    const offsets = stills.reduce((sum, { owner }) => [...sum, sum.at(-1) + owner.length], [0]);
    const input = { spots: stills.flatMap((still) => [...still.spots]), offsets, cells: { parameters, centring } };
    const rotations = rotationsOf(cell);
    for (const method of ['few', 'fast']) {
      await indexers[method].run(input);
      const before = process.cpuUsage();
      const result = await indexers[method].run(input);
      const { user, system } = process.cpuUsage(before);
      if (method === 'few') sums.us += user + system;
      for (const [i, still] of stills.entries()) {
        const [crystal] = result.image(i).crystals();
        if (!crystal) continue;
        const decided = method === 'few' ? crystal.labelsDecided : !crystal.ambiguous;
        const right = isRight(crystal.cell, still, rotations, name === 'electrons' ? [1, -1] : [1]);
        sums[method][decided ? (right ? 0 : 2) : 1]++;
      }
    }
    sums.lists += stills.length;
  }
  all.lists += sums.lists;
  all.wrong += sums.few[2];
  return sums;
}

for (const [name, beam] of Object.entries(beams)) {
  if (values.beam !== undefined && values.beam !== name) continue;
  process.stdout.write(`\n${name}: right (undecided, wrong) in % of lists with 0, 30 and 50 % spurious spots\n`);
  process.stdout.write(`| spots | few | fast |\n|---|---|---|\n`);
  for (const spots of counts) {
    const fields = [];
    for (const share of shares) fields.push(await field(name, beam, spots, share));
    const text = (method) =>
      fields
        .map(({ [method]: [right, undecided, wrong], lists: n }) =>
          [right, undecided, wrong].map((count) => ((100 * count) / n).toFixed(method === 'few' ? 1 : 0)),
        )
        .map(([right, undecided, wrong]) => `${right} (${undecided}, ${wrong})`)
        .join(' · ');
    process.stdout.write(`| ${spots} | ${text('few')} | ${text('fast')} |\n`);
    if (spots === 8)
      process.stdout.write(
        `  eight spots: ${fields.map(({ us, lists: n }) => (us / n).toFixed(0)).join(', ')} us an image\n`,
      );
  }
}
process.stdout.write(`\ndecided and wrong: ${all.wrong} of ${all.lists}\n`);
await context.dispose();
