/** Indexing on the CPU: a batch is copied, indexed off the main thread by the threads of the core, and copied back. */

import type { NativeHost } from '../../compute/backends/native/host.js';
import { addonError } from '../../compute/backends/status.js';
import { imageResult, indexedCell, indexerDescriptor } from '../../compute/layout/indexing.js';
import { pack, structBytes } from '../../compute/layout/struct.js';
import { EwaldError } from '../../util/errors.js';
import type { IndexingBatch, IndexingDescriptor, IndexingKernel, IndexingOp } from '../contract.js';
import type { IndexingAddon } from './addon.js';

/** The addon's indexers; see cpp/addon. */
interface NativeIndexingAddon extends IndexingAddon {
  indexerCreate(descriptor: Uint8Array): object;
  indexerBytes(indexer: object): number;
  /** As `indexerRun`, for what a run elsewhere has found. */
  indexerName: IndexingAddon['indexerRun'];
}

/** The indexing feature of the native core. */
export const indexingOp = (host: NativeHost): IndexingOp => ({
  supports: () => true,
  plan: async (descriptor) => planIndexing(host, descriptor),
});

function planIndexing(host: NativeHost, descriptor: IndexingDescriptor): IndexingKernel {
  const { batch, maxBatchSpots, maxInputCells, maxOutputCells } = descriptor;
  const addon = host.addon as NativeIndexingAddon;
  // The run happens on another thread, so it works on arrays that nobody else can detach or modify.
  let staging: {
    spots: Float32Array;
    offsets: Uint32Array;
    cells: Float32Array;
    found: Uint8Array;
    results: Uint8Array;
    assignment: Uint8Array;
  };
  let indexer: object;
  try {
    staging = {
      spots: new Float32Array(maxBatchSpots * 3),
      offsets: new Uint32Array(batch + 1),
      cells: new Float32Array(maxInputCells * 9),
      found: new Uint8Array(batch * maxOutputCells * structBytes(indexedCell)),
      results: new Uint8Array(batch * structBytes(imageResult)),
      assignment: new Uint8Array(maxBatchSpots),
    };
    indexer = addon.indexerCreate(pack(indexerDescriptor, descriptor.fields));
  } catch (error) {
    if (error instanceof RangeError)
      throw new EwaldError(
        'OutOfMemory',
        `the staging memory of ${batch} images could not be ` + `allocated: ${error.message}`,
        {
          cause: error,
        },
      );
    throw addonError(error);
  }
  const coreBytes = addon.indexerBytes(indexer);
  const stagingBytes = Object.values(staging).reduce((sum, array) => sum + array.byteLength, 0);
  const bytes = coreBytes + stagingBytes;
  host.hold(bytes);
  const call = async (start: IndexingAddon['indexerRun'], b: IndexingBatch): Promise<void> => {
    staging.spots.set(b.spots);
    staging.offsets.set(b.offsets.subarray(0, b.images + 1));
    staging.cells.set(b.cells.subarray(0, b.cellCount * 9));
    const { spots, offsets, cells, found, results, assignment } = staging;
    try {
      await start(indexer, b.params, spots, offsets, b.images, cells, b.cellCount, found, results, assignment);
    } catch (error) {
      throw addonError(error);
    }
    b.found.set(found.subarray(0, b.found.length));
    b.results.set(results.subarray(0, b.results.length));
    b.assignment.set(assignment.subarray(0, b.assignment.length));
  };
  return {
    bytes,
    run: (batch) => call(addon.indexerRun, batch),
    async name(batch) {
      staging.found.set(batch.found);
      staging.results.set(batch.results);
      staging.assignment.set(batch.assignment);
      await call(addon.indexerName, batch);
    },
    async stage(stage) {
      try {
        return addon.indexerStage(indexer, stage);
      } catch (error) {
        throw addonError(error);
      }
    },
    dispose: async () => {
      addon.indexerDestroy(indexer);
      host.hold(-bytes);
    },
  };
}
