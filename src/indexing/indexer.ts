/**
 * Indexing of stills with known cells: from the spots of many images to oriented lattices, with a verdict against
 * chance.
 *
 * Source: TORO (J. Appl. Cryst. 57 (2024), doi 10.1107/S1600576724003182) and the additions described in
 * cpp/indexing/README.md. It does not find peaks (its input is spots) and does not determine unknown cells.
 */

import type { BackendName } from '../compute/backends/names.js';
import { proposalRanges } from '../compute/layout/indexing.js';
import type { Planner } from '../compute/planner/planner.js';
import { observer, progressOf } from '../util/callbacks.js';
import { EwaldError, isEwaldError } from '../util/errors.js';
import { checkSignal } from '../util/options.js';
import { asyncDispose, type Disposable, type MaybeAsyncDisposable, Resource } from '../util/resource.js';
import { auditRequest, auditTask } from './audit.js';
import type { IndexingBatch, IndexingKernel } from './contract.js';
import { type CellSearchOptions, checkCellImages, type DeterminedCell, determineCell } from './determine-cell.js';
import type { FewKernel } from './few/contract.js';
import { isOfFew, runBoth, withOthers } from './few/images.js';
import { allFinite, checkInput, type IndexingInput, notFinite } from './input.js';
import { fewFeature, indexingFeature, namingFeature, proposalsFeature } from './kernels.js';
import { checkSizes, type IndexerOptions, type IndexingMethod, type Sizes } from './parameters.js';
import { cellsOfFew, isJudged, type PooledSetup, supported, tooFewText } from './pooled/determine.js';
import { fewestImages, imagesOfFew, mostImages } from './pooled/rule.js';
import { firstNonFinite, type IndexingResult } from './result.js';
import { runWatched } from './sections.js';
import { type IndexingStages, readStages } from './stages.js';
import { type StreamItem, type StreamOptions, type StreamResult, streamImages } from './stream.js';

export type { CellSearchEvent, CellSearchOptions, DeterminedCell } from './determine-cell.js';
export type { FewSpotParameters } from './few/parameter-types.js';
export type { IndexingInput } from './input.js';
export type { CentredCell, KnownCellsInput } from './known-cells.js';
export type { LatticeEvidence } from './lattice/choose-lattice.js';
export type { IndexerOptions, IndexingMethod, IndexingThresholds, Refinement } from './parameters.js';
export type { FewEvidence } from './pooled/rule.js';
export type { Crystal, FoundCell, ImageView } from './result.js';
export { IndexingResult } from './result.js';
export type { IndexingStages, PickedDirection, SearchedCell, StageVector } from './stages.js';
export type { StreamItem, StreamOptions, StreamResult } from './stream.js';

export interface IndexerMethods extends Disposable {
  readonly backend: BackendName;
  readonly method: IndexingMethod;
  /** Bytes that the plan holds on its backend, fixed at creation. */
  readonly bytes: number;
  /**
   * Indexes a batch; runs of one indexer start in order (on CUDA two of them overlap). Throws `Argument`, `Shape`,
   * `Limit`, `Aborted`, `Disposed`.
   */
  run(input: IndexingInput): Promise<IndexingResult>;
  /**
   * Determines an unknown cell from the spots of several stills ([spots, 3] each, 1/angstrom): candidates with their
   * Bravais lattices, best first; empty if no cell explains the images beyond chance. Throws `Argument`, `Aborted`,
   * `Disposed`.
   */
  determineCell(
    images: readonly (Float32Array | Float64Array | readonly number[])[],
    options?: CellSearchOptions,
  ): Promise<DeterminedCell[]>;
  /**
   * The intermediate results of each stage of the search for the first image of the latest run: of its first effort,
   * with its first known cell. Requires an indexer planned with `debug`. Throws `Argument` without it and before the
   * first run, `Disposed`.
   */
  stages(): Promise<IndexingStages>;
  /**
   * Indexes a stream of images in batches and yields each image with its result, in order by default.
   *
   * At most `inFlight` batches are held, so memory is bounded whatever the source's speed. Throws what `run` throws,
   * after the finished results.
   */
  stream<T extends StreamItem>(
    source: AsyncIterable<T> | Iterable<T>,
    options: StreamOptions,
  ): AsyncGenerator<StreamResult<T>, void, undefined>;
}
/** A planned indexer. */
export type Indexer = IndexerMethods & MaybeAsyncDisposable;

