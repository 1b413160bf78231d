/** `Context` of ewald/udf: scans are loaded, UDFs and analyses run over them, here or on an executor. */

import type { ContextOptions } from '../context.js';
import type { Corrections } from '../data/corrections.js';
import type { Dataset } from '../data/dataset.js';
import type { FrameArray } from '../data/dtype.js';
import type { MemoryOptions } from '../data/formats/memory.js';
import type { OpenOptions } from '../data/open.js';
import type { DataInput } from '../data/source-of.js';
import { EwaldError } from '../errors.js';
import type { Executor } from '../executors/executor.js';
import type { PlatformSignal } from '../globals.js';
import { knownOptions } from '../options.js';
import { asyncDispose } from '../resource.js';
import type { Context as CoreContext } from '../rooms.js';
import { type Analysis, type AnalysisResults, resultsOf } from './analyses/analysis.js';
import { type ClusterOptions, clusterAnalysis } from './analyses/cluster.js';
import * as create from './analyses/create.js';
import { type RadialFourierOptions, radialFourierAnalysis } from './analyses/radial-fourier.js';
import { ResultBuffer, type Results } from './buffers.js';
import { autoUdf } from './builtin/pick.js';
import { type CorrectionSet, correctionsFor } from './corrections.js';
import { displayUdf } from './display.js';
import { steps } from './engine.js';
import { type GuessedCorrections, guessCorrections } from './field.js';
import { type LivePlots, type PlotsOption, plotsFor } from './live/plots.js';
import type { Roi } from './roi.js';
import { Run, type UdfProgress } from './run.js';
import { type LoadOptions, type Scan, type ScanSource, scanOf, scanOfMemory } from './scan.js';
import { type AnyDefinition, type AnyUdf, asUdf, type BuffersOf } from './udf.js';

/** Options of a run. */
export interface UdfRunOptions {
  /** Only these scan positions. */
  readonly roi?: Roi | undefined;
  readonly corrections?: CorrectionSet | Corrections | undefined;
  /** Ends the run with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Told after each partition. `true`: a line on standard error where there is one. */
  readonly progress?: boolean | ((progress: UdfProgress) => void) | undefined;
  /** Parts the run is cut into; default by size. The same number gives the same last bits on every executor. */
  readonly numPartitions?: number | undefined;
  /** Shows partial results as they come; see `PlotsOption`. */
  readonly plots?: PlotsOption | undefined;
}
const runNames = ['roi', 'corrections', 'signal', 'progress', 'numPartitions', 'plots'];

/** Results of one UDF. */
export type ResultsOf<U> = Results<BuffersOf<U>>;
/** Results of one UDF, or of several in their order. */
export type RunResults<U> = U extends readonly AnyUdf[] ? { readonly [K in keyof U]: ResultsOf<U[K]> } : ResultsOf<U>;

/** Results after some of the partitions. */
export interface PartialResults<U> {
  /** Results of each UDF, in the order they were given; copies. */
  readonly buffers: U extends readonly AnyUdf[]
    ? { readonly [K in keyof U]: ResultsOf<U[K]> }
    : readonly [ResultsOf<U>];
  /** 1 for scan positions that were processed. */
  readonly damage: ResultBuffer<'bool'>;
  readonly progress: UdfProgress;
}

/** Partial results one after the other; parameters may change between two. */
export type PartialRun<U> = AsyncGenerator<PartialResults<U>, void, undefined> & {
  /** Parameters for partitions that have not begun, one object a UDF. */
  updateParameters(params: readonly Readonly<Record<string, unknown>>[]): void;
};

/** What the platform brings. */
export interface UdfPlace {
  createContext(options?: ContextOptions): Promise<CoreContext>;
  open(input: DataInput, options?: OpenOptions): Promise<Dataset>;
  /** How another worker opens the same input. */
  sourceOf(input: DataInput, options: OpenOptions): ScanSource | undefined;
  makeExecutor(kind: string, spec: MakeWithOptions): Promise<Executor | undefined>;
  exportNpy(scan: Scan, path: string, options: ExportOptions): Promise<void>;
  /** A line on standard error, where there is one. */
  readonly note: ((line: string) => void) | undefined;
}

