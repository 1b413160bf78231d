/** The refinement of detectors, on pairs made here in float64 with a detector that differs from the given geometry. */
import { describe, expect, test } from 'vitest';
import { type Geometry, lengthsOf } from '../../dist/index.node.js';
import { refineGeometry } from '../../dist/pipeline.node.js';
import type { Vector } from '../../src/crystal/cell.js';
import { planeOf, Ray } from '../../src/refinement/ray.js';
import { placed } from '../../src/refinement/units.js';
import {
  add,
  crystalsOf,
  farDistance,
  pixel,
  randomOf,
  sideOf,
  square,
  still,
  times,
  usualDistance,
} from '../support/detector-crystals.mjs';
import { Scores, scoreDetector } from '../support/stated-errors.mjs';

type Triple = [number, number, number];

/** Motion of a panel in pixels, and rotation vector in milliradians about its centre. */
interface True {
  readonly shift: Triple;
  readonly turn: Triple;
}

const randomPanels = (count: number, shift: number, depth: number, turn: number): True[] => {
  const random = randomOf(3);
  return Array.from({ length: count }, () => ({
    shift: [shift * random.normal(), shift * random.normal(), depth * random.normal()],
    turn: [turn * random.normal(), turn * random.normal(), turn * random.normal()],
  }));
};

/** What remains of the true motions after a refinement, in pixels: root mean squares of x, y and z over the panels. */
function left(
  given: Geometry,
  refined: Geometry,
  truth: { whole: Triple; panels: readonly True[] },
  count = given.panels.length,
): Triple {
  const side = sideOf(given);
  const placeOf = ({ panels, distance: at, shift }: Geometry, i: number): Triple => {
    const panel = panels[i];
    const [x, y] = shift.map((one) => ('value' in one ? one.value : 0)) as [number, number];
    const z = at && 'value' in at ? at.value : 0;
    const [f, s] = [panel?.fs ?? [0, 0, 0], panel?.ss ?? [0, 0, 0]];
    const middle = (k: 0 | 1 | 2): number => (side / 2) * (f[k] + s[k]);
    return [
      (panel?.corner[0] ?? 0) + middle(0) + x / pixel,
      (panel?.corner[1] ?? 0) + middle(1) + y / pixel,
      (z + (panel?.offsetM ?? 0)) / pixel + middle(2),
    ];
  };
  const errors = given.panels.slice(0, count).map((_, i) => {
    const at = placeOf(given, i);
    const off = add(add(at, truth.whole), truth.panels[i]?.shift ?? [0, 0, 0]);
    return { at, error: add(placeOf(refined, i), times(-1, off)) };
  });
  // A rotation of the whole detector about the beam is attributed to the crystals.
  let [across, square] = [0, 0];
  for (const { at, error } of errors) {
    across += at[0] * error[1] - at[1] * error[0];
    square += at[0] ** 2 + at[1] ** 2;
  }
  const turn = across / square;
  const rms = (of: (one: (typeof errors)[number]) => number): number =>
    Math.sqrt(errors.reduce((sum, one) => sum + of(one) ** 2, 0) / errors.length);
  return [
    rms(({ at, error }) => error[0] + turn * at[1]),
    rms(({ at, error }) => error[1] - turn * at[0]),
    rms(({ error }) => error[2]),
  ];
}

// An error that weighs its own derivative pulls crystals longer, and the detector away from them.
test('the derivatives of an excitation error are those of its ray, whatever the error', () => {
  const [k0, ray] = [1 / 1.3, new Ray()];
  const beam = { wavelengthA: 1.3, distanceM: 0.25, shiftM: [0, 0] as const };
  const plane = planeOf(placed(square(1, '', 0.25).panels[0] as Geometry['panels'][number]));
  const direction: Vector = [0.12, -0.05, Math.sqrt(1 - 0.12 ** 2 - 0.05 ** 2)];
  // With these rows the indices of a node are its position.
  ray.from(
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    beam,
  );
  const rows = [-2e-3, 0, 2e-3].map((excitation) => {
    const node = direction.map((x, i) => x * (k0 + excitation) - (i === 2 ? k0 : 0)) as unknown as Vector;
    expect(ray.meet(node, 0, plane)).toBe(true);
    ray.derive();
    expect(ray.excitation).toBeCloseTo(excitation, 12);
    const into = new Float64Array(27);
    ray.locals(into);
    return [...into.subarray(18)];
  });
  for (const row of rows) for (const [i, x] of row.entries()) expect(x).toBeCloseTo(rows[1]?.[i] ?? Number.NaN, 12);
});

