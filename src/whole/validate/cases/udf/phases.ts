/** Phases and strain: analyses over a scan in memory, through the kernels and transforms of a context. */

import type { FrameArray } from '../../../../io/data/dtype.js';
import type { Analysis } from '../../../../udf/analyses/analysis.js';
import { strainAnalysis } from '../../../../udf/analyses/disks.js';
import { icomAnalysis } from '../../../../udf/analyses/phase.js';
import { polarUdf } from '../../../../udf/builtin/polar.js';
import { braggUdf } from '../../../../udf/disks/bragg.js';
import { checkPattern } from '../../../../udf/disks/patterns.js';
import { steps } from '../../../../udf/execution/engine.js';
import { Run } from '../../../../udf/execution/run.js';
import type { AnyUdf } from '../../../../udf/functions/udf.js';
import { holographyUdf } from '../../../../udf/holography/udf.js';
import { ResidentScan } from '../../../../udf/scans/resident.js';
import { type Scan, scanOfMemory } from '../../../../udf/scans/scan.js';
import { residentSsb, ssbUdf } from '../../../../udf/ssb/udf.js';
import type { Context } from '../../../assembly/rooms.js';
import type { Row } from '../../case.js';
import { braggOf } from '../../oracle/udf/bragg.js';
import {
  integratedShiftsOf,
  type PhaseProblem,
  type SideBandGeometry,
  sideBandsOf,
  wavesOf,
} from '../../oracle/udf/phases.js';
import { type PolarTruth, polarMeanOf, polarVariancesOf } from '../../oracle/udf/polar.js';
import { type StrainProblem, type StrainTruth, strainOf } from '../../oracle/udf/strain.js';
import * as bounds from '../../tolerances.js';
import { stackOf } from './problem.js';

type Numbers = ArrayLike<number>;
type Results = Readonly<Record<string, { readonly data: Numbers }>>;

/** The results of a UDF over frames in memory, in three partitions. */
async function resultsOf(context: Context, scan: Scan, udf: AnyUdf): Promise<Results> {
  const run = new Run(scan, [udf], { numPartitions: 3 });
  const engine = { context: async () => context, executor: undefined, delayedOn: undefined, readFile: undefined };
  for await (const _ of steps(run, engine, undefined));
  return run.results()[0] as unknown as Results;
}

const scanOf = ({ data, nav, sig }: PhaseProblem): Scan =>
  scanOfMemory(data as FrameArray, { navShape: [...nav], sigShape: [...sig] });

/** The channels of an analysis with one pass. */
async function channelsOf(context: Context, analysis: Analysis<string>): Promise<ReadonlyMap<string, Numbers>> {
  const found = await resultsOf(context, analysis.scan, analysis.udf);
  return new Map(analysis.channels(found as never).map(({ key, data }) => [key, data]));
}

/** The largest difference, relative to the largest number. */
function apart(found: Numbers, expected: Numbers): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [most, error] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [have, want] = [found[i] as number, expected[i] as number];
    if (!Number.isNaN(want)) most = Math.max(most, Math.abs(want));
    // NaN is an error, except where it is expected.
    if (Number.isNaN(want) && Number.isNaN(have)) continue;
    error = Math.abs(have - want) <= error ? error : Math.abs(have - want);
  }
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / most;
}

const software = new Set(['ssb:flipped', 'holography:butterworth', 'icom:periodic']);

interface Sizes {
  readonly nav: readonly [number, number];
  readonly sig: readonly [number, number];
  readonly dtype: 'u16' | 'f32';
}

function row(
  name: string,
  about: string,
  { nav, sig, dtype }: Sizes,
  oracle: (problem: PhaseProblem) => Numbers,
  find: (context: Context, problem: PhaseProblem) => Promise<Numbers>,
): Row<PhaseProblem, Numbers> {
  const frames = nav[0] * nav[1];
  const [height, width] = sig;
  return {
    id: `udf:${name}:${dtype}:${frames}x${height}x${width}`,
    about,
    cost: 0.01,
    // A software GPU compiles for seconds: it gets one row of each kind.
    plans: software.has(name) ? 1 : 8,
    work: { amount: frames, unit: 'frames' },
    flops: 100 * frames * height * width,
    bytes: 4 * frames * height * width,
    make: (seed) => ({
      data: stackOf({ dtype, width, height, frames, ...(dtype === 'u16' && { below: 1000 }) }, seed).data,
      nav,
      sig,
    }),
    oracle,
    plan: async (context, problem) => ({
      backend: context.backends[0]?.name ?? 'wasm',
      run: () => find(context, problem),
      dispose: async () => undefined,
    }),
    compare: (found, expected) => ({ errors: { image: apart(found, expected) } }),
    bounds: () => ({ image: bounds.phases }),
  };
}

