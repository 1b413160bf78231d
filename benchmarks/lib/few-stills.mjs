// Stills of a few spots for the benchmarks of small cells: intensities of a random structure with its absences, and spots
// where a beam with a bandwidth, a mosaic crystal of some thickness and a detector put them. Reciprocal vectors have no 2
// pi, and the beam is along z. `simulateSpots` moves spots along the normal of the sphere alone, which hides how far a
// bandwidth smears their lengths; here each cause moves them in its own direction.
import { cellFromParameters } from '../../dist/index.node.js';
import { cells } from './small-cells.mjs';

const odd = (n) => n % 2 !== 0;
/** Whether the symmetry of a structure, or the centring of its cell, extinguishes a reflection. */
const isAbsent = {
  mP: (h, k, l) => (k === 0 && odd(l)) || (h === 0 && l === 0 && odd(k)),
  oP: (h, k, l) => screws(h, k, l),
  mC: (h, k, l) => odd(h + k) || (k === 0 && odd(l)),
  hR: (h, k, l) => (-h + k + l) % 3 !== 0,
  cF: (h, k, l) => odd(h + k) || odd(k + l),
  oA: (h, k, l) => (h === 0 && odd(k)) || (k === 0 && odd(l)) || (l === 0 && odd(h)) || screws(h, k, l),
};
const screws = (h, k, l) => [h, k, l].filter((i) => i === 0).length === 2 && odd(h + k + l);
const temperature = { cF: 9, hP: 6, oA: 5 };
/** Half the width of the detectors, in mm. */
const halfMm = { mono: 78.75, pink: 78.75, electrons: 28.16 };

/** A small generator of random numbers, from a text. */
export function randomOf(text) {
  let state = 2166136261;
  for (const letter of text) state = Math.imul(state ^ letter.charCodeAt(0), 16777619);
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const turned = (turn, v) => turn.map((row) => dot(row, v));

/** The rotations of a lattice, as matrices that act on the indices of its conventional cell. */
export function rotationsOf(cell) {
  const vectors = Array.from({ length: 27 }, (_, n) => [
    (n % 3) - 1,
    (Math.floor(n / 3) % 3) - 1,
    Math.floor(n / 9) - 1,
  ]);
  const metric = cell.map((a) => cell.map((b) => dot(a, b)));
  const product = (a, b) => a.reduce((sum, x, i) => sum + x * dot(metric[i], b), 0);
  const same = (a, b, i, j) => Math.abs(a - b) < 6e-4 * Math.sqrt(metric[i][i] * metric[j][j]);
  const images = [0, 1, 2].map((i) => vectors.filter((v) => same(product(v, v), metric[i][i], i, i)));
  const found = [];
  for (const a of images[0])
    for (const b of images[1].filter((v) => same(product(a, v), metric[0][1], 0, 1)))
      for (const c of images[2])
        if (same(product(a, c), metric[0][2], 0, 2) && same(product(b, c), metric[1][2], 1, 2))
          if (dot(a, cross(b, c)) === 1) found.push([a, b, c]);
  return found;
}

/** A crystal of a named small cell: its reflections that are not absent, with the intensities of a random structure. */
export function crystalOf(name, structure = 1) {
  const [parameters, centring, dMinA] = cells[name];
  const cell = cellFromParameters(...parameters);
  const volume = dot(cell[0], cross(cell[1], cell[2]));
  const star = [0, 1, 2].map((i) => cross(cell[(i + 1) % 3], cell[(i + 2) % 3]).map((x) => x / volume));
  const rotations = rotationsOf(cell);
  const random = randomOf(`structure ${name} ${structure}`);
  const squares = new Map();
  const nodes = [];
  const most = cell.map((axis) => Math.floor(Math.hypot(...axis) / dMinA));
  for (let h = -most[0]; h <= most[0]; h++)
    for (let k = -most[1]; k <= most[1]; k++)
      for (let l = -most[2]; l <= most[2]; l++) {
        const q = [0, 1, 2].map((i) => h * star[0][i] + k * star[1][i] + l * star[2][i]);
        const length = Math.hypot(...q);
        if (length * dMinA >= 1 || length === 0 || isAbsent[name]?.(h, k, l)) continue;
        // All that the lattice's rotations and an inversion take to each other are as strong.
        const alike = rotations.map((turn) => turned(turn, [h, k, l]));
        const key = Math.max(...alike.flatMap(([a, b, c]) => [1, -1].map((s) => s * ((a * 256 + b) * 256 + c))));
        if (!squares.has(key)) squares.set(key, -Math.log(1 - random.uniform()));
        nodes.push({
          q,
          length,
          intensity: squares.get(key) * Math.exp(-((temperature[name] ?? 4) * length ** 2) / 2),
        });
      }
  return { name, cell, parameters, centring, qMax: 1 / dMinA, rotations, nodes };
}

function randomTurn({ normal }) {
  const quaternion = [normal(), normal(), normal(), normal()];
  const size = Math.hypot(...quaternion);
  const [w, x, y, z] = quaternion.map((part) => part / size);
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ];
}

/** Thickness, mosaicity and all that moves a node, along the normal of the sphere: variances in 1/angstrom^2. */
function variancesOf(length, { wavelengthA, bandwidth, mosaicityRad, domainA }) {
  const [thickness, mosaic] = [1 / domainA ** 2, (mosaicityRad * length) ** 2];
  return { thickness, mosaic, variance: thickness + mosaic + ((bandwidth * length ** 2 * wavelengthA) / 2) ** 2 };
}

