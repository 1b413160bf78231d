// Deviations from the truth in stated errors, z, of what crystals determine: of a cell from stills, and of a detector
// with its known cell from peaks. The sweep of test/soak/errors.mjs and a shorter one use them.
import { lengthsOf } from '../../dist/index.node.js';
import { refineGeometry } from '../../dist/pipeline.node.js';
import { crystalsOf, pixel, randomOf, square, still } from './detector-crystals.mjs';
import { isRight, latticeOf, randomCell, stillsOf, uniform } from './random-cells.mjs';

/** Lists of z by the names of their quantities. */
export class Scores {
  #lists = new Map();

  add(name, value, truth, error) {
    if (!this.#lists.has(name)) this.#lists.set(name, []);
    this.#lists.get(name).push((value - truth) / error);
  }

  /** Name, root mean square and mean of z, and number of values, of each quantity. */
  rms() {
    return [...this.#lists].map(([name, list]) => ({
      name,
      mean: list.reduce((sum, z) => sum + z, 0) / list.length,
      rms: Math.sqrt(list.reduce((sum, z) => sum + z * z, 0) / list.length),
      count: list.length,
    }));
  }
}

/** The errors of an unknown cell from stills with the right distance; the beam may be off, and the crystals differ. */
export async function scoreUnknownCell(scores, determine, i, seed) {
  const u = uniform(seed + i);
  u();
  const cell = randomCell(2 * i, u);
  const truth = latticeOf(cell);
  const found = await determine(
    stillsOf(cell, {
      noisePx: 0.2 + 0.4 * u(),
      beam: u() < 0.5 ? [0, 0] : [1.5 * (u() - 0.5), 1.5 * (u() - 0.5)],
      variation: u() < 0.5 ? 0 : 0.001 * u(),
      spurious: 0.02 + 0.1 * u(),
      count: 10 + Math.floor(31 * u()),
      seed: seed + i,
    }),
  );
  const [first] = found?.bravais ?? [];
  if (!isRight(first, truth) || !found.errors)
    throw new Error(`cell ${seed} + ${i} is ${first?.type}, not ${truth.type}`);
  for (const [k, error] of found.errors.entries()) {
    // Lengths that the symmetry makes equal are one quantity.
    const isOwn = k > 2 || first.parameters.indexOf(first.parameters[k]) === k;
    const name = k < 3 ? 'length of an unknown cell' : 'angle of an unknown cell';
    if (error > 0 && isOwn) scores.add(name, first.parameters[k], truth.parameters[k], error);
  }
}

/** A known cell whose axes are typed to a thousandth, and with errors of 0.15 %. */
function cellOf(random) {
  const lengths = [40, 55, 70].map((least) => least + 12 * random.uniform());
  const text = (values) => [...values.map((x) => x.toFixed(3)), 90, 90 + (8 * lengths[0]) / 52, 90].join();
  return { true: text(lengths), known: text(lengths.map((x) => x * (1 + 0.0015 * random.normal()))) };
}

/** The errors of a detector of nine panels, of which three have moved, and of the known cell of its crystals. */
export function scoreDetector(scores, i, seed) {
  const random = randomOf(seed + i);
  random.uniform();
  const geometry = square(3);
  const panels = still(9);
  const vector = (...sizes) => sizes.map((size) => size * random.normal());
  // The peaks of every other run are enough to fit the tilts of panels; without that, none is tilted.
  const isTilted = i % 2 === 1;
  const tilt = isTilted ? 6 : 0;
  for (const k of [i % 9, (i + 2) % 9, (i + 5) % 9])
    panels[k] = { shift: vector(0.6, 0.6, 3), turn: vector(tilt, tilt, 2) };
  const whole = vector(1.5, 1.5, 5);
  const cell = cellOf(random);
  const crystals = crystalsOf(
    geometry,
    { whole, panels },
    {
      ...{ count: (isTilted ? 40 : 15) + Math.floor(15 * random.uniform()), peaks: isTilted ? 200 : 100 },
      noise: 0.1 + 0.2 * random.uniform(),
      ...{ spread: random.uniform() < 0.5 ? 0 : 0.001 * random.uniform(), seed: seed + i, ...cell },
    },
  );
  const { moved, cells } = refineGeometry(geometry, crystals);
  for (const { name, pairs, shiftM, shiftErrorM, turnRad, turnErrorRad } of moved) {
    // The errors of a panel with fewer peaks suppose that it is not tilted.
    if (name !== undefined && isTilted && pairs < 500) continue;
    const at = geometry.panels.findIndex((panel) => panel.name === name);
    const truth = panels[at] ?? { shift: whole, turn: [0, 0, 0] };
    const of = name === undefined ? 'the detector' : 'a panel';
    for (const k of [0, 1, 2]) {
      const shift = k < 2 ? `shift of ${of}` : `distance of ${of}`;
      if (shiftErrorM[k] > 0) scores.add(shift, shiftM[k] / pixel, truth.shift[k], shiftErrorM[k] / pixel);
      const turn = k < 2 ? `tilt of ${of}` : `rotation of ${of}`;
      if (turnErrorRad[k] > 0) scores.add(turn, 1000 * turnRad[k], truth.turn[k], 1000 * turnErrorRad[k]);
    }
  }
  const real = cell.true.split(',').map(Number);
  for (const { found, lengthErrorsA } of cells)
    for (const [k, error] of lengthErrorsA.entries())
      scores.add('length of a known cell', lengthsOf(found)[k], real[k], error);
}

/**
 * Experiments of which the distance is tested before motions within the errors are dropped, which would hide a bias: at
 * small angles, and with mosaic crystals, excitation errors weigh most.
 */
export const distances = {
  '80 mm': { distance: 0.08, true: '78.600,78.600,37.400,90,90,90', count: 45, peaks: 150, sigma: 6e-4 },
  '150 mm': { distance: 0.15, true: '78.600,78.600,37.400,90,90,90', count: 45, peaks: 120, sigma: 6e-4 },
  '250 mm': { distance: 0.25, true: '118.300,118.300,87.200,90,90,90', count: 45, peaks: 200, sigma: 4e-4 },
  'mosaic crystals': { distance: 0.08, true: '61.200,74.800,88.100,90,90,90', count: 30, peaks: 250, sigma: 2.5e-3 },
};

/** The error of the free distance of a detector that is right; `times` as many crystals make a bias grow. */
export function scoreFreeDistance(scores, name, seed, times = 1) {
  const { distance, count, ...options } = distances[name];
  const geometry = square(1, '', distance);
  const truth = { whole: [0, 0, 0], panels: still(1) };
  const crystals = crystalsOf(geometry, truth, { ...options, count: times * count, seed });
  const { freeDistance } = refineGeometry(geometry, crystals);
  const of = `distance, ${name}${times > 1 ? `, ${times} times the crystals` : ''}`;
  scores.add(of, freeDistance.changeM, 0, freeDistance.errorM);
}
