/** Cells that are multiples of the lattice that diffracts, shown by the intensities of a merge. */
import { type Cell, cellFromParameters, createContext, mergeStream, volume } from 'ewald';
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/compute/random/random.js';
import { type Centring, isAbsent, primitiveOf } from '../../src/crystal/centring.js';
import { pointGroup } from '../../src/crystal/symmetry/point-group.js';
import type { ReflectionList } from '../../src/merging/lists/hkl.js';
import { multipleOf } from '../../src/merging/setting/multiple.js';
import { someOf } from '../support/variants.js';
import { simulateStream } from './simulated.js';

type Indices = readonly [number, number, number];
/** The intensity of a reflection, given that of any. */
type Structure = (indices: Indices, wilson: (indices: Indices) => number) => number;

const group = pointGroup('mmm');

/** What a merged list to 2.2 Å tells: Wilson's intensities, and noise as large as the weakest tenth of them. */
function told(cell: Cell, structure: Structure, { centring = 'P', noise = 0.1, seed = 1 }: Partial<Told> = {}) {
  const stars = cell.map((row) => 1 / Math.hypot(...row));
  const most = stars.map((star) => Math.floor(1 / (2.2 * star)));
  const indices: number[] = [];
  const intensity: number[] = [];
  const sigma: number[] = [];
  const random = new Random(seed, 0);
  const acentric = Float64Array.from({ length: 65_521 }, () => -Math.log(random.uniform()));
  const wilson = ([h, k, l]: Indices): number => acentric[((h * 512 + k) * 2048 + l) % acentric.length] ?? 0;
  for (let h = 0; h <= (most[0] ?? 0); h++)
    for (let k = 0; k <= (most[1] ?? 0); k++)
      for (let l = 0; l <= (most[2] ?? 0); l++) {
        const q2 = [h, k, l].reduce((sum, x, i) => sum + (x * (stars[i] ?? 0)) ** 2, 0);
        if (q2 === 0 || q2 > 1 / 2.2 ** 2 || isAbsent(centring, h, k, l)) continue;
        const error = noise * (0.5 + random.uniform());
        indices.push(h, k, l);
        intensity.push(structure([h, k, l], wilson) * Math.exp(-5 * q2) + error * random.normal());
        sigma.push(error);
      }
  const list: ReflectionList = {
    symmetry: 'mmm',
    count: intensity.length,
    indices: Int16Array.from(indices),
    intensity: Float64Array.from(intensity),
    sigma: Float64Array.from(sigma),
    measurements: Float64Array.from(intensity, () => 5),
  };
  return multipleOf(list, { cell, centring, group });
}
interface Told {
  readonly centring: Centring;
  readonly noise: number;
  readonly seed: number;
}

const parameters = [25, 32, 38] as const;
const cellOf = (by: Indices): Cell =>
  cellFromParameters(parameters[0] * by[0], parameters[1] * by[1], parameters[2] * by[2], 90, 90, 90);
const right = cellOf([1, 1, 1]);
const seeds = [1, 2, 3, 4, 5];
/** The intensities of a lattice in a cell of which each edge is a multiple. */
const only =
  (by: Indices): Structure =>
  (h, wilson) =>
    h.every((x, i) => x % (by[i] ?? 1) === 0) ? wilson(h) : 0;

