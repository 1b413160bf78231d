/** Known cells that are not those of their crystals, from spots that are made here. */
import { type Cell, cellFromParameters, simulateSpots } from 'ewald';
import { describe, expect, test } from 'vitest';
import { reciprocal } from '../../src/crystal/cell.js';
import type { Centring } from '../../src/crystal/centring.js';
import { CellAgreement } from '../../src/pipeline/cell-agreement.js';
import { cellDoubts, fewFitText, ListedMultiples } from '../../src/pipeline/doubt.js';
import { RunSummary } from '../../src/pipeline/summary.js';
import { randomOf } from '../support/detector-crystals.mjs';
import { someOf } from '../support/variants.js';

type Six = readonly [number, number, number, number, number, number];

interface Stills {
  readonly known: Six;
  readonly truth: Six;
  readonly centring: Centring;
  readonly spots: number;
  readonly seed: number;
  readonly images: number;
}

/** What stills of a cell say about another one; every other crystal is turned as the symmetry of that allows. */
function agreementOf({ truth, known = truth, centring = 'P', spots = 120, seed = 1, images = 16 }: Partial<Stills>) {
  if (!truth || !known) throw new Error('a cell is missing');
  const cell = cellFromParameters(...truth);
  const agreement = new CellAgreement({ cell: cellFromParameters(...known), centring });
  for (const [i, image] of simulateSpots({ cell, centring, images, spots, spurious: 0.2, seed }).entries()) {
    const [found] = image.lattices;
    const [a, b, c] = found ?? cell;
    const turned: Cell = [b, a.map((x) => -x) as unknown as Cell[0], c];
    agreement.add(
      known[0] === known[1] && known[5] === 90 && i % 2 === 1 ? turned : [a, b, c],
      Float32Array.from(image.spots),
    );
  }
  return agreement.found;
}

const orthorhombic = [90.63, 91.26, 49.04, 90, 90, 90] as const;
const tetragonal = [79.1, 79.1, 38.1, 90, 90, 90] as const;

