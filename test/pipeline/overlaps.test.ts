/** Reflections of several lattices that share pixels are omitted; backgrounds avoid the spots of other lattices. */
import { expect, it } from 'vitest';
import { reciprocal } from '../../src/crystal/cell.js';
import { parseGeometry } from '../../src/crystal/geometry/parse.js';
import { beamOf } from '../../src/crystal/geometry/pixels.js';
import { type FrameCrystal, integrateCrystals, predictCrystal } from '../../src/pipeline/stages/frame.js';
import { integrate } from '../../src/pipeline/stages/integrate.js';
import { separate } from '../../src/pipeline/stages/overlaps.js';
import { predict, type Reflection } from '../../src/pipeline/stages/predict.js';

const rings = [3, 4, 7] as const;
const at = (h: number, fs: number, ss: number, panel = 0): Reflection => ({
  ...{ h, k: 0, l: 0, panel, fs, ss, excitation: 0, inverseD: 0.1, partiality: 1 },
});
const names = (reflections: readonly Reflection[]) => reflections.map(({ h }) => h);

it('omits reflections that share pixels with another lattice, and no others', () => {
  let seed = 7;
  const random = () => {
    seed = (Math.imul(1664525, seed) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const lattices = [0, 1, 2].map((lattice) =>
    Array.from({ length: 120 }, (_, i) => at(1000 * lattice + i, 300 * random(), 300 * random(), i % 2)),
  );
  const distance = (a: Reflection, b: Reflection): number =>
    a.panel === b.panel
      ? Math.hypot(Math.floor(a.fs) - Math.floor(b.fs), Math.floor(a.ss) - Math.floor(b.ss))
      : Number.POSITIVE_INFINITY;
  const found = separate(lattices, rings);
  let [left, near] = [0, 0];
  lattices.forEach((own, lattice) => {
    const others = lattices.filter((_, i) => i !== lattice).flat();
    const kept = own.filter((one) => others.every((other) => distance(one, other) > 6));
    expect(names(found[lattice]?.reflections ?? [])).toEqual(names(kept));
    expect(found[lattice]?.overlapping).toBe(own.length - kept.length);
    kept.forEach((one, i) => {
      const around = others.filter((other) => distance(one, other) <= 10);
      expect((found[lattice]?.near[i]?.length ?? 0) / 2).toBe(around.length);
      near += around.length;
    });
    left += own.length - kept.length;
  });
  expect(left).toBeGreaterThan(5);
  expect(near).toBeGreaterThan(5);
});

it('omits what overlaps a fainter reflection of another lattice, which is not measured itself', () => {
  const lattices = [
    [at(1, 20, 20), at(2, 60, 20)],
    [at(3, 40, 40), at(4, 69, 20)],
  ];
  const faint = at(5, 24, 20);
  const [own = [], other = []] = lattices;
  const found = separate(lattices, rings, [own, [...other, faint]]);
  expect(found.map(({ reflections }) => names(reflections))).toEqual([[2], [3, 4]]);
  expect(found.map(({ overlapping }) => overlapping)).toEqual([1, 0]);
  expect(found[0]?.near).toEqual([[69, 20]]);
  expect(separate(lattices, rings).map(({ reflections }) => names(reflections))).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

it('predicts the reflections that disturb another crystal farther from the Ewald sphere', () => {
  const cell = [
    [60, 0, 0],
    [0, 60, 0],
    [0, 0, 60],
  ] as const;
  // The second crystal is inclined by a tenth of a degree, so that its spots are those of the first or close to them.
  const [c, s] = [Math.cos(0.002), Math.sin(0.002)];
  const inclined = cell.map(([x, y, z]) => [x, c * y - s * z, s * y + c * z] as const) as unknown as typeof cell;
  const crystals = [cell, inclined].map((rows) => ({
    ...{ cell: rows, inputCell: 0, profileRadius: 2e-4, resolution: 0.4 },
  })) as unknown as FrameCrystal[];
  const geometry = parseGeometry(
    'wavelength = 1.3 A\nclen = 0.08\nres = 10000\nadu_per_photon = 1\n' +
      'p/min_fs = 0\np/min_ss = 0\np/max_fs = 511\np/max_ss = 511\n' +
      'p/corner_x = -256\np/corner_y = -256\np/fs = +x\np/ss = +y\n',
  );
  const width = 512;
  const scene = {
    ...{ geometry, beam: beamOf(geometry), width, bad: new Uint8Array(width * width) },
    settings: { intRadius: rings },
  };
  const frame = new Uint16Array(width * width);
  const left = integrateCrystals(frame, crystals, scene);
  const all = crystals.map((crystal) => predictCrystal(crystal, scene));
  const farther = crystals.map((crystal) =>
    predict(reciprocal(crystal.cell), 'P', geometry, scene.beam, {
      ...{ profileRadius: 2e-4, reach: 2.5 * 2e-4, bandwidth: 0, maxInverseD: Number.POSITIVE_INFINITY },
    }),
  );
  const expected = separate(all, rings, farther).map(({ overlapping }) => overlapping);
  expect(left.map(({ overlapping }) => overlapping)).toEqual(expected);
  const without = separate(all, rings).map(({ overlapping }) => overlapping);
  expect(expected[0]).toBeGreaterThan(without[0] ?? 0);
});

it('keeps all reflections of a single lattice, however close they are', () => {
  const own = [at(1, 20, 20), at(2, 21, 20)];
  expect(separate([own], rings)).toEqual([{ reflections: own, near: [], overlapping: 0 }]);
  expect(separate([], rings)).toEqual([]);
});

it('excludes the spot of another lattice from the background beside it', () => {
  const width = 60;
  const geometry = parseGeometry(
    'photon_energy = 9500\nclen = 0.1\nres = 10000\nadu_per_eV = 1e-4\n' +
      'p/min_fs = 0\np/min_ss = 0\np/max_fs = 59\np/max_ss = 59\n' +
      'p/corner_x = 0\np/corner_y = 0\np/fs = +x\np/ss = +y\n',
  );
  const frame = new Uint16Array(width * width).fill(10);
  // There is a spot of 25 × 9 counts at (30, 30), and a strong one eight pixels away.
  for (let y = -1; y <= 1; y++)
    for (let x = -1; x <= 1; x++) {
      frame[(30 + y) * width + 30 + x] = 35;
      frame[(30 + y) * width + 38 + x] = 5000;
    }
  const lattices = [[at(1, 30.5, 30.5)], [at(2, 38.5, 30.5)]];
  const measured = separate(lattices, rings).map(({ reflections, near }) =>
    integrate(
      { frame, width, bad: new Uint8Array(width * width), geometry, beam: beamOf(geometry) },
      reflections,
      [...rings],
      { near },
    ),
  );
  expect(measured.map(([one]) => [one?.intensity, one?.background])).toEqual([
    [225, 10],
    [9 * 4990, 10],
  ]);
});
