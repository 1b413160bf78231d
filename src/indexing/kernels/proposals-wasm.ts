/** Unknown cells on wasm: one call per image; see cpp/indexing. */

import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import type { ProposalsKernel, ProposalsOp } from '../proposals.js';

/** The wasm core's search for unknown cells. */
export const proposalsOp = ({ core }: WasmHost): ProposalsOp => ({
  supports: () => true,
  plan: async ({ capacity }) => planProposals(core, capacity),
});

function planProposals(core: Core, capacity: number): ProposalsKernel {
  const before = core.liveBytes;
  const cells = core.alloc(capacity * 36);
  const explained = core.alloc(capacity * 4);
  const count = core.alloc(4);
  return {
    bytes: core.liveBytes - before,
    async propose(spots, minLengthA, maxLengthA) {
      const place = core.alloc(Math.max(4, spots.byteLength));
      try {
        core.write(place, spots);
        const sizes = [spots.length / 3, minLengthA, maxLengthA, capacity] as const;
        core.check('ewald_cells_propose', place, ...sizes, cells, explained, count);
        const word = new Uint32Array(1);
        core.read(count, word);
        const [proposed = 0] = word;
        const found = { cells: new Float32Array(9 * proposed), explained: new Uint32Array(proposed) };
        core.read(cells, found.cells);
        core.read(explained, found.explained);
        return found;
      } finally {
        core.free(place);
      }
    },
    async dispose() {
      for (const address of [cells, explained, count]) core.free(address);
    },
  };
}
