/** Laws over frames and runs: one small scene, its frames in drawn shapes and its detector in drawn words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { containers as own } from './containers.mjs';
import { hdf5Containers } from './hdf5.mjs';
import { within } from './law.mjs';
import { randomOf } from './stills.mjs';

const containers = { ...own, ...hdf5Containers };
export const side = 144;
const cell = '44,57,68,82,97,104';
const [pixelMm, distanceMm] = [0.075, 20];
export const wavelengthA = 1.3;
/** The corner of the detector from the beam, in pixels. */
export const centre = [-73.3, -70.6];
/** Options of a run over the scene. */
export const runOptions = {
  cells: [cell],
  refineGeometry: 'off',
  peaks: { threshold: 40, minSnr: 4, localBgRadius: 3 },
  intRadius: [3, 4, 6],
};
const planckLight = 12398.419843320025;

/** The frames of the scene, 144 × 144 pixels of u16, and where the beam hits. */
async function sceneOf({ ewald, data, shell }) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-laws-'));
  try {
    const scene = {
      detectorPx: [side, side],
      distanceMm,
      pixelMm,
      wavelengthA,
      images: 3,
      badPixels: 0,
      seed: 11,
      strength: 3000,
      bFactorA2: 12,
    };
    await shell.simulateFrames(
      folder,
      { ...scene, centrePx: [73.3, 70.6], cell: ewald.readCell(cell).cell, modules: [1, 1], beamStopPx: 0 },
      { name: 'a' },
    );
    const dataset = await data.open(join(folder, 'a.h5'));
    const numbers = Array.from(await dataset.read(0, dataset.frames), Number);
    await dataset.dispose();
    return numbers;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A detector in the laboratory: the directions of fs and ss, and the corner, in pixels. The moves keep every pixel at its
 * place: [detector, the number of the old pixel for each new one].
 */
export const plain = { fs: [1, 0], ss: [0, 1], corner: centre, size: [side, side] };
const moved = {
  none: (d) => [d, (fs, ss) => [fs, ss]],
  transposed: ({ fs, ss, corner }) => [{ fs: ss, ss: fs, corner, size: [side, side] }, (x, y) => [y, x]],
  mirrored: ({ fs, ss, corner }) => [
    { fs: fs.map((v) => 0 - v), ss, corner: corner.map((v, i) => v + side * fs[i]), size: [side, side] },
    (x, y) => [side - 1 - x, y],
  ],
  flipped: ({ fs, ss, corner }) => [
    { fs, ss: ss.map((v) => 0 - v), corner: corner.map((v, i) => v + side * ss[i]), size: [side, side] },
    (x, y) => [x, side - 1 - y],
  ],
};
const turnedFrames = (numbers, at) => {
  const out = new Array(numbers.length);
  for (let f = 0; f < numbers.length / side ** 2; f++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const [u, v] = at(x, y);
        out[(f * side + y) * side + x] = numbers[(f * side + v) * side + u];
      }
  return out;
};

/** The geometry in the words that were drawn. */
export function geometryOf({ fs, ss, corner }, words = {}) {
  const { energy = 'eV', length = 'm', offset = 0, gain = 'photon', factor = 1, bad = [] } = words;
  const eV = planckLight / wavelengthA;
  const photons = {
    eV: `photon_energy = ${eV} eV`,
    keV: `photon_energy = ${eV / 1000} keV`,
    MeV: `photon_energy = ${eV / 1e6} MeV`,
    A: `wavelength = ${wavelengthA} A`,
    m: `wavelength = ${wavelengthA * 1e-10} m`,
    bare: `photon_energy = ${eV}`,
  };
  const clen = distanceMm - offset;
  const lengths = { m: `${clen / 1000} m`, mm: `${clen} mm`, bare: `${clen / 1000}` };
  const vector = ([x, y]) => `${x}x ${y < 0 ? '-' : '+'} ${Math.abs(y)}y`;
  return [
    photons[energy],
    `clen = ${lengths[length]}`,
    ...(offset === 0 ? [] : [`coffset = ${offset / 1000}`]),
    `res = ${1000 / pixelMm}`,
    gain === 'photon' ? `adu_per_photon = ${factor}` : `adu_per_eV = ${factor / eV}`,
    ...bad.map(
      ([x, y], i) =>
        `bad${i}/min_fs = ${x}\nbad${i}/max_fs = ${x}\nbad${i}/min_ss = ${y}\nbad${i}/max_ss = ${y}\nbad${i}/panel = p`,
    ),
    'p/min_fs = 0',
    'p/min_ss = 0',
    `p/max_fs = ${side - 1}`,
    `p/max_ss = ${side - 1}`,
    `p/corner_x = ${corner[0]}`,
    `p/corner_y = ${corner[1]}`,
    `p/fs = ${vector(fs)}`,
    `p/ss = ${vector(ss)}`,
    '',
  ].join('\n');
}

const scenes = new WeakMap();
/** The counts of the scene, simulated once for a build. */
export function sceneNumbers(place) {
  if (!scenes.has(place.ewald.readCell)) scenes.set(place.ewald.readCell, sceneOf(place));
  return scenes.get(place.ewald.readCell);
}

export function runLaws({ ewald, data, shell, context }) {
  const numbersOf = () => sceneNumbers({ ewald, data, shell });
  /** What a run finds in each frame, in the laboratory's frame: peaks, cells, reflections. */
  async function run(inputs, { fs, ss, corner }, words = {}, more = {}) {
    const out = [];
    const factor = words.factor ?? 1;
    const geometry = geometryOf({ fs, ss, corner }, words);
    const peaks = { ...runOptions.peaks, threshold: 40 * factor };
    for await (const { result, error } of context.pipeline({
      inputs,
      ...runOptions,
      geometry,
      peaks,
      ...more,
    })) {
      if (error) throw error;
      const at = (x, y) => [0, 1].map((i) => x * fs[i] + y * ss[i] + corner[i]);
      const found = result.peaks;
      out.push({
        peaks: Array.from({ length: found.count }, (_, i) => [
          ...at(found.fs[i], found.ss[i]),
          found.intensity[i] / factor,
        ]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        crystals: result.crystals.map(({ lengths, angles, reciprocal, reflections }) => ({
          cell: [...lengths, ...angles],
          reciprocal,
          reflections: [...(reflections ?? [])]
            .map(({ h, k, l, intensity, sigma, fs: x, ss: y }) => [
              h,
              k,
              l,
              intensity / factor,
              sigma / factor,
              ...at(x, y),
            ])
            .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]),
        })),
      });
    }
    return out;
  }
  const fileOf = (numbers, { container = 'npy', dtype = 'u16', little = true, name } = {}) => {
    const made = containers[container]({
      numbers,
      nav: [numbers.length / side ** 2],
      sig: [side, side],
      dtype,
      little,
    });
    if (made === undefined) return undefined;
    const { bytes, name: own = `scene.${container.split(' ')[0]}` } = made;
    return new File([bytes], name ?? own);
  };
  const base = new Map();
  const usual = async (more) => {
    const key = JSON.stringify(more ?? {});
    if (!base.has(key)) base.set(key, run(fileOf(await numbersOf()), plain, {}, more));
    return base.get(key);
  };
  const positions = within(2e-3, 'positions are float32, and crystals are fitted from spots in another order', 2e-2);
  return [
    {
      law: 'the frames of a run in any container, type and order of bytes have the same crystals',
      drawn: fc.record({
        container: fc.constantFrom(
          'npy',
          'npy in Fortran order',
          'tiff',
          'mrc',
          'edf',
          'zarr',
          'npz',
          'HDF5 in one piece',
          'HDF5 in chunks',
        ),
        dtype: fc.constantFrom('u16', 'i16', 'u32', 'i32', 'f32'),
        little: fc.boolean(),
      }),
      answers: async (drawn) => {
        const file = fileOf(await numbersOf(), drawn);
        fc.pre(file !== undefined);
        return [await usual(), await run(file, plain)];
      },
      agree: within(1e-6, 'float32 frames have float sums', 1e-6),
      draws: 3,
    },
    {
      law: 'a detector that is transposed or mirrored with its description has the same peaks and crystals',
      drawn: fc.record({
        moves: fc.array(fc.constantFrom('transposed', 'mirrored', 'flipped'), { minLength: 1, maxLength: 3 }),
      }),
      answers: async ({ moves }) => {
        let [detector, numbers] = [plain, await numbersOf()];
        for (const move of moves) {
          const [next, at] = moved[move](detector);
          numbers = turnedFrames(numbers, at);
          detector = next;
        }
        return [await usual(), await run(fileOf(numbers), detector)];
      },
      agree: positions,
      draws: 3,
    },
    {
      law: 'a detector in other words and units has the same crystals',
      drawn: fc.record({
        energy: fc.constantFrom('eV', 'keV', 'MeV', 'A', 'm', 'bare'),
        length: fc.constantFrom('m', 'mm', 'bare'),
        offset: fc.constantFrom(0, 5, -3.5),
        gain: fc.constantFrom('photon', 'eV'),
      }),
      answers: async (words) => [await usual(), await run(fileOf(await numbersOf()), plain, words)],
      agree: within(1e-6, 'units are products of float64', 1e-5),
      draws: 4,
    },
    {
      law: 'counts and counts per photon times k have the intensities times k',
      drawn: fc.record({
        factor: fc.constantFrom(2, 3, 4, 8),
        gain: fc.constantFrom('photon', 'eV'),
        dtype: fc.constantFrom('u32', 'i32', 'f32'),
      }),
      answers: async ({ factor, gain, dtype }) => {
        const numbers = (await numbersOf()).map((x) => x * factor);
        return [await usual(), await run(fileOf(numbers, { dtype }), plain, { factor, gain })];
      },
      agree: within(2e-3, 'positions are float32', 1e-2),
      draws: 3,
    },
    {
      law: 'what bad pixels say changes no peak and no crystal',
      drawn: fc.record({
        seed: fc.integer({ min: 1, max: 1e6 }),
        many: fc.integer({ min: 1, max: 40 }),
        value: fc.constantFrom(0, 65535, 300, 40000),
      }),
      answers: async ({ seed, many, value }) => {
        const random = randomOf(seed);
        const bad = Array.from({ length: many }, () => [Math.floor(random() * side), Math.floor(random() * side)]);
        const marked = new Set(bad.map(([x, y]) => y * side + x));
        const numbers = await numbersOf();
        const other = numbers.map((x, i) => (marked.has(i % side ** 2) ? value : x));
        return [await run(fileOf(numbers), plain, { bad }), await run(fileOf(other), plain, { bad })];
      },
      agree: within(1e-9, 'nothing differs'),
      draws: 2,
    },
    {
      law: 'frames in another order, and in files of their own, are the same frames',
      drawn: fc.record({ order: fc.constantFrom([0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]), apart: fc.boolean() }),
      answers: async ({ order, apart }) => {
        const numbers = await numbersOf();
        const frame = (f) => numbers.slice(f * side ** 2, (f + 1) * side ** 2);
        const inputs = apart ? order.map((f) => fileOf(frame(f), { name: `${f}.npy` })) : fileOf(order.flatMap(frame));
        const one = await usual();
        return [order.map((f) => one[f]), await run(inputs, plain)];
      },
      agree: within(1e-9, 'nothing differs'),
      draws: 3,
    },
  ];
}
