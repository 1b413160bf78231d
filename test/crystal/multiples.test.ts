/** Known cells that are multiples of the lattice that diffracts, from spots that are made here. */
import { type Cell, cellFromParameters, lengthsOf, simulateSpots, volume } from 'ewald';
import { describe, expect, test } from 'vitest';
import { type Centring, primitiveOf } from '../../src/crystal/centring.js';
import { latticeText, MultipleSearch } from '../../src/crystal/multiples.js';
import { someOf } from '../support/variants.js';

const orthorhombic = cellFromParameters(41.2, 52.7, 63.1, 90, 90, 90);
const bodyCentred = cellFromParameters(75, 75, 112, 90, 90, 90);

/** A cell with its edges multiplied, in the orientation of a crystal. */
const times = (cell: Cell, by: readonly number[]): Cell =>
  cell.map((row, i) => row.map((x) => x * (by[i] ?? 1))) as unknown as Cell;

/** What stills of a lattice tell about a known cell; peaks that belong to nothing are a tenth of all. */
function told(
  cell: Cell,
  by: readonly number[],
  { centring = 'P', as = centring, seed = 1, images: count = 8, spots: each = 150 }: Partial<Told> = {},
) {
  const search = new MultipleSearch({ cell: times(cell, by), centring: as });
  const images = simulateSpots({ cell, centring, images: count, spots: each, spurious: 0.1, seed });
  for (const { spots, lattices } of images)
    for (const found of lattices) search.add(times(found, by), Float32Array.from(spots));
  return search.found;
}
interface Told {
  readonly centring: Centring;
  readonly as: Centring;
  readonly seed: number;
  readonly images: number;
  readonly spots: number;
}

