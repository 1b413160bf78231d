/** Stills drawn from a seed, as numbers and as the text of a stream. */

/** A generator of numbers from 0 to 1 (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
export const normalOf = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Groups by their generators, as matrices on h, k, l, with a cell that has their symmetry (and more, where `merohedral`). */
const twoZ = [-1, 0, 0, 0, -1, 0, 0, 0, 1];
const twoY = [-1, 0, 0, 0, 1, 0, 0, 0, -1];
const fourZ = [0, -1, 0, 1, 0, 0, 0, 0, 1];
const threeZ = [-1, -1, 0, 1, 0, 0, 0, 0, 1];
const centre = [-1, 0, 0, 0, -1, 0, 0, 0, -1];
const threeXyz = [0, 0, 1, 1, 0, 0, 0, 1, 0];
const twoXy = [0, 1, 0, 1, 0, 0, 0, 0, -1];
export const groups = {
  '-1': { generators: [centre], parameters: [21, 25, 29, 83, 99, 94] },
  1: { generators: [], parameters: [21, 25, 29, 83, 99, 94] },
  '2/m_uab': { generators: [centre, twoY], parameters: [22, 27, 31, 90, 103, 90] },
  mmm: { generators: [centre, twoZ, twoY], parameters: [20, 26, 32, 90, 90, 90] },
  222: { generators: [twoZ, twoY], parameters: [20, 26, 32, 90, 90, 90] },
  '4/mmm': { generators: [centre, fourZ, twoY], parameters: [25, 25, 31, 90, 90, 90] },
  '4/m': { generators: [centre, fourZ], parameters: [25, 25, 31, 90, 90, 90], merohedral: true },
  422: { generators: [fourZ, twoY], parameters: [25, 25, 31, 90, 90, 90] },
  '-3m1_H': { generators: [centre, threeZ, twoXy], parameters: [26, 26, 33, 90, 90, 120], merohedral: true },
  '6/mmm': { generators: [centre, threeZ, twoZ, twoXy], parameters: [26, 26, 33, 90, 90, 120] },
  'm-3m': { generators: [centre, twoZ, twoY, threeXyz, twoXy], parameters: [27, 27, 27, 90, 90, 90] },
};

export const times = (m, v) => [0, 1, 2].map((i) => m[3 * i] * v[0] + m[3 * i + 1] * v[1] + m[3 * i + 2] * v[2]);
const product = (a, b) =>
  Array.from({ length: 9 }, (_, i) =>
    [0, 1, 2].reduce((s, k) => s + a[3 * Math.floor(i / 3) + k] * b[3 * k + (i % 3)], 0),
  );
export const determinant = (m) =>
  m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6]);
/** The inverse of a matrix whose determinant is 1 or −1. */
export function inverse(m) {
  const d = determinant(m);
  const c = (a, b, e, f) => (m[a] * m[b] - m[e] * m[f]) / d;
  return [
    [c(4, 8, 5, 7), c(2, 7, 1, 8), c(1, 5, 2, 4)],
    [c(5, 6, 3, 8), c(0, 8, 2, 6), c(2, 3, 0, 5)],
    [c(3, 7, 4, 6), c(1, 6, 0, 7), c(0, 4, 1, 3)],
  ]
    .flat()
    .map((x) => x + 0);
}

const operationLists = new Map();
/** All operations of a group, on h, k, l. */
export function operationsOf(name) {
  const known = operationLists.get(name);
  if (known) return known;
  const all = [[1, 0, 0, 0, 1, 0, 0, 0, 1]];
  const seen = new Set([all[0].join()]);
  for (const one of all)
    for (const generator of groups[name].generators) {
      const next = product(generator, one).map((x) => x + 0);
      if (!seen.has(next.join())) {
        seen.add(next.join());
        all.push(next);
      }
    }
  operationLists.set(name, all);
  return all;
}
const representatives = new Map();
/** One of the equivalent indices, the same for all of them. */
export function representativeOf(name, [h, k, l]) {
  const key = `${name} ${h} ${k} ${l}`;
  const known = representatives.get(key);
  if (known) return known;
  const all = operationsOf(name).map((m) => times(m, [h, k, l]).map((x) => x + 0));
  const own = all.sort((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2])[0];
  representatives.set(key, own);
  return own;
}

/**
 * The true intensity of a reflection: Wilson's distribution, from its representative and a seed. Friedel mates of a group
 * without a centre differ by a few per cent.
 */
export function truthOf(name, seed) {
  const truths = new Map();
  const wilson = ([a, b, c]) =>
    -400 * Math.log(1 - randomOf(seed ^ (a * 73856093) ^ (b * 19349663) ^ (c * 83492791))());
  return (h) => {
    const own = representativeOf(name, h);
    if (!truths.has(own)) {
      const mate = representativeOf(
        name,
        own.map((x) => 0 - x),
      );
      const [first] = [own, mate].sort((x, y) => y[0] - x[0] || y[1] - x[1] || y[2] - x[2]);
      truths.set(own, wilson(first) * (own.join() === mate.join() ? 1 : own === first ? 1.04 : 0.96));
    }
    return truths.get(own);
  };
}

