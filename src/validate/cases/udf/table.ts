/** The case table of passes over frames, and of the results that UDFs of the package derive from them. */

import type { FrameArray } from '../../../bytes/dtype.js';
import type { Context } from '../../../context/rooms.js';
import { stepKind } from '../../../udf/pass/pack.js';
import type { FrameSums, PassStep } from '../../../udf/pass/pass.js';
import * as bounds from '../../bounds.js';
import type { RoomTable, Row } from '../../case.js';
import { type PassTruth, type Stack, type Sums, sumsOf } from '../../oracle/udf/sums.js';
import { clusterRow } from './cluster.js';
import { correctionRows } from './corrections.js';
import { decodingRows } from './decoding.js';
import { disksRows } from './disks.js';
import { phaseRows } from './phases.js';
import {
  allSteps,
  caseBase,
  denseStep,
  type StackOptions,
  spansIn,
  sparseStep,
  stackOf,
  worstOfSizes,
} from './problem.js';
import { strainRows } from './strain.js';
import { udfRows } from './udfs.js';

interface Problem {
  readonly stack: Stack;
  readonly steps: readonly PassStep[];
}

function compare({ nav, sig }: FrameSums, { columns, planes }: PassTruth) {
  const errors = { integers: 0, columns: 0, planes: 0 };
  let note: string | undefined;
  const see = (kind: 'columns' | 'planes', sums: Sums, have: (i: number) => number, what: string): void => {
    const worst = worstOfSizes(have, sums, (i) => `${what}, element ${i}`);
    if (sums.exact && worst.error > 0) {
      errors.integers++;
      note ??= worst.note;
    } else if (worst.error > errors[kind]) {
      errors[kind] = worst.error;
      note ??= worst.note;
    }
  };
  for (const [k, column] of columns.entries())
    see('columns', column, (f) => nav[f * columns.length + k] as number, `column ${k}`);
  for (const [k, plane] of planes.entries())
    see('planes', plane, (p) => sig[k * plane.values.length + p] as number, `plane ${k}`);
  return { errors, note };
}

const software = new Set(['pass:u16', 'pass:i32', 'pass:f32', 'sum:f32', 'stddev:outlier:f32', 'dense=5:u16']);

function makeRow(
  name: string,
  about: string,
  look: StackOptions,
  stepsOf: (width: number, height: number) => readonly PassStep[],
  bench = false,
): Row<Problem, FrameSums, PassTruth> {
  const { width, height, frames, dtype } = look;
  const pixels = width * height;
  const isDouble = stepsOf(width, height).some((step) => /Double$/.test(stepKind(step)));
  return {
    ...caseBase(name, look),
    about,
    cost: 0.002 + frames * pixels * 1e-8,
    // A software GPU compiles one kernel per step: it gets only the rows that test something new on it.
    plans: software.has(`${name}:${dtype}`) ? 1 : 8,
    ...(bench ? { bench } : {}),
    make: (seed) => ({ stack: stackOf(look, seed), steps: stepsOf(width, height) }),
    oracle: ({ stack, steps }) => sumsOf(stack, steps),
    async plan(context: Context, { stack, steps }) {
      const pass = await context.framePass({ width, height, dtype, steps });
      const run = () => pass.run(stack.data as FrameArray, frames);
      return {
        run,
        timed: () => ({ amount: frames, call: run }),
        dispose: () => pass.dispose(),
      };
    },
    compare,
    // WebGPU has no float64.
    ...(isDouble && { refusedBy: ['webgpu'] as const }),
    bounds: ({ precisions }) => ({
      integers: bounds.sumsOfIntegers,
      columns: isDouble ? bounds.sumsInDouble : bounds.sumsInSingle,
      planes: precisions.includes('f64') ? bounds.sumsInDouble : bounds.sumsInSingle,
    }),
  };
}

const all = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'] as const;
// Not multiples of any vector, block, group or word.
const odd = { width: 53, height: 37, frames: 19 } as const;
const whole = (width: number, height: number): PassStep[] => [
  { kind: 'com', spans: Uint32Array.from({ length: 2 * height }, (_, i) => ((i + 1) >> 1) * width) },
];

