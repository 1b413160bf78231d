/** Indexing on wasm: a batch is copied into the heap, indexed image by image, and copied out; see cpp/indexing. */

import type { Core } from '../../compute/backends/wasm/heap.js';
import type { WasmHost } from '../../compute/backends/wasm/host.js';
import { Staging } from '../../compute/backends/wasm/staging.js';
import { imageResult, indexedCell, indexerDescriptor, indexerParams } from '../../compute/layout/indexing.js';
import { pack, structBytes } from '../../compute/layout/struct.js';
import type { IndexingBatch, IndexingDescriptor, IndexingKernel, IndexingOp } from '../contract.js';
import { planInWorkers } from './wasm-workers.js';

/** The indexing feature of the wasm core. */
export const indexingOp = ({ core, module, startWorker, hold }: WasmHost): IndexingOp => ({
  supports: () => true,
  async plan(descriptor) {
    const threads = Math.min(descriptor.fields.threads ?? 0, descriptor.batch);
    // Stages are read from one heap, so with `debug` there are no workers.
    if (threads < 2 || descriptor.fields.debug) return planIndexing(core, descriptor);
    const kernel = await planInWorkers(threads, module, startWorker, descriptor);
    hold(kernel.bytes);
    return {
      ...kernel,
      async dispose() {
        await kernel.dispose();
        hold(-kernel.bytes);
      },
    };
  },
});

/** Plans an indexer and the staging memory of one batch. */
export function planIndexing(core: Core, descriptor: IndexingDescriptor): IndexingKernel {
  const { batch, maxBatchSpots, maxInputCells, maxOutputCells } = descriptor;
  const before = core.liveBytes;
  const staging = new Staging(core);
  let handle = 0;
  try {
    const fields = staging.place(structBytes(indexerDescriptor));
    const out = staging.place(4);
    core.write(fields, pack(indexerDescriptor, descriptor.fields));
    const params = staging.place(structBytes(indexerParams));
    const spots = staging.place(maxBatchSpots * 12);
    const offsets = staging.place((batch + 1) * 4);
    const cells = staging.place(maxInputCells * 36);
    const found = staging.place(batch * maxOutputCells * structBytes(indexedCell));
    const results = staging.place(batch * structBytes(imageResult));
    const assignment = staging.place(maxBatchSpots);
    core.check('ewald_indexer_create', fields, out);
    const word = new Uint32Array(1);
    core.read(out, word);
    handle = word[0] ?? 0;
    const call = (name: 'ewald_indexer_run' | 'ewald_indexer_name', batch: IndexingBatch): void => {
      core.write(params, batch.params);
      core.write(spots, batch.spots);
      core.write(offsets, batch.offsets);
      core.write(cells, batch.cells);
      const sizes = [handle, params, spots, offsets, batch.images, cells, batch.cellCount] as const;
      core.check(name, ...sizes, found, results, assignment);
      core.read(found, batch.found);
      core.read(results, batch.results);
      core.read(assignment, batch.assignment);
    };
    return {
      bytes: core.liveBytes - before,
      run: async (batch) => call('ewald_indexer_run', batch),
      async name(batch) {
        core.write(found, batch.found);
        core.write(results, batch.results);
        core.write(assignment, batch.assignment);
        call('ewald_indexer_name', batch);
      },
      async stage(stage) {
        core.check('ewald_indexer_stage', handle, stage, 0, 0, out);
        core.read(out, word);
        const records = new Uint8Array(word[0] ?? 0);
        const place = core.alloc(records.length);
        try {
          core.check('ewald_indexer_stage', handle, stage, place, records.length, out);
          core.read(place, records);
        } finally {
          core.free(place);
        }
        return records;
      },
      async dispose() {
        core.call('ewald_indexer_destroy', handle);
        staging.release();
      },
    };
  } catch (error) {
    staging.release();
    throw error;
  }
}
