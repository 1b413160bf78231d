/** Corrections of frames: dark frame, gain, bad pixels, values that are bad in themselves. */

import type { FrameArray } from '../../../bytes/dtype.js';
import type { Context } from '../../../context/rooms.js';
import { type CorrectionOptions, Corrections } from '../../../frames/corrections.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { type CorrectedFrames, correctFrames, type RawFrames } from '../../oracle/udf/corrected.js';
import { caseBase, type StackOptions, stackOf, worstOfSizes } from './problem.js';

type Out = Float32Array | Float64Array;

/** A number from 0 to 1 for each pixel. */
const noise = (pixel: number, salt: number): number => Math.abs(Math.sin(12.9898 * (pixel + 1) + salt) * 43758.5) % 1;

/** Dark values close to those of the frames, so that a dark value rounded to float32 is noticed, gains, bad pixels. */
function tables(pixels: number, middle: number) {
  const of = (make: (pixel: number) => number): number[] => Array.from({ length: pixels }, (_, p) => make(p));
  return {
    dark: of((p) => middle * (0.99 + 0.02 * noise(p, 1))),
    gain: of((p) => 0.8 + 0.4 * noise(p, 2)),
    // Single pixels, neighbours, a corner, and the last pixel.
    mask: of((p) => Number(p === 0 || p === pixels - 1 || noise(p, 3) < 0.03)),
  };
}

interface Wish {
  readonly look: StackOptions;
  readonly to?: 'f32' | 'f64';
  readonly corrections: (width: number, height: number, pixels: number) => CorrectionOptions;
  readonly bench?: true;
}

function makeRow(
  name: string,
  about: string,
  { look, to, corrections, bench }: Wish,
): Row<RawFrames, Out, CorrectedFrames> {
  const { width, height, frames, dtype } = look;
  const pixels = width * height;
  const isWide = (to ?? (dtype === 'u32' || dtype === 'i32' ? 'f64' : 'f32')) === 'f64';
  const Result = isWide ? Float64Array : Float32Array;
  return {
    ...caseBase(name, look),
    about,
    cost: 0.002 + frames * pixels * 4e-8,
    ...(bench && { bench }),
    make: (seed) => ({
      data: stackOf(look, seed).data,
      frames,
      pixels,
      corrections: corrections(width, height, pixels),
    }),
    oracle: correctFrames,
    async plan(context: Context, problem) {
      const correction = await context.frameCorrection({
        corrections: new Corrections({ length: pixels, ...problem.corrections }),
        dtype,
        ...(to && { to }),
      });
      const out = new Result(frames * pixels);
      const run = async () => (await correction.run(problem.data as FrameArray, frames, out)) as Out;
      return {
        run: async () => (await run()).slice(),
        timed: () => ({ amount: frames, call: run }),
        dispose: () => correction.dispose(),
      };
    },
    compare(out, expected) {
      const name = (i: number): string => `frame ${Math.floor(i / pixels)}, pixel ${i % pixels}`;
      const { error, note } = worstOfSizes((i) => out[i] as number, expected, name);
      return { errors: { values: error }, note };
    },
    ...(isWide && { refusedBy: ['webgpu'] as const }),
    bounds: () => ({ values: isWide ? bounds.correctedInDouble : bounds.correctedInSingle }),
  };
}

const odd = { width: 53, height: 36, frames: 19 } as const;
/** About half of the numbers of each type, and the limit below which they lie. */
const middles = { u8: 100, i8: 10, u16: 1000, i16: 1000, u32: 2 ** 31, i32: 2 ** 20, f32: 1000 } as const;
const ranges = { u8: 200, i8: 100, u16: 2000, i16: 2000, u32: 2 ** 32, i32: 2 ** 31, f32: undefined } as const;
const lookOf = (
  dtype: keyof typeof middles,
  size: { width: number; height: number; frames: number } = odd,
): StackOptions => ({
  ...size,
  dtype,
  ...(ranges[dtype] !== undefined && { below: ranges[dtype] }),
});

/** Tables about a middle for two panels, whose bad pixels are patched, and more. */
const patched =
  (middle: number, more: CorrectionOptions = {}): Wish['corrections'] =>
  (width, height, pixels) => ({ ...tables(pixels, middle), patch: { width, height: height / 2 }, ...more });

/** The rows. */
export const correctionRows: readonly Row<RawFrames, Out, CorrectedFrames>[] = [
  ...(Object.keys(middles) as (keyof typeof middles)[]).map((dtype) =>
    makeRow('corrected', 'dark frame, gain and bad pixels of two panels', {
      look: lookOf(dtype),
      corrections: patched(middles[dtype]),
    }),
  ),
  makeRow('corrected:double', 'results in float64', { look: lookOf('u16'), to: 'f64', corrections: patched(1000) }),
  makeRow('corrected:limits', 'overloads, underloads and markers, patched', {
    look: lookOf('u16'),
    corrections: patched(1000, { saturation: 1899.5, underload: 30, markers: [777, 1234, 0.5] }),
  }),
  makeRow('corrected:limits', 'the same with 32 bits, and bad pixels that become 0', {
    look: lookOf('i32'),
    corrections: (_width, _height, pixels) => ({
      ...tables(pixels, 2 ** 20),
      saturation: 2 ** 30 + 0.5,
      underload: 2 ** 18,
    }),
  }),
  makeRow('corrected:nan', 'NaN and infinities are bad in their frames', {
    look: { ...odd, dtype: 'f32', broken: true },
    corrections: patched(1000, { saturation: 1100.1, underload: 900.1 }),
  }),
  makeRow('corrected:nan-kept', 'only masked pixels are bad: NaN stays NaN', {
    look: { ...odd, dtype: 'f32', broken: true },
    corrections: (_width, _height, pixels) => ({ dark: tables(pixels, 1000).dark, maskOnly: true }),
  }),
  makeRow('corrected:gain', 'a gain alone, and a frame that is no multiple of a vector', {
    look: { width: 7, height: 3, frames: 5, dtype: 'u8' },
    corrections: (_width, _height, pixels) => ({ gain: tables(pixels, 1).gain }),
  }),
  makeRow('corrected', 'frames as large as a chunk of the heap', {
    look: lookOf('u16', { width: 256, height: 256, frames: 24 }),
    corrections: patched(1000),
    bench: true,
  }),
];
