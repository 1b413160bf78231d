/** Phases and polar transforms: UDFs and analyses over a scan in memory, as an image each. */

import type { Context } from '../../../context/rooms.js';
import type { Analysis } from '../../../stem/analyses/analysis.js';
import { icomAnalysis } from '../../../stem/analyses/phase.js';
import { polarUdf } from '../../../stem/builtin/polar.js';
import { holographyUdf } from '../../../stem/holography/udf.js';
import { residentSsb, ssbUdf } from '../../../stem/ssb/udf.js';
import type { AnyUdf } from '../../../udf/functions/udf.js';
import { ResidentScan } from '../../../udf/scans/resident.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { measuredAs, worstElement } from '../../compare.js';
import {
  integratedShiftsOf,
  type PhaseProblem,
  type SideBandGeometry,
  sideBandsOf,
  wavesOf,
} from '../../oracle/udf/phases.js';
import { type PolarTruth, polarMeanOf, polarVariancesOf } from '../../oracle/udf/polar.js';
import { caseBase, stackOf } from './problem.js';
import { resultsOf, scanOf } from './scans.js';

type Numbers = ArrayLike<number>;
type Results = Readonly<Record<string, { readonly data: Numbers }>>;
type Find = (context: Context, problem: PhaseProblem) => Promise<Numbers>;

/** Finds a result of a UDF, which is computed in three partitions. */
export const byUdf =
  (udf: AnyUdf, result: string): Find =>
  async (context, problem) =>
    ((await resultsOf(context, scanOf(problem), udf, 3)) as Results)[result]?.data ?? [];

/** Finds the channels of an analysis with one pass. */
export async function channelsOf(context: Context, analysis: Analysis<string>): Promise<ReadonlyMap<string, Numbers>> {
  const results = await resultsOf(context, analysis.scan, analysis.udf, 3);
  return new Map(analysis.channels(results as never).map(({ key, data }) => [key, data]));
}

/** The largest difference of two images, relative to the largest number. */
export const compareImages = measuredAs('image', worstElement);

const software = new Set(['ssb:flipped', 'holography:butterworth', 'icom:periodic']);

interface Sizes {
  readonly nav: readonly [number, number];
  readonly sig: readonly [number, number];
  readonly dtype: 'u16' | 'f32';
}