const rotationMatrix = (degrees: number, sign: 1 | -1): SideBandGeometry['turned'] => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [
    [sign * c, -sign * s],
    [s, c],
  ];
};

/** A geometry whose overlaps are of all sizes: some frequencies have none, and some have only a few pixels. */
const geometry = {
  wavelength: 2.5e-12,
  step: [0.7e-10, 0.55e-10],
  angle: 0.021,
  radius: 3.3,
  centre: [5.3, 5.8],
} as const;
const ssbOptions = {
  lamb: geometry.wavelength,
  dpix: geometry.step,
  semiconv: geometry.angle,
  semiconvPix: geometry.radius,
  cy: geometry.centre[0],
  cx: geometry.centre[1],
} as const;
const ssbSizes = { nav: [8, 7], sig: [12, 13], dtype: 'u16' } as const;
const even = { ...ssbSizes, nav: [7, 6], dtype: 'f32' } as const;

const ssbRows = [
  row(
    'ssb',
    'spectrum of a scan with an odd number of columns, detector turned by 20 degrees',
    ssbSizes,
    (problem) => sideBandsOf(problem, { ...geometry, turned: rotationMatrix(20, 1), least: 1 }),
    async (context, problem) =>
      (await resultsOf(context, scanOf(problem), ssbUdf({ ...ssbOptions, scanRotation: 20 }) as AnyUdf)).fourier
        ?.data as Numbers,
  ),
  row(
    'ssb:flipped',
    'spectrum of a scan with an even number of columns, y inverted, only large overlaps',
    even,
    (problem) => sideBandsOf(problem, { ...geometry, turned: rotationMatrix(-35, -1), least: 6 }),
    async (context, problem) => {
      const udf = ssbUdf({ ...ssbOptions, scanRotation: -35, flipY: true, cutoff: 6 });
      return (await resultsOf(context, scanOf(problem), udf as AnyUdf)).fourier?.data as Numbers;
    },
  ),
  row(
    'ssb:resident',
    'a scan in memory, with another geometry before',
    ssbSizes,
    (problem) => sideBandsOf(problem, { ...geometry, turned: rotationMatrix(20, 1), least: 1 }),
    async (context, { data, nav, sig }) => {
      const [positions, pixels] = [nav[0] * nav[1], sig[0] * sig[1]];
      const planes = Uint16Array.from(
        data,
        (_, i) => data[(i % positions) * pixels + Math.floor(i / positions)] as number,
      );
      const ssb = residentSsb(new ResidentScan(nav, sig, planes), context);
      try {
        await ssb.set({ ...ssbOptions, semiconvPix: 2.5 });
        return (await ssb.set({ ...ssbOptions, scanRotation: 20 })).fourier;
      } finally {
        await ssb.dispose();
      }
    },
  ),
];

const holograms = { nav: [1, 3], sig: [18, 21], dtype: 'f32' } as const;

const holographyRows = [
  row(
    'holography',
    'waves of half the size, under a disk',
    holograms,
    (problem) =>
      wavesOf(problem, { position: [4, 5], shape: [9, 10], radius: 2.6, order: undefined, normalised: false }),
    async (context, problem) => {
      const udf = holographyUdf({ sbPosition: [4, 5], outShape: [9, 10], aperture: { kind: 'disk', radius: 2.6 } });
      return (await resultsOf(context, scanOf(problem), udf as AnyUdf)).wave?.data as Numbers;
    },
  ),
  row(
    'holography:butterworth',
    'normalised waves, with a side band beyond the highest frequency',
    { ...holograms, dtype: 'u16' },
    (problem) => wavesOf(problem, { position: [13, 16], shape: [8, 8], radius: 2.2, order: 4, normalised: true }),
    async (context, problem) => {
      const aperture = { kind: 'butterworth', radius: 2.2, order: 4 } as const;
      const udf = holographyUdf({ sbPosition: [13, 16], outShape: [8, 8], aperture, normalised: true });
      return (await resultsOf(context, scanOf(problem), udf as AnyUdf)).wave?.data as Numbers;
    },
  ),
];