/** Reciprocal axes as rows, in 1/Å. */
export function reciprocalOf([a, b, c, ...angles]) {
  const [al, be, ga] = angles.map((x) => (x * Math.PI) / 180);
  const n = (Math.cos(al) - Math.cos(be) * Math.cos(ga)) / Math.sin(ga);
  const m = Math.sqrt(Math.sin(be) ** 2 - n ** 2);
  const [va, vb, vc] = [
    [a, 0, 0],
    [b * Math.cos(ga), b * Math.sin(ga), 0],
    [c * Math.cos(be), c * n, c * m],
  ];
  const cross = (p, q) => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  const volume = a * b * Math.sin(ga) * c * m;
  return [cross(vb, vc), cross(vc, va), cross(va, vb)].map((row) => row.map((x) => x / volume));
}

/** A rotation drawn evenly, as a matrix. */
export function rotationOf(random) {
  const [u, v, w] = [random(), 2 * Math.PI * random(), 2 * Math.PI * random()];
  const [a, b] = [Math.sqrt(1 - u), Math.sqrt(u)];
  const [x, y, z, s] = [a * Math.sin(v), a * Math.cos(v), b * Math.sin(w), b * Math.cos(w)];
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - z * s),
    2 * (x * z + y * s),
    2 * (x * y + z * s),
    1 - 2 * (x * x + z * z),
    2 * (y * z - x * s),
    2 * (x * z - y * s),
    2 * (y * z + x * s),
    1 - 2 * (x * x + y * y),
  ];
}

/** h c in eV Å. */
const planckLight = 12398.419843320025;

/**
 * Crystals: { event, parameters, energy, stars, reflections: [[h, k, l, I, σ, peak, background]] }, with scales, partialities
 * and counting noise. Numbers have the digits of the stream. A row may have fs, ss and panel behind these.
 */
export function stills({ seed, crystals, group, dMin = 4.2, wavelength = 1.3 }) {
  const { parameters } = groups[group];
  const truth = truthOf(group, seed);
  const stars = reciprocalOf(parameters);
  const most = parameters.slice(0, 3).map((length) => Math.floor(length / dMin));
  return Array.from({ length: crystals }, (_, c) => {
    const random = randomOf(seed * 1009 + c);
    const turn = rotationOf(random);
    const rows = stars.map((row) => times(turn, row).map((x) => Number((10 * x).toFixed(7))));
    const [scale, radius] = [Math.exp(0.4 * normalOf(random)), 3e-3];
    const reflections = [];
    for (let h = -most[0]; h <= most[0]; h++)
      for (let k = -most[1]; k <= most[1]; k++)
        for (let l = -most[2]; l <= most[2]; l++) {
          const g = [0, 1, 2].map((x) => (h * rows[0][x] + k * rows[1][x] + l * rows[2][x]) / 10);
          const q2 = g[0] ** 2 + g[1] ** 2 + g[2] ** 2;
          if (q2 === 0 || q2 > 1 / dMin ** 2) continue;
          const error = Math.hypot(g[0], g[1], g[2] + 1 / wavelength) - 1 / wavelength;
          const part = Math.exp(-(error ** 2) / (2 * radius ** 2));
          if (part < 0.05) continue;
          const mean = truth([h, k, l]) * part * scale;
          const value = Number((mean + Math.sqrt(mean + 40) * normalOf(random)).toFixed(2));
          reflections.push([h, k, l, value, Number(Math.sqrt(Math.max(value, 0) + 40).toFixed(2)), 9, 1]);
        }
    return {
      file: 'drawn.h5',
      event: `//${c}`,
      parameters,
      energy: planckLight / wavelength,
      stars: rows,
      reflections,
    };
  });
}

/** A crystal whose reflections have the indices m·h: the same nodes of the same lattice by other names. */
export function renamed({ stars, reflections, ...crystal }, m) {
  // h' = m h and h'·a*' = h·a*, so that the rows of a*' are those of (m⁻¹)ᵀ a*.
  const back = inverse(m);
  return {
    ...crystal,
    stars: [0, 1, 2].map((i) => [0, 1, 2].map((x) => [0, 1, 2].reduce((s, j) => s + back[3 * j + i] * stars[j][x], 0))),
    reflections: reflections.map(([h, k, l, ...rest]) => [...times(m, [h, k, l]).map((x) => x + 0), ...rest]),
  };
}

const chunkOf = ({ file, event, parameters, energy, stars, reflections }) => [
  '----- Begin chunk -----',
  `Image filename: ${file}`,
  `Event: ${event}`,
  `photon_energy_eV = ${energy.toFixed(6)}`,
  '--- Begin crystal',
  `Cell parameters ${parameters
    .slice(0, 3)
    .map((x) => (x / 10).toFixed(5))
    .join(' ')} nm, ${parameters
    .slice(3)
    .map((x) => x.toFixed(5))
    .join(' ')} deg`,
  ...stars.map((row, i) => `${'abc'[i]}star = ${row.map((x) => x.toFixed(7)).join(' ')} nm^-1`),
  'Reflections measured after indexing',
  '   h    k    l          I   sigma(I)       peak background  fs/px  ss/px panel',
  ...reflections.map((row) => (row.length > 7 ? row.join(' ') : `${row.join(' ')} 100.0 200.0 p0`)),
  'End of reflections',
  '--- End crystal',
  '----- End chunk -----',
];

/** The text of a stream; `gain` is that of its geometry, in counts per photon, 0 for none. */
export const streamOf = (crystals, gain = 1) =>
  `${[
    'CrystFEL stream format 2.3',
    'Generated by a law',
    '----- Begin geometry file -----',
    ...(gain > 0 ? [`adu_per_photon = ${gain}`] : []),
    '----- End geometry file -----',
    ...crystals.flatMap(chunkOf),
  ].join('\n')}\n`;
