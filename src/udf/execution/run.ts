/** A run of UDFs over a scan: validated, split into partitions, merged in order, with results after each of them. */

import { elementBytes } from '../../bytes/dtype.js';
import { Corrections } from '../../frames/corrections.js';
import type { CountLimits } from '../../frames/count-limits.js';
import type { Executor } from '../../parallel/executor.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { inspect, kindOf } from '../../util/options.js';
import { product } from '../../util/product.js';
import { checkRun, type UdfProgress, type UdfRunOptions } from '../context-options.js';
import { type BufferDeclarations, elementsOf, ResultBuffer, type RunShape, strideOf } from '../functions/buffers.js';
import { callMethod } from '../functions/call-method.js';
import { type Arrays, type BufferArray, gather, isArrayOf, scatter } from '../functions/dtypes.js';
import type { OpenCore } from '../functions/prepared.js';
import { type AnyDefinition, type AnyUdf, asUdf, type UdfMeta } from '../functions/udf.js';
import { type LivePlots, plotsFor } from '../live/plots.js';
import { correctionsFor } from '../scans/corrections.js';
import { addNoCounts, type NoCounts, noneSoFar, unpackNoCounts } from '../scans/frame-counts.js';
import { select } from '../scans/roi.js';
import type { Scan } from '../scans/scan.js';
import type { ReadFile, WasmCode } from '../wasm/code.js';
import { isShared, LentMemory } from './memory.js';
import { areWholeChunks, type Job, type Partition, partitionsOf, partsOf } from './partitions.js';
import { type PlannedUdf, plannedParts } from './planned-udfs.js';
import { inputDtype } from './run-partition.js';
import { mergeInto } from './running-udf.js';
import { framesOfPiece, type PieceSizes, partitionBytes } from './sizes.js';

/** The state of a run on the side that merges. */
export class Run {
  readonly scan: Scan;
  readonly shape: RunShape;
  readonly meta: UdfMeta;
  readonly partitions: readonly Partition[];
  readonly corrections: Corrections | undefined;
  readonly parts: readonly PlannedUdf[];
  /** The options of the call, checked; the images are those that `plots` asks for. */
  readonly options: UdfRunOptions;
  readonly plots: LivePlots | undefined;
  /** Whether the UDFs were given as a list. */
  readonly isList: boolean;
  /** Which values are no counts; undefined if all are. */
  readonly limits: CountLimits | undefined;
  /** What was replaced in single frames. */
  readonly replaced: NoCounts = noneSoFar();
  /** 1 for positions of the run that were processed. */
  readonly damage: Uint8Array;
  /** Whether the results of a partition have been merged. */
  #hasMerged = false;
  #done = 0;
  #frames = 0;
  #positions = 0;
  readonly #started = performance.now();

  /** Checks the call `what` as a whole. Throws `Shape`, `Argument` before anything is read. */
  constructor(what: string, scan: Scan, given: AnyUdf | readonly (AnyUdf | AnyDefinition)[], options: UdfRunOptions) {
    checkRun(what, options);
    if (typeof scan !== 'object' || scan === null || !('sync' in scan))
      throw new EwaldError('Argument', `${what}: the first argument is not a scan; expected the result of load()`);
    this.scan = scan;
    this.options = options;
    this.isList = Array.isArray(given);
    const { nav, sig } = scan.shape;
    const { roi, numPartitions, latest = false } = options;
    // Holes of the list are invalid UDFs and must not be skipped.
    const udfs = Array.from((this.isList ? given : [given]) as readonly (AnyUdf | AnyDefinition)[], asUdf);
    this.corrections = correctionsFor(options.corrections, sig, scan);
    if (udfs.length === 0) throw new EwaldError('Argument', 'runUdf: there is no UDF; expected at least one');
    const selection = select(roi, nav);
    this.shape = { nav, sig, selection };
    // Corrections of ewald/data decide by themselves which values are counts.
    const { replaced: _, ...limits } = scan.counts ?? {};
    this.limits = scan.counts && !(options.corrections instanceof Corrections) ? (limits as CountLimits) : undefined;
    if (this.corrections && this.corrections.length !== product(sig))
      throw new EwaldError(
        'Shape',
        `the corrections are for frames of ${this.corrections.length} pixels; ` +
          `those of ${scan.name} have ${product(sig)} (${sig.join(' × ')})`,
      );
    this.meta = {
      nav,
      sig,
      datasetDtype: scan.dtype,
      inputDtype: inputDtype(scan.dtype, this.corrections !== undefined, udfs),
      frames: selection.count,
      roi: selection.mask,
    };
    if (latest && !scan.live)
      throw new EwaldError('Argument', `latest: the frames of ${scan.name} do not arrive; it is for live scans`);
    this.parts = plannedParts(udfs, this.meta, this.shape, latest);
    const bytes = partitionBytes(scan, this.parts, this.meta);
    this.partitions = partitionsOf(scan, selection, numPartitions, bytes);
    this.damage = new Uint8Array(selection.count);
    this.plots = plotsFor(options.plots);
  }

