/**
 * Simulated frames: reproducible for a seed, with the statistics of photon counts, and recovered by the whole pipeline.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  beamOf,
  cellFromParameters,
  FrameSimulator,
  parseGeometry,
  reciprocal,
  reciprocalOf,
} from '../../dist/index.node.js';
import { ewald } from '../support/cli.js';
import { someOf } from '../support/variants.js';

const cell = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
const small = { cell, detectorPx: [256, 256], distanceMm: 20, seed: 5 } as const;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-simulate-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a simulator', () => {
  test('gives the same frame for the same seed, regardless of earlier frames', { tags: 'all' }, () => {
    const [one, two] = [new FrameSimulator({ ...small, images: 4 }), new FrameSimulator({ ...small, images: 9 })];
    one.frame(0);
    expect(one.frame(2)).toEqual(two.frame(2));
    expect(one.frame(1).counts).not.toEqual(one.frame(2).counts);
    expect(new FrameSimulator({ ...small, seed: 6 }).frame(0).counts).not.toEqual(one.frame(0).counts);
  });

  test('gives equivalent reflections of a point group the same intensity, and others another one', {
    tags: 'all',
  }, () => {
    const beam = { bandwidth: 0, mosaicityRad: 0, domainA: 100, spread: 0, wavelengthA: 1.3, strength: 1e5 };
    /** Intensities of the simulation by their indices, from the expected counts. */
    const intensities = (symmetry: string | undefined): Map<string, number> => {
      const simulator = new FrameSimulator({ ...small, ...beam, images: 3, ...(symmetry ? { symmetry } : {}) });
      const found = new Map<string, number>();
      for (const frame of [0, 1, 2])
        for (const { cell: rows, spots } of simulator.frame(frame).lattices) {
          const stars = reciprocal(rows);
          for (const [, , h, k, l, counts] of spots) {
            const [x = 0, y = 0, z = 0] = [0, 1, 2].map(
              (i) => h * (stars[0][i] ?? 0) + k * (stars[1][i] ?? 0) + l * (stars[2][i] ?? 0),
            );
            const length = Math.hypot(x, y, z + 1 / 1.3);
            const partiality = Math.exp(-((length - 1 / 1.3) ** 2) * 2 * 100 ** 2);
            const fall = Math.exp((-25 * (x * x + y * y + z * z)) / 2);
            found.set([h, k, l].join(), counts / (1e5 * fall * partiality * (1 - (x / length) ** 2)));
          }
        }
      return found;
    };
    const ratios = (symmetry: string | undefined): number[] => {
      const all = intensities(symmetry);
      return [...all].flatMap(([indices, value]) => {
        const [h = 0, k = 0, l = 0] = indices.split(',').map(Number);
        const other = Math.abs(h) === Math.abs(k) ? undefined : all.get([k, h, -l].join());
        return other === undefined ? [] : [value / other];
      });
    };
    expect(ratios('422').length).toBeGreaterThan(20);
    for (const ratio of ratios('422')) expect(ratio).toBeCloseTo(1, 9);
    expect(ratios(undefined).filter((ratio) => Math.abs(ratio - 1) > 0.1).length).toBeGreaterThan(20);
    expect(ratios('4/m').filter((ratio) => Math.abs(ratio - 1) > 0.1).length).toBeGreaterThan(20);
    // The inversion alone is the default.
    expect(intensities('-1')).toEqual(intensities(undefined));
    expect(() => new FrameSimulator({ ...small, symmetry: '6/mmm' })).toThrow(
      /symmetry is "6\/mmm", which the cell 79.1/,
    );
  });

  test('gives reflections of an axis ε times the intensity, and centric ones their law', { tags: 'all' }, () => {
    const beam = { bandwidth: 0, mosaicityRad: 0.002, domainA: 100, strength: 1e5, spread: 0, distanceMm: 30 };
    const long = cellFromParameters(30, 30, 150, 90, 90, 90);
    const [four, one] = ['4/m', '-1'].map((symmetry) => {
      const simulator = new FrameSimulator({ ...small, ...beam, cell: long, images: 4, symmetry });
      const spots = [0, 1, 2, 3].flatMap((frame) => simulator.frame(frame).lattices[0]?.spots ?? []);
      return new Map(spots.map(([, , h, k, l, counts]) => [[h, k, l].join(), counts]));
    }) as [Map<string, number>, Map<string, number>];
    const [axis, plane]: [number[], number[]] = [[], []];
    for (const [indices, counts] of four) {
      const [h, k, l] = indices.split(',').map(Number) as [number, number, number];
      const ratio = counts / (one.get(indices) ?? Number.NaN);
      if (Number.isNaN(ratio)) continue;
      if (h === 0 && k === 0) axis.push(ratio);
      // Both draw from the same reflection, h k 0 of positive indices.
      if (l === 0 && h > 0 && k > 0) plane.push(ratio);
    }
    expect(axis.length).toBeGreaterThan(2);
    for (const ratio of axis) expect(ratio).toBeCloseTo(4, 6);
    // An exponential number times 2 cos² of any angle is the square of a normal one.
    expect(plane.length).toBeGreaterThan(5);
    expect(Math.max(...plane)).toBeLessThanOrEqual(2 + 1e-9);
    expect(new Set(plane.map((ratio) => ratio.toFixed(3))).size).toBeGreaterThan(3);
  });

  test('counts photons: the variance of a flat patch is its mean', () => {
    const { counts } = new FrameSimulator({ ...small, background: 40, strength: 0, badPixels: 0 }).frame(0);
    // Neighbouring pixels have nearly the same expectation: half the mean square of their differences is the variance.
    let [sum, squares, n] = [0, 0, 0];
    for (let y = 10; y < 246; y++)
      for (let x = 180; x < 245; x++) {
        const [a = 0, b = 0] = [counts[y * 256 + x], counts[y * 256 + x + 1]];
        sum += a;
        squares += (a - b) ** 2 / 2;
        n++;
      }
    expect(squares / sum).toBeGreaterThan(0.94);
    expect(squares / sum).toBeLessThan(1.06);
    expect(sum / n).toBeGreaterThan(3);
  });

  test('places reflections correctly: hkl is an integer within the width of a node', () => {
    const simulator = new FrameSimulator({ ...small, crystals: 2 });
    const { detector } = simulator;
    const { lattices } = simulator.frame(0);
    expect(lattices).toHaveLength(2);
    const [x0, y0] = detector.centrePx;
    for (const { cell: lies, spots } of lattices) {
      expect(spots.length).toBeGreaterThan(20);
      for (const [x, y, ...hkl] of spots) {
        const s = [(x - x0) * detector.pixelM, (y - y0) * detector.pixelM, detector.distanceM];
        const k = 1 / detector.wavelengthA / Math.hypot(...s);
        const q = [s[0] * k, s[1] * k, s[2] * k - 1 / detector.wavelengthA];
        const index = lies.map((row) => row[0] * (q[0] ?? 0) + row[1] * (q[1] ?? 0) + row[2] * (q[2] ?? 0));
        for (const [i, value] of index.entries()) expect(Math.abs(value - (hkl[i] ?? 0))).toBeLessThan(0.2);
      }
    }
  });

  test('omits reflections that are extinct by centring, and places none in gaps', () => {
    const simulator = new FrameSimulator({ ...small, centring: 'I', modules: [2, 2], gapPx: 12 });
    const { counts, lattices } = simulator.frame(0);
    for (const [x, y, h, k, l] of lattices.flatMap(({ spots }) => spots)) {
      expect((h + k + l) % 2 === 0).toBe(true);
      expect(counts[Math.floor(y) * 256 + Math.floor(x)]).toBeLessThan(65535);
    }
    expect(counts[128 * 256 + 5]).toBe(65535);
  });

  test.for([
    [{ blank: 2 }, /blank is 2; expected a number from 0 to 1/],
    [{ radiation: 'neutron' }, /radiation is "neutron"; expected one of xray, electron/],
    [{ detectorPx: [4, 4] }, /detectorPx is \[4,4\]; expected 2 integers from 16/],
    [{ crystal: 1 }, /no option "crystal"; did you mean "crystals"/],
  ] as const)('%j is refused', ([wrong, message]) => {
    expect(() => new FrameSimulator({ ...small, ...(wrong as object) })).toThrow(message);
  });
});

