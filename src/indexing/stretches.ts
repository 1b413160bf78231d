/** A long batch in stretches, so that a signal is heard and progress is told between them. */
import { imageResult } from '../layout/layout.js';
import { sizeOf } from '../layout/struct.js';
import { breathe, checkSignal } from '../options.js';
import type { IndexingBatch, IndexingKernel } from './contract.js';
import type { IndexingInput } from './input.js';

/** Images between two looks at the signal: milliseconds on a CPU, enough to fill a card. */
const stretch = 256;

/** Runs a batch; whole where nobody watches it, or where the stages of its first image are wanted. */
export async function runWatched(
  kernel: IndexingKernel,
  batch: IndexingBatch,
  { signal, onProgress }: Pick<IndexingInput, 'signal' | 'onProgress'>,
  debug: boolean,
): Promise<void> {
  if (debug || batch.images <= stretch || !(signal || onProgress)) {
    await kernel.run(batch);
    onProgress?.(1);
    return;
  }
  for (let first = 0; first < batch.images; first += stretch) {
    checkSignal(signal);
    const last = Math.min(batch.images, first + stretch);
    await kernel.run(part(batch, first, last));
    onProgress?.(last / batch.images);
    await breathe();
  }
}

function part(batch: IndexingBatch, first: number, last: number): IndexingBatch {
  const { offsets, spots, found, results, assignment, images } = batch;
  const [begin, end] = [offsets[first] as number, offsets[last] as number];
  const rows = <T extends Uint8Array>(array: T, size: number): T => array.subarray(first * size, last * size) as T;
  return {
    ...batch,
    images: last - first,
    offsets: offsets.subarray(first, last + 1).map((offset) => offset - begin),
    spots: spots.subarray(3 * begin, 3 * end),
    found: rows(found, found.length / images),
    results: rows(results, sizeOf(imageResult)),
    assignment: assignment.subarray(begin, end),
  };
}
