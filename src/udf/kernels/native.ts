/** Passes over frames on the CPU, off the main thread; see cpp/udf. */

import { planNative, tagged } from '../../compute/backends/addon-plan.js';
import type { NativeHost } from '../../compute/backends/native/host.js';
import type { UdfOp } from '../contract.js';

/** The functions by which a pass is run; see cpp/addon. */
interface UdfAddon {
  udfBegin(udf: object): void;
  udfRun(udf: object, frames: unknown, count: number, nav: Float64Array, columns: number): Promise<void>;
  udfEnd(udf: object, sig: Float64Array, planes: number): void;
  preferHugePages(memory: ArrayBufferView): number;
}

/** Bytes of results from which on they are worth a huge page each. */
const hugeBytes = 2 ** 22;

/** The udf feature of the native core. */
export const udfOp = (host: NativeHost): UdfOp => ({
  supports: () => true,
  async plan({ fields, steps, indices, weights, columns, planes }) {
    const addon = host.addon as UdfAddon;
    const plan = await planNative(host, 'udf', fields, steps, indices, weights);
    return {
      ...plan,
      takesArrays: false,
      takesPieces: true,
      run: ({ frames, count, nav, sig, continues }) =>
        tagged(async () => {
          if (!continues) addon.udfBegin(plan.object);
          await addon.udfRun(plan.object, frames, count, nav, columns);
          // The system clears fresh memory page by page, which takes longer than the sums of a few large frames.
          if (sig && sig.byteLength >= hugeBytes) addon.preferHugePages(sig);
          if (sig && planes > 0) addon.udfEnd(plan.object, sig, planes);
        }),
    };
  },
});