describe('a merged cell', () => {
  test.for(someOf(seeds))('that is right is not a multiple (seed %i)', (seed) => {
    expect(told(right, (h, wilson) => wilson(h), { seed })).toBeUndefined();
    expect(told(right, (h, wilson) => wilson(h), { seed, centring: 'I' })).toBeUndefined();
    expect(told(right, (h, wilson) => wilson(h), { seed, noise: 3 })).toBeUndefined();
  });

  test.for([
    [[2, 1, 1], 2],
    [[1, 3, 1], 3],
    [[1, 1, 5], 5],
    [[2, 2, 2], 8],
    [[10, 1, 1], 10],
  ] as const)('with the edges times %j has %i times the volume of the lattice with intensities', ([by, factor]) => {
    const found = told(cellOf(by), only(by));
    expect(found).toMatchObject({ factor, undetermined: [] });
    expect(Math.abs(volume(found?.cell ?? right))).toBeCloseTo(volume(right), 3);
    expect(Math.abs(found?.intensity ?? 1)).toBeLessThan(3 * (found?.error ?? 0) + 0.005);
  });

  test('that leaves out a centring is one, and names the primitive cell', () => {
    const found = told(right, (h, wilson) => (isAbsent('I', ...h) ? 0 : wilson(h)));
    expect(found?.factor).toBe(2);
    expect(Math.abs(volume(found?.cell ?? right))).toBeCloseTo(volume(primitiveOf(right, 'I')), 3);
  });

  test.for([
    [0.2, 0.1],
    [0.05, 0.1],
    [0.02, 0.1],
    [0.01, 0.03],
  ] as const)(
    'that is a superstructure with %d of the intensity in odd reflections is not one (noise %d)',
    ([weak, noise]) => {
      for (const seed of someOf(seeds))
        expect(
          told(cellOf([2, 1, 1]), (h, wilson) => (h[0] % 2 === 0 ? 1 : weak) * wilson(h), { seed, noise }),
        ).toBeUndefined();
    },
  );

  test('is judged no more than the noise allows', () => {
    // Empty reflections that could have a tenth of the intensity of the others.
    expect(told(cellOf([2, 1, 1]), only([2, 1, 1]), { noise: 3 })).toBeUndefined();
  });

  test('with the absences of screw axes and glide planes is not one', { tags: 'all' }, () => {
    const absent = ([h, k, l]: Indices): boolean =>
      (h + k === 0 && l % 2 !== 0) ||
      (k + l === 0 && h % 2 !== 0) ||
      (h === 0 && k % 2 !== 0) ||
      (l === 0 && h % 2 !== 0);
    for (const seed of seeds) expect(told(right, (h, wilson) => (absent(h) ? 0 : wilson(h)), { seed })).toBeUndefined();
  });

  test.for([0, 1, 2] as const)(
    'with edge %i tenfold, whose reflections share their spots, is not determined',
    (edge) => {
      const by = [0, 1, 2].map((i) => (i === edge ? 10 : 1)) as unknown as Indices;
      const found = told(cellOf(by), (h, wilson) => {
        const nearest = h.map((x, i) => (i === edge ? 10 * Math.round(x / 10) : x)) as unknown as Indices;
        return Math.exp(-(((h[edge] - nearest[edge]) / 1.2) ** 2)) * wilson(nearest);
      });
      expect(found?.undetermined).toEqual(['abc'[edge]]);
    },
  );

  test('with satellites of the first order alone is not one', { tags: 'all' }, () => {
    const share = [1, 0.2, 0, 0, 0.2];
    for (const seed of seeds)
      expect(told(cellOf([5, 1, 1]), (h, wilson) => (share[h[0] % 5] ?? 0) * wilson(h), { seed })).toBeUndefined();
  });
});

test('a merge doubts a doubled cell, says which lattice has the intensities, and has it as data', {
  tags: 'all',
}, async () => {
  const simulation = { crystals: 60, symmetry: 'mmm', parameters: [50, 32, 38, 90, 90, 90] } as const;
  await using context = await createContext({ backend: 'wasm' });
  const odd = simulateStream({ ...simulation, factor: ([h]) => (h % 2 === 0 ? 1 : 0) });
  const doubled = await mergeStream(context, { name: 'odd.stream', bytes: odd.bytes }, { symmetry: 'mmm' });
  expect(doubled.isDoubtful).toBe(true);
  expect(doubled.multiple).toMatchObject({ factor: 2 });
  expect(doubled.toPlain().multiple).toEqual(doubled.multiple);
  expect(doubled.remarks.join()).toMatch(/reflections have no intensity.*1\/2 of the volume.*25\.00 32\.00 38\.00/);
  const all = simulateStream({ ...simulation, factor: ([h]) => (h % 2 === 0 ? 1 : 0.1) });
  const needed = await mergeStream(context, { name: 'all.stream', bytes: all.bytes }, { symmetry: 'mmm' });
  expect([needed.isDoubtful, needed.multiple]).toEqual([false, undefined]);
});
