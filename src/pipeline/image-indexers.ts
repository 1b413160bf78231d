/** The indexers of a process: its searchers share them, and a GPU receives the images of all of them in batches. */

import type { BackendName } from '../compute/backends/names.js';
import { Gathered } from '../compute/planner/gathered.js';
import type { Indexer, IndexingInput } from '../indexing/indexer.js';
import type { ImageView } from '../indexing/result.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import type { Disposable } from '../util/resource.js';

/** One image, with everything else that an indexer's run takes. */
export type ImageInput = Omit<IndexingInput, 'offsets' | 'spots'> & { readonly spots: Float32Array };

/** Whether an image may wait for others to share its batch, and until when. */
export type ImageWait = { readonly mayWait?: boolean; readonly signal?: PlatformSignal | undefined };

/** Indexes single images. */
export interface ImageIndexer extends Disposable {
  readonly backend: BackendName;
  /** Images of a batch; 1 where each is indexed alone. */
  readonly batch: number;
  image(input: ImageInput, wait?: ImageWait): Promise<ImageView>;
}

/** Images of a batch, and how long the first one waits for the others. */
const limits = { pieces: 64, waitMs: 2 } as const;
/** The same for images that the first effort did not settle: they take longer anyway, and there are fewer. */
const laterLimits = { pieces: 64, waitMs: 10 } as const;
/** Spots of a batch; an image with more needs a larger plan. */
export const gpuBatchSpots = limits.pieces * 1024;

/** Plans an indexer for a batch with this many spots in all; `efforts`: see `IndexerOptions`. */
export type PlanIndexer = (batch: number, spots: number, efforts?: number) => Promise<Indexer>;

/**
 * Plans an indexer of images: for batches if there is a GPU on which they pay and that has memory, else for one, as
 * cores do.
 *
 * In batches, an image gets a single effort first. An image of noise takes some 27 times as long as a good one, and its
 * batch as long as it does; so what is unsettled then is searched again, in a batch with others of its kind.
 */
export async function planImages(plan: PlanIndexer, spots: number, hasGpu: boolean, lattices: number) {
  if (!hasGpu) return singly(await plan(1, spots));
  const size = Math.max(gpuBatchSpots, spots);
  const several = await plannedIfRoom(() => plan(limits.pieces, size));
  if (several && !['native', 'wasm'].includes(several.backend)) {
    const isOneEffort = several.method !== 'exhaustive' && lattices === 1;
    const first = isOneEffort ? await plannedIfRoom(() => plan(limits.pieces, size, 1)) : undefined;
    return inBatches(several, first, size);
  }
  await several?.dispose();
  return singly(await plan(1, spots));
}

/** A plan, or undefined if the device has no memory for it. */
const plannedIfRoom = (plan: () => Promise<Indexer>): Promise<Indexer | undefined> =>
  plan().catch((error: unknown) => {
    if (error instanceof EwaldError && ['OutOfMemory', 'Limit', 'Unsupported'].includes(error.tag)) return undefined;
    throw error;
  });

/** Indexes each image alone. */
export const singly = (indexer: Indexer): ImageIndexer => ({
  backend: indexer.backend,
  batch: 1,
  image: async (input) => (await indexer.run(input)).image(0),
  dispose: () => indexer.dispose(),
});

/** Images that wait to be indexed together. */
function gather(indexer: Indexer, size: number, { pieces, waitMs }: typeof limits | typeof laterLimits) {
  return new Gathered<ImageInput, ImageView>({ pieces, waitMs, size }, async (inputs) => {
    const offsets = new Uint32Array(inputs.length + 1);
    for (const [i, { spots }] of inputs.entries()) offsets[i + 1] = (offsets[i] as number) + spots.length / 3;
    const spots = new Float32Array(3 * (offsets[inputs.length] as number));
    for (const [i, input] of inputs.entries()) spots.set(input.spots, 3 * (offsets[i] as number));
    const result = await indexer.run({ ...(inputs[0] as ImageInput), spots, offsets });
    return inputs.map((_, i) => result.image(i));
  });
}

function inBatches(indexer: Indexer, first: Indexer | undefined, size: number): ImageIndexer {
  const all = gather(indexer, size, first ? laterLimits : limits);
  const light = first && gather(first, size, limits);
  return {
    backend: indexer.backend,
    batch: limits.pieces,
    async image({ spots, ...others }, { mayWait = false, signal } = {}) {
      const options = { size: spots.length / 3, key: JSON.stringify(others), mayWait, signal };
      // The search for one more lattice ends with one that finds none, which a single effort never settles.
      const view = (others.maxCrystals ?? 1) > 1 ? undefined : await light?.add({ ...others, spots }, options);
      return view && !view.unsettled ? view : all.add({ ...others, spots }, options);
    },
    async dispose() {
      for (const each of [light, all, indexer, first]) await each?.dispose();
    },
  };
}
