/** Corrections on the CPU, off the main thread; see cpp/udf. */
import { planNative } from '../../compute/backends/addon-plan.js';
import type { NativeHost } from '../../compute/backends/native/host.js';
import type { CorrectionOp } from './contract.js';

/** The corrections of the native core. */
export const correctionOp = (host: NativeHost): CorrectionOp => ({
  supports: () => true,
  async plan({ fields, dark = null, gain = null, mask = null, limits }) {
    const plan = await planNative(host, 'correction', fields, dark, gain, mask, limits);
    return { ...plan, run: ({ frames, count, out }) => plan.run(frames, count, out) };
  },
});