describe('a known cell', () => {
  test.for(someOf([1, 2, 3, 4, 5, 6]))('that is right is not one (seed %i)', (seed) => {
    expect(told(orthorhombic, [1, 1, 1], { seed })).toBeUndefined();
    expect(told(bodyCentred, [1, 1, 1], { seed, centring: 'I' })).toBeUndefined();
  });

  test.for(someOf([1, 2, 3]))('that is right is not one if each still has two lattices (seed %i)', (seed) => {
    for (const [cell, centring] of [[orthorhombic, 'P'] as const, [bodyCentred, 'I'] as const]) {
      const search = new MultipleSearch({ cell, centring });
      const of = (from: number) => simulateSpots({ cell, centring, images: 8, spots: 150, spurious: 0.1, seed: from });
      const second = of(seed + 100);
      for (const [i, { spots, lattices }] of of(seed).entries()) {
        const both = Float32Array.from([...spots, ...(second[i]?.spots ?? [])]);
        for (const found of [...lattices, ...(second[i]?.lattices ?? [])]) search.add(found, both);
      }
      expect(search.found).toBeUndefined();
    }
  });

  test.for(['A', 'B', 'C', 'I', 'F', 'H'] as const)('centred %s is right where the crystals are', (centring) => {
    const cell = centring === 'H' ? cellFromParameters(81, 81, 150, 90, 90, 120) : bodyCentred;
    for (const seed of someOf([1, 2, 3])) expect(told(cell, [1, 1, 1], { seed, centring })).toBeUndefined();
  });

  // The share of the reflections of the first lattice that the second one forbids.
  test.for([
    ['P', 'A', 1 / 2],
    ['P', 'C', 1 / 2],
    ['P', 'I', 1 / 2],
    ['P', 'F', 3 / 4],
    ['C', 'F', 1 / 2],
    ['I', 'F', 3 / 4],
  ] as const)('of crystals centred %s has reflections that %s forbids', ([centring, as, share]) => {
    for (const seed of someOf([1, 2, 3])) {
      const found = told(bodyCentred, [1, 1, 1], { centring, as, seed });
      const [absent, others] = found?.forbidden ?? [0, 0];
      expect(Math.abs(absent / (absent + others) - share)).toBeLessThan(0.05);
      expect(found?.undetermined).toEqual([]);
    }
  });

  describe('centred H', () => {
    const hexagonal = cellFromParameters(67.42, 67.42, 160.67, 90, 90, 120);

    test('is none of primitive crystals: two settings together forbid four of nine reflections', () => {
      for (const seed of someOf([1, 2, 3])) {
        const [absent, others] = told(hexagonal, [1, 1, 1], { centring: 'P', as: 'H', seed })?.forbidden ?? [0, 0];
        expect(Math.abs(absent / (absent + others) - 4 / 9)).toBeLessThan(0.05);
      }
    });

    test('is right where obverse and reverse crystals are twins', () => {
      const known = { cell: hexagonal, centring: 'H' } as const;
      const search = new MultipleSearch(known);
      for (const { spots, lattices } of simulateSpots({ ...known, images: 8, spots: 150, seed: 4 })) {
        const [cell = hexagonal] = lattices;
        // The reverse twin is turned by 180° about c.
        const axis = cell[2].map((x) => x / Math.hypot(...cell[2]));
        const turned = Array.from(spots, (x, i) => {
          const along = axis.reduce((sum, u, k) => sum + u * (spots[i - (i % 3) + k] ?? 0), 0);
          return 2 * along * (axis[i % 3] ?? 0) - x;
        });
        search.add(cell, Float32Array.from([...spots, ...turned]));
      }
      expect(search.found?.forbidden).toBeUndefined();
    });
  });

  test.for([
    [[2, 1, 1], 2],
    [[1, 1, 3], 3],
    [[1, 5, 1], 5],
    [[4, 1, 1], 4],
    [[2, 2, 2], 8],
    [[5, 5, 1], 25],
    [[5, 5, 5], 125],
    [[1, 12, 1], 12],
    [[1, 1, 13], 13],
    [[17, 1, 1], 17],
    [[10, 10, 10], 1000],
  ] as const)('with the edges times %j has %i times the volume of the lattice that is found', ([by, factor]) => {
    const found = told(orthorhombic, by);
    expect(found?.factor).toBe(factor);
    expect(Math.abs(volume(found?.cell ?? orthorhombic)) / volume(orthorhombic)).toBeCloseTo(1, 6);
    expect(found?.needing).toBeLessThan(0.02 * (found?.peaks ?? 0));
  });

  test.for(someOf([1, 2, 3]))('is judged by forty peaks of three stills (seed %i)', (seed) => {
    const few = { seed, images: 3, spots: 15 };
    expect(told(orthorhombic, [1, 1, 1], few)).toBeUndefined();
    expect(told(orthorhombic, [2, 1, 1], few)?.factor).toBe(2);
  });

  test('is one if a multiple of an edge is nearly another edge, with which crystals exchange it', () => {
    const [a, b, c] = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
    const known = times([a, b, c], [1, 1, 2]);
    const search = new MultipleSearch({ cell: known, centring: 'P' });
    const images = simulateSpots({ cell: [a, b, c], images: 8, spots: 150, spurious: 0.1, seed: 3 });
    for (const [i, { spots, lattices }] of images.entries())
      for (const [x, y, z] of lattices.map((found) => times(found, [1, 1, 2]))) {
        const orders = [
          [x, y, z],
          [z, x, y],
          [x, z, y],
        ] as unknown as Cell[];
        search.add(orders[i % 3] as Cell, Float32Array.from(spots));
      }
    expect(search.found?.factor).toBe(2);
  });

  test('is named by the lattice of the spots, not by that of crystals in coincidence orientations', () => {
    const right = cellFromParameters(90.63, 91.26, 49.04, 90, 90, 90);
    const search = new MultipleSearch({ cell: times(right, [5, 5, 5]), centring: 'P' });
    for (const [i, { spots, lattices }] of simulateSpots({ cell: right, images: 8, spots: 150, seed: 2 }).entries()) {
      const [a, b, c] = times(lattices[0] ?? right, [5, 5, 5]);
      // (3 4 0)/5 and (-4 3 0)/5 are as long as a and b.
      const mixed = (x: number, y: number): Cell[0] => a.map((p, k) => x * p + y * (b[k] ?? 0)) as unknown as Cell[0];
      search.add(i < 6 ? [mixed(0.6, 0.8), mixed(-0.8, 0.6), c] : [a, b, c], Float32Array.from(spots));
    }
    const found = search.found;
    expect(found?.factor).toBe(125);
    expect(latticeText(found?.cell ?? right)).toBe('49.04 90.63 91.26 90.00 90.00 90.00 (oP)');
  });

  test('that leaves out a centring is one, and names the primitive cell', () => {
    const found = told(bodyCentred, [1, 1, 1], { centring: 'I', as: 'P' });
    expect(found?.factor).toBe(2);
    expect(Math.abs(volume(found?.cell ?? bodyCentred))).toBeCloseTo(volume(primitiveOf(bodyCentred, 'I')), 3);
  });

  test.for([0, 1, 2])('with edge %i ten times too long is not determined along it', (edge) => {
    const by = [0, 1, 2].map((i) => (i === edge ? 10 : 1));
    const found = told(orthorhombic, by);
    expect(found).toBeDefined();
    expect((found?.factor ?? 1) > 1 || found?.undetermined.includes('abc'[edge] as 'a')).toBe(true);
  });

  test('is not judged by a zone, whose layers show nothing about what is between them', () => {
    const search = new MultipleSearch({ cell: orthorhombic, centring: 'P' });
    const zone = Array.from({ length: 400 }, (_, i) => [(i % 20) / 41.2, Math.floor(i / 20) / 52.7, 0]).flat();
    search.add(orthorhombic, Float32Array.from(zone));
    expect(search.found).toBeUndefined();
  });

  // The shares of the odd peaks that are strong enough: 5 and 2 % of all.
  test.for([10, 25] as const)('that is a superstructure is needed by its few weak peaks, one in %i', (every) => {
    const large = times(orthorhombic, [2, 1, 1]);
    const search = new MultipleSearch({ cell: large, centring: 'P' });
    const images = simulateSpots({ cell: large, images: 12, spots: 240, spurious: 0.1, seed: 3 });
    for (const { spots, lattices } of images) {
      const cell = lattices[0] ?? large;
      let odd = 0;
      const kept = Array.from({ length: spots.length / 3 }, (_, i) => spots.subarray(3 * i, 3 * i + 3)).filter((at) => {
        const h = cell[0].reduce((sum, x, k) => sum + x * (at[k] ?? 0), 0);
        return Math.abs(Math.round(h)) % 2 === 0 || odd++ % every === 0;
      });
      search.add(cell, Float32Array.from(kept.flatMap((at) => [...at])));
    }
    expect(search.found).toBeUndefined();
  });

  describe('in lists of forty spots', () => {
    const tetragonal = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
    const lists = (cell: Cell, images: number, seed: number) =>
      simulateSpots({ cell, images, spots: 40, spurious: 0.2, seed });

    test('is none if it is right', () => {
      for (const cell of [tetragonal, orthorhombic]) {
        const search = new MultipleSearch({ cell, centring: 'P' });
        for (const { spots, lattices } of lists(cell, 12, 7)) search.add(lattices[0] ?? cell, Float32Array.from(spots));
        expect(search.found).toBeUndefined();
      }
    });

    test('is one in any coincidence orientation', () => {
      const search = new MultipleSearch({ cell: times(tetragonal, [5, 5, 5]), centring: 'P' });
      for (const [i, { spots, lattices }] of lists(tetragonal, 9, 8).entries())
        for (const [a, b, c] of lattices.map((found) => times(found, [5, 5, 5]))) {
          const turn = [[1, 0] as const, [0.8, 0.6] as const, [0.6, 0.8] as const][i % 3] ?? [1, 0];
          const mixed = (x: number, y: number) => a.map((one, k) => x * one + y * (b[k] ?? 0));
          const turned = [mixed(turn[0], turn[1]), mixed(-turn[1], turn[0]), c] as unknown as Cell;
          search.add(turned, Float32Array.from(spots));
        }
      expect(search.found?.factor).toBe(125);
    });

    test('is undecided if each shows another lattice', () => {
      const known = times(orthorhombic, [2, 2, 2]);
      const search = new MultipleSearch({ cell: known, centring: 'P' });
      for (let i = 0; i < 12; i++) {
        const by = [0, 1, 2].map((edge) => (edge === i % 3 ? 1 / (2 + (Math.floor(i / 3) % 2)) : 1));
        for (const { spots, lattices } of lists(times(known, by), 1, 20 + i))
          search.add(
            times(
              lattices[0] ?? known,
              by.map((x) => 1 / x),
            ),
            Float32Array.from(spots),
          );
      }
      expect(search.found).toMatchObject({ factor: 1, disagreeing: [12, 12] });
    });
  });

  test('ten times as long is one whichever of its coincidence orientations each crystal has', () => {
    const cell = cellFromParameters(79.1, 79.1, 38.1, 90, 90, 90);
    const known = times(cell, [10, 10, 10]);
    const search = new MultipleSearch({ cell: known, centring: 'P' });
    const images = simulateSpots({ cell, images: 8, spots: 150, spurious: 0.2, seed: 5 });
    for (const [i, { spots, lattices }] of images.entries())
      for (const [a, b, c] of lattices.map((found) => times(found, [10, 10, 10]))) {
        // (8, 6, 0) / 10 is as long as an edge of the lattice, and so is a node of it.
        const turned = [a.map((x, k) => 0.8 * x + 0.6 * (b[k] ?? 0)), a.map((x, k) => 0.8 * (b[k] ?? 0) - 0.6 * x), c];
        search.add((i % 2 === 0 ? [a, b, c] : turned) as unknown as Cell, Float32Array.from(spots));
      }
    expect(search.found?.factor).toBe(1000);
    expect(lengthsOf(search.found?.cell ?? known).sort((x, y) => x - y)[0]).toBeCloseTo(38.1, 1);
  });

  test.for([
    [1, true],
    [0.2, true],
    [0.05, true],
    [0, false],
  ] as const)('that is halved has peaks midway between its reflections, a share of %d of them', ([weak, isTold]) => {
    const large = times(orthorhombic, [1, 1, 2]);
    const search = new MultipleSearch({ cell: orthorhombic, centring: 'P' });
    for (const { spots, lattices } of simulateSpots({ cell: large, images: 8, spots: 300, spurious: 0.1, seed: 3 })) {
      const cell = lattices[0] ?? large;
      let odd = 0;
      const kept = Array.from({ length: spots.length / 3 }, (_, i) => spots.subarray(3 * i, 3 * i + 3)).filter((at) => {
        const l = cell[2].reduce((sum, x, k) => sum + x * (at[k] ?? 0), 0);
        if (Math.abs(Math.round(l)) % 2 === 0) return true;
        odd += weak;
        return odd % 1 < weak;
      });
      search.add(times(cell, [1, 1, 0.5]), Float32Array.from(kept.flatMap((at) => [...at])));
    }
    expect(search.found?.between?.at).toBe(isTold ? '0 0 1/2' : undefined);
    expect(search.found?.undetermined ?? []).toEqual([]);
  });
});