describe('a detector', () => {
  test.for([
    ['3 pixels and 0.7 mm off', [2.1, -2.1, -9.33], 12],
    ['shifted by a third of a pixel and 50 µm', [-0.3, 0.2, 0.67], 30],
  ] as const)('%s is put right by its crystals', ([, shift, count]) => {
    const geometry = square(1);
    const truth = { whole: [...shift] as Triple, panels: still(1) };
    const crystals = crystalsOf(geometry, truth, { count });
    const { moved, geometry: refined, rmsPx } = refineGeometry(geometry, crystals);
    expect(moved.map(({ name }) => name)).toEqual([undefined]);
    for (const [k, x] of shift.entries()) {
      const [found = 0, error = 0] = [moved[0]?.shiftM[k], moved[0]?.shiftErrorM[k]].map((one = 0) => one / pixel);
      expect(Math.abs(found - x)).toBeLessThan(k === 2 ? 0.1 : 0.03);
      expect(Math.abs(found - x)).toBeLessThan(4 * error);
    }
    expect(left(geometry, refined, truth)[2]).toBeLessThan(0.1);
    // What remains is the noise of the peaks.
    expect(rmsPx[1]).toBeGreaterThan(0.12);
    expect(rmsPx[1]).toBeLessThan(0.17);
  });

  test('in its correct position stays there, as do its panels', { tags: 'all' }, () => {
    for (const [across, seed] of [
      [1, 1],
      [2, 2],
      [2, 3],
    ] as const) {
      const geometry = square(across);
      const truth = { whole: [0, 0, 0] as Triple, panels: still(across ** 2) };
      const { moved, geometry: refined } = refineGeometry(geometry, crystalsOf(geometry, truth, { seed, count: 20 }));
      expect(moved).toEqual([]);
      expect(refined).toBe(geometry);
    }
  });

  // All three had a part that moved while the level fell with the number of parts that were left.
  test('in its correct position keeps all of its many parts', { tags: 'all' }, () => {
    const geometry = square(4);
    const truth = { whole: [0, 0, 0] as Triple, panels: still(16) };
    for (const seed of [9, 22, 23]) {
      const { moved } = refineGeometry(
        geometry,
        crystalsOf(geometry, truth, { seed, count: 16, peaks: 60, spread: 5e-4 }),
      );
      expect(moved).toEqual([]);
    }
  });

  test.for([
    [4, 2, 30, 100],
    [64, 8, 40, 150],
    [256, 16, 60, 250],
  ] as const)(
    'in its correct position and of %i panels moves a part in one run of a hundred at most',
    { tags: 'nightly', timeout: 3_600_000 },
    ([, across, count, peaks]) => {
      const geometry = square(across);
      const truth = { whole: [0, 0, 0] as Triple, panels: still(across ** 2) };
      let wrong = 0;
      for (let seed = 1000; seed < 1200; seed++) {
        const { moved } = refineGeometry(geometry, crystalsOf(geometry, truth, { seed, count, peaks, spread: 5e-4 }));
        if (moved.some(({ name }) => name !== undefined)) wrong++;
      }
      expect(wrong).toBeLessThanOrEqual(2);
    },
  );

  test('far away is where its crystals have it, within its errors', { tags: 'nightly' }, () => {
    const geometry = square(1, '', 0.25);
    const truth = { whole: [0, 0, 0] as Triple, panels: still(1) };
    const zs = [1, 2, 3, 4, 5, 6].map((seed) => {
      const options = { count: 45, peaks: 200, sigma: 4e-4, true: '118.300,118.300,87.200,90,90,90', seed };
      const { freeDistance } = refineGeometry(geometry, crystalsOf(geometry, truth, options));
      return (freeDistance?.changeM ?? Number.NaN) / (freeDistance?.errorM ?? Number.NaN);
    });
    // A pull of the excitation errors makes it 2.5.
    expect(Math.abs(zs.reduce((sum, z) => sum + z, 0) / zs.length)).toBeLessThan(1.2);
  });

  test('whose crystals differ in size keeps its distance, and the errors show the spread of sizes', () => {
    const geometry = square(1);
    const crystals = crystalsOf(geometry, { whole: [1, 0, -8] }, { count: 30, spread: 0.002 });
    const [whole] = refineGeometry(geometry, crystals).moved;
    const [found, error] = [(whole?.shiftM[2] ?? 0) / pixel, (whole?.shiftErrorM[2] ?? 0) / pixel];
    // Crystals of one size leave an error of 0.02. With a spread of 0.2 % of 800 pixels, 30 crystals leave 0.3, unless
    // angles add information.
    expect(error).toBeGreaterThan(0.04);
    expect(error).toBeLessThan(0.4);
    expect(Math.abs(found + 8)).toBeLessThan(4 * error);
  });

  test('keeps its distance if the cell was determined from the same frames', () => {
    const geometry = square(2);
    const crystals = crystalsOf(geometry, { whole: [2, 1, -4] });
    const { moved, geometry: refined } = refineGeometry(geometry, crystals, { distance: false });
    expect(refined.distance).toEqual(geometry.distance);
    expect(moved[0]?.shiftM[2]).toBe(0);
    const mean = refined.panels.reduce((sum, { offsetM }) => sum + offsetM, 0) / 4;
    expect(Math.abs(mean / pixel)).toBeLessThan(0.1);
    expect(Math.abs((moved[0]?.shiftM[0] ?? 0) / pixel - 2)).toBeLessThan(0.1);
  });
});