  /** Frames of the largest partition, and of its pieces. */
  get sizes(): PieceSizes {
    const { scan, meta } = this;
    const { chunkFrames } = scan.dataset;
    const parts = partsOf(this.partitions);
    const least = scan.live?.maxFrames ?? 1;
    const largest = parts.reduce((most, { positions }) => Math.max(most, positions.length), least);
    const isWhole = scan.live !== undefined || chunkFrames === 1 || areWholeChunks(parts, chunkFrames);
    const udfs = this.parts.map(({ udf }) => udf);
    return { largest, piece: isWhole ? framesOfPiece(udfs, meta, chunkFrames, largest) : largest };
  }

  /** Keeps what was replaced with the scan: of several runs, that of the one that found most. */
  tellReplaced(): void {
    const { counts } = this.scan;
    const found = ({ values, overloads }: NoCounts): number => values + overloads;
    if (counts && found(this.replaced) > found(counts.replaced)) Object.assign(counts.replaced, this.replaced);
  }

  /** Sets the parameters from now on, one object per UDF. */
  update(params: readonly Readonly<Record<string, unknown>>[]): void {
    for (const [i, part] of this.parts.entries())
      if (params[i]) part.params = part.udf.withParams({ ...part.params, ...params[i] }).params;
  }

  /**
   * Merges the results of a partition into those of the run, which may keep arrays that are not lent. `mergeAll` is for
   * delayed runs, and for UDFs without `merge`.
   */
  merge({ partition, isLent = false }: Job, found: readonly Arrays[], isDelayed = false): void {
    const { first, count, places } = partition;
    const isFirst = !this.#hasMerged;
    this.#hasMerged = true;
    for (const [i, { udf, declarations, arrays, params, kept }] of this.parts.entries()) {
      if (isFirst && !isLent && beginsEmpty(udf, declarations)) {
        for (const [name, array] of Object.entries(found[i] as Arrays)) {
          if (!isShared(array.buffer)) arrays[name] = array;
          else (arrays[name] as Float64Array).set(array as Float64Array);
        }
        continue;
      }
      const src: Arrays = {};
      const dest: Arrays = {};
      // If some positions have no frame, results are gathered into compact arrays so that no merge sees those
      // positions.
      const gathered: { readonly compact: BufferArray; readonly own: BufferArray; readonly stride: number }[] = [];
      const whole: Arrays = {};
      for (const [name, declaration] of Object.entries(declarations)) {
        const here = found[i]?.[name];
        const there = arrays[name];
        if (!here || !there) continue;
        const stride = strideOf(declaration);
        src[name] = whole[name] = here;
        dest[name] = there;
        if (declaration.kind !== 'nav') continue;
        const own = there.subarray(first * stride, (first + count) * stride);
        dest[name] = own;
        if (!places) continue;
        const compact = gather(own, places, stride);
        dest[name] = compact;
        whole[name] = own.slice();
        scatter(here, places, stride, whole[name]);
        gathered.push({ compact, own, stride });
      }
      const { merge, mergeAll } = udf.definition;
      if (mergeAll && (isDelayed || !merge)) kept.push(whole);
      // What no frame has made is no result: a merge that keeps the last of them would keep it.
      if (merge) {
        if (partition.positions.length > 0) mergeInto(udf, { dest, src, params, meta: this.meta });
      } else
        for (const [name, declaration] of Object.entries(declarations))
          if (declaration.kind === 'nav' && dest[name]) (dest[name] as Float64Array).set(src[name] as Float64Array);
      if (places) for (const { compact, own, stride } of gathered) scatter(compact, places, stride, own);
    }
    // What was replaced follows the results.
    const { noCounts } = found[this.parts.length] ?? {};
    if (noCounts) addNoCounts(this.replaced, unpackNoCounts(noCounts as Float64Array));
    if (places) for (const place of places) this.damage[first + place] = 1;
    else this.damage.fill(1, first, first + count);
    this.#done += partition.parts?.length ?? 1;
    this.#frames += partition.positions.length;
    this.#positions += count;
    if (this.#positions === this.shape.selection.count) this.#mergeAll();
  }

  /** Memory for the results of tasks on workers of this process; none if results of partitions are kept. */
  lentMemory(): LentMemory {
    const isMerged = this.parts.every(({ udf: { definition } }) => definition.merge || !definition.mergeAll);
    const lengths = this.parts.flatMap(({ declarations, arrays }) =>
      Object.entries(arrays).flatMap(([name, { byteLength }]) =>
        declarations[name]?.kind === 'nav' ? [] : byteLength,
      ),
    );
    return new LentMemory(isMerged ? lengths : []);
  }

  /** The arrays that the run holds: its own, and those of partitions that are merged at the end. */
  get held(): readonly Arrays[] {
    return this.parts.flatMap(({ arrays, kept }) => [arrays, ...kept]);
  }

  /** Ends a run in which some positions have no frame, because they did not arrive. */
  finish(): void {
    if (this.#positions < this.shape.selection.count) this.#mergeAll();
  }

  /** Merges all partitions at once, after the last of them. */
  #mergeAll(): void {
    for (const { udf, declarations, arrays, params, kept } of this.parts) {
      const { definition } = udf;
      if (!definition.mergeAll || kept.length === 0) continue;
      const mergeAll = definition.mergeAll.bind(definition);
      const merged = callMethod(definition.name, 'mergeAll', () => mergeAll({ parts: kept, params, meta: this.meta }));
      for (const [name, array] of Object.entries(merged) as [string, BufferArray][]) {
        const [there, declaration] = [arrays[name], declarations[name]];
        if (!there || !declaration)
          throw new EwaldError(
            'Argument',
            `the UDF ${definition.name}: mergeAll returns ${name}; expected only ${Object.keys(arrays).join(', ')}`,
          );
        if (!isArrayOf(declaration.dtype, array) || array.length !== there.length)
          throw new EwaldError(
            'Shape',
            `the UDF ${definition.name}: mergeAll returns ${name} as ${inspect(array)}; ` +
              `expected ${there.length} numbers of ${declaration.dtype}`,
          );
        (there as Float64Array).set(array as Float64Array);
      }
    }
  }

  get progress(): UdfProgress {
    const bytes = this.#frames * product(this.shape.sig) * elementBytes(this.scan.dtype);
    return {
      done: this.#done,
      total: this.#total(),
      frames: this.#frames,
      totalFrames: this.shape.selection.count,
      bytes,
      seconds: (performance.now() - this.#started) / 1000,
    };
  }

  /** Number of partitions; of a live scan an estimate. */
  #total(): number {
    const { live } = this.scan;
    if (!live) return partsOf(this.partitions).length;
    const left = this.shape.selection.count - this.#positions;
    return this.#done + (live.open ? Math.ceil(left / live.maxFrames) : 0);
  }

  /** The results as the call returns them: those of its UDF, or a list of those of each. */
  answer(): unknown {
    const results = this.results();
    return this.isList ? results : results[0];
  }

  /**
   * The current results, one object per UDF. Copies nothing that a UDF does not create itself, unless `copy` asks for
   * results that later partitions do not change.
   */
  results(copy = false): Record<string, ResultBuffer>[] {
    const { sig } = this.shape;
    return this.parts.map(({ udf, declarations, arrays: current, params }) => {
      const { definition } = udf;
      const isOwn = definition.module === 'ewald/udf';
      // What the package derives from a copy is computed when it is read: of large frames, seconds for each partition.
      const isSnapshot = copy && isOwn && definition.getResults !== undefined;
      const arrays = isSnapshot ? copiesOf(current) : current;
      const given: unknown = definition.getResults
        ? callMethod(
            definition.name,
            'getResults',
            () =>
              definition.getResults?.call(definition, {
                results: Object.freeze({ ...arrays }),
                params,
                meta: this.meta,
                damage: this.damage,
              } as never),
            'getResults',
            arrays,
          )
        : Object.fromEntries(Object.entries(arrays).filter(([name]) => declarations[name]?.use !== 'private'));
      if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given))
        throw new EwaldError(
          'Argument',
          `the UDF ${definition.name}: getResults returns ${inspect(given)}; expected an object with arrays by the names ` +
            'of buffers',
        );
      const out: Record<string, ResultBuffer> = {};
      for (const [name, value] of Object.entries(given)) {
        const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
        const what = `the UDF ${definition.name}: getResults returns ${name}`;
        if (!declaration)
          throw new EwaldError(
            'Argument',
            `${what}, which is not declared; expected one of ${Object.keys(declarations).join(', ')}`,
          );
        if (declaration.use === 'private') throw new EwaldError('Argument', `${what}, which is private`);
        if (typeof value === 'function' && isOwn) {
          out[name] = new ResultBuffer(name, declaration, value, this.shape);
          continue;
        }
        const { data, mask } =
          typeof value === 'object' && value !== null && 'data' in value
            ? (value as { data: BufferArray; mask?: Uint8Array })
            : { data: value as BufferArray, mask: undefined };
        const elements = elementsOf(declaration, this.shape.selection.count, sig);
        if (!isArrayOf(declaration.dtype, data) || data.length !== elements * strideOf(declaration))
          throw new EwaldError(
            'Shape',
            `${what} as ${kindOf(data)} ` +
              `of ${(data as { length?: number })?.length}; expected ${elements * strideOf(declaration)} numbers ` +
              `of ${declaration.dtype}`,
          );
        const valid = mask ?? (declaration.kind === 'nav' ? this.damage : undefined);
        // The planes of several sums share memory until they are returned.
        const isShared = (copy && !isSnapshot) || (isOwn && data.byteLength < data.buffer.byteLength);
        out[name] = new ResultBuffer(
          name,
          declaration,
          isShared ? (data.slice() as BufferArray) : data,
          this.shape,
          copy ? valid?.slice() : valid,
        );
      }
      return out;
    });
  }
}

