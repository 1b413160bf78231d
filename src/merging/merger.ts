/**
 * Converts streams of stills to structure factors: `Merger` collects observations as columns and merges them whenever
 * `run` is called.
 */

import type { ByteSource, ReadOptions } from '../bytes/byte-source.js';
import type { Planner } from '../compute/planner/planner.js';
import { checkedOptions, row } from '../options/call-options.js';
import { abortable, abortableItems } from '../util/aborted.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformBlob, PlatformUrl } from '../util/globals.js';
import { hash53 } from '../util/hash53.js';
import { joined } from '../util/joined.js';
import { checkSignal } from '../util/options.js';
import { Pace } from '../util/pace.js';
import { Collector } from './collection/collector.js';
import { ObservationColumns } from './collection/columns.js';
import { addCounts } from './collection/counts.js';
import { type MergeBytes, refuseHdf5, unpackedMergePieces } from './collection/pieces.js';
import { type ScannedHead, StreamScanner } from './collection/scan.js';
import { admissionOf, formatState, isState, parseState, stateBegin } from './collection/state.js';
import { type Identified, largestBlock } from './fit/accumulate.js';
import { type Merge, mergeOf } from './fit/merges.js';
import type { ForecastMemory } from './forecast/memory.js';
import { mergingFeature } from './kernels.js';
import { type CheckedMerge, checkMerge, type MergeOptions } from './options.js';
import type { MergeResult } from './result.js';
import { type Collected, type MergeRunOptions, runMerge } from './run.js';

/** An input of a merge, and its name in messages: a stream, or the state of a merger. */
export interface MergeInput {
  readonly name: string;
  /**
   * Bytes, a File or Blob, a source of `ewald/data`, or an iterable of pieces such as the stream of `createReadStream`.
   */
  readonly bytes: MergeBytes;
}

/** A file as an input: its path (Node), its address, the File or Blob itself, or its bytes. */
export type MergeFile = string | PlatformUrl | PlatformBlob | Uint8Array | ArrayBuffer;

/** Opens a file, which the caller closes. Throws `File`. */
export type OpenMergeFile = (file: MergeFile) => Promise<ByteSource>;

/** Takes the text of a stream in pieces. */
export interface MergeFeed {
  /** Adds a piece. Throws `Format` with the number of a line that cannot be read. */
  push(piece: Uint8Array): void;
  /** Ends the stream. Throws `Format`, and `Argument` for crystals that were added before. */
  end(): void;
}

/** Collects observations and merges them. */
export class Merger {
  readonly #planner: Planner;
  readonly #open: OpenMergeFile;
  readonly #checked: CheckedMerge;
  readonly #columns: ObservationColumns;
  readonly #collector: Collector;
  /** Keys of the crystals collected. */
  readonly #seen = new Set<number>();
  readonly #heads: { readonly name: string; readonly head: ScannedHead }[] = [];
  /** Streams that are still being written, by their names. */
  readonly #followed = new Map<string, StreamScanner>();
  /** Numbers of crystals at the ends of the inputs. */
  readonly #ends: number[] = [];
  /** The latest input that is being added. */
  #adding: Promise<unknown> = Promise.resolve();
  #memory: ForecastMemory | undefined;
  #isFollowing = false;

