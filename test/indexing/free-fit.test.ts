// The lattice of one still from its spots alone, compared with the one that made them.
import { expect, test } from 'vitest';
import { cellFromParameters, volume } from '../../src/crystal/cell.js';
import { fitFreely } from '../../src/indexing/lattice/free-fit.js';
import { simulateSpots } from '../../src/simulate/public.js';
import { someOf } from '../support/variants.js';

test.each(someOf([600, 1200]))('domains of %i Å: a fit is near the lattice, or there is none', (domainA) => {
  const cell = cellFromParameters(58.7, 58.7, 152.4, 90, 90, 90);
  const stills = simulateSpots({ cell, images: 120, spots: 120, seed: 5, noisePx: 0.5, domainA });
  const sizes = stills.flatMap(({ lattices: [lattice], spots }) => {
    const fit = lattice && fitFreely(lattice, spots);
    return fit ? [Math.cbrt(volume(fit.cell) / volume(lattice)) - 1] : [];
  });
  expect(sizes.length).toBeGreaterThan(100);
  expect(sizes.filter((size) => !(Math.abs(size) < 0.1))).toEqual([]);
});