describe('ewald simulate frames', () => {
  test('writes frames, geometry, cell and truth; the run finds every crystal', { tags: 'nightly' }, async () => {
    const flags = [
      '--images',
      '4',
      '--seed',
      '3',
      '--size',
      '512,512',
      '--distance',
      '45',
      '--modules',
      '2,2',
      '--json',
    ];
    const made = await ewald(['simulate', 'frames', '-o', folder, ...flags]);
    expect(made.code, made.err).toBe(0);
    const files = JSON.parse(made.out);
    const geometry = parseGeometry(await readFile(files.geometry, 'utf8'));
    const [panel] = geometry.panels;
    // The beam hits where the geometry predicts no scattering.
    if (panel) expect(Math.hypot(...reciprocalOf(panel, beamOf(geometry), 259.3, 250.3))).toBeLessThan(1e-12);
    const frames = await open(files.frames);
    expect(frames.shape).toEqual({ nav: [4], sig: [512, 512] });
    expect(frames.meta.wavelengthA).toBeCloseTo(1.3, 9);
    await frames.dispose();
    const stream = join(folder, 'run.stream');
    const run = await ewald(['index', files.frames, '-g', files.geometry, '-p', files.cell, '-o', stream, '-j', '1']);
    expect(run.code, run.err).toBe(0);
    const truth = await ewald(['stream', 'compare', stream, files.truth, '--json']);
    const facts = JSON.parse(truth.out);
    expect(facts).toMatchObject({ frames: 4, crystalsThere: 4, crystalsRight: 4, crystalsWrong: 0 });
    expect(facts.misorientationMedianDeg).toBeLessThan(0.05);
    expect(facts.recallAbove100).toBeGreaterThan(0.95);
    const again = await ewald(['simulate', 'frames', '-o', folder, ...flags]);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/run\.h5 exists and may belong to another simulation; .*--force/);
  });

  const refused = [
    [['--voltage', '300'], /--voltage belongs to electrons/],
    [['--size', '12'], /--size is "12"; expected 2 integers from 16/],
    [['--radiation', 'neutron'], /--radiation/],
  ] as const;
  test.for(someOf(refused))('%j is refused', async ([words, message]) => {
    const { code, err } = await ewald(['simulate', 'frames', '-o', join(folder, 'none'), ...words]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
