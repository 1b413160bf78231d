/** `Context` of ewald/udf: loads scans and runs UDFs and analyses over them, on this thread or on an executor. */

import type { FrameArray } from '../bytes/dtype.js';
import type { DataInput } from '../bytes/source-of.js';
import { type CustomDataset, customDataset, isCustomDataset } from '../frames/custom.js';
import type { Dataset } from '../frames/dataset.js';
import { checkedOptions, row } from '../options/call-options.js';
import type { Executor } from '../parallel/executor.js';
import type { DetectorConnection } from '../udf/acquisition/connection.js';
import type { DetectorOptions } from '../udf/acquisition/options.js';
import type {
  ExportOptions,
  PartialRun,
  RunResults,
  UdfContextOptions,
  UdfPlace,
  UdfRunOptions,
} from '../udf/context-options.js';
import { type ContextResources, execute } from '../udf/execution/execute.js';
import { Run } from '../udf/execution/run.js';
import { ResultBuffer } from '../udf/functions/buffers.js';
import { displayUdf, inspectUdf, type UdfInspection } from '../udf/functions/display.js';
import type { AnyUdf } from '../udf/functions/udf.js';
import type { UdfCore } from '../udf/room.js';
import { withCounts, withCountsInMemory } from '../udf/scans/no-counts.js';
import {
  type FollowOptions,
  type LoadOptions,
  type Scan,
  type ScanMemoryOptions,
  scanOf,
  scanOfMemory,
  withFileDark,
  withFileMask,
} from '../udf/scans/scan.js';
import { expects } from '../util/arguments.js';
import { observer } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import { oneShot } from '../util/one-shot.js';
import { checkSignal, knownOptions } from '../util/options.js';
import { asyncDispose, endedByUsing, type MaybeAsyncDisposable, type MaybeDisposable } from '../util/resource.js';
import { without } from '../util/without.js';
import { type Analysis, type AnalysisResults, analysesOf, checkFrames, resultsOf } from './analyses/analysis.js';
import * as create from './analyses/create.js';
import { expectsScan } from './analyses/parameters.js';
import { autoUdf, type MapResult } from './builtin/pick.js';
import type { CalibrateOptions } from './calibrate/calibrate.js';
import type { Calibration } from './calibrate/calibration.js';
import { type GuessedCorrections, guessCorrections } from './images/field.js';

/** Loads scans and runs UDFs and analyses over them; release it with `close` or `await using`. */
export class UdfContext {
  readonly #place: UdfPlace;
  readonly #options: UdfContextOptions;
  readonly #scans = new Set<Scan>();
  readonly #connections = new Set<DetectorConnection>();
  readonly #owned: readonly Executor[];
  readonly #own: Executor[] = [];
  #core: Promise<UdfCore> | undefined;
  #cpu: Promise<UdfCore> | undefined;
  #closed: Promise<void> | undefined;
  readonly #ending = new AbortController();
  #delayedOn: Promise<Executor> | undefined;
  readonly #resources: ContextResources;