const shifted = { nav: [5, 6], sig: [11, 14], dtype: 'u16' } as const;
const filteredRow = row(
  'icom:filtered',
  'integrated centres of mass under a low and a high pass of order 3, in steps of .05 nm',
  shifted,
  (problem) =>
    integratedShiftsOf(problem, [4.5, 7.25], true, (q) => {
      const ratios = [q / (0.6 * 0.5), (0.2 * 0.5) / q];
      return ratios.reduce((product, ratio) => product / (1 + ratio ** 6), 1);
    }),
  async (context, problem) => {
    const filters = { qLowpass: 0.6, qHighpass: 0.2, butterworthOrder: 3, dpix: 0.05 };
    const channels = await channelsOf(context, icomAnalysis(scanOf(problem), { cy: 4.5, cx: 7.25, ...filters }));
    return channels.get('phase') as Numbers;
  },
);
const icomRows = [true, false].map((mirrored) =>
  row(
    mirrored ? 'icom' : 'icom:periodic',
    `integrated centres of mass of a ${mirrored ? 'mirrored' : 'periodic'} scan`,
    shifted,
    (problem) => integratedShiftsOf(problem, [4.5, 7.25], mirrored),
    async (context, problem) => {
      const channels = await channelsOf(context, icomAnalysis(scanOf(problem), { cy: 4.5, cx: 7.25, mirrored }));
      return channels.get('phase') as Numbers;
    },
  ),
);

/** Rings of an ellipse whose larger ones leave the frame; radii from 1 to 6.4 in steps of .6. */
const ellipse = { e1: 0.06, e2: -0.04 } as const;
const polarTruth: PolarTruth = {
  centre: [4.75, 6.5],
  columns: [
    [1 + ellipse.e1, ellipse.e2],
    [ellipse.e2, 1 - ellipse.e1],
  ],
  radii: Array.from({ length: 9 }, (_, k) => 1 + 0.6 * k),
  azimuths: 10,
};
const polarRows = (
  [
    ['polar', 'sum', polarMeanOf],
    ['polar:variance', 'variance', polarVariancesOf],
  ] as const
).map(([name, result, oracle]) =>
  row(
    name,
    `${result === 'sum' ? 'mean pattern' : 'variance over azimuths of each pattern'} without an elliptical distortion`,
    shifted,
    (problem) => oracle(problem, polarTruth),
    async (context, problem) => {
      const grid = { cy: 4.75, cx: 6.5, ...ellipse, ri: 1, ro: 6.4, radii: 9, azimuths: 10, without: [] };
      const { [result]: found, numFrames } = await resultsOf(
        context,
        scanOf(problem),
        polarUdf.withParams(grid) as AnyUdf,
      );
      const frames = result === 'sum' ? numFrames?.data[0] : 1;
      return Float64Array.from(found?.data ?? [], (value) => value / (frames as number));
    },
  ),
);

/** A lattice of nine disks, slightly different in each frame. */
const lattice = { zero: [21.7, 22.3], a: [0.6, 12.8], b: [12.5, -0.7] } as const;
const [side, radius, search] = [44, 3, 6];

function strained(seed: number): StrainProblem {
  const next = numbersFrom(seed);
  const indices: [number, number][] = [];
  for (let j = -1; j <= 1; j++) for (let i = -1; i <= 1; i++) indices.push([i, j]);
  const at = (i: number, j: number, k: 0 | 1): number => lattice.zero[k] + i * lattice.a[k] + j * lattice.b[k];
  const data = new Uint16Array(6 * side * side);
  for (let f = 0; f < 6; f++) {
    const change = [0, 0, 0, 0].map(() => 0.04 * (next() - 0.5));
    const disks = indices.map(([i, j]) => {
      const [y, x] = [at(i, j, 0) - lattice.zero[0], at(i, j, 1) - lattice.zero[1]];
      const [yy, yx, xy, xx] = change as [number, number, number, number];
      return [lattice.zero[0] + y + yy * y + yx * x, lattice.zero[1] + x + xy * y + xx * x, 60 + 40 * next()] as const;
    });
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        let value = 4 * next();
        for (const [cy, cx, size] of disks)
          value += size * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(y - cy, x - cx)));
        data[(f * side + y) * side + x] = value;
      }
  }
  const peaks = indices.map(([i, j]) => [Math.trunc(at(i, j, 0)), Math.trunc(at(i, j, 1))] as const);
  const pattern = (dy: number, dx: number): number => Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dy, dx)));
  return {
    data,
    frames: 6,
    height: side,
    width: side,
    peaks,
    search,
    full: false,
    refine: 'parabola',
    pattern,
    indices,
  };
}