/** Options of `Context.makeWith`. */
export interface MakeWithOptions {
  /** Workers; only of `workers`. A number, or ids of cores (their count counts). */
  readonly cpus?: number | readonly number[];
  /** Not of the executors that have none: `inline` and `delayed`. */
  readonly gpus?: number | readonly number[];
  /** Where `delayed` is computed; default: this thread. */
  readonly on?: Executor;
  readonly context?: ContextOptions;
}

/** What `Context.makeWith` constructs a context from: its options, and the executor it owns. */
export async function madeWith(
  place: UdfPlace,
  kind: string,
  options: MakeWithOptions,
): Promise<[UdfContextOptions, Executor[]]> {
  knownOptions('Context.makeWith', options, ['cpus', 'gpus', 'on', 'context']);
  const executor = await place.makeExecutor(kind, options);
  const { context, on } = options;
  const given = { ...(executor && { executor }), ...(context && { context }), ...(on && { delayedOn: on }) };
  return [given, executor ? [executor] : []];
}

/** Options of `exportDataset`. */
export interface ExportOptions {
  readonly overwrite?: boolean;
  readonly signal?: PlatformSignal;
  readonly progress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Options of a context. */
export interface UdfContextOptions {
  /** Where partitions are worked on; default: this thread, with all cores in the core's own kernels. It stays the caller's. */
  readonly executor?: Executor;
  /** Options of the context that kernels run on. */
  readonly context?: ContextOptions;
  /** Computes what a delayed executor noted; default: this thread. */
  readonly delayedOn?: Executor;
}

/** Loads scans and runs UDFs and analyses over them; end it with `close` or `await using`. */
export class UdfContext {
  readonly #place: UdfPlace;
  readonly #options: UdfContextOptions;
  readonly #scans = new Set<Scan>();
  readonly #owned: readonly Executor[];
  readonly #own: Executor[] = [];
  #core: Promise<CoreContext> | undefined;
  #closed: Promise<void> | undefined;
  #delayedOn: Promise<Executor> | undefined;

  constructor(place: UdfPlace, options: UdfContextOptions = {}, owned: readonly Executor[] = []) {
    this.#place = place;
    this.#owned = owned;
    knownOptions('Context', options, ['executor', 'context', 'delayedOn']);
    this.#options = options;
    Object.defineProperty(this, asyncDispose, { value: () => this.close() });
  }

  /** Where partitions are worked on; undefined: this thread. */
  get executor(): Executor | undefined {
    return this.#options.executor;
  }

  /**
   * Opens frames as `open` of ewald/data does, as a scan: a path, URL, File, Blob or bytes. Throws as `open`, and `Shape`
   * where navShape does not fit the file.
   */
  async load(input: DataInput, options: LoadOptions = {}): Promise<Scan> {
    this.#assertOpen();
    const { syncOffset, navShape, ...open } = options;
    const dataset = await this.#place.open(input, open);
    try {
      const { signal: _, codecs: __, ...plain } = open;
      return this.#keep(scanOf(dataset, { navShape, syncOffset }, this.#place.sourceOf(input, plain)));
    } catch (error) {
      await dataset.dispose();
      throw error;
    }
  }

  /** A scan over frames in memory, [...navShape, ...sigShape]; nothing is copied. */
  fromMemory(data: FrameArray, options: MemoryOptions & Pick<LoadOptions, 'syncOffset'>): Scan {
    this.#assertOpen();
    return this.#keep(scanOfMemory(data, options));
  }

