/** What a context can do in this room; the room is fetched when it is first asked. `ewald/udf` stands on it. */
import type { Planner } from '../planner/planner.js';
import type { FrameFunction } from './pass/function.js';
import type { FunctionDescriptor } from './pass/function-contract.js';
import type { FramePass, FramePassOptions } from './pass/pass.js';

export interface UdfMethods {
  /** Plans one pass of sums over frames; see `FramePassOptions`. */
  framePass(options: FramePassOptions): Promise<FramePass>;
  /** Plans a user's WGSL over frames, on WebGPU; `ewald/udf` runs UDFs with `processFrameWgsl` by it. */
  frameFunction(descriptor: FunctionDescriptor): Promise<FrameFunction>;
}

export const udfRoom = (planner: Planner): UdfMethods => ({
  framePass: async (options) => (await import('./pass/pass.js')).planFramePass(planner, options),
  frameFunction: async (descriptor) => (await import('./pass/function.js')).planFrameFunction(planner, descriptor),
});