describe('the cells of crystals', () => {
  test.for([
    ['tetragonal for orthorhombic', [91, 91, 49.04, 90, 90, 90]],
    ['tetragonal between both edges', [90.945, 90.945, 49.04, 90, 90, 90]],
  ] as const)('have less symmetry than the known cell: %s', ([, known]) => {
    for (const seed of someOf([1, 2, 3])) {
      const found = agreementOf({ truth: orthorhombic, known, seed });
      expect(found?.kind).toBe('asymmetric');
      for (const [i, x] of (found?.parameters ?? []).entries())
        expect(Math.abs(x - orthorhombic[i as 0])).toBeLessThan(0.05);
    }
  });

  test('have an angle that the symmetry of the known cell does not allow', () => {
    const truth = [51.6, 70.9, 60.2, 90, 90.7, 90] as const;
    const found = agreementOf({ truth, known: [51.6, 70.9, 60.2, 90, 90, 90] });
    expect(found).toMatchObject({ kind: 'asymmetric', crystals: 16 });
    expect(found?.parameters[4]).toBeCloseTo(90.7, 1);
  });

  test.for([
    [81, 81, 38.1],
    [83, 75.5, 38.1],
  ] as const)('are not %f %f %f', ([a, b, c]) => {
    const found = agreementOf({ truth: tetragonal, known: [a, b, c, 90, 90, 90] });
    expect(found?.kind).toBe('other');
    for (const [i, x] of (found?.parameters ?? []).entries())
      expect(Math.abs(x - (tetragonal[i] as number))).toBeLessThan(0.05);
  });

  test.for([
    [[79.1, 79.1, 38.1, 90, 90, 90], 2, 0.05],
    [[79.1, 79.1, 38.1, 90, 90, 90], 0, 0.05],
    [[50, 60, 70, 90, 90, 90], 0, 0.05],
    [[50, 60, 70, 90, 90, 90], 1, -0.05],
    // The wrong edge is as near to the other one as that is.
    [[60, 61, 80, 90, 90, 90], 0, 0.05],
    [[40, 60, 70, 90, 95, 90], 4, 2],
    [[47.3, 58.9, 66.2, 90.7, 97.4, 89.3], 3, -2],
  ] as const)('differ in one number, which is named: %j, %i by %f', ([truth, at, by]) => {
    const known = truth.map((x, i) => (i === at ? (at < 3 ? x * (1 + by) : x + by) : x)) as unknown as Six;
    for (const seed of someOf([1, 2, 3])) {
      const found = agreementOf({ truth, known, seed });
      expect(found).toMatchObject({ kind: 'single', wrong: at });
      expect(Math.abs((found?.parameters[at] ?? 0) - truth[at])).toBeLessThan(0.1);
    }
  });

  test('differ in one edge, also where the axes of some crystals are exchanged and others fit in part', () => {
    const [truth, agreement] = [
      cellFromParameters(60, 61, 80, 90, 90, 90),
      new CellAgreement({ cell: cellFromParameters(63, 61, 80, 90, 90, 90), centring: 'P' }),
    ];
    for (const [i, image] of simulateSpots({ cell: truth, images: 24, spots: 120, seed: 4 }).entries()) {
      const [[a, b, c] = truth] = image.lattices;
      const exchanged: Cell = [b, a.map((x) => -x) as unknown as Cell[0], c];
      const bent = Float32Array.from(image.spots, (x, k) => (i % 4 === 0 ? x + 1e-3 * Math.sin(7 * k) : x));
      agreement.add(i % 2 === 0 ? exchanged : [a, b, c], bent);
    }
    expect(agreement.found).toMatchObject({ kind: 'single', wrong: 0 });
    expect(agreement.found?.parameters[0]).toBeCloseTo(60, 1);
  });

  test('are far from the known one, also where there are one or two', () => {
    for (const images of [1, 2]) {
      const found = agreementOf({ truth: tetragonal, known: [68, 68, 33, 90, 90, 90], images });
      expect(found).toMatchObject({ kind: 'other', crystals: images });
      expect(agreementOf({ truth: tetragonal, known: [78, 78, 38, 90, 90, 90], images })).toBeUndefined();
    }
  });

  test('are all longer than the known one, by one factor', () => {
    for (const by of [0.98, 1.01, 1.03]) {
      const [a, b, c] = tetragonal.map((x) => x * by) as [number, number, number];
      const found = agreementOf({ truth: tetragonal, known: [a, b, c, 90, 90, 90] });
      expect(found?.kind).toBe('scaled');
      expect(Math.abs((found?.strain ?? 0) - (1 / by - 1))).toBeLessThan(1e-3);
    }
    // A still does not tell its distance better than that.
    const near = tetragonal.map((x, i) => (i < 3 ? x * 1.004 : x)) as unknown as Six;
    expect(agreementOf({ truth: tetragonal, known: near })).toBeUndefined();
  });

  test('are those of few lists, by chance, where the known cell is wrong', () => {
    const lists = (indexed: number, probability: number): { crystals: { probability: number }[] }[] =>
      Array.from({ length: 40 }, (_, i) => ({ crystals: i < indexed ? [{ probability }] : [] }));
    expect(fewFitText(lists(3, 8e-8))).toMatch(/^only 3 of 40 lists fit the known cell, .* \(8e-8 at best\)/);
    for (const right of [lists(0, 1), lists(3, 1e-40), lists(30, 1e-6), lists(2, 1e-5).slice(0, 8)])
      expect(fewFitText(right)).toBeUndefined();
  });

  test('are asked for in lists and in runs, each in words', () => {
    const cell = cellFromParameters(...tetragonal);
    const known = { cell: cellFromParameters(83, 79.1, 38.1, 90, 90, 90), centring: 'P' } as const;
    const [lists, summary] = [new ListedMultiples(), new RunSummary(8, [known])];
    const beam = { wavelengthA: 1.3 } as Parameters<RunSummary['learn']>[0]['beam'];
    for (const { spots, lattices } of simulateSpots({ cell, images: 8, spots: 120, seed: 7 })) {
      const [found = cell] = lattices;
      lists.add(known, found, Float32Array.from(spots));
      const crystals = [{ cell: found, inputCell: 0, rivals: [] }] as unknown as Parameters<
        RunSummary['learn']
      >[0]['crystals'];
      const peaks = { count: spots.length / 3 } as Parameters<RunSummary['learn']>[0]['peaks'];
      summary.learn({ peaks, spots: Float32Array.from(spots), crystals, beam, explained: 0.8 });
    }
    const text =
      /^the edge a of the known cell is wrong: it is 79\.\d\d Å in 8 crystals, and not 83\.00 Å.*check the cell/;
    expect(lists.texts).toEqual([expect.stringMatching(text)]);
    expect(cellDoubts(summary.doubt, summary.multiples, [known])).toEqual([expect.stringMatching(text)]);
    // A fit together with the detector says it more precisely, unless crystals follow one wrong number in part.
    expect(cellDoubts(summary.doubt, summary.multiples, [known], true)).toEqual([expect.stringMatching(text)]);
    const other = summary.multiples.map(({ cells, ...one }) => ({
      ...one,
      cells: cells && ({ ...cells, kind: 'other' } as const),
    }));
    expect(cellDoubts(summary.doubt, other, [known])).toEqual([expect.stringMatching(/^the cell of 8 crystals is 79/)]);
    expect(cellDoubts(summary.doubt, other, [known], true)).toEqual([]);
  });

  test('do not agree where a third of them fit their spots by chance', () => {
    const agreement = new CellAgreement({ cell: cellFromParameters(...tetragonal), centring: 'P' });
    const images = simulateSpots({ cell: cellFromParameters(...tetragonal), images: 12, spots: 120, seed: 5 });
    for (const [i, { spots, lattices }] of images.entries()) {
      const bend = i % 3 === 0 ? 1.03 + 0.01 * (i % 5) : 1;
      const some = (rows: ArrayLike<number>): Float32Array =>
        Float32Array.from(rows, (x, k) => (k % 3 === i % 2 ? x / bend : x));
      const [cell] = lattices;
      if (cell)
        agreement.add(
          cell.map((row) => row.map((x, k) => (k === i % 2 ? x * bend : x))) as unknown as Cell,
          some(spots),
        );
    }
    expect(agreement.found?.kind).toBe('scattered');
  });

  test.for([
    ['P', tetragonal],
    ['P', orthorhombic],
    ['I', [87.15, 87.15, 123.99, 90, 90, 90]],
    ['H', [67.42, 67.42, 160.67, 90, 90, 120]],
    ['P', [57.3, 57.3, 148.2, 90, 90, 120]],
    ['F', [101, 101, 101, 90, 90, 90]],
    ['P', [51.6, 70.9, 52.1, 90, 90.6, 90]],
    ['P', [47.3, 58.9, 66.2, 90.7, 97.4, 89.3]],
  ] as const)('are those of a right cell %s %j, also in short lists', ([centring, truth]) => {
    for (const spots of [30, 120])
      for (const seed of someOf([1, 2, 3])) expect(agreementOf({ truth, centring, spots, seed })).toBeUndefined();
  });
});

