/** Few spots of small cells on wasm: a batch is copied into the heap and out again; see cpp/indexing. */

import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { Staging } from '../../compute/backends/wasm/staging.js';
import type { FewKernel, FewOp } from '../few/contract.js';

/** The wasm core's search with few spots. */
export const fewOp = ({ core }: WasmHost): FewOp => ({
  supports: () => true,
  plan: async () => planFew(core),
});

function planFew(core: Core): FewKernel {
  const before = core.liveBytes;
  const out = core.alloc(4);
  let handle: number;
  try {
    core.check('ewald_few_create', 1, out);
    const word = new Uint32Array(1);
    core.read(out, word);
    handle = word[0] as number;
  } finally {
    core.free(out);
  }
  return {
    bytes: core.liveBytes - before,
    async run({ params, spots, offsets, wavelengths, images, cells, cellCount, found, results, assignment }) {
      const staging = new Staging(core);
      try {
        const placed = (array: Uint8Array | Float32Array | Uint32Array): number => {
          const place = staging.place(Math.max(4, array.byteLength));
          core.write(place, array);
          return place;
        };
        const given = [placed(params), placed(spots), placed(offsets), placed(wavelengths), images] as const;
        const known = [placed(cells), cellCount] as const;
        const outputs = [placed(found), placed(results), placed(assignment)] as const;
        core.check('ewald_few_run', handle, ...given, ...known, ...outputs);
        core.read(outputs[0], found);
        core.read(outputs[1], results);
        core.read(outputs[2], assignment);
      } finally {
        staging.release();
      }
    },
    async dispose() {
      core.call('ewald_few_destroy', handle);
    },
  };
}