describe('panels', () => {
  // The limits are those of a published table: 0.05 and 0.1 pixels for 100 crystals with 625 pairs per panel.
  test('of a 4 x 4 detector are corrected in one solve', { tags: 'all' }, () => {
    const geometry = square(4);
    const truth = { whole: [3, -2, -9] as Triple, panels: randomPanels(16, 0.5, 1, 0.3) };
    const { geometry: refined, pairs } = refineGeometry(geometry, crystalsOf(geometry, truth, { count: 100 }));
    expect(pairs).toBe(10_000);
    const [x, y, z] = left(geometry, refined, truth);
    expect([x < 0.05, y < 0.05, z < 0.1], `${x}, ${y}, ${z}`).toEqual([true, true, true]);
  });

  test('move with their group, which the geometry names', () => {
    const geometry = square(2, 'group_left = p00,p10\ngroup_right = p01,p11\ngroup_all = left,right\n');
    const truth = { whole: [0, 0, 0] as Triple, panels: still(4) };
    const panels = truth.panels.map((one, i): True => (i % 2 === 0 ? { ...one, shift: [0.6, 0.8, 0] } : one));
    const crystals = crystalsOf(geometry, { ...truth, panels }, { count: 30 });
    const { moved, geometry: refined } = refineGeometry(geometry, crystals);
    expect(moved.filter(({ name }) => name?.startsWith('p'))).toEqual([]);
    expect(moved.some(({ name }) => name === 'left' || name === 'right')).toBe(true);
    // A rotation of both halves about the beam is one of the crystals.
    expect(refined.panels.map(({ fs }) => fs)).toEqual(geometry.panels.map(({ fs }) => fs));
    const [x, y] = left(geometry, refined, { ...truth, panels });
    expect(Math.max(x, y)).toBeLessThan(0.06);
  });

  test('without peaks do not move, and a single displaced panel is found', () => {
    const geometry = square(2);
    const panels = still(4).map((one, i): True => (i === 1 ? { ...one, shift: [0.5, -0.7, 0] } : one));
    const all = crystalsOf(geometry, { whole: [0, 0, 0], panels }, { count: 30 });
    const crystals = all.map((crystal) => {
      const kept = Array.from(crystal.panel).flatMap((panel, i) => (panel === 3 ? [] : [i]));
      const of = (values: ArrayLike<number>): number[] => kept.map((i) => values[i] ?? 0);
      const indices = kept.flatMap((i) => [0, 1, 2].map((k) => crystal.indices[3 * i + k] ?? 0));
      return { ...crystal, panel: of(crystal.panel), fs: of(crystal.fs), ss: of(crystal.ss), indices };
    });
    const { moved, geometry: refined } = refineGeometry(geometry, crystals);
    expect(moved.map(({ name }) => name)).not.toContain('p11');
    expect(refined.panels[3]).toEqual(geometry.panels[3]);
    const [x, y] = left(geometry, refined, { whole: [0, 0, 0], panels }, 3);
    expect(Math.max(x, y)).toBeLessThan(0.06);
  });

  test('keep a distance and a shift that are stated in the frames', () => {
    const plain = square(1);
    const geometry: Geometry = { ...plain, distance: { path: '/distance', unit: 'm' } };
    const crystals = crystalsOf(plain, { whole: [2, -1, -9] });
    const { geometry: refined } = refineGeometry(geometry, crystals);
    expect(refined.distance).toEqual(geometry.distance);
    expect(Math.abs((refined.panels[0]?.offsetM ?? 0) / pixel + 9)).toBeLessThan(0.15);
  });
});