/** Numbers from 0 to 1. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The Bragg vector map of the nine disks, without an ellipse, on a finer grid. */
const braggRow: Row<StrainProblem, Numbers> = {
  id: `udf:bragg:u16:6x${side}x${side}`,
  about: 'disks of all frames, relative to the direct beam and without an elliptical distortion',
  cost: 0.01,
  plans: 1,
  work: { amount: 6, unit: 'frames' },
  flops: 1000 * 6 * side * side,
  bytes: 2 * 6 * side * side,
  make: (seed) => ({ ...strained(seed), full: true }),
  oracle: (problem) => braggOf(problem, { centre: lattice.zero, ...ellipse, sampling: 1.5 }),
  plan: async (context, { data }) => {
    const pattern = checkPattern('bragg', { kind: 'circular', radius });
    const found = { most: 9, distance: radius, minHeight: 0 };
    const [cy, cx] = lattice.zero;
    const udf = braggUdf.withParams({ cy, cx, pattern, ...found, ...ellipse, sampling: 1.5, descan: null });
    const scan = scanOf({ data, nav: [2, 3], sig: [side, side] });
    return {
      backend: context.backends[0]?.name ?? 'wasm',
      run: async () => (await resultsOf(context, scan, udf as AnyUdf)).map?.data as Numbers,
      dispose: async () => undefined,
    };
  },
  compare: (found, expected) => ({ errors: { image: apart(found, expected) } }),
  bounds: () => ({ image: bounds.phases }),
};

const maps = ['eyy', 'exx', 'exy', 'theta'] as const;

const strainRow: Row<StrainProblem, ReadonlyMap<string, Numbers>, StrainTruth> = {
  id: `udf:strain:u16:6x${side}x${side}`,
  about: 'strain of a lattice of nine disks, relative to the median of the frames',
  cost: 0.01,
  work: { amount: 6, unit: 'frames' },
  flops: 1000 * 6 * side * side,
  bytes: 2 * 6 * side * side,
  make: strained,
  oracle: strainOf,
  plan: async (context, { data }) => {
    const scan = scanOf({ data, nav: [2, 3], sig: [side, side] });
    const analysis = strainAnalysis(scan, { pattern: 'circular', diskRadius: radius, ...lattice });
    // Contexts without disk finding refuse the plan.
    const finder = await context.diskFinder({
      width: side,
      height: side,
      dtype: 'u16',
      peaks: 9,
      correlation: 'fast',
      refine: 'parabola',
      pattern: { kind: 'circular', radius },
    });
    await finder.dispose();
    return {
      backend: finder.backend,
      run: () => channelsOf(context, analysis),
      dispose: async () => undefined,
    };
  },
  compare: (found, expected) => ({
    errors: Object.fromEntries(
      maps.map((name) => {
        const [have, want] = [found.get(name) ?? [], expected[name]];
        const off = want.map((value, i) => Math.abs(value - (have[i] as number)));
        return [name, off.every((value) => !Number.isNaN(value)) ? Math.max(...off) : Number.POSITIVE_INFINITY];
      }),
    ),
  }),
  refusedBy: ['webgpu', 'cuda', 'cuda-emulated'],
  bounds: () => Object.fromEntries(maps.map((name) => [name, bounds.strains])),
};

/** The rows. */
export const phaseRows = [
  ...ssbRows,
  ...holographyRows,
  ...icomRows,
  filteredRow,
  ...polarRows,
  strainRow,
  braggRow,
] as readonly Row[];
