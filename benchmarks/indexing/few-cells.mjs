#!/usr/bin/env node
// Unknown small cells from many images of few spots: what `determineCell` answers for nine cells, and the processor time.
//   node benchmarks/indexing/few-cells.mjs [--images 120] [--spurious 0.3] [--beam mono] [--cells oP,mP] [--low 5] [--high 8] [--seed 1]
// --images of two numbers, 80+40, mixes them of two cells: --cells aP+hR.
import { parseArgs } from 'node:util';
import { cellFromParameters, createContext, simulateSpots } from '../../dist/index.node.js';
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
  const [parameters, centring, dMinA] = cells[name];
  const cell = cellFromParameters(...parameters);
  const lists = [];
  const [low, high] = [Number(values.low), Number(values.high)];
  let state = seed * 7919 + 13;
  const random = () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
  for (let n = 0; lists.length < count && n < 40 * count; n++) {
    const spots = low + Math.floor(random() * (high - low + 1));
    let spurious = 0;
    for (let i = 0; i < spots; i++) spurious += random() < Number(values.spurious) ? 1 : 0;
    if (spots - spurious < 1) continue;
    const [still] = simulateSpots({
      cell,
      centring,
      dMinA,
      bFactorA2: 4,
      noisePx: 0.4,
      detectorPx: [2100, 2100],
      ...beams[values.beam],
      spots,
      spurious: spurious / spots,
      images: 1,
      seed: seed * 100000 + n,
    });
    if (still.owner.length === spots) lists.push(Float32Array.from(still.spots));
  }
  return lists;
}

const context = await createContext({ backend: values.backend });
const indexer = await context.indexer({ threads: 1 });
const counts = values.images.split('+').map(Number);
let [right, wrong, most] = [0, 0, 0];
const names = values.cells.split(',');
for (const name of names) {
  const parts = name.split('+');
  const lists = parts.flatMap((part, i) =>
    stillsOf(part, counts[i], 10 * Number(values.seed) + Object.keys(cells).indexOf(part)),
  );
  const said = [];
  const before = process.cpuUsage();
  const found = await indexer.determineCell(lists, { onEvent: ({ text: words }) => said.push(words) });
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  most = Math.max(most, seconds);
  const isRight = parts.every((part) => {
    const [parameters, centring] = cells[part];
    const wanted = shortest(cellFromParameters(...parameters), centring);
    return found.some(({ cell }) => shortest(cell).every((length, i) => Math.abs(length / wanted[i] - 1) < 0.01));
  });
  right += isRight ? 1 : 0;
  wrong += found.length > 0 && !isRight ? 1 : 0;
  const [best] = found;
  const shape =
    best?.bravais[0] && `${best.bravais[0].type} ${best.bravais[0].parameters.map((x) => x.toFixed(3)).join(' ')}`;
  console.log(
    `${name} ${lists.length} ${isRight ? 'right' : found.length > 0 ? 'WRONG' : 'refused'} ${seconds.toFixed(1)} s ` +
      `${shape ?? ''} ${(best?.errors ?? []).map((x) => x.toFixed(3)).join(' ')} ` +
      `share ${(best?.few?.share ?? Number.NaN).toFixed(2)} ${best ? JSON.stringify(best.rivals.slice(0, 2).map(({ type, log10Odds }) => [type, Number(log10Odds.toFixed(1))])) : ''} ${said.join('; ')}`,
  );
}
console.log(
  `${values.beam}, ${values.images} images of ${values.low} to ${values.high} spots, ${100 * Number(values.spurious)} % spurious: ` +
    `right ${right} of ${names.length}, wrong ${wrong}, most ${most.toFixed(1)} s`,
);
await context.dispose();