/** Lattices with axes typed wrong by half a percent and less; the crystals of each have the first one. */
const tetragonal = '79.100,79.100,38.100,90,90,90';
const hexagonal = '60.400,60.400,75.200,90,90,120';
const orthorhombic = '41.200,52.700,63.100,90,90,90';
const wrongCells = [
  ['a and b 0.5 % too long', hexagonal, '60.700,60.700,75.200,90,90,120', 1],
  ['c 0.4 % too long', tetragonal, '79.100,79.100,38.250,90,90,90', 1],
  ['b 0.5 % too short', orthorhombic, '41.200,52.440,63.100,90,90,90', 2],
  ['all axes rounded to an angstrom', tetragonal, '79,79,38,90,90,90', 1],
  ['all axes 0.3 % too long', orthorhombic, '41.324,52.858,63.289,90,90,90', 1],
] as const;

/** Whether lengths are found within three of their stated errors, which are small. */
function expectsCell({ cells }: ReturnType<typeof refineGeometry>, truth: string): void {
  const { found, lengthErrorsA = [] } = cells[0] ?? {};
  for (const [i, length] of (found ? lengthsOf(found) : []).entries()) {
    const [real, error] = [Number(truth.split(',')[i]), lengthErrorsA[i] ?? Number.NaN];
    expect(Math.abs(length - real), `${length} ± ${error}`).toBeLessThan(3 * error);
    expect(error / real).toBeLessThan(4e-4);
  }
  expect(cells).toHaveLength(1);
}

