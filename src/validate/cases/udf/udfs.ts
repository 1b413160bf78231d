/**
 * UDFs of the package, tested through their kernels: what they derive from a pass is compared with independently
 * written formulas.
 */
import type { FrameArray } from '../../../bytes/dtype.js';
import { comUdf } from '../../../stem/builtin/com.js';
import { masksUdf } from '../../../stem/builtin/masks.js';
import { stddevUdf } from '../../../stem/builtin/stddev.js';
import { finishPart, type KernelPart } from '../../../udf/functions/kernel-part.js';
import type { AnyUdf, UdfMeta } from '../../../udf/functions/udf.js';
import type { PassDtype } from '../../../udf/pass/pass.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { measuredAs, worstElement } from '../../compare.js';
import type { Stack } from '../../oracle/udf/sums.js';
import { caseBase, type StackOptions, stackOf } from './problem.js';

type Numbers = Float64Array;

/** Views of the buffers that a kernel writes into. */
interface Private {
  readonly moments: Numbers;
  readonly intensity: Numbers;
  readonly sum: Numbers;
  readonly second: Numbers;
  readonly numFrames: Uint32Array;
}

function makeRow(
  name: string,
  about: string,
  look: StackOptions,
  udf: AnyUdf,
  result: string,
  truth: (stack: Stack) => number[],
): Row<Stack, Numbers, Numbers> {
  const { width, height, frames, dtype } = look;
  const pixels = width * height;
  const meta: UdfMeta = {
    nav: [frames],
    sig: [height, width],
    datasetDtype: dtype,
    inputDtype: dtype,
    frames,
    roi: undefined,
  };
  return {
    ...caseBase(name, look),
    about,
    cost: 0.01,
    plans: name === 'masks-udf:shift=2,-3' ? 1 : 8,
    make: (seed) => stackOf(look, seed),
    oracle: (stack) => Float64Array.from(truth(stack)),
    async plan(context, { data }) {
      const { definition, params } = udf;
      const part = definition.kernel?.({ params, meta }) as KernelPart;
      const pass = await context.framePass({ width, height, dtype: dtype as PassDtype, steps: part.steps });
      return {
        async run() {
          const { nav, sig } = await pass.run(data as FrameArray, frames);
          const results: Private = {
            moments: new Float64Array(3 * frames),
            intensity: new Float64Array(nav.length),
            sum: new Float64Array(pixels),
            second: new Float64Array(pixels),
            numFrames: new Uint32Array(1),
          };
          const planes = Array.from({ length: pass.planes }, (_, i) => sig.subarray(i * pixels, (i + 1) * pixels));
          finishPart(part, { nav, columns: pass.columns, sig: planes, frames }, results as never);
          const damage = new Uint8Array(frames).fill(1);
          const given = definition.getResults?.({ results, params, meta, damage } as never) ?? results;
          const value = (given as Readonly<Record<string, unknown>>)[result] as Numbers | (() => Numbers);
          return typeof value === 'function' ? value() : value;
        },
        dispose: () => pass.dispose(),
      };
    },
    compare: measuredAs('result', worstElement),
    bounds: () => ({ result: bounds.resultsOfUdfs }),
  };
}

const small = { width: 21, height: 17, frames: 12 } as const;
const { width, height } = small;
const pixels = width * height;
const pixelAt = ({ data }: Stack, f: number, p: number): number => data[f * pixels + p] as number;
const each = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));

/** A disk, a few pixels, a wave: they are processed as spans, as a sparse mask and as a dense one. */
const threeMasks = [
  Uint8Array.from(each(pixels, (p) => (Math.hypot((p % width) - 9, Math.floor(p / width) - 8) <= 5 ? 1 : 0))),
  Float32Array.from(each(pixels, (p) => (p % 50 === 7 ? p / 100 : 0))),
  Float32Array.from(each(pixels, (p) => Math.cos(p))),
];

const underMasks = (stack: Stack, dy: number, dx: number): number[] =>
  each(stack.frames, (f) =>
    threeMasks.map((mask) => {
      let sum = 0;
      for (let p = 0; p < pixels; p++) {
        const [y, x] = [Math.floor(p / width) + dy, (p % width) + dx];
        if (y >= 0 && y < height && x >= 0 && x < width) sum += (mask[p] as number) * pixelAt(stack, f, y * width + x);
      }
      return sum;
    }),
  ).flat();

/** Shifts of the centre of mass of a ring around (11, 7.5), rotated by 30 degrees with y reversed. */
function rotatedShiftsOf(stack: Stack): number[] {
  const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
  return each(stack.frames, (f) => {
    let [sum, sy, sx] = [0, 0, 0];
    for (let p = 0; p < pixels; p++) {
      const [y, x] = [Math.floor(p / width), p % width];
      const radius = Math.hypot(y - 7.5, x - 11);
      if (radius > 6 || radius <= 2) continue;
      sum += pixelAt(stack, f, p);
      sy += y * pixelAt(stack, f, p);
      sx += x * pixelAt(stack, f, p);
    }
    const [y, x] = [-(sy / sum - 7.5), sx / sum - 11];
    return [c * y + s * x, -s * y + c * x];
  }).flat();
}

const deviations = (stack: Stack): number[] =>
  each(pixels, (p) => {
    const values = each(stack.frames, (f) => pixelAt(stack, f, p));
    const mean = values.reduce((a, b) => a + b, 0) / stack.frames;
    return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / stack.frames);
  });

const com = comUdf.withParams({ cx: 11, cy: 7.5, r: 6, ri: 2, scanRotation: 30, flipY: true });
const all = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32'] as const;

/** The rows. */
export const udfRows: readonly Row<Stack, Numbers, Numbers>[] = [
  ...all.map((dtype) =>
    makeRow('stddev-udf', 'the deviation of each pixel', { ...small, dtype }, stddevUdf, 'std', deviations),
  ),
  ...(['u8', 'u16', 'u32', 'f32'] as const).map((dtype) =>
    makeRow('com-udf', 'shifts in a ring, turned and flipped', { ...small, dtype }, com, 'field', rotatedShiftsOf),
  ),
  ...(
    [
      [0, 0],
      [2, -3],
      [-20, 4],
    ] as const
  ).map(([dy, dx]) =>
    makeRow(
      `masks-udf:shift=${dy},${dx}`,
      'masks by spans, sparse and dense, moved',
      { ...small, dtype: 'u16' },
      masksUdf.withParams({ masks: threeMasks, shifts: dy === 0 && dx === 0 ? null : [dy, dx] }),
      'intensity',
      (stack) => underMasks(stack, dy, dx),
    ),
  ),
];
