/** What kernels are told of a run, beside its frame. */
import { numbers, peaksParams, peaksRun } from '../../../layout/peaks.js';
import { sizeOf, wordOf } from '../../../layout/struct.js';
import type { FinderName } from '../../contract.js';

/** What is fixed by the plan. */
export interface PlannedRun {
  readonly width: number;
  readonly height: number;
  readonly dtype: number;
  readonly finder: FinderName;
}

/** A real number of the parameters. */
export const realOf = (params: Uint8Array, name: string): number =>
  new DataView(params.buffer, params.byteOffset).getFloat32(4 * wordOf(peaksParams, name), true);

/** Parameters as the kernels read them: the valid range as keys (wgsl/peaks/pixels.wgsl). */
export function runOf(params: Uint8Array, planned: PlannedRun, marked: boolean, stage: number): Uint8Array {
  const { width, height, dtype, finder } = planned;
  const bytes = new Uint8Array(sizeOf(peaksRun));
  bytes.set(params);
  const integers = new Int32Array(bytes.buffer);
  const at = (name: string): number => wordOf(peaksParams, name);
  const key = (bits: number): number => (bits << 1 === 0 ? 0 : bits < 0 ? bits ^ 0x7fffffff : bits);
  let least = integers[at('leastInteger')] ?? 0;
  const greatest = (integers[at('greatestInteger')] ?? 0) >>> 0;
  let greatestKey = Math.min(greatest, 2 ** 31 - 1);
  if (dtype === numbers.u32) {
    least = Math.max(least, 0) ^ -(2 ** 31);
    greatestKey = greatest ^ -(2 ** 31);
  }
  if (dtype === numbers.f32) {
    least = key(integers[at('leastReal')] ?? 0);
    greatestKey = key(integers[at('greatestReal')] ?? 0);
  }
  // Squares of distances between pixels are whole, so that a radius is as good as the whole part of its square.
  const square = (name: string): number => Math.floor(realOf(params, name) ** 2);
  const more = {
    width,
    height,
    marked: marked ? 1 : 0,
    dtype,
    leastKey: least,
    greatestKey,
    innerSquare: square('innerRadius'),
    middleSquare: square('middleRadius'),
    outerSquare: square('outerRadius'),
    stage,
    extended: finder === 'dispersion-extended' ? 1 : 0,
  };
  for (const [name, value] of Object.entries(more)) integers[wordOf(peaksRun, name)] = value;
  return bytes;
}

/**
 * For windows of n pixels, how often the mean their variance may be: n - 1 and sigmas of what counting makes of it, in
 * float64. Roots are taken here, so that a device need not agree with the core about their last bit.
 */
export function mostOf(params: Uint8Array): Float64Array {
  const kernel = new DataView(params.buffer, params.byteOffset).getUint32(4 * wordOf(peaksParams, 'kernelSize'), true);
  const sigmas = realOf(params, 'backgroundSigmas');
  return Float64Array.from({ length: (2 * kernel + 1) ** 2 + 1 }, (_, n) =>
    n < 1 ? 0 : n - 1 + sigmas * Math.sqrt(2 * (n - 1)),
  );
}
