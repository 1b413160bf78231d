#!/usr/bin/env node
// Unknown small cells from many images of few spots: what `determineCell` answers for nine cells, and the processor time.
//   node benchmarks/indexing/few-cells.mjs [--images 120] [--spurious 0.3] [--beam mono] [--cells oP,mP] [--low 5] [--high 8] [--seed 1]
// The last line has the errors of the free parameters of right cells in units of those that are stated: z, whose rms is to
// be .8 to 1.2 over many runs (--seed; pink .75 to 1.2, electrons to 1.25).
// --distance 1.01 states a detector 1 % farther away than it is. --images of two numbers, 80+40, mixes them of two cells: --cells aP+hR.
import { parseArgs } from 'node:util';
import { cellFromParameters, createContext } from '../../dist/index.node.js';
import { crystalOf, modelOf, randomOf, stillOf, vectorAt } from '../lib/few-stills.mjs';
import { beams, cells } from '../lib/small-cells.mjs';

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    images: text('120'),
    spurious: text('0.3'),
    beam: text('mono'),
    cells: text('aP,hR,mC,po,oP,mP,hP,oA,cF'),
    low: text('5'),
    high: text('8'),
    seed: text('1'),
    distance: text('1'),
    backend: text('native'),
  },
});
const centres = {
  P: [],
  A: [[0, 0.5, 0.5]],
  C: [[0.5, 0.5, 0]],
  I: [[0.5, 0.5, 0.5]],
  F: [
    [0, 0.5, 0.5],
    [0.5, 0, 0.5],
    [0.5, 0.5, 0],
  ],
  H: [
    [2 / 3, 1 / 3, 1 / 3],
    [1 / 3, 2 / 3, 2 / 3],
  ],
};
/** The shortest vectors of a lattice. */
function shortest(cell, centring = 'P') {
  const lengths = [];
  for (let h = -4; h <= 4; h++)
    for (let k = -4; k <= 4; k++)
      for (let l = -4; l <= 4; l++)
        for (const [u, v, w] of [[0, 0, 0], ...centres[centring]])
          lengths.push(
            Math.hypot(...[0, 1, 2].map((i) => (h + u) * cell[0][i] + (k + v) * cell[1][i] + (l + w) * cell[2][i])),
          );
  return lengths.sort((p, q) => p - q).slice(1, 30);
}

/** Images of one cell, of a number of spots between the limits, each of them spurious with the given probability. */
function stillsOf(name, count, seed) {
  const crystal = crystalOf(name, seed);
  const random = randomOf(`cells ${values.beam} ${name} ${seed}`);
  const stills = [];
  const [low, high] = [Number(values.low), Number(values.high)];
  for (let n = 0; stills.length < count && n < 40 * count; n++) {
    const spots = low + Math.floor(random.uniform() * (high - low + 1));
    let spurious = 0;
    for (let i = 0; i < spots; i++) spurious += random.uniform() < Number(values.spurious) ? 1 : 0;
    if (spots - spurious < 1) continue;
    const still = stillOf(crystal, beams[values.beam], values.beam, random, { spots: spots - spurious, spurious });
    if (still) stills.push(scaled(still));
  }
  return stills;
}

/** The spots of a still as a detector sees them that is elsewhere than is said. */
function scaled({ places }) {
  const beam = { ...beams[values.beam], distanceMm: beams[values.beam].distanceMm * Number(values.distance) };
  return Float32Array.from(places.flatMap(([x, y]) => vectorAt(x, y, beam)));
}

