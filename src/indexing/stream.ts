/**
 * Indexing of a stream of images: batches are filled, computed and returned with bounded memory, whatever the source's
 * speed.
 */

import { streamRanges } from '../compute/layout/indexing.js';
import { checkedOptions, row } from '../options/call-options.js';
import { abortable, closeIterator, iteratorOf } from '../util/aborted.js';
import { isLost, lengthOf } from '../util/buffers.js';
import { observer, type Progress } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal, inspect } from '../util/options.js';
import { allFinite, type IndexingInput } from './input.js';
import { type IndexingThresholds, type Sizes, thresholdNames } from './parameters.js';
import { firstNonFinite, type ImageView, type IndexingResult } from './result.js';

/** One image of a stream; any additional members are returned with its result. */
export interface StreamItem {
  /** [spots, 3] reciprocal vectors, 1/angstrom, as in `IndexingInput`. */
  readonly spots: Float32Array | Float64Array | readonly number[];
}

/** Options of indexing a stream. */
export interface StreamOptions extends IndexingThresholds {
  /** Known cells of every image, as in `IndexingInput`. */
  readonly cells: IndexingInput['cells'];
  /** Results in the order of the source (default), or each batch as soon as it is ready. */
  readonly ordered?: boolean | undefined;
  /** Seconds that a batch waits for further images before it is submitted incomplete, 0 … 60, default 0.02. */
  readonly maxDelayS?: number | undefined;
  /** Aborts the stream with `Aborted`, including batches in flight; finished results are yielded first. */
  readonly signal?: PlatformSignal | undefined;
  /** Called after each batch; `done` counts indexed images, whose total is not known. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** An image of the stream with its result. */
export interface StreamResult<T extends StreamItem> {
  readonly item: T;
  readonly image: ImageView;
}

/** What a stream requires of the indexer. */
interface StreamRunner {
  /** Runs without checking for finite numbers, which the stream does, or leaves to the backend. */
  run(input: IndexingInput): Promise<IndexingResult>;
  readonly flagsNonFinite: boolean;
  /** The signal, which also fires when the indexer is disposed. */
  until(signal: PlatformSignal | undefined): PlatformSignal;
}
type Source<T> = AsyncIterable<T> | Iterable<T>;

/** A batch in flight: settles once, never rejects. */
interface Flight<T> {
  readonly items: readonly T[];
  done: boolean;
  outcome: Promise<{ result: IndexingResult } | { error: unknown }>;
}

/** The batches that are computed at the same time. */
class Flights<T extends StreamItem> {
  readonly #run: StreamRunner['run'];
  readonly #maxSpots: number;
  readonly #common: Omit<IndexingInput, 'spots' | 'offsets'>;
  readonly #done: (images: number) => void;
  readonly #flights: Flight<T>[] = [];

  /** `common` is the input of every batch besides its images, `done` is called with the number of those indexed. */
  constructor(
    run: StreamRunner['run'],
    maxSpots: number,
    common: Omit<IndexingInput, 'spots' | 'offsets'>,
    done: (images: number) => void,
  ) {
    this.#run = run;
    this.#maxSpots = maxSpots;
    this.#common = common;
    this.#done = done;
  }

  get count(): number {
    return this.#flights.length;
  }

