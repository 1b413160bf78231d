/** Disk finding: frames with disks at random positions, found through the finder of a context. */
import type { FrameArray } from '../../../bytes/dtype.js';
import type { FoundDisks } from '../../../udf/disks/contract.js';
import type { DiskPattern } from '../../../udf/disks/patterns.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { worstAbsolute, worstElement } from '../../compare.js';
import { type DisksProblem, type DisksTruth, disksOf } from '../../oracle/udf/disks.js';
import { inDisk } from '../../oracle/udf/phases.js';
import { caseBase, framesOfDisks, type Size, seededRandom } from './problem.js';

interface DiskCase extends Size {
  readonly correlation?: 'fast' | 'full';
  readonly refine?: 'com' | 'parabola' | 'dft';
  readonly pattern: DiskPattern;
  /** The same pattern as a weight function, for the oracle. */
  readonly weight: DisksProblem['pattern'];
  readonly search: number;
}

/**
 * An asymmetric template; it is applied rotated by 180°. Its sides are odd and the crop's even, so its centre is one pixel
 * before the crop's.
 */
const templateShape = [5, 3] as const;
const template = [0, 1, 0, 1, 2, 0, 1, 3, 0.5, 0, 2, 1, 0, 0, 1];
const weightOfTemplate = (dy: number, dx: number): number =>
  dy >= -3 && dy <= 1 && dx >= -2 && dx <= 0 ? (template[(dy + 3) * 3 + dx + 2] as number) : 0;

/** Frames of noise with a brighter disk near each position; positions at the edge have crops that reach beyond it. */
function problemOf(diskCase: DiskCase, seed: number): DisksProblem {
  const { height, width, frames, dtype, correlation, refine = 'parabola', weight, search } = diskCase;
  const next = seededRandom(seed);
  const peaks: [number, number][] = [];
  for (let y = 3; y < height; y += 2 * search) for (let x = 4; x < width; x += 2 * search) peaks.push([y, x]);
  const disks = Array.from({ length: frames }, () =>
    peaks.map(([y, x]) => [y + 3 * next() - 1.5, x + 3 * next() - 1.5, 40 + 40 * next()] as const),
  );
  const background = dtype.startsWith('i') ? -20 : 0;
  const data = framesOfDisks(diskCase, disks, () => background + 6 * next());
  return { data, frames, height, width, peaks, search, full: correlation === 'full', refine, pattern: weight };
}

function makeRow(
  name: string,
  about: string,
  diskCase: DiskCase,
  bench = false,
): Row<DisksProblem, FoundDisks, DisksTruth> {
  const { height, width, frames, dtype, correlation = 'fast', refine = 'parabola', pattern } = diskCase;
  return {
    ...caseBase(`disks:${name}`, diskCase),
    about,
    cost: 0.01,
    ...(bench && { bench }),
    make: (seed) => problemOf(diskCase, seed),
    oracle: disksOf,
    async plan(context, { data, peaks }) {
      const options = { width, height, dtype, peaks: peaks.length, pattern, correlation, refine };
      const finder = await context.diskFinder(options);
      const positions = Int32Array.from(peaks.flat());
      const run = () => finder.run(data as FrameArray, frames, positions);
      return { run, timed: () => ({ amount: frames, call: run }), dispose: () => finder.dispose() };
    },
    compare: (actual, expected) => ({
      errors: {
        centers: expected.centers.filter((value, i) => value !== actual.centers[i]).length,
        positions: worstAbsolute(actual.refineds, expected.refineds).error,
        heights: worstElement(actual.heights, expected.heights).error,
        elevations: worstElement(actual.elevations, expected.elevations).error,
      },
    }),
    refusedBy: ['webgpu', 'cuda', 'cuda-emulated'],
    bounds: () => ({
      centers: { ...bounds.sumsOfIntegers, unit: 'coordinates' },
      positions: bounds.positionsOfDisks,
      heights: bounds.correlations,
      elevations: bounds.correlations,
    }),
  };
}

const circular = {
  // `search` is the default of this pattern.
  pattern: { kind: 'circular', radius: 3 },
  weight: (dy: number, dx: number) => inDisk(dy, dx, 3),
  search: 6,
} as const;
const circularWithin = (search: number) => ({ ...circular, pattern: { ...circular.pattern, search }, search });
const asymmetricSearch = 4;
const asymmetric = {
  pattern: { kind: 'user', template, shape: templateShape, search: asymmetricSearch },
  weight: weightOfTemplate,
  search: asymmetricSearch,
} as const;
const smallFrames = { height: 29, width: 34, frames: 3 } as const;

export const disksRows = [
  ...(['u8', 'i16', 'u16', 'u32', 'f32'] as const).map((dtype) =>
    makeRow('fast', 'crops around the disks, some beyond the edge', { ...smallFrames, ...circular, dtype }),
  ),
  makeRow('com', 'the centre of mass of 5 × 5 pixels', { ...smallFrames, ...circular, dtype: 'u16', refine: 'com' }),
  makeRow('dft', 'upsampled maxima', { ...smallFrames, frames: 1, ...circular, dtype: 'u16', refine: 'dft' }),
  makeRow('turned', 'a template without symmetry', { ...smallFrames, ...asymmetric, dtype: 'u16', refine: 'com' }),
  makeRow('full', 'whole frames, with side lengths that have the factors 29, 17 and 2', {
    ...smallFrames,
    frames: 2,
    ...circular,
    dtype: 'u16',
    correlation: 'full',
  }),
  makeRow(
    'radix',
    'crops of 30 pixels: the radices 2, 3 and 5',
    {
      height: 60,
      width: 60,
      frames: 2,
      ...circularWithin(15),
      dtype: 'u16',
    },
    true,
  ),
  makeRow('prime', 'crops of 22 pixels: the radices 2 and 11', {
    height: 44,
    width: 44,
    frames: 1,
    ...circularWithin(11),
    dtype: 'u16',
    refine: 'com',
  }),
];
