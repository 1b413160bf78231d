/** The shaders of a pass, preceded by constants known to the plan. */
import dense from '../../../../wgsl/udf/dense.wgsl';
import least from '../../../../wgsl/udf/least.wgsl';
import planes from '../../../../wgsl/udf/planes.wgsl';
import spans from '../../../../wgsl/udf/spans.wgsl';
import sparse from '../../../../wgsl/udf/sparse.wgsl';
import { udfNumbers } from '../../../compute/layout/udf.js';
import type { UdfDescriptor } from '../../contract.js';

/** The layout of frames in device memory. */
export interface FrameLayout {
  readonly dtype: UdfDescriptor['dtype'];
  readonly width: number;
  readonly height: number;
  readonly pixels: number;
  /** Pixels per word. */
  readonly perWord: number;
  /** Words per frame; the last one is padded. */
  readonly frameWords: number;
}

/** The layout of frames of a dtype. */
export function layoutOf(dtype: UdfDescriptor['dtype'], width: number, height: number): FrameLayout {
  const pixels = width * height;
  const perWord = /8/.test(dtype) ? 4 : /16/.test(dtype) ? 2 : 1;
  return { dtype, width, height, pixels, perWord, frameWords: Math.ceil(pixels / perWord) };
}

/** The constants shared by all shaders over frames. */
export const frameConstants = ({ dtype, width, height, pixels, perWord, frameWords }: FrameLayout) => ({
  DTYPE: udfNumbers[dtype],
  WIDTH: width,
  HEIGHT: height,
  PIXELS: pixels,
  PER_WORD: perWord,
  FRAME_WORDS: frameWords,
});

/** The files of wgsl/udf. */
export const shaders = { dense, least, planes, spans, sparse } as const;
