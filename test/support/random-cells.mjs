// Random cells of all fourteen Bravais lattices, cells that nearly have a higher symmetry than they have, and stills of
// them through an imperfect geometry. The sweep of test/soak/cells.mjs and the short one of the first tier use them.
import { bravaisCandidates, cellFromParameters, niggli, simulateSpots, volume } from '../../dist/index.node.js';

/** Uniform random numbers in 0 … 1 (mulberry32). */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Another length, clearly different. */
const other = (a, u) => a * (1.06 + 0.5 * u());
const right = [90, 90, 90];

/** For each Bravais lattice a random cell without the metric of a higher one: its six parameters and centring. */
const plain = {
  aP: (a, u) => [a, other(a, u), other(1.5 * a, u), 95 + 15 * u(), 96 + 14 * u(), 97 + 12 * u(), 'P'],
  mP: (a, u) => [a, other(a, u), other(1.5 * a, u), 90, 96 + 14 * u(), 90, 'P'],
  mC: (a, u) => [1.6 * a, a, other(1.7 * a, u), 90, 96 + 14 * u(), 90, 'C'],
  oP: (a, u) => [a, other(a, u), other(1.6 * a, u), ...right, 'P'],
  oC: (a, u) => [a, other(a, u), a * (0.8 + 0.8 * u()), ...right, 'C'],
  oI: (a, u) => [a, other(a, u), other(1.6 * a, u), ...right, 'I'],
  oF: (a, u) => [1.3 * a, other(1.3 * a, u), other(2.1 * a, u), ...right, 'F'],
  tP: (a, u) => [a, a, a * (u() < 0.5 ? 0.5 + 0.3 * u() : 1.2 + 0.4 * u()), ...right, 'P'],
  tI: (a, u) => [a, a, a * (u() < 0.5 ? 0.5 + 0.3 * u() : 1.6 + 0.3 * u()), ...right, 'I'],
  hR: (a, u) => [1.3 * a, 1.3 * a, 1.3 * a * (1.5 + 0.5 * u()), 90, 90, 120, 'H'],
  hP: (a, u) => [a, a, a * (0.6 + 0.8 * u()), 90, 90, 120, 'P'],
  cP: (a) => [a, a, a, ...right, 'P'],
  cI: (a) => [1.3 * a, 1.3 * a, 1.3 * a, ...right, 'I'],
  cF: (a) => [1.5 * a, 1.5 * a, 1.5 * a, ...right, 'F'],
};

const degrees = 180 / Math.PI;
/** Cells that differ from a higher symmetry by the strain d. */
const pseudo = {
  'cP>tP': (a, _, d) => [a, a, a * (1 + d), ...right, 'P'],
  'cI>tI': (a, _, d) => [a, a, a * (1 + d), ...right, 'I'],
  'cF>tI': (a, _, d) => [a, a, a * Math.SQRT2 * (1 + d), ...right, 'I'],
  'cP>hR': (a, _, d) => [a * Math.SQRT2, a * Math.SQRT2, a * Math.sqrt(3) * (1 + d), 90, 90, 120, 'H'],
  'tP>oP': (a, u, d) => [a, a * (1 + d), a * (1.2 + 0.3 * u()), ...right, 'P'],
  'tI>oI': (a, u, d) => [a, a * (1 + d), a * (1.7 + 0.3 * u()), ...right, 'I'],
  'tI>oF': (a, u, d) => [a * Math.SQRT2, a * Math.SQRT2 * (1 + d), a * (1.7 + 0.3 * u()), ...right, 'F'],
  'hP>oC': (a, u, d) => [a, a * Math.sqrt(3) * (1 + d), a * (1 + 0.3 * u()), ...right, 'C'],
  'oP>mP': (a, u, d) => [a, a * 1.25, a * (1.5 + 0.3 * u()), 90, 90 + Math.abs(d) * degrees, 90, 'P'],
  'tP>mP': (a, _, d) => [a, a * 1.3, a * (1 + d), 90, 90 + Math.abs(d) * degrees * 0.7, 90, 'P'],
  'oC>mC': (a, _, d) => [a * 1.5, a, a * 1.3, 90, 90 + Math.abs(d) * degrees, 90, 'C'],
  'mP>aP': (a, u, d) => [a, a * 1.2, a * 1.45, 90 + d * degrees, 100 + 9 * u(), 90 - d * degrees, 'P'],
  // The lattice of the body-centred cell that made a cubic one of a tetragonal crystal.
  'cF>tI, 4 to 7 %': (a, u) => [a, a, a * Math.SQRT2 * (1.04 + 0.03 * u()), ...right, 'I'],
};