describe.each([
  { seeds: [101], tier: 'one seed', tags: [] },
  { seeds: [102, 103, 104, 105], tier: 'further seeds', tags: ['all'] },
])('a known cell that is wrong, $tier,', ({ seeds, tags }) => {
  test.for(wrongCells)('%s, moves nothing, and the right one is found', { tags }, ([, truth, known, across]) => {
    for (const seed of seeds) {
      const geometry = square(across);
      const scene = { whole: [0, 0, 0] as Triple, panels: still(across ** 2) };
      const refined = refineGeometry(geometry, crystalsOf(geometry, scene, { count: 20, true: truth, known, seed }));
      expect(refined.moved).toEqual([]);
      expect(refined.isDistanceKnown).toBe(true);
      expectsCell(refined, truth);
    }
  });

  test.for([
    ['a right cell', tetragonal, tetragonal, 4],
    ['a right cell', hexagonal, hexagonal, -13.33],
    ['c 0.5 % too long', tetragonal, '79.100,79.100,38.290,90,90,90', 6.67],
    ['all axes 0.3 % too long', orthorhombic, '41.324,52.858,63.289,90,90,90', 2.4],
  ] as const)('is found, and so is the distance of the detector: %s', { tags }, ([, truth, known, z]) => {
    for (const seed of seeds) {
      const geometry = square(1);
      const crystals = crystalsOf(geometry, { whole: [0, 0, z] }, { count: 20, true: truth, known, seed });
      const refined = refineGeometry(geometry, crystals);
      const [whole] = refined.moved;
      const [found, error] = [whole?.shiftM[2] ?? 0, whole?.shiftErrorM[2] ?? 0];
      expect(Math.abs(found / pixel - z), `${found} ± ${error}`).toBeLessThan((3 * error) / pixel);
      expect(error / usualDistance).toBeLessThan(4e-4);
      expectsCell(refined, truth);
    }
  });

  test.for([
    ['nothing', 0, orthorhombic],
    ['the cell, by 0.3 %', 0, '41.324,52.858,63.289,90,90,90'],
    ['the distance, by 0.3 %', 9.6, orthorhombic],
  ] as const)('cannot be told from the distance at small angles: %s is wrong', { tags }, ([, z, known]) => {
    for (const seed of seeds) {
      const geometry = square(1, '', farDistance);
      const crystals = crystalsOf(geometry, { whole: [0, 0, z] }, { count: 20, true: orthorhombic, known, seed });
      const refined = refineGeometry(geometry, crystals);
      expect(refined.moved).toEqual([]);
      expect(refined.isDistanceKnown).toBe(false);
      for (const [i, error] of (refined.cells[0]?.lengthErrorsA ?? []).entries())
        expect(error / Number(orthorhombic.split(',')[i])).toBeGreaterThan(1e-3);
      // A user who knows the cell states it, and then it decides.
      const trusted = refineGeometry(geometry, crystals, { trustCell: true });
      expect(trusted.isDistanceKnown).toBe(true);
      const [found = 0, error = 0] = [trusted.moved[0]?.shiftM[2], trusted.moved[0]?.shiftErrorM[2]];
      if (known !== orthorhombic || z !== 0) expect(error / farDistance).toBeGreaterThan(2.5e-4);
      if (known === orthorhombic) expect(Math.abs(found / pixel - z)).toBeLessThan(Math.max(0.1, (3 * error) / pixel));
    }
  });
});

/**
 * The relative change of the distance with which a cell of another size predicts the same radii best: at a scattering
 * angle of 2θ a size changes a radius 2 tan θ / (sin 2θ cos 2θ) times as much as a distance does.
 */
function demanded({ panels }: Geometry, crystals: ReturnType<typeof crystalsOf>, size: number): number {
  let [sum, squares] = [0, 0];
  for (const { panel, fs, ss } of crystals)
    for (const [i, at] of panel.entries()) {
      const { corner = [0, 0] } = panels[at] ?? {};
      const radius = Math.hypot(corner[0] + (fs[i] as number), corner[1] + (ss[i] as number)) * pixel;
      const angle = Math.atan(radius / usualDistance);
      const factor = (2 * Math.tan(angle / 2)) / (Math.sin(angle) * Math.cos(angle));
      sum += factor * radius ** 2;
      squares += radius ** 2;
    }
  return (size * sum) / squares;
}

