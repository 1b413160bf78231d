/** The methods that this room adds to a context; the room is loaded on first use. `ewald/udf` is built on it. */
import type { ContextCore } from '../compute/context/context.js';
import type { Planner } from '../compute/planner/planner.js';
import type { FrameCorrection, FrameCorrectionOptions } from './correction/correction.js';
import type { FrameDecoder, FrameDecoderOptions } from './decoding/decoder.js';
import type { DiskFinder, DiskFinderOptions } from './disks/finder.js';
import type { FrameFunction } from './pass/function.js';
import type { FunctionDescriptor } from './pass/function-contract.js';
import type { FramePass, FramePassOptions } from './pass/pass.js';

export interface UdfMethods {
  /** Plans one pass of sums over frames; see `FramePassOptions`. */
  framePass(options: FramePassOptions): Promise<FramePass>;
  /** Plans corrections of frames: dark frame, gain and bad pixels; see `FrameCorrectionOptions`. */
  frameCorrection(options: FrameCorrectionOptions): Promise<FrameCorrection>;
  /** Plans the decoding of frames compressed by bitshuffle and LZ4; see `FrameDecoderOptions`. */
  frameDecoder(options: FrameDecoderOptions): Promise<FrameDecoder>;
  /** Plans a user's WGSL over frames, on WebGPU; `ewald/udf` uses it for UDFs with `processFrameWgsl`. */
  frameFunction(descriptor: FunctionDescriptor): Promise<FrameFunction>;
  /** Plans the search for diffraction disks in frames, on the CPU (wasm, native); `diskUdf` uses it. */
  diskFinder(options: DiskFinderOptions): Promise<DiskFinder>;
}

/** The methods of a context that `ewald/udf` requires. */
export type UdfCore = ContextCore & UdfMethods;

export const udfRoom = (planner: Planner): UdfMethods => ({
  framePass: async (options) => (await import('./pass/pass.js')).planFramePass(planner, options),
  frameCorrection: async (options) =>
    (await import('./correction/correction.js')).planFrameCorrection(planner, options),
  frameDecoder: async (options) => (await import('./decoding/decoder.js')).planFrameDecoder(planner, options),
  frameFunction: async (descriptor) => (await import('./pass/function.js')).planFrameFunction(planner, descriptor),
  diskFinder: async (options) => (await import('./disks/finder.js')).planDiskFinder(planner, options),
});
