/** Strain, and the Bragg vector map: disks of a lattice that is slightly different in each frame. */

import { strainAnalysis } from '../../../stem/analyses/disks.js';
import { braggUdf } from '../../../stem/disks/bragg.js';
import { checkPattern } from '../../../udf/disks/patterns.js';
import type { AnyUdf } from '../../../udf/functions/udf.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { worstAbsolute } from '../../compare.js';
import { braggOf } from '../../oracle/udf/bragg.js';
import { inDisk } from '../../oracle/udf/phases.js';
import { type StrainProblem, type StrainTruth, strainOf } from '../../oracle/udf/strain.js';
import { byUdf, channelsOf, compareImages, ellipse } from './phases.js';
import { caseBase, framesOfDisks, seededRandom } from './problem.js';
import { scanOf } from './scans.js';

type Numbers = ArrayLike<number>;

/** A lattice of nine disks. */
const lattice = { zero: [21.7, 22.3], a: [0.6, 12.8], b: [12.5, -0.7] } as const;
const radius = 3;
const size = { dtype: 'u16', frames: 6, height: 44, width: 44 } as const;
const [nav, sig] = [[2, 3] as const, [size.height, size.width] as const];
const indices = [-1, 0, 1].flatMap((j) => [-1, 0, 1].map((i) => [i, j] as const));

/** The distance of a disk from the middle one. */
const displacement = ([i, j]: readonly [number, number]): [y: number, x: number] => [
  i * lattice.a[0] + j * lattice.b[0],
  i * lattice.a[1] + j * lattice.b[1],
];

function makeStrained(seed: number): StrainProblem {
  const next = seededRandom(seed);
  const disks = Array.from({ length: size.frames }, () => {
    const [yy, yx, xy, xx] = [0, 0, 0, 0].map(() => 0.04 * (next() - 0.5)) as [number, number, number, number];
    return indices.map((index) => {
      const [y, x] = displacement(index);
      const centre = [lattice.zero[0] + y + yy * y + yx * x, lattice.zero[1] + x + xy * y + xx * x] as const;
      return [...centre, 60 + 40 * next()] as const;
    });
  });
  return {
    ...size,
    data: framesOfDisks(size, disks, () => 4 * next()),
    peaks: indices.map((index) => {
      const [y, x] = displacement(index);
      return [Math.trunc(lattice.zero[0] + y), Math.trunc(lattice.zero[1] + x)] as const;
    }),
    search: 6,
    full: false,
    refine: 'parabola',
    pattern: (dy, dx) => inDisk(dy, dx, radius),
    indices,
  };
}

const [cy, cx] = lattice.zero;
const bragg = braggUdf.withParams({
  cy,
  cx,
  pattern: checkPattern('bragg', { kind: 'circular', radius }),
  most: 9,
  distance: radius,
  minHeight: 0,
  ...ellipse,
  sampling: 1.5,
  descan: null,
}) as AnyUdf;

/** The Bragg vector map of the nine disks, without an ellipse, on a finer grid. */
const braggRow: Row<StrainProblem, Numbers> = {
  ...caseBase('bragg', size),
  about: 'disks of all frames, relative to the direct beam and without an elliptical distortion',
  cost: 0.01,
  plans: 1,
  make: (seed) => ({ ...makeStrained(seed), full: true }),
  oracle: (problem) => braggOf(problem, { centre: lattice.zero, ...ellipse, sampling: 1.5 }),
  plan: async (context, { data }) => ({
    run: () => byUdf(bragg, 'map')(context, { data, nav, sig }),
    dispose: async () => undefined,
  }),
  compare: compareImages,
  bounds: () => ({ image: bounds.phases }),
};

const maps = ['eyy', 'exx', 'exy', 'theta'] as const;

const strainRow: Row<StrainProblem, ReadonlyMap<string, Numbers>, StrainTruth> = {
  ...caseBase('strain', size),
  about: 'strain of a lattice of nine disks, relative to the median of the frames',
  cost: 0.01,
  make: makeStrained,
  oracle: strainOf,
  plan: async (context, { data }) => {
    const scan = scanOf({ data, nav, sig });
    const analysis = strainAnalysis(scan, { pattern: 'circular', diskRadius: radius, ...lattice });
    // Contexts without disk finding refuse the plan.
    const { dtype, height, width } = size;
    const found = { peaks: 9, correlation: 'fast', refine: 'parabola' } as const;
    const pattern = { kind: 'circular', radius } as const;
    const finder = await context.diskFinder({ dtype, height, width, ...found, pattern });
    await finder.dispose();
    return { run: () => channelsOf(context, analysis), dispose: async () => undefined };
  },
  compare: (readonlyMap, expected) => ({
    errors: Object.fromEntries(
      maps.map((name) => [name, worstAbsolute(readonlyMap.get(name) ?? [], expected[name]).error]),
    ),
  }),
  refusedBy: ['webgpu', 'cuda', 'cuda-emulated'],
  bounds: () => Object.fromEntries(maps.map((name) => [name, bounds.strains])),
};

/** The rows. */
export const strainRows = [braggRow, strainRow];