test('a trusted cell fixes the distance where wide angles contradict it, and they say so', () => {
  const random = randomOf(84);
  // Crystals whose sizes differ by .1 % are each held to the same one.
  for (const [seed, spread] of [0, 1e-3].entries()) {
    const size = (random.uniform() < 0.5 ? -1 : 1) * (0.003 + 0.006 * random.uniform());
    const known = [79, 79, 38].map((x) => ((1 + size) * x).toFixed(4)).join(',');
    const geometry = square(1);
    const truth = { whole: [0, 0, 0] as Triple, panels: still(1) };
    const crystals = crystalsOf(geometry, truth, { count: 12, peaks: 60, known: `${known},90,90,90`, spread, seed });
    const { moved, rmsPx, cells } = refineGeometry(geometry, crystals, { trustCell: true });
    const [change = 0, error = 0] = [moved[0]?.shiftM[2], moved[0]?.shiftErrorM[2]].map((x = 0) => x / usualDistance);
    const told = `${change} ± ${error} for ${demanded(geometry, crystals, size)}`;
    // Residuals of Ewald's sphere bend the distance by less than a twentieth of what the size demands.
    const off = Math.abs(change - demanded(geometry, crystals, size));
    expect(off, told).toBeLessThan(3 * error + 0.05 * Math.abs(size));
    expect(error, told).toBeGreaterThan(3e-4);
    expect(error, told).toBeLessThan(6e-4);
    // The residual is that of the trusted cell where it was: it contradicts it.
    expect(rmsPx[0]).toBeGreaterThan(1.5 * rmsPx[1]);
    expect(lengthsOf(cells[0]?.found as never)[0]).toBeCloseTo(79, 0);
    expect(cells[0]?.lengthErrorsA[0]).toBeLessThan(0.15);
  }
});

test('a known cell at a distance that is off by too little to move has the error of that distance', {
  tags: 'all',
}, () => {
  const geometry = square(1);
  for (const z of [-0.17, 0.17]) {
    const truth = { whole: [0, 0, z] as Triple, panels: still(1) };
    const crystals = crystalsOf(geometry, truth, { count: 40, peaks: 200, true: orthorhombic, seed: 131 });
    const refined = refineGeometry(geometry, crystals);
    expect(refined.moved).toEqual([]);
    expectsCell(refined, orthorhombic);
  }
});

test('each of several known cells has its own error', () => {
  const geometry = square(1);
  const of = (truth: string, known: string, seed: number) =>
    crystalsOf(geometry, { whole: [0, 0, 0] }, { count: 12, true: truth, known, seed });
  const right = of(hexagonal, hexagonal, 111);
  const { moved, cells } = refineGeometry(geometry, [
    ...right,
    ...of(tetragonal, '79.100,79.100,38.250,90,90,90', 112),
  ]);
  expect(moved).toEqual([]);
  expect(cells.map(({ crystals }) => crystals)).toEqual([12, 12]);
  const third = cells.map(({ found }) => lengthsOf(found)[2]);
  expect(Math.abs((third[0] ?? 0) - 75.2)).toBeLessThan(0.05);
  expect(Math.abs((third[1] ?? 0) - 38.1)).toBeLessThan(0.03);
});

describe('one of four panels', () => {
  test.for([
    ['a pixel off', [1, 0.5, 0], [0, 0, 0]],
    ['0.3 pixels off', [0, -0.3, 0], [0, 0, 0]],
    ['tilted', [0, 0, 0], [14, 0, 0]],
  ] as const)('%s is all that moves', ([, shift, turn]) => {
    const geometry = square(2);
    const moving = { shift: [...shift] as Triple, turn: [...turn] as Triple };
    const panels = still(4).map((one, i) => (i === 2 ? moving : one));
    const crystals = crystalsOf(geometry, { whole: [0, 0, 0], panels }, { count: 20, peaks: 120, seed: 121 });
    const { moved, geometry: refined } = refineGeometry(geometry, crystals);
    expect(moved.map(({ name }) => name)).toEqual(['p10']);
    for (const i of [0, 1, 3]) expect(refined.panels[i]).toEqual(geometry.panels[i]);
    const [found] = moved;
    for (const [k, x] of shift.entries())
      expect(Math.abs((found?.shiftM[k] ?? 0) / pixel - x)).toBeLessThan(k === 2 ? 0.3 : 0.04);
    for (const [k, x] of turn.entries()) expect(Math.abs(1000 * (found?.turnRad[k] ?? 0) - x)).toBeLessThan(1.5);
  });

  test('tilted on a detector that is off along the beam is where the geometry has it', { tags: 'all' }, () => {
    const geometry = square(2);
    const panels = still(4).map((one, i): True => (i === 2 ? { ...one, turn: [0, 14, 0] } : one));
    const truth = { whole: [0, 0, -12] as Triple, panels };
    const { geometry: refined } = refineGeometry(geometry, crystalsOf(geometry, truth, { count: 30, seed: 123 }));
    const [x, y, z] = left(geometry, refined, truth);
    expect([x < 0.03, y < 0.03, z < 0.15], `${x}, ${y}, ${z}`).toEqual([true, true, true]);
  });

  test('does not move if half of the crystals do not show it', () => {
    const geometry = square(2);
    const panels = still(4).map((one, i): True => (i === 2 ? { ...one, shift: [0.4, 0, 0] } : one));
    const [some, others] = [panels, still(4)].map((own) =>
      crystalsOf(geometry, { whole: [0, 0, 0], panels: own }, { count: 20, peaks: 120, seed: 122 }),
    );
    const crystals = (some ?? []).map((one, i) => (i % 2 === 0 ? one : (others?.[i] ?? one)));
    expect(refineGeometry(geometry, crystals).moved).toEqual([]);
    expect(refineGeometry(geometry, some ?? []).moved.map(({ name }) => name)).toEqual(['p10']);
  });
});

