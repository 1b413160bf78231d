/** Frames of a row, and the steps of a pass over them. */
import { numberTypes } from '../../../compute/arrays/numbers.js';
import type { PassDtype, PassStep } from '../../../udf/pass/pass.js';
import type { Row } from '../../case.js';
import type { Difference } from '../../compare.js';
import { inDisk } from '../../oracle/udf/phases.js';
import type { Stack } from '../../oracle/udf/sums.js';

/** Number and size of frames. */
export interface Size {
  readonly dtype: PassDtype;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** What every row over frames has: an id, and the number of frames as its work. */
export const caseBase = (name: string, { dtype, frames, height, width }: Size): Pick<Row, 'id' | 'work'> => ({
  id: `udf:${name}:${dtype}:${frames}x${height}x${width}`,
  work: { amount: frames, unit: 'frames' },
});

/** The properties of a row's frames. */
export interface StackOptions extends Size {
  /** For reals: their mean; default 1000. They lie up to 128 to both sides of it. */
  readonly mean?: number;
  /** For integers: values below this instead of the whole range of their type. */
  readonly below?: number;
  /** The numbers of the first frame are multiplied by this. */
  readonly outlier?: number;
  /** The value of all pixels. */
  readonly same?: number;
  /** Puts NaN and both infinities into some pixels, including some of the first frame. */
  readonly broken?: boolean;
}

/** Numbers 0 to 2^32 - 1 of a seed (Numerical Recipes' generator; its high bits are used first). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return ((state >>> 16) | (state << 16)) >>> 0;
  };
}

/** The frames of a seed. */
export function stackOf(
  { dtype, width, height, frames, mean = 1000, below, outlier, same, broken = false }: StackOptions,
  seed: number,
): Stack {
  const next = randomNumbers(seed);
  const data = new numberTypes[dtype](width * height * frames);
  for (let i = 0; i < data.length; i++) {
    const value = next();
    data[i] = dtype === 'f32' ? mean - 128 + value / 2 ** 24 : below === undefined ? value : value % below;
  }
  if (outlier !== undefined) for (let i = 0; i < width * height; i++) data[i] = (data[i] as number) * outlier;
  if (same !== undefined) data.fill(same);
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // In frame 0, and at another place in every fifth frame; pixel 20 has both infinities.
  if (broken)
    for (let f = 0; f < frames; f += 5) {
      const first = f * width * height;
      for (const [k, value] of values.entries()) data[first + 1 + (f % 2) * 8 + k] = value;
      data[first + 20] = values[1 + (f % 2)] as number;
    }
  return { width, height, frames, dtype, data };
}

/** Numbers from 0 to 1 of a seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Frames of noise up to `noise` with bright disks: their centres and heights, for each frame. */
export function framesOfDisks(
  { dtype, width, height }: Omit<Size, 'frames'>,
  disks: readonly (readonly (readonly [y: number, x: number, size: number])[])[],
  noise: () => number,
) {
  const data = new numberTypes[dtype](disks.length * height * width);
  for (let i = 0; i < data.length; i++) {
    const [f, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    data[i] = (disks[f] ?? []).reduce((sum, [cy, cx, size]) => sum + size * inDisk(y - cy, x - cx, 3), noise());
  }
  return data;
}

/** Numbers, and the sizes to which their errors are relative. */
interface Sized {
  readonly values: Float64Array;
  readonly sizes: Float64Array;
}

/** The largest error relative to its size. NaN and infinities are either right or wrong. */
export function worstOfSizes(
  found: (i: number) => number,
  { values, sizes }: Sized,
  name: (i: number) => string,
): Difference {
  let [error, note] = [0, ''];
  for (const [i, want] of values.entries()) {
    const have = found(i);
    if (have === want || Object.is(have, want)) continue;
    const relative = Math.abs(have - want) / (sizes[i] as number);
    if (relative <= error) continue;
    error = Number.isNaN(relative) ? Number.POSITIVE_INFINITY : relative;
    note = `${name(i)}: ${have}, expected ${want}`;
  }
  return { error, note: note || undefined };
}

/** Runs of a disk that is not round: rows of different lengths, some with two runs, the last pixel of the frame. */
export function spansIn(width: number, height: number): Uint32Array {
  const pairs: number[] = [];
  for (let y = 0; y < height; y++) {
    const middle = Math.floor(width / 2);
    const half = Math.floor((middle * ((y * 7) % 11)) / 11);
    if (half < 1) continue;
    const [first, end] = [y * width + middle - half, y * width + middle + half];
    if (y % 3 === 0 && half > 2) pairs.push(first, first + half - 1, first + half, end);
    else pairs.push(first, end);
  }
  const last = width * height;
  if ((pairs.at(-1) ?? 0) < last) pairs.push(last - 1, last);
  return Uint32Array.from(pairs);
}

/** Masks of waves: no two are alike, and no pixel is zero. */
export const denseStep = (
  masks: number,
  pixels: number,
  Weights: typeof Float32Array | typeof Float64Array = Float32Array,
): PassStep => ({
  kind: 'dense',
  masks,
  weights: new Weights(Array.from({ length: masks * pixels }, (_, i) => Math.sin(1 + i) + 0.1)),
});

/** Masks of a few pixels each, of which the first is empty. */
export function sparseStep(
  masks: number,
  pixels: number,
  entries: number,
  Weights: typeof Float32Array | typeof Float64Array = Float32Array,
): PassStep {
  const starts = Uint32Array.from({ length: masks + 1 }, (_, k) => Math.max(0, k - 1) * entries);
  const count = starts.at(-1) as number;
  return {
    kind: 'sparse',
    masks: {
      starts,
      pixels: Uint32Array.from({ length: count }, (_, i) => (i * 7919 + pixels - 1) % pixels),
      weights: new Weights(Array.from({ length: count }, (_, i) => Math.cos(i))),
    },
  };
}

/** All steps that exist. */
export function allSteps(width: number, height: number): PassStep[] {
  const spans = spansIn(width, height);
  const pixels = width * height;
  return [
    { kind: 'sumOf', spans },
    { kind: 'squaresOf', spans },
    { kind: 'com', spans },
    denseStep(6, pixels),
    sparseStep(3, pixels, Math.min(5, pixels)),
    { kind: 'sum' },
    { kind: 'moments' },
    { kind: 'logSum' },
  ];
}