/** The place on the detector in mm of a node near the sphere, with its strength; undefined if it misses. */
function placeOf({ length, intensity }, q, beam, half) {
  const k = 1 / beam.wavelengthA;
  const { thickness, mosaic, variance } = variancesOf(length, beam);
  const s = [q[0], q[1], q[2] + k];
  const size = Math.hypot(...s);
  const off = size - k;
  // The mosaic part turns the node across its length, the thickness moves it along the beam, and the bandwidth keeps its
  // direction: what is left is on the nominal sphere with the length that its direction demands.
  const upright = q[2] / length;
  const aside = [0, 1, 2].map((i) => (i === 2 ? 1 : 0) - (upright * q[i]) / length);
  const across = Math.hypot(...aside);
  const steep = dot(aside, s) / (across * size);
  const turn = -(off * mosaic) / (variance * (Math.abs(steep) < 1e-6 ? 1e-6 : steep) * across);
  const rise = -(off * thickness) / (variance * Math.max(s[2] / size, 0.2));
  const moved = [q[0] + turn * aside[0], q[1] + turn * aside[1], q[2] + turn * aside[2] + rise];
  const own = dot(moved, moved);
  const along = (-2 * k * moved[2]) / own;
  const ray = [along * moved[0], along * moved[1], along * moved[2] + k];
  if (!(along > 0 && ray[2] > 0.05 * k)) return undefined;
  const [x, y] = [(beam.distanceMm * ray[0]) / ray[2], (beam.distanceMm * ray[1]) / ray[2]];
  if (Math.abs(x) >= half || Math.abs(y) >= half || Math.hypot(x, y) < 12 * beam.pixelMm) return undefined;
  return { x, y, strength: intensity * Math.exp((-off * off) / (2 * variance)) };
}

/** The reciprocal vector of a place on the detector. */
export function vectorAt(x, y, { distanceMm, wavelengthA }) {
  const size = Math.hypot(x, y, distanceMm) * wavelengthA;
  return [x / size, y / size, distanceMm / size - 1 / wavelengthA];
}

/**
 * A still: the strongest `spots` reflections of each crystal in a random orientation that has so many, and spurious ones;
 * undefined if none of 400 orientations has. `kind` is the beam's name.
 */
export function stillOf(crystal, beam, kind, random, { spots, spurious = 0, crystals = 1, noisePx = 0.4 }) {
  const half = halfMm[kind];
  const k = 1 / beam.wavelengthA;
  const reach = Float64Array.from(crystal.nodes, ({ length }) => 6.76 * variancesOf(length, beam).variance);
  const all = [];
  const turns = [];
  for (let owner = 1; owner <= crystals; owner++) {
    let best;
    for (let tries = 0; tries < 400 && !best; tries++) {
      const turn = randomTurn(random);
      const placed = [];
      for (const [n, node] of crystal.nodes.entries()) {
        // |q + k|² = q² + 2 k q_z + k²: most nodes are far from the sphere.
        const upright = dot(turn[2], node.q) + k;
        const off = Math.sqrt(node.length ** 2 + 2 * k * upright - k * k) - k;
        if (off * off > reach[n]) continue;
        const place = placeOf(node, turned(turn, node.q), beam, half);
        if (place) placed.push({ ...place, strength: place.strength * (0.7 + 0.6 * random.uniform()), owner });
      }
      if (placed.length < spots) continue;
      best = placed.sort((a, b) => b.strength - a.strength).slice(0, spots);
      turns.push(turn);
    }
    if (!best) return undefined;
    all.push(...best);
  }
  const rim = Math.min(half, beam.distanceMm * Math.tan(2 * Math.asin((crystal.qMax * beam.wavelengthA) / 2)));
  for (let i = 0; i < spurious; i++) {
    const [from, angle] = [(15 * beam.pixelMm) ** 2, 2 * Math.PI * random.uniform()];
    const radius = Math.sqrt(from + (rim * rim - from) * random.uniform());
    all.push({ x: radius * Math.cos(angle), y: radius * Math.sin(angle), owner: 0 });
  }
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [all[i], all[j]] = [all[j], all[i]];
  }
  const noise = noisePx * beam.pixelMm;
  const places = all.map(({ x, y }) => [x + noise * random.normal(), y + noise * random.normal()]);
  return {
    places,
    spots: Float64Array.from(places.flatMap(([x, y]) => vectorAt(x, y, beam))),
    owner: all.map(({ owner }) => owner),
    turns,
    lattices: turns.map((turn) => crystal.cell.map((axis) => turned(turn, axis))),
  };
}

/** What the search with few spots is told of a beam. */
export const modelOf = ({ wavelengthA, bandwidth, mosaicityRad, domainA, distanceMm, pixelMm }) => ({
  wavelengthA,
  bandwidth,
  mosaicityRad,
  thicknessA: domainA,
  spotError: (0.4 * pixelMm) / (distanceMm * wavelengthA),
});

/** Whether 70 % of the spots of a crystal have their indices, up to a rotation of the lattice and the given signs. */
export function isRight(found, { spots, owner, lattices }, rotations, signs, crystal = 1) {
  const own = owner.flatMap((of, i) => (of === crystal ? [[...spots.subarray(3 * i, 3 * i + 3)]] : []));
  const indices = (cell) => own.map((q) => cell.map((row) => Math.round(dot(row, q))));
  const [given, truth] = [indices(found), indices(lattices[crystal - 1])];
  return signs.some((sign) =>
    rotations.some(
      (turn) =>
        given.filter((h, i) => turn.every((row, k) => sign * dot(row, h) === truth[i][k])).length >= 0.7 * own.length,
    ),
  );
}