/** Number `i` of a series: even ones are plain, odd ones pseudo-symmetric; each kind is equally frequent. */
export function randomCell(i, u) {
  const kinds = i % 2 === 0 ? plain : pseudo;
  const names = Object.keys(kinds);
  const kind = names[(i >> 1) % names.length];
  const strain = (0.003 + 0.017 * u()) * (u() < 0.5 ? -1 : 1);
  const six = kinds[kind](45 + 30 * u(), u, strain);
  const centring = six.pop();
  return { kind, isPlain: i % 2 === 0, parameters: six, centring };
}

const primitive = {
  P: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], // biome-ignore format: a table
  I: [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]], // biome-ignore format: a table
  F: [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]], // biome-ignore format: a table
  C: [[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]], // biome-ignore format: a table
  H: [[2 / 3, 1 / 3, 1 / 3], [-1 / 3, 1 / 3, 1 / 3], [-1 / 3, -2 / 3, 1 / 3]], // biome-ignore format: a table
};

/** The lattice of a cell, by its exact metric. */
export function latticeOf({ parameters, centring }) {
  const cell = cellFromParameters(...parameters);
  const rows = primitive[centring].map((row) => [0, 1, 2].map((k) => row.reduce((s, x, i) => s + x * cell[i][k], 0)));
  return bravaisCandidates(niggli(rows, 1e-7).cell, 1e-6)[0];
}

const wavelengthA = 1.3;

/**
 * Spots as a geometry gives them whose beam is off by a part of the distance in x and y, and whose distance by a
 * factor.
 */
function displaced(spots, [x, y], scale) {
  const k = 1 / wavelengthA;
  return spots.map((_, n) => {
    const i = n - (n % 3);
    const z = spots[i + 2] + k;
    const direction = [spots[i] / z - x, spots[i + 1] / z - y, scale];
    const length = Math.hypot(...direction);
    return (direction[n % 3] / length) * k - (n % 3 === 2 ? k : 0);
  });
}

/**
 * Stills of a cell: `count` lists of spots in 1/Å. The geometry takes the beam to be off by pixels and the distance by
 * a factor; the lengths of crystals vary by a fraction.
 */
export function stillsOf(
  { parameters, centring },
  { count, seed, beam = [0, 0], scale = 1, variation = 0, spots = 170, ...still },
) {
  const u = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - u())) * Math.cos(2 * Math.PI * u());
  const { distanceMm, pixelMm, ...others } = { distanceMm: 80, pixelMm: 0.1, noisePx: 0.25, spurious: 0.05, ...still };
  const [a, b, c, ...angles] = parameters;
  return Array.from({ length: count }, (_, i) => {
    const size = 1 + variation * normal();
    const [one] = simulateSpots({
      ...{ cell: cellFromParameters(a * size, b * size, c * size, ...angles), centring, seed: 1000 * seed + i },
      ...{ spots: Math.round(spots * (0.7 + 0.3 * u())), dMinA: 2.2, detectorPx: [800, 800] },
      ...{ wavelengthA, distanceMm, pixelMm, ...others },
    });
    const shift = beam.map((x) => (x * pixelMm) / distanceMm);
    return displaced([...one.spots], shift, scale);
  });
}

/** Number `i` of the sweep: its cell, the true lattice, and stills of imperfect experiments. */
export function experiment(i, seed) {
  const u = uniform(seed + i);
  u();
  const cell = randomCell(i, u);
  const options = {
    noisePx: 0.2 + 0.4 * u(),
    beam: u() < 0.5 ? [0, 0] : [1.5 * (u() - 0.5), 1.5 * (u() - 0.5)],
    scale: 1 + 0.006 * (u() - 0.5),
    variation: u() < 0.5 ? 0 : 0.001 * u(),
    spurious: 0.02 + 0.1 * u(),
    count: 10 + Math.floor(51 * u() ** 1.5),
  };
  return { cell, options, truth: latticeOf(cell), stills: stillsOf(cell, { ...options, seed: seed + i }) };
}

/** Whether a lattice has the type and the shape of the true one; a wrong distance scales all lengths. */
export function isRight(found, truth) {
  if (found?.type !== truth.type) return false;
  const scale = Math.cbrt(Math.abs(volume(cellFromParameters(...found.parameters)) / volume(truth.cell)));
  return found.parameters.every((x, i) =>
    i < 3 ? Math.abs(x / truth.parameters[i] / scale - 1) < 0.004 : Math.abs(x - truth.parameters[i]) < 0.35,
  );
}
