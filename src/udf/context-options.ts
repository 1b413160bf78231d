/** Options of a run, a context and its platform, and the results of a run. */

import type { DataInput } from '../bytes/source-of.js';
import type { ContextOptions } from '../compute/context/context.js';
import type { Corrections } from '../frames/corrections.js';
import type { Dataset } from '../frames/dataset.js';
import type { OpenOptions } from '../frames/open.js';
import { checkedOptions, row } from '../options/call-options.js';
import type { Executor } from '../parallel/executor.js';
import { callback, type Progress } from '../util/callbacks.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal } from '../util/options.js';
import type { DetectorDriver } from './acquisition/connection.js';
import type { DetectorOptions } from './acquisition/options.js';
import type { ResultBuffer, Results } from './functions/buffers.js';
import type { AnyUdf, BuffersOf } from './functions/udf.js';
import type { PlotsOption } from './live/plots.js';
import type { UdfCore } from './room.js';
import type { CorrectionSet } from './scans/corrections.js';
import type { FrameRecorder } from './scans/record.js';
import type { Roi } from './scans/roi.js';
import type { Scan, ScanSource } from './scans/scan.js';
import type { ReadFile } from './wasm/code.js';

/** Progress of a run; `done` and `total` count partitions. */
export interface UdfProgress extends Progress {
  readonly total: number;
  readonly frames: number;
  readonly totalFrames: number;
  /** Bytes of frames read so far, and seconds since the start. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Options of a run. */
export interface UdfRunOptions {
  /** Restricts the run to these scan positions. */
  readonly roi?: Roi | undefined;
  readonly corrections?: CorrectionSet | Corrections | undefined;
  /** Aborts the run with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Called after each partition. */
  readonly onProgress?: ((progress: UdfProgress) => void) | undefined;
  /** Prints a line after each partition on standard error, if there is one. Default false. */
  readonly progress?: boolean | undefined;
  /** Number of partitions; default: by size. The same number gives the same last bits on every executor. */
  readonly numPartitions?: number | undefined;
  /**
   * Longest time for a partition on a worker of an executor, in seconds; default: that of `Executor.run`. A function
   * that does not return is ended with its worker. Without workers nothing can end it.
   */
  readonly taskTimeoutS?: number | undefined;
  /** Shows partial results as they arrive; see `PlotsOption`. */
  readonly plots?: PlotsOption | undefined;
  /**
   * Of a live scan, processes the latest frames and skips those that arrived meanwhile, for monitors; they are
   * counted as `dropped`. Only for UDFs without results of kind nav. Default: all frames.
   */
  readonly latest?: boolean | undefined;
  /**
   * Writes the frames to this .npy file while the UDFs run, as stored and before corrections, at their positions in the
   * scan: LiberTEM-live's RecordUDF. The file appears with the end of the run. If a live scan ends early, it has the
   * frames that were received, as a series; if its process is killed, or the disk is full, they are in NAME.npy.part,
   * which the next recording of this name mentions and leaves. If a run over a file fails, there is no file. Not
   * together with `roi` or `latest`. Default: no file.
   */
  readonly record?: string | RecordOptions | undefined;
}

/** Of the options of a run: its caller says itself which files have changed meanwhile. */
export const isTold = Symbol('isTold');
export interface ToldRunOptions extends UdfRunOptions {
  readonly [isTold]?: true | undefined;
}
const runRows = {
  ...row.others('roi', 'corrections', 'onProgress', 'numPartitions', 'plots', 'record'),
  taskTimeoutS: row.number(1e-3, Number.POSITIVE_INFINITY),
  latest: row.flag,
  progress: row.flag,
  signal: row.signal,
} as const;

/** Checks the options of a run that no other part of it checks. Throws `Argument`. */
export function checkRun(what: string, options: UdfRunOptions): void {
  const { signal } = checkedOptions(what, options, runRows);
  callback(`${what}: onProgress`, options.onProgress);
  checkSignal(signal);
}

/** The file to which a run writes its frames. */
export interface RecordOptions {
  /** A name that ends in .npy. */
  readonly file: string;
  /** Replace an existing file. Default: false. */
  readonly force?: boolean | undefined;
}

/** Results of one UDF. */
export type ResultsOf<U> = Results<BuffersOf<U>>;
/** Results of one UDF, or of several in order. */
export type RunResults<U> = U extends readonly AnyUdf[] ? { readonly [K in keyof U]: ResultsOf<U[K]> } : ResultsOf<U>;

/** Results after some of the partitions. */
export interface PartialResults<U> {
  /** Results of each UDF, in the order given; copies. */
  readonly buffers: U extends readonly AnyUdf[]
    ? { readonly [K in keyof U]: ResultsOf<U[K]> }
    : readonly [ResultsOf<U>];
  /** 1 for scan positions that were processed. */
  readonly damage: ResultBuffer<'bool'>;
  readonly progress: UdfProgress;
}

/** The `detail.partial` of the error of a run: the results of the frames that were processed before it. */
export interface PartialOfRun {
  /** Results of each UDF, in the order given. */
  readonly results: readonly Readonly<Record<string, ResultBuffer>>[];
  /** 1 for positions of the run that were processed. */
  readonly damage: Uint8Array;
  readonly progress: UdfProgress;
}

/** Partial results in sequence; parameters may change in between. */
export type PartialRun<U> = AsyncGenerator<PartialResults<U>, void, undefined> & {
  /** Parameters for partitions that have not started, one object per UDF. */
  updateParameters(params: readonly Readonly<Record<string, unknown>>[]): void;
};

/** The functions that the platform provides. */
export interface UdfPlace {
  createContext(options?: ContextOptions): Promise<UdfCore>;
  open(input: DataInput, options?: OpenOptions): Promise<Dataset>;
  /** How another worker opens the same input. */
  sourceOf(input: DataInput, options: OpenOptions): ScanSource | undefined;
  makeExecutor(kind: string, spec: MakeWithOptions): Promise<Executor | undefined>;
  /** Reads a file URL; absent in browsers. */
  readonly readFile?: ReadFile;
  /** Receives frames of a detector; absent in browsers. */
  readonly detector?: (kind: string, options: DetectorOptions) => Promise<DetectorDriver>;
  /** Receives frames of a file or folder that is still being written; absent in browsers. */
  readonly follow?: (path: string, options: OpenOptions) => Promise<DetectorDriver & { readonly reason: unknown }>;
  /** Opens the file of `record`; absent in browsers. */
  readonly recordNpy?: (scan: Scan, options: RecordOptions, tell: (text: string) => void) => Promise<FrameRecorder>;
  exportNpy(scan: Scan, path: string, options: ExportOptions): Promise<void>;
  /** Writes a line to standard error, if there is one. */
  readonly note: ((line: string) => void) | undefined;
}

/** Options of `Context.makeWith`. */
export interface MakeWithOptions {
  /**
   * Workers that compute on the CPU; only for `workers`. A number, or ids of cores (only their count matters); default:
   * one per core.
   */
  readonly cpus?: number | readonly number[] | undefined;
  /**
   * Workers with a GPU each, in addition to those of `cpus`; only for `workers`. A number, or ids: NVIDIA's cards by
   * CUDA if there are any, otherwise GPUs by WebGPU, or those of the backend named by `context.backend`. Default: none.
   * Missing GPUs are an error. Reals of CPU and GPU agree in float32, so the last bits depend on which worker computes
   * which part.
   */
  readonly gpus?: number | readonly number[] | undefined;
  /** Where `delayed` is computed; default: this thread. */
  readonly on?: Executor | undefined;
  readonly context?: ContextOptions | undefined;
}

/** The arguments from which `Context.makeWith` constructs a context: its options, and the executor it owns. */
export async function madeWith(
  place: UdfPlace,
  kind: string,
  options: MakeWithOptions,
): Promise<[UdfContextOptions, Executor[]]> {
  const { context, on } = checkedOptions('Context.makeWith', options, row.others('cpus', 'gpus', 'on', 'context'));
  const executor = await place.makeExecutor(kind, options);
  const given = { ...(executor && { executor }), ...(context && { context }), ...(on && { delayedOn: on }) };
  return [given, executor ? [executor] : []];
}

/** Options of `exportDataset`. */
export interface ExportOptions {
  /** Replace an existing file, but never one of the scan. Default: false. */
  readonly force?: boolean | undefined;
  readonly signal?: PlatformSignal | undefined;
  /** Called with the number of frames that are written. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of a context. */
export interface UdfContextOptions {
  /**
   * Where partitions are processed; default: this thread, with all cores used by the core's own kernels. It remains the
   * caller's.
   */
  readonly executor?: Executor | undefined;
  /** Options of the context on which kernels run. */
  readonly context?: ContextOptions | undefined;
  /** Computes delayed values; default: this thread. */
  readonly delayedOn?: Executor | undefined;
}
