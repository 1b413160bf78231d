/** Batches in which some images are few spots of a small cell: each kind of image goes to its own search. */

import { imageResult, indexingEnums } from '../../compute/layout/indexing.js';
import { structBytes, wordOf } from '../../compute/layout/struct.js';
import type { IndexingBatch } from '../contract.js';
import type { FewKernel } from './contract.js';

const imageWords = structBytes(imageResult) / 4;
const flagsWord = wordOf(imageResult, 'flags');

/** Whether an image was indexed as few spots, by the results of its run. */
export function isOfFew(results: Uint8Array, image: number): boolean {
  const words = new Uint32Array(results.buffer, results.byteOffset, results.byteLength / 4);
  return ((words[image * imageWords + flagsWord] ?? 0) & indexingEnums.ImageFlag.few) !== 0;
}

/**
 * Works on the images of a batch that `isOut` leaves in, as a batch of their own; on the batch itself if that is all,
 * and not at all if there are none.
 */
export async function withOthers(
  batch: IndexingBatch,
  isOut: (image: number) => boolean,
  work: (rest: IndexingBatch) => Promise<void>,
): Promise<void> {
  const left: number[] = [];
  for (let i = 0; i < batch.images; i++) if (!isOut(i)) left.push(i);
  if (left.length === batch.images) return work(batch);
  if (left.length === 0) return;
  const { offsets, images } = batch;
  const rest = {
    ...batch,
    images: left.length,
    offsets: new Uint32Array(left.length + 1),
    few: undefined,
  };
  for (const [n, i] of left.entries())
    rest.offsets[n + 1] = (rest.offsets[n] as number) + (offsets[i + 1] as number) - (offsets[i] as number);
  const rows = { found: batch.found.length / images, results: batch.results.length / images };
  const spots = rest.offsets[left.length] as number;
  rest.spots = new Float32Array(3 * spots);
  rest.assignment = new Uint8Array(spots);
  rest.found = new Uint8Array(rows.found * left.length);
  rest.results = new Uint8Array(rows.results * left.length);
  // What an image has in the batch, and in that of its own.
  const each = (
    copy: (whole: Uint8Array | Float32Array, own: Uint8Array | Float32Array, at: BatchRange) => void,
  ): void => {
    for (const [n, i] of left.entries()) {
      const size = (offsets[i + 1] as number) - (offsets[i] as number);
      const [from, to] = [offsets[i] as number, rest.offsets[n] as number];
      copy(batch.spots, rest.spots, { from: 3 * from, to: 3 * to, size: 3 * size });
      copy(batch.assignment, rest.assignment, { from, to, size });
      for (const name of ['found', 'results'] as const)
        copy(batch[name], rest[name], { from: rows[name] * i, to: rows[name] * n, size: rows[name] });
    }
  };
  each((whole, own, { from, to, size }) => own.set(whole.subarray(from, from + size), to));
  await work(rest);
  each((whole, own, { from, to, size }) => {
    if (whole !== batch.spots) whole.set(own.subarray(to, to + size), from);
  });
}

interface BatchRange {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

/** Runs a batch: few spots by their own search, if there is one, and what is left by the other. */
export async function runBoth(
  batch: IndexingBatch,
  few: FewKernel | undefined,
  run: (rest: IndexingBatch) => Promise<void>,
): Promise<void> {
  const { few: images, ...all } = batch;
  if (!images || !few) return run(batch);
  await few.run({ ...all, ...images });
  await withOthers(batch, (i) => (images.wavelengths[i] as number) > 0, run);
}