  launch(items: readonly T[]): void {
    // Arrays may have been detached while the image waited for its batch.
    for (const item of items) {
      const wrong = checkItem(item, this.#maxSpots);
      if (wrong) throw wrong;
    }
    const offsets = new Uint32Array(items.length + 1);
    items.forEach(({ spots }, i) => {
      offsets[i + 1] = (offsets[i] ?? 0) + spotCount(spots) / 3;
    });
    const spots = new Float32Array((offsets[items.length] ?? 0) * 3);
    items.forEach((item, i) => {
      if (spotCount(item.spots) > 0) spots.set(item.spots, (offsets[i] ?? 0) * 3);
    });
    const flight: Flight<T> = { items, done: false, outcome: Promise.resolve({ error: undefined }) };
    flight.outcome = this.#run({ ...this.#common, spots, offsets })
      .then((result) => {
        this.#done(items.length);
        return { result };
      })
      .catch((error: unknown) => ({ error }))
      .finally(() => {
        flight.done = true;
      });
    this.#flights.push(flight);
  }

  /** The flight whose results come next: the oldest, or any that is ready. */
  async land(ordered: boolean): Promise<Flight<T>> {
    if (!ordered) await Promise.race(this.#flights.map(({ outcome }) => outcome));
    const index = ordered ? 0 : this.#flights.findIndex(({ done }) => done);
    return this.#flights.splice(Math.max(0, index), 1)[0] as Flight<T>;
  }

  /** Resolves when nothing is computed any more. */
  async end(): Promise<void> {
    await Promise.all(this.#flights.map(({ outcome }) => outcome));
  }
}

const rows = {
  ...row.others('cells', 'onProgress', ...thresholdNames),
  ordered: row.on,
  maxDelayS: { kind: 'number', range: streamRanges.maxDelayS },
  signal: row.signal,
} as const;

/** Indexes a stream. */
export async function* streamImages<T extends StreamItem>(
  sizes: Sizes,
  { run, flagsNonFinite, until }: StreamRunner,
  source: Source<T>,
  options: StreamOptions,
): AsyncGenerator<StreamResult<T>, void, undefined> {
  const { ordered, maxDelayS } = checkedOptions('indexer.stream', options, rows);
  const { ordered: _, maxDelayS: __, signal: own, onProgress: ___, ...rest } = options;
  checkSignal(own);
  const signal = until(own);
  const tell = observer('indexer.stream', options, 'onProgress');
  const batches = new Batches(source, sizes.batch, sizes.maxBatchSpots, 1000 * maxDelayS, !flagsNonFinite);
  let indexed = 0;
  const common = { ...rest, ...(own ? { signal: own } : {}) };
  const flights = new Flights<T>(run, sizes.maxBatchSpots, common, (images) => {
    indexed += images;
    tell({ done: indexed, total: undefined });
  });
  let failure: { error: unknown } | undefined;
  try {
    for (let open = true; open || flights.count > 0; ) {
      while (open && !failure && flights.count < sizes.inFlight) {
        try {
          checkSignal(signal);
          const items = await batches.next(signal);
          if (items) flights.launch(items);
          else open = false;
        } catch (error) {
          failure = { error };
        }
      }
      if (failure) open = false;
      if (flights.count === 0) break;
      const flight = await flights.land(ordered);
      const outcome = await flight.outcome;
      // Finished results are delivered first; only the first failure is reported.
      if ('error' in outcome) failure ??= outcome;
      else {
        const wrong = yield* resultsOf(flight.items, outcome.result, flagsNonFinite);
        if (wrong) failure ??= { error: wrong };
      }
    }
    if (failure) throw failure.error;
  } finally {
    await batches.end();
    await flights.end();
  }
}

/** The images of a batch up to the first with a number that is not finite; returns the error for that one. */
function* resultsOf<T extends StreamItem>(
  items: readonly T[],
  result: IndexingResult,
  flagsNonFinite: boolean,
): Generator<StreamResult<T>, EwaldError | undefined, undefined> {
  let odd = flagsNonFinite ? firstNonFinite(result) : undefined;
  for (const [i, item] of items.entries()) {
    if (i === odd) {
      const wrong = checkNumbers(item);
      if (wrong) return wrong;
      odd = firstNonFinite(result, i + 1);
    }
    yield { item, image: result.image(i) };
  }
  return undefined;
}

const spotCount = (spots: StreamItem['spots']): number =>
  ArrayBuffer.isView(spots) ? lengthOf(spots as Float32Array) : spots.length;

/** The error for an invalid image of the stream, checked individually so that it does not affect others. */
function checkItem(item: StreamItem, maxSpots: number): EwaldError | undefined {
  const spots = (item as StreamItem | null | undefined)?.spots;
  if (!(spots instanceof Float32Array || spots instanceof Float64Array || Array.isArray(spots)))
    return new EwaldError(
      'Shape',
      `an image of the stream has ${inspect(spots)} for spots; expected a Float32Array, a Float64Array or an ` +
        'array of numbers',
    );
  // Detached arrays must not be read.
  if (ArrayBuffer.isView(spots) && isLost(spots as Float32Array))
    return new EwaldError(
      'Shape',
      'the spots of an image of the stream were detached or shrunk; keep them until its result is returned',
    );
  const count = spotCount(spots);
  if (count === 0) return undefined;
  if (count % 3 !== 0)
    return new EwaldError('Shape', `an image of the stream has ${count} numbers; expected three per spot (x y z)`);
  if (count / 3 > maxSpots) {
    return new EwaldError(
      'Limit',
      `an image of the stream has ${count / 3} spots, but the indexer was made for ${maxSpots} per batch; ` +
        'raise maxBatchSpots',
    );
  }
  return undefined;
}

/** The error for non-finite numbers of an image. */
function checkNumbers({ spots }: StreamItem): EwaldError | undefined {
  if (spotCount(spots) === 0 || allFinite(spots)) return undefined;
  const bad = spots.findIndex((x) => !Number.isFinite(x));
  return new EwaldError(
    'Argument',
    `an image of the stream holds ${spots[bad]} in spot ${Math.floor(bad / 3)}; ` +
      'spots must be finite numbers of 1/angstrom',
  );
}

/** Splits a source into batches: full ones while it is fast, smaller ones if it is slow. */
class Batches<T extends StreamItem> {
  readonly #iterator: AsyncIterator<T> | Iterator<T>;
  readonly #size: number;
  readonly #maxSpots: number;
  readonly #delay: number;
  readonly #scan: boolean;
  #pending: IteratorResult<T> | Promise<IteratorResult<T>> | undefined;
  #ended = false;

  constructor(source: Source<T>, size: number, maxSpots: number, delay: number, scan: boolean) {
    const iterator = ArrayBuffer.isView(source) ? undefined : iteratorOf(source);
    if (!iterator)
      throw new EwaldError('Argument', `indexer.stream was given ${inspect(source)}; expected an iterable of images`);
    this.#iterator = iterator;
    this.#size = size;
    this.#maxSpots = maxSpots;
    this.#delay = delay;
    this.#scan = scan;
  }

  /** The next batch; undefined at the end. */
  async next(signal: PlatformSignal): Promise<T[] | undefined> {
    const items: T[] = [];
    let spots = 0;
    let deadline = Number.POSITIVE_INFINITY;
    while (!this.#ended && items.length < this.#size) {
      this.#pending ??= this.#ask();
      let next: IteratorResult<T> | 'late';
      try {
        // A synchronous iterator has its item at once, without a promise or timer for each.
        next =
          'then' in this.#pending
            ? await orTimeout(this.#pending, deadline - performance.now(), signal)
            : this.#pending;
      } catch (error) {
        // An error of the source stays pending: earlier images go first.
        if (items.length > 0 && !signal.aborted) break;
        throw error;
      }
      if (next === 'late') break;
      if (next.done) {
        this.#ended = true;
        break;
      }
      const wrong = checkItem(next.value, this.#maxSpots) ?? (this.#scan ? checkNumbers(next.value) : undefined);
      if (wrong) {
        // Earlier images go first; the error is reported when its turn comes.
        if (items.length > 0) break;
        throw wrong;
      }
      const count = spotCount(next.value.spots) / 3;
      // It does not fit any more: it stays pending and starts the next batch.
      if (spots + count > this.#maxSpots) break;
      this.#pending = undefined;
      spots += count;
      items.push(next.value);
      deadline = Math.min(deadline, performance.now() + this.#delay);
    }
    return items.length > 0 ? items : undefined;
  }

  /** Asks the source for its next item; a source that throws at once is one that rejects. */
  #ask(): IteratorResult<T> | Promise<IteratorResult<T>> {
    try {
      return this.#iterator.next();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Tells the source that no more items are needed. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await closeIterator(this.#iterator);
  }
}

/** A promise, or `late` after `ms`; an aborted signal rejects at once. */
async function orTimeout<T>(promise: Promise<T>, ms: number, signal: PlatformSignal): Promise<T | 'late'> {
  if (ms <= 0) {
    // A result that is already available is still taken.
    return Promise.race([
      promise,
      Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => 'late' as const),
    ]);
  }
  if (!Number.isFinite(ms)) return abortable(promise, signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  try {
    return await abortable(Promise.race([promise, late]), signal);
  } finally {
    clearTimeout(timer);
  }
}