/** Stills whose reflections are as wide as `sigma`, 1/Å, recorded on a sphere that may be nearly flat. */
function wideStills(truth: Six, { wavelength = 1, sigma = 1e-3, largest = 0.5, seed = 1, count = 30 }) {
  const random = randomOf(seed);
  const k0 = 1 / wavelength;
  return Array.from({ length: 30 }, () => {
    const q = Array.from({ length: 4 }, () => random.normal());
    const [w = 0, x = 0, y = 0, z = 0] = q.map((one) => one / Math.hypot(...q));
    const turned = ([a, b, c]: Cell[0]): Cell[0] => [
      (1 - 2 * (y * y + z * z)) * a + 2 * (x * y - z * w) * b + 2 * (x * z + y * w) * c,
      2 * (x * y + z * w) * a + (1 - 2 * (x * x + z * z)) * b + 2 * (y * z - x * w) * c,
      2 * (x * z - y * w) * a + 2 * (y * z + x * w) * b + (1 - 2 * (x * x + y * y)) * c,
    ];
    const [a, b, c] = cellFromParameters(...truth);
    const cell: Cell = [turned(a), turned(b), turned(c)];
    const spots: number[] = [];
    for (let tries = 0; spots.length < 3 * count && tries < 2e5; tries++) {
      // A direction, and the node nearest to it if it is seen.
      const [far, angle] = [largest * Math.sqrt(random.uniform()), 2 * Math.PI * random.uniform()];
      const at = [far * Math.cos(angle), far * Math.sin(angle), -(far ** 2) / (2 * k0) + 2 * sigma * random.normal()];
      const hkl = cell.map((row) => Math.round(row[0] * (at[0] ?? 0) + row[1] * (at[1] ?? 0) + row[2] * (at[2] ?? 0)));
      const stars = reciprocal(cell);
      const g = [0, 1, 2].map((i) => hkl.reduce((sum, n, row) => sum + n * (stars[row]?.[i as 0] ?? 0), 0));
      const length = Math.hypot(g[0] ?? 0, g[1] ?? 0, (g[2] ?? 0) + k0);
      const reach = sigma * Math.sqrt(-2 * Math.log(1 - random.uniform()));
      if (hkl.every((n) => n === 0) || Math.abs(length - k0) > reach) continue;
      const on = g.map((value, i) => ((value + (i === 2 ? k0 : 0)) * k0) / length - (i === 2 ? k0 : 0));
      spots.push((on[0] ?? 0) + 2e-4 * random.normal(), (on[1] ?? 0) + 2e-4 * random.normal(), on[2] ?? 0);
    }
    return { cell, spots: Float32Array.from(spots) };
  });
}