test('stated errors are those of the deviations from the truth', { tags: 'nightly' }, () => {
  const scores = new Scores();
  for (let i = 0; i < 10; i++) scoreDetector(scores, i, 81_000);
  const found = scores.rms();
  expect(found.length).toBeGreaterThanOrEqual(6);
  for (const { name, rms, count } of found) {
    const wide = 2 / Math.sqrt(count);
    expect(rms, name).toBeGreaterThan(0.7 - wide);
    expect(rms, name).toBeLessThan(1.3 + wide);
  }
});

describe('nothing moves', () => {
  const geometry = square(2);
  const crystals = crystalsOf(geometry, { whole: [2, -1, -9] }, { count: 5 });
  test.for([
    ['without crystals', []],
    ['for one crystal', crystals.slice(0, 1)],
    ['for four', crystals.slice(0, 4)],
    [
      'for crystals with too few peaks',
      crystals.map((one) => ({ ...one, panel: [0], fs: [1], ss: [1], indices: [1, 2, 3] })),
    ],
  ] as const)('%s', ([, some]) => {
    const { moved, geometry: refined } = refineGeometry(geometry, some);
    expect(moved).toEqual([]);
    expect(refined).toBe(geometry);
  });

  test('for random peaks', () => {
    const random = randomOf(5);
    const lost = crystalsOf(geometry, { whole: [0, 0, 0] }, { count: 20 }).map((one) => ({
      ...one,
      fs: Array.from(one.fs, () => 500 * random.uniform()),
      ss: Array.from(one.ss, () => 500 * random.uniform()),
    }));
    expect(refineGeometry(geometry, lost).moved).toEqual([]);
  });
});

test.for([
  ['crystals that are no list', [square(1), 3], /crystals is 3; expected a list of crystals/],
  ['a geometry that is a number', [3, []], /the geometry/],
  ['an unknown option', [square(1), [], { distence: true }], /distence/],
] as const)('%s is refused by name', ([, words, message]) => {
  expect(() => refineGeometry(...(words as unknown as Parameters<typeof refineGeometry>))).toThrow(message);
});

test('lists of different lengths, and peaks on no panel, are refused by name', () => {
  const geometry = square(1);
  const [one] = crystalsOf(geometry, { whole: [0, 0, 0] }, { count: 1, peaks: 15 });
  if (!one) throw new Error('no crystal');
  expect(() => refineGeometry(geometry, [{ ...one, fs: [1] }])).toThrow(/crystal 0 has 15 panels, 1 fs, 15 ss/);
  expect(() => refineGeometry(geometry, [{ ...one, panel: one.fs }])).toThrow(/peak 0 is on panel [\d.]+ of 1/);
});