  constructor(place: UdfPlace, options: UdfContextOptions = {}, owned: readonly Executor[] = []) {
    this.#place = place;
    this.#owned = owned;
    checkedOptions('Context', options, row.others('executor', 'context', 'delayedOn'));
    expects(Array.isArray(owned), 'Context: the second argument', owned, 'a list of executors');
    this.#options = options;
    this.#resources = {
      place,
      said: new Set(),
      readFile: place.readFile,
      context: (cpu) => this.#open(cpu),
      executor: options.executor,
      delayedOn: () => this.#computeOn(),
      ending: this.#ending.signal,
    };
    Object.defineProperty(this, asyncDispose, { value: () => this.close() });
  }

  /** Where partitions are processed; undefined for this thread. */
  get executor(): Executor | undefined {
    return this.#options.executor;
  }

  /**
   * Opens frames as a scan, as `open` of ewald/data does: a path, URL, File, Blob or bytes; or a custom reader,
   * an object or an instance of a class with `shape`, `dtype` and `read` (see `CustomDataset`), whose frames are read
   * on this thread and sent to workers. With `follow`, the frames of a file or folder that is still being written are
   * those of a live scan, for one run, which ends with the scan; `stop` of its `live` ends it earlier.
   *
   * Throws like `open`, and `Shape` if navShape does not match the file, or is not given with `follow`.
   */
  async load(
    input: DataInput | CustomDataset,
    given: LoadOptions & FollowOptions = {},
  ): Promise<Scan & MaybeAsyncDisposable & MaybeDisposable> {
    this.#assertOpen();
    const { checkLoad } = await import('../udf/scans/load-options.js');
    const { fileMask: usesMask, fileDark: usesDark, keepNoCount: keeps, follow, signal } = checkLoad(given);
    checkSignal(signal);
    if (follow) return this.#follow(input as DataInput, given);
    const options = without(given, 'follow', 'timeoutS', 'stallS', 'ringBytes');
    if (isCustomDataset(input)) {
      knownOptions('load: a custom dataset', options, ['navShape', 'syncOffset', 'fileMask', 'keepNoCount', 'signal']);
      const isFile = 'notes' in input;
      const scan = scanOf(isFile ? (input as Dataset) : customDataset(input), options);
      return this.#keep(await withCounts(await withFileMask(scan, usesMask, { signal }), keeps, { signal }, isFile));
    }
    const { syncOffset, navShape, ...open } = without(options, 'fileMask', 'fileDark', 'keepNoCount');
    // The length of a line is needed to skip frames of it.
    const lines = open.skipPerLine && navShape ? { navShape: [-1, navShape.at(-1) ?? -1] } : {};
    const openOptions = { ...open, ...lines };
    const dataset = await this.#place.open(input, openOptions);
    try {
      const source = this.#place.sourceOf(input, without(openOptions, 'signal', 'codecs'));
      const scan = scanOf(dataset, { navShape, syncOffset }, source);
      const masked = await withFileMask(scan, usesMask, { signal });
      return this.#keep(await withCounts(await withFileDark(masked, usesDark, { signal }), keeps, { signal }));
    } catch (error) {
      await dataset.dispose();
      throw error;
    }
  }

  async #follow(
    input: DataInput,
    options: LoadOptions & FollowOptions,
  ): Promise<Scan & MaybeAsyncDisposable & MaybeDisposable> {
    const { followFiles } = await import('../udf/acquisition/follow.js');
    const { scan, connection } = await followFiles(this.#place, input, options, (liveScan) => this.#keep(liveScan));
    this.#connections.add(connection);
    // `keep` has made it so.
    return scan as typeof scan & MaybeAsyncDisposable & MaybeDisposable;
  }

  /**
   * Connects to a detector: 'merlin' (TCP), or 'dectris' (streams V1 and V2 by ZeroMQ, with the package `zeromq`).
   * `next` of the connection yields its acquisitions as scans, whose frames arrive while a run processes them. An
   * address such as 'merlin://host:6341' names kind, host and port. The context closes the connection. Throws
   * `Argument`, `File` if the detector cannot be reached (ZeroMQ waits for it instead), `Load` without the package,
   * `Unsupported` in browsers.
   */
  async connect(detector: string, options: DetectorOptions = {}): Promise<DetectorConnection> {
    this.#assertOpen();
    const { connectDetector } = await import('../udf/acquisition/connect.js');
    const connection = await connectDetector(this.#place, detector, options, (scan) => this.#keep(scan));
    // Kernels are loaded while the acquisition is awaited, so that the first frames do not wait for them.
    this.#open().catch(() => undefined);
    this.#connections.add(connection);
    return connection;
  }

  /** A scan over frames in memory, [...navShape, ...sigShape]; nothing is copied. */
  fromMemory(data: FrameArray, options: ScanMemoryOptions): Scan {
    this.#assertOpen();
    const scan = scanOfMemory(data, options);
    return this.#keep(withCountsInMemory(scan, options.keepNoCount === true));
  }

  /**
   * Runs one UDF, or several in one pass over the frames. If it fails after some partitions, `detail.partial` of the
   * error has their results (`PartialOfRun`).
   */
  async runUdf<const U extends AnyUdf | readonly AnyUdf[]>(
    scan: Scan,
    udf: U,
    options: UdfRunOptions = {},
  ): Promise<RunResults<U>> {
    this.#assertOpen();
    const run = new Run('runUdf', scan, udf, options);
    for await (const _ of execute(run, this.#resources));
    return run.answer() as RunResults<U>;
  }

  /**
   * Runs like `runUdf`, and yields `{ buffers, damage, progress }` after each partition: a list with the results so far
   * of each UDF, which positions have been processed, and `UdfProgress`.
   */
  runUdfIter<const U extends AnyUdf | readonly AnyUdf[]>(
    scan: Scan,
    udf: U,
    options: UdfRunOptions = {},
  ): PartialRun<U> {
    this.#assertOpen();
    const run = new Run('runUdfIter', scan, udf, options);
    const advance = execute(run, this.#resources);
    const results = async function* () {
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
    };
    return Object.assign(oneShot(results, 'this run', 'call runUdfIter again'), {
      updateParameters: (params: readonly Readonly<Record<string, unknown>>[]) => {
        expects(Array.isArray(params), 'updateParameters: the argument', params, 'a list of one object per UDF');
        run.update(params);
      },
    }) as unknown as PartialRun<U>;
  }

  /** Runs an analysis; its channels are available by name and in the list `channels`. */
  async run<K extends string>(analysis: Analysis<K>, options: UdfRunOptions = {}): Promise<AnalysisResults<K>> {
    const [results] = await this.#runAnalyses([analysis], options);
    return results as AnalysisResults<K>;
  }

  /**
   * Runs the first pass of those analyses of one scan that have two, and returns the analyses that remain to be run.
   */
  async prepare<A extends Analysis>(analyses: readonly A[], options: UdfRunOptions = {}): Promise<A[]> {
    for (const analysis of analysesOf(analyses)) checkFrames(analysis);
    const early = analyses.filter(({ next }) => next !== undefined);
    const [first] = early;
    if (!first) return [...analyses];
    if (first.scan.live)
      throw new EwaldError(
        'Unsupported',
        `the analysis ${first.name} reads all frames twice, but the frames of ${first.scan.name} can only be read ` +
          'once, while they arrive',
      );
    const udfs = early.map(({ udf }) => udf);
    const withoutFiles = { ...options, plots: undefined, record: undefined };
    const results = (await this.runUdf(first.scan, udfs, withoutFiles)) as readonly unknown[];
    return analyses.map((analyse) => (analyse.next ? (analyse.next(results[early.indexOf(analyse)]) as A) : analyse));
  }

  /** Runs several analyses of one scan in one pass, and a second pass if a cluster analysis is among them. */
  async runAll(analyses: readonly Analysis[], options: UdfRunOptions = {}): Promise<AnalysisResults[]> {
    const [first] = analysesOf(analyses);
    if (!first) return [];
    if (analyses.some(({ scan, roi }) => scan !== first.scan || roi !== undefined))
      throw new EwaldError('Argument', 'runAll: analyses of one pass must be of the same scan, and none may be a pick');
    return this.#runAnalyses(analyses, options);
  }

  async #runAnalyses(analyses: readonly Analysis[], options: UdfRunOptions): Promise<AnalysisResults[]> {
    const ready = await this.prepare(analyses, options);
    const [{ scan, roi }] = ready as [Analysis];
    const udfs = ready.map(({ udf }) => udf);
    const results = await this.runUdf(scan, udfs, options.roi === undefined && roi ? { ...options, roi } : options);
    return ready.map((analysis, i) => resultsOf(analysis, (results as readonly unknown[])[i]));
  }

  /**
   * Calls `f` for each frame; `result` has for each scan position as many numbers as `f` returns. `f` returns a number,
   * an array or a typed array of as many numbers for every frame, or booleans, which are 1 and 0.
   */
  async map(scan: Scan, f: (frame: never) => MapResult, options: UdfRunOptions = {}): Promise<ResultBuffer<'f64'>> {
    const { result } = await this.runUdf(scan, autoUdf(f), options);
    return result;
  }

  /** Describes the run of a UDF as an HTML table. Nothing is read. */
  display(scan: Scan, udf: AnyUdf, options: Pick<UdfRunOptions, 'roi'> = {}): string {
    this.#assertOpen();
    return displayUdf(new Run('display', scan, udf, options));
  }

  /**
   * Describes the run of a UDF: its results with shapes and dtypes, its method, its partitions. Nothing is read or
   * allocated for it. Throws `Argument` for invalid declarations, `Shape` for a region that does not fit.
   */
  inspect(scan: Scan, udf: AnyUdf, options: Pick<UdfRunOptions, 'roi'> = {}): UdfInspection {
    this.#assertOpen();
    return inspectUdf(new Run('inspect', scan, udf, options));
  }

  /**
   * Runs a UDF over ones instead of frames, as one partition: shows what it declares and returns before data are read.
   */
  async dryRun<const U extends AnyUdf | readonly AnyUdf[]>(
    scan: Scan,
    udf: U,
    options: Pick<UdfRunOptions, 'roi' | 'corrections'> = {},
  ): Promise<RunResults<U>> {
    const { dryRun } = await import('../udf/functions/dry-run.js');
    this.#assertOpen();
    const run = new Run('dryRun', scan, udf, options);
    await dryRun(run, this.#resources.context);
    return run.answer() as RunResults<U>;
  }

  /**
   * Writes the frames of a scan to a .npy file, with its shape and syncOffset. Throws `Argument` if the file exists and
   * `force` is not set, or if it is a file of the scan itself; `File` while another process is writing it.
   */
  async exportDataset(scan: Scan, path: string, options: ExportOptions = {}): Promise<void> {
    this.#assertOpen();
    expectsScan('exportDataset', scan);
    expects(typeof path === 'string', 'exportDataset: the path', path, 'the name of a .npy file');
    const rows = { force: row.flag, signal: row.signal, onProgress: row.any };
    checkSignal(checkedOptions('exportDataset', options, rows).signal);
    const onProgress = observer('exportDataset', options, 'onProgress');
    await this.#place.exportNpy(scan, path, { ...options, onProgress });
  }

  // A field each, so that the options, their types and their messages are those of the analysis.
  readonly createMaskAnalysis = create.maskAnalysis;
  readonly createDiskAnalysis = create.diskAnalysis;
  readonly createRingAnalysis = create.ringAnalysis;
  readonly createPointAnalysis = create.pointAnalysis;
  readonly createComAnalysis = create.comAnalysis;
  readonly createRadialFourierAnalysis = create.radialFourierAnalysis;
  readonly createClusterAnalysis = create.clusterAnalysis;
  readonly createSumSigAnalysis = create.sumSigAnalysis;
  readonly createLogSumAnalysis = create.logSumAnalysis;
  readonly createStddevAnalysis = create.stddevAnalysis;
  readonly createMaxAnalysis = create.maxAnalysis;
  readonly createMinAnalysis = create.minAnalysis;
  readonly createFftSumAnalysis = create.fftSumAnalysis;
  readonly createFemAnalysis = create.femAnalysis;
  readonly createCrystallinityAnalysis = create.crystallinityAnalysis;
  readonly createRadialBinsAnalysis = create.radialBinsAnalysis;
  readonly createPolarAnalysis = create.polarAnalysis;
  readonly createDisksAnalysis = create.disksAnalysis;
  readonly createStrainAnalysis = create.strainAnalysis;
  readonly createBraggAnalysis = create.braggAnalysis;
  readonly createSsbAnalysis = create.ssbAnalysis;
  readonly createHolographyAnalysis = create.holographyAnalysis;
  readonly createIcomAnalysis = create.icomAnalysis;
  readonly createSumAnalysis = create.sumAnalysis;
  readonly createPickAnalysis = create.pickAnalysis;
  readonly createPickFftAnalysis = create.pickFftAnalysis;

  /**
   * What a scan tells about its optics: centre of the direct beam and its descan, radius and ellipse of the bright
   * field, scan rotation and flip, bad pixels and beam stop, each with its error or the reason why the data cannot
   * tell. Analyses take the result as `calibration`. Throws `Shape` for a scan below 4 × 4, `Unsupported` for live
   * scans and complex frames, `Argument`, `Aborted`, and errors of reading.
   */
  async calibrate(scan: Scan, options: CalibrateOptions = {}): Promise<Calibration> {
    this.#assertOpen();
    const { calibrateScan } = await import('./calibrate/calibrate.js');
    return calibrateScan((part, udf, run) => this.runUdf(part, udf, run) as never, scan, options);
  }

  /** Rotation, flip and centre of a scan, estimated from its centres of mass; see `guessCorrections`. */
  async guessCorrections(scan: Scan, options: create.ComOptions = {}): Promise<GuessedCorrections> {
    const { udf } = create.comAnalysis(scan, options);
    const { rawCom } = (await this.runUdf(scan, udf)) as { rawCom: ResultBuffer<'f64'> };
    const part = (k: number): Float64Array => rawCom.data.filter((_, i) => i % 2 === k);
    return guessCorrections(part(0), part(1), scan.shape.nav);
  }

  /** Closes scans, the executor that the context created, and its kernels. Calling it again does nothing. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#ending.abort(new EwaldError('Disposed', 'this Context of ewald/udf was closed'));
      for (const connection of this.#connections) await connection.dispose();
      for (const scan of this.#scans) await scan.dispose();
      for (const executor of [...this.#owned, ...this.#own]) await executor.dispose();
      for (const core of [this.#core, this.#cpu]) await (await core?.catch(() => undefined))?.dispose();
    })();
    return this.#closed;
  }

  /** See `close`. */
  dispose(): Promise<void> {
    return this.close();
  }

  #keep<S extends Scan>(scan: S): S & MaybeAsyncDisposable & MaybeDisposable {
    const kept: S = {
      ...scan,
      dispose: async () => {
        this.#scans.delete(kept);
        await scan.dispose();
      },
    };
    this.#scans.add(kept);
    return endedByUsing(kept, () => kept.dispose());
  }

  #assertOpen(): void {
    if (this.#closed) throw new EwaldError('Disposed', 'this Context of ewald/udf was closed; create a new one');
  }

  /** The context, or one that computes on the CPU if that of the user does not. */
  #open(cpu = false): Promise<UdfCore> {
    if (cpu) {
      this.#cpu ??= this.#place.createContext({ backend: 'wasm' });
      return this.#cpu;
    }
    this.#core ??= this.#place.createContext(this.#options.context);
    return this.#core;
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
