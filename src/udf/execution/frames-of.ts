/**
 * Converts stored frames to those that a UDF sees: they are read, corrected, and converted to a dtype with which
 * JavaScript can compute.
 */

import type { Corrections } from '../../frames/corrections.js';
import type { Dataset } from '../../frames/dataset.js';
import { allocateFrames, type DataType, elements, type FrameArray } from '../../frames/dtype.js';
import { readOrAborted } from '../../frames/read-or-aborted.js';
import { halfToNumber } from '../../util/number-bytes.js';
import { numbersPerElement } from '../functions/dtypes.js';
import type { FrameRun } from './partitions.js';

/** Allocates memory for frames. */
type Take = (dtype: DataType, length: number) => FrameArray;

/** The frames of consecutive runs as they are stored, in memory that `take` returns. */
export async function readRuns(
  dataset: Dataset,
  runs: readonly FrameRun[],
  signal: AbortSignal | undefined,
  take: Take = allocateFrames,
): Promise<FrameArray> {
  const { dtype, frameLength } = dataset;
  const frames = take(dtype, runs.reduce((sum, { count }) => sum + count, 0) * frameLength);
  const length = frameLength * numbersPerElement(dtype);
  let at = 0;
  for (const { file, count } of runs) {
    await readOrAborted(dataset, file, count, frames.subarray(at * length, (at + count) * length), signal);
    at += count;
  }
  return frames;
}

/** The dtype that UDFs see for frames of `dtype`; `wanted` are the dtypes they request. */
export function inputDtypeOf(
  dtype: DataType,
  corrected: boolean,
  wanted: readonly ('native' | 'f32' | 'f64')[],
): DataType {
  if (numbersPerElement(dtype) === 2) return wanted.includes('f64') ? 'c128' : dtype;
  if (wanted.includes('f64') || dtype === 'f64' || dtype === 'u64' || dtype === 'i64') return 'f64';
  // Float32 cannot hold every 32-bit integer, so the type is NumPy's result_type.
  if (corrected || wanted.includes('f32') || dtype === 'f16') return dtype === 'u32' || dtype === 'i32' ? 'f64' : 'f32';
  return dtype;
}

/**
 * Converts the first `numbers` numbers of frames to another dtype: integers to floats, half floats, single to double.
 */
export function convertFrames(
  frames: FrameArray,
  from: DataType,
  to: DataType,
  numbers: number,
  take: Take = allocateFrames,
): FrameArray {
  if (from === to) return frames;
  const out = take(to, numbers / elements[to].numbers) as Float64Array;
  if (from === 'f16') for (let i = 0; i < numbers; i++) out[i] = halfToNumber(frames[i] as number);
  else if (from === 'u64' || from === 'i64') for (let i = 0; i < numbers; i++) out[i] = Number(frames[i]);
  else out.set((frames as Float64Array).subarray(0, numbers));
  return out;
}

/** Frames corrected for dark, gain and bad pixels, computed in float64 and returned as `to`. */
export function correctFrames(
  given: FrameArray,
  stored: DataType,
  count: number,
  corrections: Corrections,
  to: DataType,
  take: Take = allocateFrames,
): FrameArray {
  const { length } = corrections;
  const half = stored === 'f16';
  const dtype = half ? 'f32' : stored;
  const frames = half ? convertFrames(given, stored, dtype, count * length) : given;
  const out = take(to, count * length) as Float32Array | Float64Array;
  const marks = new Uint8Array(length);
  for (let i = 0; i < count; i++)
    corrections.apply(
      frames.subarray(i * length, (i + 1) * length) as FrameArray,
      dtype,
      out.subarray(i * length, (i + 1) * length),
      marks,
    );
  return out;
}