function makeRow(
  name: string,
  about: string,
  { nav, sig, dtype }: Sizes,
  oracle: (problem: PhaseProblem) => Numbers,
  find: Find,
): Row<PhaseProblem, Numbers> {
  const look = { dtype, height: sig[0], width: sig[1], frames: nav[0] * nav[1] };
  return {
    ...caseBase(name, look),
    about,
    cost: 0.01,
    // A software GPU compiles for seconds: it gets one row of each kind.
    plans: software.has(name) ? 1 : 8,
    make: (seed) => ({ data: stackOf({ ...look, ...(dtype === 'u16' && { below: 1000 }) }, seed).data, nav, sig }),
    oracle,
    plan: async (context, problem) => ({ run: () => find(context, problem), dispose: async () => undefined }),
    compare: compareImages,
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

const rotatedBandsOf = (problem: PhaseProblem): Numbers =>
  sideBandsOf(problem, { ...geometry, turned: rotationMatrix(20, 1), least: 1 });

const ssbRows = [
  makeRow(
    'ssb',
    'spectrum of a scan with an odd number of columns, detector turned by 20 degrees',
    ssbSizes,
    rotatedBandsOf,
    byUdf(ssbUdf({ ...ssbOptions, scanRotation: 20 }) as AnyUdf, 'fourier'),
  ),
  makeRow(
    'ssb:flipped',
    'spectrum of a scan with an even number of columns, y inverted, only large overlaps',
    { ...ssbSizes, nav: [7, 6], dtype: 'f32' },
    (problem) => sideBandsOf(problem, { ...geometry, turned: rotationMatrix(-35, -1), least: 6 }),
    byUdf(ssbUdf({ ...ssbOptions, scanRotation: -35, flipY: true, cutoff: 6 }) as AnyUdf, 'fourier'),
  ),
  makeRow(
    'ssb:resident',
    'a scan in memory, with another geometry before',
    ssbSizes,
    rotatedBandsOf,
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
const disk = { kind: 'disk', radius: 2.6 } as const;
const butterworth = { kind: 'butterworth', radius: 2.2, order: 4 } as const;

const holographyRows = [
  makeRow(
    'holography',
    'waves of half the size, under a disk',
    holograms,
    (problem) =>
      wavesOf(problem, { position: [4, 5], shape: [9, 10], radius: 2.6, order: undefined, normalised: false }),
    byUdf(holographyUdf({ sbPosition: [4, 5], outShape: [9, 10], aperture: disk }) as AnyUdf, 'wave'),
  ),
  makeRow(
    'holography:butterworth',
    'normalised waves, with a side band beyond the highest frequency',
    { ...holograms, dtype: 'u16' },
    (problem) => wavesOf(problem, { position: [13, 16], shape: [8, 8], radius: 2.2, order: 4, normalised: true }),
    byUdf(
      holographyUdf({ sbPosition: [13, 16], outShape: [8, 8], aperture: butterworth, normalised: true }) as AnyUdf,
      'wave',
    ),
  ),
];

const shifted = { nav: [5, 6], sig: [11, 14], dtype: 'u16' } as const;
const centre = [4.5, 7.25] as const;

/** Finds the image of integrated shifts. */
const integrated =
  (options: Partial<Parameters<typeof icomAnalysis>[1]>): Find =>
  async (context, problem) => {
    const analysis = icomAnalysis(scanOf(problem), { cy: centre[0], cx: centre[1], ...options });
    return (await channelsOf(context, analysis)).get('phase') as Numbers;
  };

const icomRows = [
  ...[true, false].map((mirrored) =>
    makeRow(
      mirrored ? 'icom' : 'icom:periodic',
      `integrated centres of mass of a ${mirrored ? 'mirrored' : 'periodic'} scan`,
      shifted,
      (problem) => integratedShiftsOf(problem, centre, mirrored),
      integrated({ mirrored }),
    ),
  ),
  makeRow(
    'icom:filtered',
    'integrated centres of mass under a low and a high pass of order 3, in steps of .05 nm',
    shifted,
    (problem) =>
      integratedShiftsOf(problem, centre, true, (q) => {
        const ratios = [q / (0.6 * 0.5), (0.2 * 0.5) / q];
        return ratios.reduce((product, ratio) => product / (1 + ratio ** 6), 1);
      }),
    integrated({ qLowpass: 0.6, qHighpass: 0.2, butterworthOrder: 3, dpix: 0.05 }),
  ),
];

/** Rings of an ellipse whose larger ones leave the frame; radii from 1 to 6.4 in steps of .6. */
export const ellipse = { e1: 0.06, e2: -0.04 } as const;
const polarTruth: PolarTruth = {
  centre: [4.75, 6.5],
  columns: [
    [1 + ellipse.e1, ellipse.e2],
    [ellipse.e2, 1 - ellipse.e1],
  ],
  radii: Array.from({ length: 9 }, (_, k) => 1 + 0.6 * k),
  azimuths: 10,
};
const polar = polarUdf.withParams({
  cy: 4.75,
  cx: 6.5,
  ...ellipse,
  ri: 1,
  ro: 6.4,
  radii: 9,
  azimuths: 10,
  without: [],
}) as AnyUdf;

const polarRows = [
  makeRow(
    'polar',
    'mean pattern without an elliptical distortion',
    shifted,
    (problem) => polarMeanOf(problem, polarTruth),
    async (context, problem) => {
      const { sum, numFrames } = (await resultsOf(context, scanOf(problem), polar, 3)) as Results;
      return Array.from(sum?.data ?? [], (value) => value / (numFrames?.data[0] as number));
    },
  ),
  makeRow(
    'polar:variance',
    'variance over azimuths of each pattern without an elliptical distortion',
    shifted,
    (problem) => polarVariancesOf(problem, polarTruth),
    byUdf(polar, 'variance'),
  ),
];

/** The rows. */
export const phaseRows = [...ssbRows, ...holographyRows, ...icomRows, ...polarRows];
