/** The profile radius is the width of the Gaussian that the excitation errors were drawn from. */
import { expect, it } from 'vitest';
import { beamOf, type Cell, parseGeometry, reciprocal } from '../../dist/index.node.js';
import type { PeakList } from '../../src/peaks/peak-list.js';
import type { ImageIndexer } from '../../src/pipeline/image-indexers.js';
import type { SearchSettings } from '../../src/pipeline/settings.js';
import { type FrameCrystal, indexPeaks, predictCrystal } from '../../src/pipeline/stages/frame.js';
import { profileRadiusOf } from '../../src/pipeline/stages/profile-radius.js';

/** Normal deviates, and, from 20 on, foreign peaks far away that make up a tenth. */
function errors(count: number, radius: number, foreign: number, seed: number): number[] {
  const random = () => {
    seed = (Math.imul(1664525, seed) + 1013904223) >>> 0;
    return (seed + 0.5) / 2 ** 32;
  };
  return Array.from({ length: count }, (_, i) =>
    i < foreign ? 10 * radius : radius * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()),
  );
}

it.each([0, 6])('finds the radius of many crystals with %i foreign peaks of 80', (foreign) => {
  const found = Array.from({ length: 300 }, (_, i) => profileRadiusOf(errors(80, 6e-4, foreign, 2654435761 * (i + 1))));
  const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
  // Foreign peaks move the median of the others by their share: 6 of 80 by about a tenth.
  expect(mean / 6e-4).toBeGreaterThan(0.97);
  expect(mean / 6e-4).toBeLessThan(foreign === 0 ? 1.05 : 1.17);
});

it('corrects for the two fitted rotations, which narrow the errors of few peaks', () => {
  const many = profileRadiusOf([1, 1, 1, 1, 1, 1, 1, 1, 1, 1].flatMap(() => Array(100).fill(1)));
  expect(profileRadiusOf([1, -1, 1, -1]) / many).toBeCloseTo(Math.sqrt(2), 2);
  expect(profileRadiusOf([-2e-4, 1e-4])).toBe(2e-4);
  expect(profileRadiusOf([])).toBe(0);
});

const geometry = parseGeometry(
  'photon_energy = 9500\nclen = 0.01\nres = 10000\nadu_per_eV = 1e-4\n' +
    'p/min_fs = 0\np/min_ss = 0\np/max_fs = 59\np/max_ss = 59\n' +
    'p/corner_x = -30\np/corner_y = -30\np/fs = +x\np/ss = +y\n',
);
const cell = [
  [40, 0, 0],
  [0, 40, 0],
  [0, 0, 40],
] as unknown as Cell;

it('equals fixProfileRadius, given in 1/m', async () => {
  const found = {
    cell,
    reciprocal: reciprocal(cell),
    mask: [],
    lengths: [40, 40, 40],
    angles: [90, 90, 90],
    rivals: [],
  };
  const indexer = { image: async () => ({ crystals: () => [found] }) } as unknown as ImageIndexer;
  const peaks = { count: 1, fs: [20], ss: [20], panel: [0] } as unknown as PeakList;
  const scene = { geometry, beam: beamOf(geometry), settings: { fixProfileRadius: 5e6 } };
  const { crystals } = await indexPeaks(peaks, scene, indexer);
  expect(crystals[0]?.profileRadius).toBeCloseTo(5e-4, 12);
});

it('is multiplied by 1.7 in predictions, and by five times that with overpredict', () => {
  const crystal = { cell, inputCell: 0, profileRadius: 0.002, resolution: 1 } as unknown as FrameCrystal;
  const beam = beamOf(geometry);
  const farthest = (settings: SearchSettings) =>
    predictCrystal(crystal, { geometry, beam, settings }).map(({ excitation, partiality }) => {
      expect(partiality).toBeCloseTo(Math.exp(-(excitation ** 2) / (2 * 0.002 ** 2)), 12);
      return Math.abs(excitation) / 0.002;
    });
  const [usual, more] = [farthest({}), farthest({ overpredict: true })];
  expect(Math.max(...usual)).toBeLessThanOrEqual(1.7);
  expect(Math.max(...usual)).toBeGreaterThan(1.5);
  expect(Math.max(...more)).toBeLessThanOrEqual(8.5);
  expect(Math.max(...more)).toBeGreaterThan(8);
});