/** Errors of the free parameters of a cell in the stated ones, by the axes in the order of their lengths. */
function zOf(best, parameters) {
  const [first] = best.bravais;
  if (!best.errors || !first) return [];
  const sorted = (lengths, others = lengths) =>
    lengths
      .map((_, i) => i)
      .sort((p, q) => lengths[p] - lengths[q])
      .map((i) => others[i]);
  const scale = Number(values.distance);
  const [ours, errors] = [first.parameters, best.errors];
  const off = sorted(ours.slice(0, 3)).map((length, i) => length / scale - sorted(parameters.slice(0, 3))[i]);
  const of = sorted(ours.slice(0, 3), errors.slice(0, 3));
  // Another setting of the lattice has other parameters.
  if (off.some((by, i) => Math.abs(by) > 0.02 * ours[i])) return [];
  const isSame = ours.slice(0, 3).every((length, i) => Math.abs(length / scale - parameters[i]) < 0.02 * length);
  const angles = [3, 4, 5].filter((i) => isSame && errors[i] > 0 && Math.abs(ours[i] - parameters[i]) < 2);
  // Axes that symmetry makes equal are one number.
  const lengths = [0, 1, 2].filter((i) => of[i] > 0 && off.findIndex((by) => Math.abs(by - off[i]) < 1e-9) === i);
  return [...lengths.map((i) => off[i] / of[i]), ...angles.map((i) => (ours[i] - parameters[i]) / errors[i])];
}

const context = await createContext({ backend: values.backend });
const indexer = await context.indexer({ threads: 1 });
const counts = values.images.split('+').map(Number);
let [right, wrong, most] = [0, 0, 0];
const z = [];
const names = values.cells.split(',');
for (const name of names) {
  const parts = name.split('+');
  const lists = parts.flatMap((part, i) =>
    stillsOf(part, counts[i], 10 * Number(values.seed) + Object.keys(cells).indexOf(part)),
  );
  const said = [];
  const before = process.cpuUsage();
  const found = await indexer.determineCell(lists, {
    ...modelOf(beams[values.beam]),
    onEvent: ({ text: words }) => said.push(words),
  });
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  most = Math.max(most, seconds);
  // The best answer has to be the cell; of two phases each has one.
  const off = parts.map((part) => {
    const [parameters, centring] = cells[part];
    const wanted = shortest(cellFromParameters(...parameters), centring);
    const errors = found
      .slice(0, parts.length)
      .map(({ cell }) =>
        Math.max(...shortest(cell).map((length, i) => Math.abs(length / Number(values.distance) / wanted[i] - 1))),
      );
    return Math.min(...errors, Number.POSITIVE_INFINITY);
  });
  const isRight = off.every((error) => error < 0.01);
  right += isRight ? 1 : 0;
  wrong += found.length > 0 && !isRight ? 1 : 0;
  const [best] = found;
  const own = isRight && parts.length === 1 ? zOf(best, cells[name][0]) : [];
  z.push(...own);
  const shape =
    best?.bravais[0] && `${best.bravais[0].type} ${best.bravais[0].parameters.map((x) => x.toFixed(3)).join(' ')}`;
  console.log(
    `${name} ${lists.length} ${isRight ? 'right' : found.length > 0 ? 'WRONG' : 'refused'} ${seconds.toFixed(1)} s ` +
      `off ${off.map((error) => (100 * error).toFixed(3)).join(', ')} % ${shape ?? ''} ${(best?.errors ?? []).map((x) => x.toFixed(3)).join(' ')} ` +
      `z ${own.map((x) => x.toFixed(2)).join(' ')} share ${(best?.few?.share ?? Number.NaN).toFixed(2)} ${best ? JSON.stringify(best.rivals.slice(0, 2).map(({ type, log10Odds }) => [type, Number(log10Odds.toFixed(1))])) : ''} ${said.join('; ')}`,
  );
}
console.log(
  `${values.beam}, ${values.images} images of ${values.low} to ${values.high} spots, ${100 * Number(values.spurious)} % spurious: ` +
    `right ${right} of ${names.length}, wrong ${wrong}, most ${most.toFixed(1)} s, ` +
    `z rms ${Math.sqrt(z.reduce((sum, x) => sum + x * x, 0) / z.length).toFixed(2)} of ${z.length}`,
);
await context.dispose();