/** Plans an indexer on a context. */
export async function planIndexer(planner: Planner, options: IndexerOptions): Promise<Indexer> {
  const sizes = checkSizes(options);
  const { backend, kernel } =
    sizes.method === 'few' ? await planFewAlone(planner, sizes) : await planner.plan(indexingFeature, sizes);
  const auditor = backend.name === 'wasm' ? undefined : planner.auditor;
  const naming = new LaterKernel<IndexingKernel>();
  const namer = kernel.leavesNames ? new Namer(planner, sizes, naming) : undefined;
  const few = new LaterKernel<FewKernel>();
  const searcher = sizes.takesFew ? new FewSearcher(planner, sizes, few) : undefined;
  const resource = new Resource('indexer', planner.resource, disposedTogether(naming, few, kernel));
  // If the backend holds several batches, runs alternate between as many queues; those into the same result stay in
  // order.
  const { atOnce = 1, flagsNonFinite = false } = kernel;
  const queues =
    atOnce === 1
      ? [resource]
      : Array.from({ length: atOnce }, () => new Resource('indexer', resource, { dispose: () => {} }));
  const queueOf = new WeakMap<IndexingResult, Resource>();
  let turn = 0;
  let ran = false;
  // Whether the spots are finite is checked before the run, reported by the backend after it, or already known.
  const submit = async (input: IndexingInput, finite: 'before' | 'after' | 'known', takesFew = sizes.takesFew) => {
    resource.assertAlive();
    const batch = checkInput(sizes, input, finite === 'before', takesFew);
    const told = progressOf('indexer.run', input);
    const queue = queueOf.get(batch.result) ?? (queues[turn++ % queues.length] as Resource);
    queueOf.set(batch.result, queue);
    return queue.enqueue(async () => {
      checkSignal(input.signal);
      batch.begin();
      const drawn = auditor ? Array.from({ length: batch.images }, (_, i) => i).filter(() => auditor.draw()) : [];
      // Copied before the run, because the arrays belong to the caller.
      const checks = drawn.map((image) => ({ image, request: auditRequest(options, input, batch, image) }));
      try {
        const watch = { signal: input.signal, tell: input.onProgress && told };
        const all = batch.few && searcher ? { run: (part: IndexingBatch) => searcher.run(part, kernel) } : kernel;
        await runWatched(all, batch, watch, options.debug === true);
        await namer?.name(batch);
      } finally {
        // If a run failed because an array was detached, that is reported as the reason.
        batch.end();
      }
      ran = true;
      batch.result.keepFlat(batch.spots);
      // A number whose square overflows counts as non-finite there, but is not an error.
      if (finite === 'after' && firstNonFinite(batch.result) !== undefined && !allFinite(batch.spots))
        throw notFinite(batch.spots, batch.offsets);
      for (const { image, request } of checks)
        await auditor?.check(auditTask(backend.name, request, batch.result.image(image), batch.result.known));
      return batch.result;
    }, input.signal);
  };
  const indexer: IndexerMethods = {
    backend: backend.name,
    method: sizes.method,
    bytes: kernel.bytes,
    run: (input) => submit(input, flagsNonFinite ? 'after' : 'before'),
    stream(source, options) {
      resource.assertAlive();
      const until = resource.until.bind(resource);
      return streamImages(sizes, { run: (input) => submit(input, 'known'), flagsNonFinite, until }, source, options);
    },
    determineCell(images, search) {
      resource.assertAlive();
      // Candidates of a cell are compared with each other by one method.
      const run = (input: IndexingInput) => submit(input, flagsNonFinite ? 'after' : 'before', false);
      return findCell(planner, run, images, search);
    },
    async stages() {
      resource.assertAlive();
      if (!options.debug)
        throw new EwaldError('Argument', 'indexer: stages() requires an indexer planned with { debug: true }');
      return (queues[0] as Resource).enqueue(async () => {
        if (!ran) throw new EwaldError('Argument', 'indexer: stages() was called before a run; run() an image first');
        const read = kernel.stage;
        if (!read)
          throw new EwaldError('Unsupported', `the backend ${backend.name} does not keep the stages of indexing`);
        return readStages(read);
      });
    },
    dispose: () => resource.dispose(),
  };
  Object.defineProperty(indexer, asyncDispose, { value: () => resource.dispose() });
  return indexer as Indexer;
}

/** Plans the search with few spots as the only one. */
async function planFewAlone(planner: Planner, sizes: Sizes) {
  const { backend, kernel } = await planner.plan(fewFeature, { threads: sizes.fields.threads ?? 0 });
  const alone: IndexingKernel = {
    bytes: kernel.bytes,
    run: ({ few, ...batch }) =>
      runBoth({ ...batch, few }, kernel, async () => {
        throw new EwaldError('Internal', 'an image was not taken by the method few');
      }),
    dispose: () => kernel.dispose(),
  };
  return { backend, kernel: alone };
}

/**
 * The parts of an indexer as one. Made outside of `planIndexer`, whose scope has the planner: what a context holds for
 * its end must not lead back to it, or a forgotten context would never be collected.
 */
const disposedTogether = (...parts: readonly Disposable[]) => ({
  async dispose(): Promise<void> {
    for (const part of parts) await part.dispose();
  },
});

/** A kernel that is planned when the first image asks for it. */
class LaterKernel<Kernel extends Disposable> {
  planned: Promise<Kernel | undefined> | undefined;
  /** Runs of a GPU overlap; those of this kernel must not. */
  last: Promise<unknown> = Promise.resolve();

  /** The kernel; undefined in a context of a GPU alone. */
  plan(start: () => Promise<{ readonly kernel: Kernel }>): Promise<Kernel | undefined> {
    this.planned ??= start().then(
      ({ kernel }) => kernel,
      (error: unknown) => {
        if (isEwaldError(error, 'Unsupported')) return undefined;
        throw error;
      },
    );
    return this.planned;
  }

