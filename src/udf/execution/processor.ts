/** Processes the partitions of a run on one thread, this one or a worker's, which keeps its kernels between them. */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import type { Corrections } from '../../frames/corrections.js';
import type { CountLimits } from '../../frames/count-limits.js';
import { type Dataset, readPacked } from '../../frames/dataset.js';
import { framesInMemory } from '../../frames/formats/memory.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import type { Arrays } from '../functions/dtypes.js';
import type { OpenCore } from '../functions/prepared.js';
import type { AnyUdf, UdfMeta, UdfParams } from '../functions/udf.js';
import { FrameCounts, packNoCounts } from '../scans/frame-counts.js';
import { isSparseRun } from '../sparse/sparse-runs.js';
import type { WasmCode } from '../wasm/code.js';
import { ResultPlaces } from './memory.js';
import { type Partition, partsOf } from './partitions.js';
import { Passes } from './passes.js';
import { PieceReader, piecesIn } from './pieces.js';
import type { Execution, JobResults, Jobs } from './run.js';
import { runParts } from './run-partition.js';
import type { PieceSizes } from './sizes.js';

/** UDFs with the parameters that they have at present. */
export type UdfsOfRun = readonly { readonly udf: AnyUdf; readonly params: UdfParams }[];

/** What a thread processes. */
interface Work extends PieceSizes {
  readonly meta: UdfMeta;
  readonly corrections: Corrections | undefined;
  /** Which values are no counts; undefined if all are. */
  readonly limits: CountLimits | undefined;
  /** Absent if all frames are given with their partitions. */
  readonly dataset: Dataset | undefined;
  readonly codes: ReadonlyMap<AnyUdf, WasmCode>;
  /** Whether frames are in memory before they are processed. */
  readonly isInMemory: boolean;
}

/** The state of a run on one thread. */
export class PartitionProcessor {
  readonly passes: Passes;
  readonly #work: Work;
  readonly #counts: FrameCounts | undefined;
  #isSparse: boolean | undefined;

  constructor(work: Work, open: OpenCore, threads: number) {
    const { limits, meta, corrections } = work;
    this.#work = work;
    this.passes = new Passes(open, threads, work);
    this.#counts = limits && new FrameCounts(limits, meta.datasetDtype, meta.sig, corrections?.mask);
  }

  /** Begins to read partitions of the dataset in this order. */
  async reader(
    partitions: readonly Partition[],
    udfs: UdfsOfRun,
    signal: PlatformSignal | undefined,
  ): Promise<PieceReader> {
    const { meta, corrections, dataset } = this.#work;
    // UDFs see frames exactly as they are stored.
    const isShown = meta.datasetDtype === meta.inputDtype && corrections === undefined;
    const take = (dtype: DataType, length: number): FrameArray => this.passes.take(dtype, length, isShown);
    this.#isSparse ??= isSparseRun(dataset as Dataset, udfs, meta, corrections);
    // The sums of sparse frames are those of a whole partition.
    const size = this.#isSparse ? this.#work.largest : await this.#pieceSize(udfs);
    const packed =
      !this.#isSparse && isShown && !this.#counts && size >= this.#work.largest && dataset?.[readPacked] !== undefined
        ? await this.passes.decodes(udfs, meta)
        : false;
    const wanted = {
      dataset: dataset as Dataset,
      partitions: partsOf(partitions),
      size,
      sparse: this.#isSparse,
      packed,
    };
    return new PieceReader({ ...wanted, udfs: udfs.map(({ udf }) => udf) }, take, signal);
  }

  /**
   * Processes a partition, whose frames are given or those of the reader; returns the arrays of each UDF, and after them
   * what was replaced, if anything was.
   */
  async process(
    {
      partition,
      frames,
      memory,
    }: { partition: Partition; frames?: FrameArray | undefined; memory?: SharedArrayBuffer | undefined },
    udfs: UdfsOfRun,
    reader: PieceReader | undefined,
    signal: PlatformSignal | undefined,
  ): Promise<Arrays[]> {
    const { meta, corrections } = this.#work;
    const size = frames ? await this.#pieceSize(udfs) : 0;
    const { passes } = this;
    const counts = this.#counts;
    const piecesOf = (part: Partition) => (frames ? piecesIn(frames, part, size) : (reader as PieceReader).of(part));
    passes.places = ResultPlaces.in(memory);
    try {
      const arrays = await runParts(partition, piecesOf, { udfs, meta, corrections, counts, passes, signal });
      const replaced = counts?.taken();
      return replaced ? [...arrays, { noCounts: packNoCounts(replaced) }] : arrays;
    } finally {
      passes.places = undefined;
    }
  }

  dispose(): Promise<void> {
    return this.passes.dispose();
  }

  #pieceSize(udfs: UdfsOfRun): Promise<number> {
    const { isInMemory, ...sizes } = this.#work;
    return this.passes.pieceFor(
      udfs.map(({ udf }) => udf),
      sizes,
      isInMemory,
    );
  }
}

/** The results of jobs that this thread processes. */
export async function* resultsHere(jobs: Jobs, { run, codes, resources, signal }: Execution): JobResults {
  const { scan, parts, meta, corrections, limits, sizes } = run;
  const isInMemory = scan.live !== undefined || framesInMemory(scan.dataset) !== undefined;
  const { dataset } = scan;
  const work = { meta, corrections, limits, dataset, codes, ...sizes, isInMemory };
  const processor = new PartitionProcessor(work, resources.context, 0);
  // Kernels are loaded while the first frames arrive.
  if (scan.live && parts.some(({ udf }) => udf.definition.kernel)) resources.context().catch(() => undefined);
  try {
    processor.passes.modules.open(parts, meta);
    const reader = await processor.reader(run.partitions, parts, signal);
    try {
      for await (const { partition, frames } of jobs) {
        checkSignal(signal);
        const udfs = parts.map(({ udf, params }) => ({ udf, params }));
        const found = await processor.process({ partition, frames }, udfs, reader, signal);
        yield found;
        processor.passes.reuse(found, run.held);
      }
    } finally {
      // Nothing may continue to read into memory after the run has ended.
      await reader.dispose();
    }
  } finally {
    await processor.dispose();
  }
}
