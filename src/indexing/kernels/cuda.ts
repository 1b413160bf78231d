/**
 * Indexing on CUDA: batches travel through page-locked memory of the addon to the card and back, off the main thread
 * and two at a time; see cuda/indexing.
 */

import type { CudaHost } from '../../compute/backends/cuda/host.js';
import { indexerDescriptor } from '../../compute/layout/indexing.js';
import { cudaCapacities } from '../../compute/layout/search.js';
import { pack } from '../../compute/layout/struct.js';
import type { IndexingDescriptor, IndexingKernel, IndexingOp } from '../contract.js';
import type { IndexingAddon } from './addon.js';

/** The spots of an image must fit the shared memory of one block. */
const maxSpotsOfBlock = cudaCapacities.maxBlockSpots.value;

/** The addon's indexers; see cuda/addon. */
interface CudaIndexingAddon extends IndexingAddon {
  indexerCreate(context: object, descriptor: Uint8Array, maxBatchSpots: number): Promise<object>;
  indexerBytes(indexer: object): { readonly device: number; readonly host: number; readonly lanes: number };
}

/** The indexing feature of a CUDA device. */
export const indexingOp = (host: CudaHost): IndexingOp => ({
  supports: supportsIndexing,
  plan: (descriptor) => planIndexing(host, descriptor),
});

/** Whether an indexer of these sizes fits. */
function supportsIndexing({ fields }: IndexingDescriptor): true | { readonly why: string } {
  const { maxSpots = 0 } = fields;
  if (maxSpots > maxSpotsOfBlock) {
    return {
      why:
        `maxSpots is ${maxSpots}; on CUDA it is at most ${maxSpotsOfBlock}, because an image's spots must fit the ` +
        '64 kB of shared memory of one block',
    };
  }
  return true;
}

/** Plans an indexer: all its memory, on the device and page-locked on the host. */
async function planIndexing(host: CudaHost, descriptor: IndexingDescriptor): Promise<IndexingKernel> {
  const addon = host.addon as CudaIndexingAddon;
  const indexer = await host.track(() =>
    addon.indexerCreate(host.context, pack(indexerDescriptor, descriptor.fields), descriptor.maxBatchSpots),
  );
  const bytes = addon.indexerBytes(indexer);
  host.holdHostBytes(bytes.host);
  return {
    bytes: bytes.device + bytes.host,
    atOnce: bytes.lanes,
    flagsNonFinite: true,
    leavesNames: true,
    run: (b) =>
      host.track(() =>
        addon.indexerRun(
          indexer,
          b.params,
          b.spots,
          b.offsets,
          b.images,
          b.cells,
          b.cellCount,
          b.found,
          b.results,
          b.assignment,
        ),
      ),
    stage: (stage) => host.track(async () => addon.indexerStage(indexer, stage)),
    async dispose() {
      addon.indexerDestroy(indexer);
      host.holdHostBytes(-bytes.host);
    },
  };
}
