/** Disk finding: frames with disks at random positions, found through the finder of a context. */
import type { FrameArray } from '../../../../io/data/dtype.js';
import type { FoundDisks } from '../../../../udf/disks/contract.js';
import type { DiskPattern } from '../../../../udf/disks/patterns.js';
import type { Row } from '../../case.js';
import { worstAbsolute, worstElement } from '../../compare.js';
import { type DisksProblem, type DisksTruth, disksOf } from '../../oracle/udf/disks.js';
import * as bounds from '../../tolerances.js';
import { fractions, framesOfDisks, inDisk, ofFrames, type Size } from './problem.js';

interface Look extends Size {
  readonly correlation?: 'fast' | 'full';
  readonly refine?: 'com' | 'parabola' | 'dft';
  readonly pattern: DiskPattern;
  /** The pattern, written again. */
  readonly weight: DisksProblem['pattern'];
  readonly search: number;
}

/**
 * An asymmetric template: it acts turned by 180°. Its sides are odd and those of the crop even, so that its middle is a
 * pixel before that of the crop.
 */
const shape = [5, 3] as const;
const template = [0, 1, 0, 1, 2, 0, 1, 3, 0.5, 0, 2, 1, 0, 0, 1];
const weightOfTemplate = (dy: number, dx: number): number =>
  dy >= -3 && dy <= 1 && dx >= -2 && dx <= 0 ? (template[(dy + 3) * 3 + dx + 2] as number) : 0;

/** Frames of noise with a brighter disk near each position; positions at the edge have crops that reach beyond it. */
function problemOf(look: Look, seed: number): DisksProblem {
  const { height, width, frames, dtype, correlation, refine = 'parabola', weight, search } = look;
  const next = fractions(seed);
  const peaks: [number, number][] = [];
  for (let y = 3; y < height; y += 2 * search) for (let x = 4; x < width; x += 2 * search) peaks.push([y, x]);
  const disks = Array.from({ length: frames }, () =>
    peaks.map(([y, x]) => [y + 3 * next() - 1.5, x + 3 * next() - 1.5, 40 + 40 * next()] as const),
  );
  const base = dtype.startsWith('i') ? -20 : 0;
  const data = framesOfDisks(look, disks, () => base + 6 * next());
  return { data, frames, height, width, peaks, search, full: correlation === 'full', refine, pattern: weight };
}

function row(name: string, about: string, look: Look, bench = false): Row<DisksProblem, FoundDisks, DisksTruth> {
  const { height, width, frames, dtype, correlation = 'fast', refine = 'parabola', pattern } = look;
  return {
    ...ofFrames(`disks:${name}`, look),
    about,
    cost: 0.01,
    ...(bench && { bench }),
    make: (seed) => problemOf(look, seed),
    oracle: disksOf,
    async plan(context, { data, peaks }) {
      const options = { width, height, dtype, peaks: peaks.length, pattern, correlation, refine };
      const finder = await context.diskFinder(options);
      const positions = Int32Array.from(peaks.flat());
      const run = () => finder.run(data as FrameArray, frames, positions);
      return { run, timed: () => ({ amount: frames, call: run }), dispose: () => finder.dispose() };
    },
    compare: (found, expected) => ({
      errors: {
        centers: expected.centers.filter((value, i) => value !== found.centers[i]).length,
        positions: worstAbsolute(found.refineds, expected.refineds).error,
        heights: worstElement(found.heights, expected.heights).error,
        elevations: worstElement(found.elevations, expected.elevations).error,
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
  pattern: { kind: 'circular', radius: 3 },
  weight: (dy: number, dx: number) => inDisk(dy, dx, 3),
  search: 6,
} as const;
const asymmetric = {
  pattern: { kind: 'user', template, shape, search: 4 },
  weight: weightOfTemplate,
  search: 4,
} as const;
const small = { height: 29, width: 34, frames: 3 } as const;

/** The rows. */
export const disksRows = [
  ...(['u8', 'i16', 'u16', 'u32', 'f32'] as const).map((dtype) =>
    row('fast', 'crops around the disks, some beyond the edge', { ...small, ...circular, dtype }),
  ),
  row('com', 'the centre of mass of 5 × 5 pixels', { ...small, ...circular, dtype: 'u16', refine: 'com' }),
  row('dft', 'upsampled maxima', { ...small, frames: 1, ...circular, dtype: 'u16', refine: 'dft' }),
  row('turned', 'a template without symmetry', { ...small, ...asymmetric, dtype: 'u16', refine: 'com' }),
  row('full', 'whole frames, with sides of the factors 29, 17 and 2', {
    ...small,
    frames: 2,
    ...circular,
    dtype: 'u16',
    correlation: 'full',
  }),
  row(
    'radix',
    'crops of 30 pixels: the radices 2, 3 and 5',
    {
      height: 60,
      width: 60,
      frames: 2,
      ...circular,
      pattern: { ...circular.pattern, search: 15 },
      search: 15,
      dtype: 'u16',
    },
    true,
  ),
  row('prime', 'crops of 22 pixels: the radices 2 and 11', {
    height: 44,
    width: 44,
    frames: 1,
    ...circular,
    pattern: { ...circular.pattern, search: 11 },
    search: 11,
    dtype: 'u16',
    refine: 'com',
  }),
];