const flat = [
  ['electrons of a small molecule', [12, 15, 19, 90, 95, 90], { wavelength: 0.0251, sigma: 4e-3, largest: 1 }],
  ['electrons of a protein', [40, 52, 60, 90, 90, 90], { wavelength: 0.0251, sigma: 2e-3, largest: 0.5 }],
  ['broad reflections at small angles', [38, 45, 52, 90, 90, 90], { wavelength: 1, sigma: 5e-3, largest: 0.2 }],
] as const;
test.for(flat)('a right cell is not doubted where the sphere is flat: %s', ([, truth, options]) => {
  for (const seed of someOf([1, 2, 3, 4])) {
    const agreement = new CellAgreement({ cell: cellFromParameters(...(truth as Six)), centring: 'P' });
    for (const { cell, spots } of wideStills(truth, { ...options, seed })) agreement.add(cell, spots);
    expect(agreement.found, `seed ${seed}`).toBeUndefined();
  }
});

test('a cell of another size is still told where the sphere is curved', () => {
  for (const seed of someOf([1, 2, 3, 4])) {
    const agreement = new CellAgreement({ cell: cellFromParameters(60, 70, 80, 90, 90, 90), centring: 'P' });
    const options = { wavelength: 1.3, sigma: 6e-4, largest: 0.45, seed, count: 100 };
    for (const { cell, spots } of wideStills([61.2, 71.4, 81.6, 90, 90, 90], options)) agreement.add(cell, spots);
    expect(agreement.found?.kind, `seed ${seed}`).toBe('scaled');
    expect(agreement.found?.strain).toBeCloseTo(0.02, 3);
  }
});

test('the crystals of an earlier session count for the known cell that is nearest to each', () => {
  const cells = [cellFromParameters(79, 79, 38, 90, 90, 90), cellFromParameters(105, 105, 35, 90, 90, 120)];
  const summary = new RunSummary(
    2,
    cells.map((cell) => ({ cell, centring: 'P' as const })),
  );
  summary.addEarlier({ hit: true, cells: [[104.8, 105.1, 35.1, 90, 90, 120.2]] });
  summary.addEarlier({ hit: true, cells: [[79.2, 78.9, 38, 90.1, 90, 90]] });
  expect(summary.cells.map(({ known, parameters }) => [known, parameters[0]])).toEqual([
    [0, 79.2],
    [1, 104.8],
  ]);
});
