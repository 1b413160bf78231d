/**
 * Indexing on several wasm instances: each worker has a core and a heap of its own, and processes a slice of every
 * batch.
 */

import { imageResult, indexedCell } from '../../compute/layout/indexing.js';
import { structBytes } from '../../compute/layout/struct.js';
import { WorkerClient } from '../../compute/workers/client.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type {} from '../calls.js';
import type { IndexingBatch, IndexingDescriptor, IndexingKernel } from '../contract.js';

/** Boundaries of the slices of a batch: `parts + 1` image indices, with about the same number of images per slice. */
export function slices(images: number, parts: number): number[] {
  return Array.from({ length: parts + 1 }, (_, i) => Math.floor((images * i) / parts));
}

/** Plans an indexer in `threads` workers. */
export async function planInWorkers(
  threads: number,
  module: WebAssembly.Module,
  startWorker: () => WorkerPort,
  descriptor: IndexingDescriptor,
): Promise<IndexingKernel> {
  const workers = Array.from({ length: threads }, () => new WorkerClient(startWorker()));
  const end = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.end()));
  };
  // A slice has at most this many images, but possibly all spots of the batch.
  const batch = Math.ceil(descriptor.batch / threads);
  const share: IndexingDescriptor = { ...descriptor, batch, fields: { ...descriptor.fields, batch, threads: 1 } };
  let bytes: number[];
  try {
    bytes = await Promise.all(workers.map((worker) => worker.ask('kernel', { module, descriptor: share })));
  } catch (error) {
    await end();
    throw error;
  }
  return {
    bytes: bytes.reduce((sum, byte) => sum + byte, 0),
    async run(whole) {
      const bounds = slices(whole.images, threads);
      await Promise.all(
        workers.map((worker, i) =>
          runSlice(worker, whole, bounds[i] ?? 0, bounds[i + 1] ?? 0, descriptor.maxOutputCells),
        ),
      );
    },
    dispose: end,
  };
}

async function runSlice(
  worker: WorkerClient,
  whole: IndexingBatch,
  from: number,
  to: number,
  maxOutputCells: number,
): Promise<void> {
  if (from === to) return;
  const firstSpot = whole.offsets[from] ?? 0;
  const spots = whole.spots.slice(firstSpot * 3, (whole.offsets[to] ?? 0) * 3);
  const offsets = whole.offsets.slice(from, to + 1).map((offset) => offset - firstSpot);
  const { params, cells, cellCount } = whole;
  const { found, results, assignment } = await worker.ask(
    'batch',
    { params, spots, offsets, images: to - from, cells: cells.slice(), cellCount },
    [spots.buffer as ArrayBuffer, offsets.buffer as ArrayBuffer],
  );
  whole.found.set(found, from * maxOutputCells * structBytes(indexedCell));
  whole.results.set(results, from * structBytes(imageResult));
  whole.assignment.set(assignment, firstSpot);
}