  /** Runs one UDF, or several in one pass over the frames. */
  async runUdf<const U extends AnyUdf | readonly AnyUdf[]>(
    scan: Scan,
    udf: U,
    options: UdfRunOptions = {},
  ): Promise<RunResults<U>> {
    const { run, list } = this.#plan('runUdf', scan, udf, options);
    const plots = plotsFor(options.plots, run);
    for await (const _ of this.#advance(run, options, plots));
    const results = run.results();
    await plots?.finish(results, run.damage);
    return (list ? results : results[0]) as RunResults<U>;
  }

  /** The same, with the results after each partition. */
  runUdfIter<const U extends AnyUdf | readonly AnyUdf[]>(
    scan: Scan,
    udf: U,
    options: UdfRunOptions = {},
  ): PartialRun<U> {
    const { run } = this.#plan('runUdfIter', scan, udf, options);
    const advance = this.#advance(run, options, plotsFor(options.plots, run));
    const generator = (async function* () {
      try {
        for await (const _ of advance)
          yield {
            buffers: run.results(true),
            damage: new ResultBuffer(
              'damage',
              { kind: 'nav', dtype: 'bool' },
              run.damage.slice(),
              run.shape,
              run.damage.slice(),
            ),
            progress: run.progress,
          };
      } finally {
        await advance.return(undefined);
      }
    })();
    return Object.assign(generator, {
      updateParameters: (params: readonly Readonly<Record<string, unknown>>[]) => run.update(params),
    }) as unknown as PartialRun<U>;
  }

  /** Runs an analysis; its channels are named, and listed in `channels`. */
  async run<K extends string>(analysis: Analysis<K>, options: UdfRunOptions = {}): Promise<AnalysisResults<K>> {
    const [ready = analysis] = await this.prepare([analysis], options);
    const roi = options.roi ?? ready.roi;
    const results = await this.runUdf(ready.scan, ready.udf, { ...options, ...(roi !== undefined && { roi }) });
    return resultsOf(ready.channels(results));
  }

  /** Does the first pass of those analyses of one scan that have two, and gives what is left to be run. */
  async prepare<A extends Analysis>(analyses: readonly A[], options: UdfRunOptions = {}): Promise<A[]> {
    const early = analyses.filter(({ next }) => next !== undefined);
    const [first] = early;
    if (!first) return [...analyses];
    const udfs = early.map(({ udf }) => udf);
    const results = (await this.runUdf(first.scan, udfs, { ...options, plots: undefined })) as readonly unknown[];
    return analyses.map((one) => (one.next ? (one.next(results[early.indexOf(one)]) as A) : one));
  }

  /** Runs several analyses of one scan in one pass; a second one where a cluster analysis is among them. */
  async runAll(analyses: readonly Analysis[], options: UdfRunOptions = {}): Promise<AnalysisResults[]> {
    const [first] = analyses;
    if (!first) return [];
    if (analyses.some(({ scan, roi }) => scan !== first.scan || roi !== undefined))
      throw new EwaldError('Argument', 'runAll: analyses of one pass are of one scan, and none of them is a pick');
    const ready = await this.prepare(analyses, options);
    const results = await this.runUdf(
      first.scan,
      ready.map(({ udf }) => udf),
      options,
    );
    return ready.map((analysis, i) => resultsOf(analysis.channels((results as readonly unknown[])[i])));
  }

  /** Calls `f` for each frame; `result` has a number, or as many as `f` gives, for each scan position. */
  async map(
    scan: Scan,
    f: (frame: never) => number | ArrayLike<number>,
    options: UdfRunOptions = {},
  ): Promise<ResultBuffer<'f64'>> {
    const { result } = await this.runUdf(scan, autoUdf(f), options);
    return result;
  }

  /** What a run of a UDF would be, as an HTML table. Nothing is read. */
  display(scan: Scan, udf: AnyUdf, options: Pick<UdfRunOptions, 'roi'> = {}): string {
    return displayUdf(new Run(scan, [udf], { roi: options.roi }));
  }

  /** Runs a UDF over ones instead of frames, one partition: what it declares and gives, before data is read. */
  async dryRun<const U extends AnyUdf | readonly AnyUdf[]>(
    scan: Scan,
    udf: U,
    options: Pick<UdfRunOptions, 'roi' | 'corrections'> = {},
  ): Promise<RunResults<U>> {
    const { dryRun } = await import('./dry-run.js');
    const { run, list } = this.#plan('dryRun', scan, udf, options);
    const results = await dryRun(run);
    return (list ? results : results[0]) as RunResults<U>;
  }

  /** Writes the frames of a scan into a .npy file, with its shape and syncOffset. Throws `Argument` where it exists. */
  async exportDataset(scan: Scan, path: string, options: ExportOptions = {}): Promise<void> {
    this.#assertOpen();
    knownOptions('exportDataset', options, ['overwrite', 'signal', 'progress']);
    await this.#place.exportNpy(scan, path, options);
  }

  createMaskAnalysis(scan: Scan, options: create.MaskAnalysisOptions) {
    return create.maskAnalysis(scan, options);
  }
  createDiskAnalysis(scan: Scan, options?: Parameters<typeof create.diskAnalysis>[1]) {
    return create.diskAnalysis(scan, options);
  }
  createRingAnalysis(scan: Scan, options?: Parameters<typeof create.ringAnalysis>[1]) {
    return create.ringAnalysis(scan, options);
  }
  createPointAnalysis(scan: Scan, options?: Parameters<typeof create.pointAnalysis>[1]) {
    return create.pointAnalysis(scan, options);
  }
  createComAnalysis(scan: Scan, options?: create.ComOptions) {
    return create.comAnalysis(scan, options);
  }
  createRadialFourierAnalysis(scan: Scan, options?: RadialFourierOptions) {
    return radialFourierAnalysis(scan, options);
  }
  createClusterAnalysis(scan: Scan, options?: ClusterOptions) {
    return clusterAnalysis(scan, options);
  }
  createSumAnalysis(scan: Scan) {
    return create.sumAnalysis(scan);
  }
  createPickAnalysis(scan: Scan, options?: Parameters<typeof create.pickAnalysis>[1]) {
    return create.pickAnalysis(scan, options);
  }

  /** Rotation, flip and centre of a scan, guessed from its centres of mass; see `guessCorrections`. */
  async guessCorrections(scan: Scan, options: create.ComOptions = {}): Promise<GuessedCorrections> {
    const { udf } = create.comAnalysis(scan, options);
    const { rawCom } = (await this.runUdf(scan, udf)) as { rawCom: ResultBuffer<'f64'> };
    const part = (k: number): Float64Array => rawCom.data.filter((_, i) => i % 2 === k);
    return guessCorrections(part(0), part(1), scan.shape.nav);
  }

  /** Closes scans, the executor that the context made, and its kernels. A second call does nothing. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      for (const scan of this.#scans) await scan.dispose();
      for (const executor of [...this.#owned, ...this.#own]) await executor.dispose();
      await (await this.#core?.catch(() => undefined))?.dispose();
    })();
    return this.#closed;
  }

  /** See `close`. */
  dispose(): Promise<void> {
    return this.close();
  }

  #keep(scan: Scan): Scan {
    const kept: Scan = {
      ...scan,
      dispose: async () => {
        this.#scans.delete(kept);
        await scan.dispose();
      },
    };
    this.#scans.add(kept);
    return kept;
  }

