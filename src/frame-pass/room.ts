/** What a context can do in this room; the room is fetched when it is first asked. `ewald/udf` stands on it. */
import type { Planner } from '../planner/planner.js';
import type { FrameFunction } from './function.js';
import type { FunctionDescriptor } from './function-contract.js';
import type { FramePass, FramePassOptions } from './pass.js';

export interface FramePassMethods {
  /** Plans one pass of sums over frames; see `FramePassOptions`. */
  framePass(options: FramePassOptions): Promise<FramePass>;
  /** Plans a user's WGSL over frames, on WebGPU; `ewald/udf` runs UDFs with `processFrameWgsl` by it. */
  frameFunction(descriptor: FunctionDescriptor): Promise<FrameFunction>;
}

export const framePassRoom = (planner: Planner): FramePassMethods => ({
  framePass: async (options) => (await import('./pass.js')).planFramePass(planner, options),
  frameFunction: async (descriptor) => (await import('./function.js')).planFrameFunction(planner, descriptor),
});
