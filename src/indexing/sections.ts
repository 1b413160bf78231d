/** Runs a long batch in sections, so that aborting and progress work in between. */

import { imageResult } from '../compute/layout/indexing.js';
import { structBytes } from '../compute/layout/struct.js';
import { checkSignal, yieldToEventLoop } from '../util/options.js';
import type { IndexingBatch, IndexingKernel } from './contract.js';
import type { IndexingInput } from './input.js';

/**
 * Number of images before the first check of the signal, and the largest number between two; target duration of a
 * section in milliseconds.
 */
const images = { first: 32, most: 4096 } as const;
const sectionMs = { least: 50, most: 200 } as const;

/**
 * Runs a batch; in one section if neither signal nor progress is used, or if the stages of its first image are
 * requested.
 */
export async function runWatched(
  kernel: Pick<IndexingKernel, 'run'>,
  batch: IndexingBatch,
  { signal, tell }: Pick<IndexingInput, 'signal'> & { readonly tell: ((share: number) => void) | undefined },
  debug: boolean,
): Promise<void> {
  if (debug || batch.images <= images.first || !(signal || tell)) {
    await kernel.run(batch);
    tell?.(1);
    return;
  }
  // An image takes from microseconds on a GPU to a tenth of a second by the exhaustive search on wasm.
  let section: number = images.first;
  for (let first = 0, last = 0; first < batch.images; first = last) {
    checkSignal(signal);
    last = Math.min(batch.images, first + section);
    const started = performance.now();
    await kernel.run(part(batch, first, last));
    const took = performance.now() - started;
    if (took < sectionMs.least) section = Math.min(images.most, 2 * section);
    else if (took > sectionMs.most) section = Math.max(1, section >> 1);
    tell?.(last / batch.images);
    await yieldToEventLoop();
  }
}

function part(batch: IndexingBatch, first: number, last: number): IndexingBatch {
  const { offsets, spots, found, results, assignment, images, few } = batch;
  const [begin, end] = [offsets[first] as number, offsets[last] as number];
  const rows = <T extends Uint8Array>(array: T, size: number): T => array.subarray(first * size, last * size) as T;
  return {
    ...batch,
    images: last - first,
    offsets: offsets.subarray(first, last + 1).map((offset) => offset - begin),
    spots: spots.subarray(3 * begin, 3 * end),
    found: rows(found, found.length / images),
    results: rows(results, structBytes(imageResult)),
    assignment: assignment.subarray(begin, end),
    few: few && { ...few, wavelengths: few.wavelengths.subarray(first, last) },
  };
}