  /** Does something with the kernel when its earlier works have ended. */
  async inTurn(work: () => Promise<void> | undefined): Promise<void> {
    const run = this.last.then(work);
    this.last = run.catch(() => {});
    await run;
  }

  async dispose(): Promise<void> {
    await this.last;
    await (await this.planned)?.dispose();
  }
}

/** Indexes the images of a batch that are few spots of a small cell, on the CPU, and leaves the others to a kernel. */
class FewSearcher {
  readonly #planner: Planner;
  readonly #threads: number;
  readonly #kernel: LaterKernel<FewKernel>;

  constructor(planner: Planner, { fields }: Sizes, kernel: LaterKernel<FewKernel>) {
    this.#planner = planner;
    this.#threads = fields.threads ?? 0;
    this.#kernel = kernel;
  }

  async run(batch: IndexingBatch, others: IndexingKernel): Promise<void> {
    // A context of a GPU alone: its search takes them as any other images.
    const few = await this.#kernel.plan(() => this.#planner.plan(fewFeature, { threads: this.#threads }));
    await this.#kernel.inTurn(() => runBoth(batch, few, (rest) => others.run(rest)));
  }
}

/** Names the axes of the lattices that a GPU has found, on the CPU. */
class Namer {
  readonly #planner: Planner;
  readonly #sizes: Sizes;
  readonly #kernel: LaterKernel<IndexingKernel>;

  constructor(planner: Planner, sizes: Sizes, kernel: LaterKernel<IndexingKernel>) {
    this.#planner = planner;
    this.#kernel = kernel;
    // One thread: names take a hundredth of a search.
    this.#sizes = { ...sizes, fields: { ...sizes.fields, threads: 1 } };
  }

  async name(batch: IndexingBatch & { readonly result: IndexingResult }): Promise<void> {
    if (!batch.result.known?.hasLabels) return;
    // A context of a GPU alone: the names remain open.
    const kernel = await this.#kernel.plan(() => this.#planner.plan(namingFeature, this.#sizes));
    if (!kernel) return batch.result.leaveNames(batch.result.known);
    await this.#kernel.inTurn(() =>
      withOthers(
        batch,
        (i) => isOfFew(batch.results, i),
        async (rest) => kernel.name?.(rest),
      ),
    );
  }
}

/** Determines a cell with a search planned for this purpose only. */
async function findCell(
  planner: Planner,
  run: Indexer['run'],
  images: Parameters<Indexer['determineCell']>[0],
  search: CellSearchOptions = {},
): Promise<DeterminedCell[]> {
  const { symmetryTolerance: tolerance } = checkCellImages(images, search);
  const usual = (options: CellSearchOptions) => usualCells(planner, run, images, options);
  const few = imagesOfFew(images, search);
  if (!few) return usual(search);
  const tell = progressOf('determineCell', search);
  const event = observer('determineCell', search, 'onEvent');
  const warn = (text: string): void => event({ kind: 'warning', text });
  const judge = await planJudge(planner, few.images);
  if (!judge) return usual(search);
  try {
    const refusals: string[] = [];
    const setup: PooledSetup = {
      ...few,
      run: (input) => judge.run(input),
      options: search,
      tolerance,
      watch: { signal: search.signal, tell: (done) => tell(0.7 * done) },
      warn: (text) => refusals.push(text),
    };
    const isPooled = few.images.length >= fewestImages;
    let cells = isPooled ? await cellsOfFew(setup) : undefined;
    if (!cells) {
      const others = await usual({ ...search, onProgress: ({ done }) => tell(0.7 + 0.2 * done) });
      const best = others[0];
      if (best && !isJudged(best.cell)) return others;
      if (!isPooled) refusals.push(tooFewText(few.images));
      cells =
        best &&
        (await supported(
          setup,
          others.map(({ cell }) => cell),
        ));
      if (cells) refusals.length = 0;
    }
    for (const text of refusals) warn(text);
    tell(1);
    return cells ?? [];
  } finally {
    await judge.dispose();
  }
}

/** An indexer of few spots for images; undefined in a context of a GPU alone. */
async function planJudge(planner: Planner, images: readonly ArrayLike<number>[]): Promise<Indexer | undefined> {
  try {
    return await planIndexer(planner, {
      method: 'few',
      batch: Math.min(images.length, mostImages),
      maxOutputCells: 16,
    });
  } catch (error) {
    if (isEwaldError(error, 'Unsupported')) return undefined;
    throw error;
  }
}

async function usualCells(
  planner: Planner,
  run: Indexer['run'],
  images: Parameters<Indexer['determineCell']>[0],
  search: CellSearchOptions,
): Promise<DeterminedCell[]> {
  const { kernel, backend } = await planner.plan(proposalsFeature, { capacity: proposalRanges.proposals.fallback });
  try {
    // On native, several images are searched concurrently, each on a thread.
    return await determineCell(
      { run, propose: kernel.propose, atOnce: backend.name === 'wasm' ? 1 : 4 },
      images,
      search,
    );
  } finally {
    await kernel.dispose();
  }
}