const rows: readonly Row<Problem, FrameSums, PassTruth>[] = [
  ...all.map((dtype) => makeRow('pass', 'every step, every type of numbers', { ...odd, dtype }, allSteps)),
  makeRow('pass:pixel', 'a frame of one pixel', { width: 1, height: 1, frames: 3, dtype: 'u16' }, allSteps),
  makeRow('pass:column', 'a frame of one column', { width: 1, height: 301, frames: 5, dtype: 'i16' }, allSteps),
  makeRow('pass:one', 'one frame', { width: 64, height: 48, frames: 1, dtype: 'f32' }, allSteps),
  makeRow('pass:many', 'many small frames', { width: 3, height: 3, frames: 701, dtype: 'u16' }, allSteps),
  makeRow('sum', 'frames as large as a chunk', { width: 513, height: 512, frames: 18, dtype: 'f32' }, () => [
    { kind: 'sum' },
    { kind: 'moments' },
  ]),
  makeRow(
    'com',
    'whole frames, of several parts each',
    { width: 256, height: 256, frames: 40, dtype: 'u16' },
    whole,
    true,
  ),
  makeRow('com', 'the same with reals', { width: 256, height: 256, frames: 40, dtype: 'f32' }, whole),
  makeRow(
    'com:same',
    'long columns of one real: roundings that do not average out',
    { width: 8, height: 30000, frames: 1, same: 0.1, dtype: 'f32' },
    whole,
  ),
  makeRow('com', 'the largest numbers there are', { width: 200, height: 120, frames: 3, dtype: 'u32' }, whole),
  makeRow('disk', 'runs of pixels', { width: 256, height: 256, frames: 40, dtype: 'u16' }, (width, height) => [
    { kind: 'sumOf', spans: spansIn(width, height) },
  ]),
  makeRow(
    'stddev',
    'squares of integers',
    { width: 128, height: 128, frames: 70, dtype: 'u16' },
    () => [{ kind: 'moments' }],
    true,
  ),
  makeRow('stddev:mean=1e5', 'a mean far above the deviation', { ...odd, frames: 150, mean: 1e5, dtype: 'f32' }, () => [
    { kind: 'moments' },
  ]),
  makeRow('stddev:outlier', 'a first frame like no other', { ...odd, frames: 150, outlier: 200, dtype: 'f32' }, () => [
    { kind: 'moments' },
  ]),
  makeRow('stddev:small', 'few counts of 32 bits', { ...odd, below: 5, dtype: 'u32' }, () => [{ kind: 'moments' }]),
  ...[1, 5, 16, 37].map((masks) =>
    makeRow(
      `dense=${masks}`,
      'masks as a matrix product: tiles that are full, and such that are not',
      { width: 61, height: 67, frames: 67, dtype: 'u16' },
      (width, height) => [denseStep(masks, width * height)],
      masks === 16,
    ),
  ),
  ...(
    [
      [1, 9],
      [2, 3],
      [3, 67],
      [7, 5],
      [8, 8],
      [19, 67],
    ] as const
  ).map(([masks, frames]) =>
    makeRow(
      `dense=${masks}`,
      'frames of whole groups of four pixels: tiles that are full, and such that are not',
      { width: 60, height: 67, frames, dtype: 'u16' },
      (width, height) => [denseStep(masks, width * height)],
    ),
  ),
  makeRow(
    'dense-double=6',
    'the same with masks of float64',
    { width: 60, height: 67, frames: 11, dtype: 'f32' },
    (width, height) => [denseStep(6, width * height, Float64Array)],
  ),
  ...(['u16', 'i32', 'f32'] as const).map((dtype) =>
    makeRow('dense-double=5', 'masks of float64: nothing is rounded to float32', { ...odd, dtype }, (width, height) => [
      denseStep(5, width * height, Float64Array),
    ]),
  ),
  makeRow(
    'sparse-double=9',
    'few weights of float64, behind an odd number of float32',
    { ...odd, dtype: 'u16' },
    (w, h) => [sparseStep(2, w * h, 5), sparseStep(9, w * h, 200, Float64Array)],
  ),
  makeRow(
    'broken',
    'NaN and infinities: what they enter is what float64 makes of it',
    { ...odd, broken: true, dtype: 'f32' },
    (w, h) => [denseStep(3, w * h), { kind: 'sum' }, { kind: 'moments' }, { kind: 'logSum' }],
  ),
  makeRow('sparse=9', 'masks of some pixels', { width: 61, height: 67, frames: 9, dtype: 'i32' }, (width, height) => [
    sparseStep(9, width * height, 2000),
  ]),
];

export const udfTable: RoomTable = {
  name: 'udf',
  rows: [
    ...rows,
    ...correctionRows,
    ...decodingRows,
    ...udfRows,
    clusterRow,
    ...disksRows,
    ...phaseRows,
    ...strainRows,
  ] as readonly Row[],
  sample: 'udf:stddev:small:u32:19x37x53',
};
