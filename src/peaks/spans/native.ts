/** Sums over stretches of rows on this thread: they take less time than handing them to another one. */
import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import type { SpansOp } from './contract.js';

interface SpansAddon {
  spansSum(
    params: Uint8Array,
    frame: ArrayBufferView,
    spans: Uint8Array,
    range: Float64Array,
    limits: Float64Array,
    saturation: Float32Array | null,
    sums: BigInt64Array,
  ): void;
}

export const spansOp = ({ addon }: NativeHost): SpansOp => ({
  supports: () => true,
  plan: async ({ params, spans, range, limits, saturation = null }) => ({
    sum(frame, sums) {
      try {
        (addon as SpansAddon).spansSum(params, frame, spans, range, limits, saturation, sums);
      } catch (error) {
        throw addonError(error);
      }
    },
    dispose: async () => undefined,
  }),
});