/**
 * Whether the results of the first partition are those of the run so far, since merging them with zeros changes nothing:
 * sums of the package over all frames.
 */
const beginsEmpty = ({ definition }: AnyUdf, declarations: BufferDeclarations): boolean =>
  definition.module === 'ewald/udf' &&
  definition.mergesParts === true &&
  definition.preprocess === undefined &&
  Object.values(declarations).every(({ kind, use }) => kind !== 'nav' || use === 'resultOnly');

const copiesOf = (arrays: Readonly<Record<string, BufferArray>>): Record<string, BufferArray> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice() as BufferArray]));

// A run that is executed: the resources for it, the partitions to be processed, and their results.

/** The resources of runs. */
export interface RunResources {
  /** Opens the context of this thread, or one that computes on the CPU. */
  readonly context: OpenCore;
  /** Reads a file URL; absent in browsers. */
  readonly readFile?: ReadFile | undefined;
  /** Absent for this thread. */
  readonly executor?: Executor | undefined;
  /** Where delayed values are computed. */
  readonly delayedOn?: (() => Promise<Executor>) | undefined;
}

/** A run, the modules of its UDFs and the resources for it. */
export interface Execution {
  readonly run: Run;
  readonly codes: ReadonlyMap<AnyUdf, WasmCode>;
  readonly resources: RunResources;
  readonly signal: PlatformSignal | undefined;
}

export type Jobs = Iterable<Job> | AsyncIterable<Job>;
/** The results of jobs in their order; their memory is used again when the next ones are requested. */
export type JobResults = AsyncGenerator<readonly Arrays[], void>;