  /** Throws `Argument`. */
  constructor(planner: Planner, options: MergeOptions, open: OpenMergeFile) {
    this.#planner = planner;
    this.#open = open;
    this.#checked = checkMerge(options);
    const { pushRes, minSnr, polarisation } = this.#checked;
    // Intensities are not corrected yet if the polarisation will be measured from all of them.
    this.#columns = new ObservationColumns({
      pushRes,
      minSnr,
      polarisation: polarisation === 'auto' ? undefined : polarisation,
    });
    this.#collector = new Collector(this.#columns, this.#checked);
  }

  /** Number of crystals collected. */
  get crystals(): number {
    return this.#columns.crystals;
  }

  /** Number of observations collected. */
  get observations(): number {
    return this.#columns.count;
  }

  /** One fit of columns that came from another process; for task.ts. */
  static async fit(merger: Merger, data: Identified, selected: Uint8Array, radius: number): Promise<Merge> {
    const { kernel } = await merger.#planner.plan(mergingFeature, {
      unique: data.unique,
      ...largestBlock(data.observations),
    });
    try {
      return await mergeOf(kernel, data, selected, merger.#checked, radius, async () => {});
    } finally {
      await kernel.dispose();
    }
  }

  /**
   * Reads a stream or the state of another merger; a truncated last frame of a stream is skipped and counted. Inputs are read
   * one after another. Throws `Format`, `Argument` for a state that was collected with other options and for crystals that were
   * added before, `File`, and `Aborted` at its signal: nothing of that input is kept.
   */
  async addStream(input: MergeInput | MergeFile, options: ReadOptions = {}): Promise<void> {
    checkSignal(checkedOptions('merger.addStream', options, { signal: row.signal }).signal);
    const added = this.#adding.then(() => this.#addWhole(input, options));
    this.#adding = added.catch(() => {});
    return added;
  }

  /** Adds an input, or nothing of it if that fails. */
  async #addWhole(input: MergeInput | MergeFile, options: ReadOptions): Promise<void> {
    const [mark, counts, heads] = [this.#columns.mark(), { ...this.#collector.counts }, this.#heads.length];
    try {
      if (isMergeInput(input)) return await this.#add(input, options);
      const source = await abortable(this.#open(input), options.signal);
      try {
        await this.#add({ name: source.name, bytes: source }, options);
      } finally {
        await source.close();
      }
    } catch (error) {
      this.#columns.rewind(mark);
      Object.assign(this.#collector.counts, counts);
      this.#heads.length = heads;
      throw error;
    }
  }

  async #add({ name, bytes }: MergeInput, { signal }: ReadOptions): Promise<void> {
    const pace = new Pace(signal);
    const pieces = abortableItems(unpackedMergePieces(bytes, name), signal);
    let begin: Uint8Array = new Uint8Array(0);
    while (begin.length < stateBegin.length) {
      const { done, value } = await pieces.next();
      if (done) break;
      begin = joined(Uint8Array, [begin, value]);
    }
    refuseHdf5(begin, name);
    if (isState(begin)) {
      const all = [begin];
      for await (const piece of pieces) all.push(piece);
      this.#addState(joined(Uint8Array, all), name);
      return;
    }
    const feed = this.#feed(name);
    feed.push(begin);
    for await (const piece of pieces) {
      feed.push(piece);
      if (pace.due) await pace.rest();
    }
    feed.end();
  }

  /**
   * Returns what has been collected, as bytes that `addStream` of another merger reads. Shards whose states are added
   * in order are merged to the same bits as their streams.
   */
  toState(): Uint8Array {
    return formatState(this.#collected(), admissionOf(this.#checked));
  }

  #addState(bytes: Uint8Array, name: string): void {
    const { observations, heads, counts } = parseState(bytes, name, admissionOf(this.#checked));
    const before = this.#columns.crystals;
    this.#columns.append(observations);
    addCounts(this.#collector.counts, counts);
    this.#heads.push(...heads);
    this.#refuseRepeated(name, before);
  }

  #collected(): Collected {
    return {
      observations: this.#columns.view(),
      heads: [...this.#heads, ...[...this.#followed].map(([name, scanner]) => ({ name, head: scanner.head() }))],
      // As they are with these crystals: a run goes on while it is merged.
      counts: { ...this.#collector.counts },
      ends: [...this.#ends],
      ...(this.#memory && { memory: this.#memory }),
    };
  }

  /** Adds a stream that is still being written: its text is pushed piece by piece, and can be merged at any time. */
  follow(name: string): MergeFeed {
    this.#isFollowing = true;
    const scanner = new StreamScanner(this.#collector, name);
    this.#followed.set(name, scanner);
    return this.#feed(name, scanner);
  }

  #feed(name: string, scanner = new StreamScanner(this.#collector, name)): MergeFeed {
    const before = this.#columns.crystals;
    return {
      push: (piece) => scanner.push(piece),
      end: () => {
        const head = scanner.end();
        this.#followed.delete(name);
        this.#heads.push({ name, head });
        this.#refuseRepeated(name, before);
      },
    };
  }

  /** Rejects repeated crystals, which would count as independent measurements. Throws `Argument`. */
  #refuseRepeated(name: string, first: number): void {
    const { crystals, filenames, events, reciprocal } = this.#columns.view();
    const keys = new Set<number>();
    let repeated = 0;
    for (let c = first; c < crystals; c++) {
      const key = hash53([filenames[c] ?? '', '\n', events[c] ?? ''], reciprocal.subarray(9 * c, 9 * c + 9));
      if (this.#seen.has(key) || keys.has(key)) repeated++;
      keys.add(key);
    }
    if (repeated > 0)
      throw new EwaldError(
        'Argument',
        `${repeated} of the ${crystals - first} crystals of ${name} were there before: the same frame, event ` +
          'and orientation. Merged twice they would count as independent; give every stream once',
        { detail: { path: name, repeated } },
      );
    for (const key of keys) this.#seen.add(key);
    this.#ends.push(crystals);
  }

  /** Merges what was collected. Throws `File` if that is nothing, `Argument` for inconsistent data, `Aborted`. */
  async run(options: MergeRunOptions = {}): Promise<MergeResult> {
    if (this.#checked.wanted.length > 0)
      this.#memory ??= new (await import('./forecast/memory.js')).ForecastMemory(this.#isFollowing);
    return runMerge(this.#planner, this.#checked, this.#collected(), options);
  }
}

const isMergeInput = (input: MergeInput | MergeFile): input is MergeInput =>
  typeof input === 'object' && input !== null && 'bytes' in input && !('slice' in input);
