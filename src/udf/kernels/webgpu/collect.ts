/** Converts the words returned by kernels to sums in doubles. */
import type { FrameLayout } from './shaders.js';
import { type DeviceStep, spanValues, stepShape } from './steps.js';

const word = 2 ** 32;

/** A 64-bit integer, exact below 2^53. */
const unsigned = (words: Uint32Array, at: number, step = 1): number =>
  (words[at + step] as number) * word + (words[at] as number);
const signed = (words: Uint32Array, at: number, step = 1): number =>
  ((words[at + step] as number) | 0) * word + (words[at] as number);

/** Adds the results of a step for `count` frames to their columns: [frames, parts, words] of one step. */
export function addColumns(
  step: DeviceStep,
  layout: FrameLayout,
  words: Uint32Array,
  count: number,
  nav: Float64Array,
  columns: number,
): void {
  const { kind, column, count: masks } = step;
  const reals = new Float32Array(words.buffer, words.byteOffset, words.length);
  const { parts } = stepShape(step, layout);
  const real = layout.dtype === 'f32';
  if (kind === 'dense' || kind === 'sparse') {
    for (let f = 0, at = 0; f < count; f++)
      for (let part = 0; part < parts; part++)
        for (let k = 0; k < masks; k++, at++) {
          const to = f * columns + column + k;
          nav[to] = (nav[to] as number) + (reals[at] as number);
        }
    return;
  }
  const values = spanValues(kind, real);
  for (let f = 0; f < count; f++) {
    let [sum, second, third] = [0, 0, 0];
    for (let part = 0; part < parts; part++) {
      const at = (f * parts + part) * values;
      if (real) {
        sum += reals[at] as number;
        if (values > 1) second += reals[at + 1] as number;
        if (values > 2) third += reals[at + 2] as number;
        continue;
      }
      sum += signed(words, at);
      if (kind === 'squaresOf') second += (words[at + 4] as number) * word * word + unsigned(words, at + 2);
      if (kind === 'com') {
        second += signed(words, at + 2);
        third += signed(words, at + 4);
      }
    }
    if (real && kind === 'com') {
      // Moments of real numbers are relative to the middle of the frame.
      second += sum * Math.floor(layout.height / 2);
      third += sum * Math.floor(layout.width / 2);
    }
    const to = f * columns + column;
    nav[to] = sum;
    if (kind !== 'sumOf') nav[to + 1] = second;
    if (kind === 'com') nav[to + 2] = third;
  }
}

/** Writes band `band` of the planes of a step; wgsl/udf/planes.wgsl documents its words. */
export function writePlanes(
  step: DeviceStep,
  { dtype, perWord, pixels }: FrameLayout,
  { words, band, bandWords }: { readonly words: Uint32Array; readonly band: number; readonly bandWords: number },
  sig: Float64Array,
): void {
  const reals = new Float32Array(words.buffer, words.byteOffset, words.length);
  const plane = bandWords * perWord;
  const begin = band * plane;
  const here = Math.min(plane, pixels - begin);
  const first = sig.subarray(step.plane * pixels + begin);
  const second = sig.subarray((step.plane + 1) * pixels + begin);
  const real = dtype === 'f32';
  const floats = real || step.kind === 'logSum';
  for (let p = 0; p < here; p++)
    first[p] = floats ? (reals[p] as number) + (reals[plane + p] as number) : signed(words, p, plane);
  if (step.kind !== 'moments') return;
  // Σ² of narrow integers; otherwise the pixel of the first frame, the mean of the differences from it, and Σ (d −
  // mean)².
  for (let p = 0; p < here; p++)
    second[p] = perWord > 1 ? unsigned(words, 2 * plane + p, plane) : (reals[4 * plane + p] as number);
}
