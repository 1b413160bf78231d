/** How a worker answers the calls of this room. */

import { Core } from '../compute/backends/wasm/heap.js';
import { imageResult, indexedCell } from '../compute/layout/indexing.js';
import { structBytes } from '../compute/layout/struct.js';
import type { ServedCalls } from '../compute/workers/messages.js';
import { EwaldError } from '../util/errors.js';
import type {} from './calls.js';
import type { IndexingDescriptor, IndexingKernel } from './contract.js';
import { planIndexing } from './kernels/wasm.js';
import type { IndexingMethods } from './room.js';

export function serveIndexing(context: () => Promise<IndexingMethods>): ServedCalls<'index' | 'kernel' | 'batch'> {
  let kernel: IndexingKernel | undefined;
  let sizes: IndexingDescriptor | undefined;
  return {
    calls: {
      async index(options) {
        const indexer = await (await context()).indexer(options.indexer);
        try {
          const { images, maxOutputCells, offsets, found, results, assignment } = await indexer.run(options.input);
          const arrays = [offsets, found, results, assignment];
          return [
            { images, maxOutputCells, offsets, found, results, assignment },
            arrays.map(({ buffer }) => buffer as ArrayBuffer),
          ];
        } finally {
          await indexer.dispose();
        }
      },
      async kernel({ module, descriptor }) {
        await kernel?.dispose();
        const core = await Core.instantiate(module);
        sizes = descriptor;
        kernel = planIndexing(core, descriptor);
        return [kernel.bytes];
      },
      async batch(slice) {
        if (!kernel || !sizes) throw new EwaldError('Internal', 'a batch came before its kernel');
        const found = new Uint8Array(slice.images * sizes.maxOutputCells * structBytes(indexedCell));
        const results = new Uint8Array(slice.images * structBytes(imageResult));
        const assignment = new Uint8Array(slice.offsets[slice.images] ?? 0);
        await kernel.run({ ...slice, found, results, assignment });
        return [{ found, results, assignment }, [found.buffer, results.buffer, assignment.buffer]];
      },
    },
    async close() {
      await kernel?.dispose();
      kernel = undefined;
    },
  };
}
