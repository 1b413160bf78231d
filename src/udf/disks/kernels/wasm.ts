/** Disk finding on wasm: frames are copied into the heap a few at a time; see cpp/udf/disks.h. */
import type { Core } from '../../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../../compute/backends/wasm/host.js';
import { planStaged } from '../../../compute/backends/wasm/staging.js';
import type { DisksDescriptor, DisksKernel, DisksOp } from '../contract.js';

/** Disk finding of the wasm core. */
export const disksOp = ({ core }: WasmHost): DisksOp => ({
  supports: () => true,
  plan: async (descriptor) => planDisks(core, descriptor),
});

/** Bytes of frames in the heap at a time; and at least this many frames, so that no lane of a vector is idle. */
const heapBytes = 2 ** 20;
const minFrames = 8;

function planDisks(core: Core, { fields, pattern, frameBytes, pixels, peaks }: DisksDescriptor): DisksKernel {
  const most = Math.max(minFrames, Math.floor(heapBytes / frameBytes));
  return planStaged(core, (staging) => {
    const [frames, expected] = [staging.place(most * frameBytes), staging.place(most * peaks * 8)];
    const [centers, refineds] = [staging.place(most * peaks * 8), staging.place(most * peaks * 8)];
    const [heights, elevations] = [staging.place(most * peaks * 4), staging.place(most * peaks * 4)];
    const disks = staging.create('disks', fields, pattern);
    return {
      bytes: staging.bytes,
      async run({ frames: all, count: total, peaks: positions, each, found }) {
        if (!each) core.write(expected, positions);
        for (let first = 0; first < total; first += most) {
          const count = Math.min(most, total - first);
          const [low, high] = [first * peaks, (first + count) * peaks];
          core.write(frames, all.subarray(first * pixels, (first + count) * pixels));
          if (each) core.write(expected, positions.subarray(2 * low, 2 * high));
          core.check(
            'ewald_disks_run',
            ...[disks, frames, count, expected, each ? 1 : 0, centers, refineds, heights, elevations],
          );
          core.read(centers, found.centers.subarray(2 * low, 2 * high));
          core.read(refineds, found.refineds.subarray(2 * low, 2 * high));
          core.read(heights, found.heights.subarray(low, high));
          core.read(elevations, found.elevations.subarray(low, high));
        }
      },
      dispose: async () => staging.release(),
    };
  });
}
