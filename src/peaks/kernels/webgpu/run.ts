/** The uniforms of a run. */
import { numbers, peaksParams, peaksRun } from '../../../compute/layout/peaks.js';
import { read, structBytes, wordOf } from '../../../compute/layout/struct.js';
import type { FinderName } from '../../contract.js';

/** Values fixed by the plan. */
interface PlannedRun {
  readonly width: number;
  readonly height: number;
  readonly dtype: number;
  readonly finder: FinderName;
}

/** A floating-point number of the parameters. */
export const realOf = (params: Uint8Array, name: string): number => read(peaksParams, params, name);

/** Parameters in the form that the kernels read: the valid range as keys (wgsl/peaks/pixels.wgsl). */
export function runOf(params: Uint8Array, planned: PlannedRun, marked: boolean, stage: number): Uint8Array {
  const { width, height, dtype, finder } = planned;
  const bytes = new Uint8Array(structBytes(peaksRun));
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
  // Squared distances between pixels are integers, so the integer part of a squared radius is equivalent.
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
 * For windows of n pixels, the largest allowed ratio of variance to mean: n - 1 and sigmas of its counting statistics,
 * in float64. Roots are computed here, so that a device need not agree with the core in their last bit.
 */
export function maxOf(params: Uint8Array): Float64Array {
  const kernel = read(peaksParams, params, 'kernelSize');
  const sigmas = realOf(params, 'sigmaBackground');
  return Float64Array.from({ length: (2 * kernel + 1) ** 2 + 1 }, (_, n) =>
    n < 1 ? 0 : n - 1 + sigmas * Math.sqrt(2 * (n - 1)),
  );
}
