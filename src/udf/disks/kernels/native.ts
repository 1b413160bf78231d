/** Disk finding on the CPU, off the main thread; see cpp/udf/disks.h. */
import { planNative } from '../../../compute/backends/addon-plan.js';
import type { NativeHost } from '../../../compute/backends/native/host.js';
import type { DisksOp } from '../contract.js';

/** Disk finding of the native core. */
export const disksOp = (host: NativeHost): DisksOp => ({
  supports: () => true,
  async plan({ fields, pattern }) {
    const plan = await planNative(host, 'disks', fields, pattern);
    return {
      ...plan,
      run: ({ frames, count, peaks, each, found: { centers, refineds, heights, elevations } }) =>
        plan.run(frames, count, peaks, each ? 1 : 0, centers, refineds, heights, elevations),
    };
  },
});
