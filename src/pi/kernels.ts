/** The pi kernel on wasm, and where the other one is that runs anywhere. */

import type { Feature } from '../compute/backends/feature.js';
import { uses } from '../compute/backends/mechanisms.js';
import type { Core } from '../compute/backends/wasm/heap.js';
import type { WasmHost } from '../compute/backends/wasm/host.js';
import { piParams } from '../compute/layout/pi.js';
import { structBytes } from '../compute/layout/struct.js';
import type { PiKernel, PiOp } from './contract.js';

export const piFeature: Feature<PiOp> = {
  name: 'pi',
  uses: uses.pi,
  kernels: {
    wasm: ({ core }: WasmHost): PiOp => ({ supports: () => true, plan: async () => planOnWasm(core) }),
    webgpu: async (gpu) => (await import('./webgpu.js')).piOp(gpu),
  },
};

/** Plans a count on wasm, see cpp/pi: heap memory for the parameters and the result, one call per range of points. */
function planOnWasm(core: Core): PiKernel {
  const params = core.alloc(structBytes(piParams));
  const hits = core.alloc(8);
  const answer = new BigUint64Array(1);
  return {
    bytes: structBytes(piParams) + 8,
    // About a tenth of a second: timers, signals and progress are served in between.
    pointsPerCall: 2 ** 25,
    async count(bytes) {
      core.write(params, bytes);
      core.check('ewald_pi_count', params, hits);
      core.read(hits, answer);
      return answer[0] ?? 0n;
    },
    async dispose() {
      core.free(params);
      core.free(hits);
    },
  };
}