  #assertOpen(): void {
    if (this.#closed) throw new EwaldError('Disposed', 'this Context of ewald/udf was closed; make a new one');
  }

  #open(): Promise<CoreContext> {
    this.#core ??= this.#place.createContext(this.#options.context);
    return this.#core;
  }

  #plan(what: string, scan: Scan, udf: AnyUdf | readonly AnyUdf[], options: UdfRunOptions) {
    this.#assertOpen();
    knownOptions(what, options, runNames);
    if (typeof scan !== 'object' || scan === null || !('sync' in scan))
      throw new EwaldError('Argument', `${what}: the first argument is no scan; needed is what load() gives`);
    const list = Array.isArray(udf);
    const udfs = ((list ? udf : [udf]) as readonly (AnyUdf | AnyDefinition)[]).map(asUdf);
    const corrections = correctionsFor(options.corrections, scan.shape.sig);
    return { run: new Run(scan, udfs, { roi: options.roi, corrections, numPartitions: options.numPartitions }), list };
  }

  async *#advance(run: Run, options: UdfRunOptions, plots: LivePlots | undefined) {
    const engine = {
      context: () => this.#open(),
      executor: this.#options.executor,
      delayedOn: () => this.#computeOn(),
    };
    const { progress } = options;
    const tell = progress === true ? this.#place.note && lineOf(this.#place.note) : progress || undefined;
    for await (const step of steps(run, engine, options.signal as AbortSignal | undefined)) {
      tell?.(run.progress);
      await plots?.show(() => run.results(), run.damage);
      yield step;
    }
  }

  #computeOn(): Promise<Executor> {
    const { delayedOn } = this.#options;
    if (delayedOn) return Promise.resolve(delayedOn);
    this.#delayedOn ??= (async () => {
      const executor = (await this.#place.makeExecutor('inline-tasks', {})) as Executor;
      this.#own.push(executor);
      return executor;
    })();
    return this.#delayedOn;
  }
}

const lineOf =
  (note: (line: string) => void) =>
  ({ done, total, bytes, seconds }: UdfProgress): void =>
    note(`${done} of ${total} partitions, ${(bytes / 1e9 / Math.max(seconds, 1e-9)).toFixed(2)} GB/s`);
