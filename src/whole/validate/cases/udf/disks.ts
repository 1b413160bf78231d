/** Disk finding: frames with disks at random positions, found through the finder of a context. */
import { numberTypes } from '../../../../core/arrays/numbers.js';
import type { FrameArray } from '../../../../io/data/dtype.js';
import type { PassDtype } from '../../../../udf/contract.js';
import type { FoundDisks } from '../../../../udf/disks/contract.js';
import type { DiskPattern } from '../../../../udf/disks/patterns.js';
import type { Row } from '../../case.js';
import { type DisksProblem, type DisksTruth, disksOf } from '../../oracle/udf/disks.js';
import * as bounds from '../../tolerances.js';

interface Look {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
  readonly dtype: PassDtype;
  readonly correlation?: 'fast' | 'full';
  readonly refine?: 'com' | 'parabola' | 'dft';
  readonly pattern: DiskPattern;
  /** The pattern, written again. */
  readonly weight: DisksProblem['pattern'];
  readonly search: number;
}

/** A disk whose edge is one pixel wide. */
const disk =
  (radius: number) =>
  (dy: number, dx: number): number =>
    dy === 0 && dx === 0 ? 1 : Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dy, dx)), Math.hypot(dy, dx) + 0.5);

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
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const peaks: [number, number][] = [];
  for (let y = 3; y < height; y += 2 * search) for (let x = 4; x < width; x += 2 * search) peaks.push([y, x]);
  const data = new numberTypes[dtype](frames * height * width);
  const base = dtype.startsWith('i') ? -20 : 0;
  for (let f = 0; f < frames; f++) {
    const places = peaks.map(([y, x]) => [y + 3 * next() - 1.5, x + 3 * next() - 1.5, 40 + 40 * next()] as const);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let value = base + 6 * next();
        for (const [cy, cx, size] of places) value += size * Math.min(1, Math.max(0, 3.5 - Math.hypot(y - cy, x - cx)));
        data[(f * height + y) * width + x] = value;
      }
  }
  return { data, frames, height, width, peaks, search, full: correlation === 'full', refine, pattern: weight };
}

function row(name: string, about: string, look: Look, bench = false): Row<DisksProblem, FoundDisks, DisksTruth> {
  const { height, width, frames, dtype, correlation = 'fast', refine = 'parabola', pattern } = look;
  return {
    id: `udf:disks:${name}:${dtype}:${frames}x${height}x${width}`,
    about,
    cost: 0.01,
    work: { amount: frames, unit: 'frames' },
    flops: 1000 * frames * height * width,
    bytes: 4 * frames * height * width,
    ...(bench && { bench }),
    make: (seed) => problemOf(look, seed),
    oracle: disksOf,
    async plan(context, { data, peaks }) {
      const options = { width, height, dtype, peaks: peaks.length, pattern, correlation, refine };
      const finder = await context.diskFinder(options);
      const positions = Int32Array.from(peaks.flat());
      const run = () => finder.run(data as FrameArray, frames, positions);
      return {
        backend: finder.backend,
        run,
        timed: () => ({ amount: frames, call: run }),
        dispose: () => finder.dispose(),
      };
    },
    compare(found, expected) {
      const largest = (have: ArrayLike<number>, want: readonly number[]): number => {
        const scale = Math.max(...want);
        return want.reduce((most, value, i) => Math.max(most, Math.abs(value - (have[i] as number)) / scale), 0);
      };
      const away = expected.refineds.map((value, i) => Math.abs(value - (found.refineds[i] as number)));
      return {
        errors: {
          centers: expected.centers.filter((value, i) => value !== found.centers[i]).length,
          positions: Math.max(
            ...away.map((distance) => (Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance)),
          ),
          heights: largest(found.heights, expected.heights),
          elevations: largest(found.elevations, expected.elevations),
        },
      };
    },
    refusedBy: ['webgpu', 'cuda', 'cuda-emulated'],
    bounds: () => ({
      centers: { ...bounds.sumsOfIntegers, unit: 'coordinates' },
      positions: bounds.positionsOfDisks,
      heights: bounds.correlations,
      elevations: bounds.correlations,
    }),
  };
}

const circular = { pattern: { kind: 'circular', radius: 3 }, weight: disk(3), search: 6 } as const;
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
