/**
 * A user function over frames, in WGSL, planned on a context. `ewald/udf` builds its descriptor and merges its results.
 */

import type { BackendName } from '../../compute/backends/names.js';
import type { Planner } from '../../compute/planner/planner.js';
import { type Disposable, Resource } from '../../util/resource.js';
import { functionFeature } from '../kernels.js';
import { checkFunction, checkFunctionRun } from './function-checks.js';
import type { FunctionArray, FunctionDescriptor, FunctionRun } from './function-contract.js';

/** A planned function over frames. */
export interface FrameFunction extends Disposable {
  readonly backend: BackendName;
  readonly bytes: number;
  /**
   * Writes the results of each frame in place and returns those over all frames, one copy per group of frames. Throws
   * `Shape`, `Argument`, `Disposed`.
   */
  run(run: FunctionRun): Promise<readonly (readonly FunctionArray[])[]>;
}

/**
 * Plans a function on a context. Throws `Unsupported` without WebGPU, `Argument` for an invalid descriptor or WGSL that
 * does not compile.
 */
export async function planFrameFunction(planner: Planner, descriptor: FunctionDescriptor): Promise<FrameFunction> {
  checkFunction(descriptor);
  const { backend, kernel } = await planner.plan(functionFeature, descriptor);
  const resource = new Resource('frame function', planner.resource, kernel);
  return {
    backend: backend.name,
    bytes: kernel.bytes,
    async run(run) {
      resource.assertAlive();
      checkFunctionRun(descriptor, run);
      return resource.enqueue(() => kernel.run(run));
    },
    dispose: () => resource.dispose(),
  };
}
