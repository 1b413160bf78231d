/** Unknown cells on the CPU: one call per image, off the main thread; see cpp/indexing. */

import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import type { ProposalsOp } from '../proposals.js';

/** The addon's search for unknown cells; see cpp/addon. */
interface ProposalsAddon {
  cellsPropose(
    spots: Float32Array,
    count: number,
    minLengthA: number,
    maxLengthA: number,
    capacity: number,
    cells: Float32Array,
    explained: Uint32Array,
  ): Promise<number>;
}

/** The native core's search for unknown cells. */
export function proposalsOp({ addon }: NativeHost): ProposalsOp {
  const { cellsPropose } = addon as ProposalsAddon;
  return {
    supports: () => true,
    plan: async ({ capacity }) => ({
      bytes: 0,
      async propose(spots, minLengthA, maxLengthA) {
        const [cells, explained] = [new Float32Array(9 * capacity), new Uint32Array(capacity)];
        try {
          const sizes = [spots.length / 3, minLengthA, maxLengthA, capacity] as const;
          const count = await cellsPropose(spots, ...sizes, cells, explained);
          return { cells: cells.subarray(0, 9 * count), explained: explained.subarray(0, count) };
        } catch (error) {
          throw addonError(error);
        }
      },
      dispose: async () => {},
    }),
  };
}
