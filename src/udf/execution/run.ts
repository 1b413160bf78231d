/** A run of UDFs over a scan: validated, split into partitions, merged in order, with results after each of them. */

import type { Progress } from '../../base/callbacks.js';
import { EwaldError } from '../../base/errors.js';
import { inspect, kindOf } from '../../base/options.js';
import { product } from '../../base/product.js';
import type { Corrections } from '../../io/data/corrections.js';
import type { CountLimits } from '../../io/data/count-limits.js';
import { elementBytes } from '../../io/data/dtype.js';
import { checkAux } from '../functions/aux.js';
import {
  allocateViews,
  type BufferDeclarations,
  checkDeclarations,
  elementsOf,
  ResultBuffer,
  type RunShape,
  strideOf,
} from '../functions/buffers.js';
import { type Arrays, type BufferArray, isArrayOf } from '../functions/dtypes.js';
import type { AnyUdf, UdfMeta } from '../functions/udf.js';
import { type Roi, select } from '../scans/roi.js';
import type { Scan } from '../scans/scan.js';
import { withMethod } from './choose-method.js';
import { addNoCounts, type NoCounts, noneSoFar, unpackNoCounts } from './frame-counts.js';
import { inputDtype } from './partition.js';
import { areWholeChunks, joinPartitions, type Partition, partitionsOf, partsOf } from './partitions.js';
import { framesOfPiece } from './pieces.js';
import type { PieceSizes } from './processor.js';
import { isShared, LentMemory } from './result-memory.js';
import { callMethod, declarationsOf, mergeInto, preprocessWhole } from './running.js';

/** Progress of a run; `done` and `total` count partitions. */
export interface UdfProgress extends Progress {
  readonly total: number;
  readonly frames: number;
  readonly totalFrames: number;
  /** Bytes of frames read so far, and seconds since the start. */
  readonly bytes: number;
  readonly seconds: number;
}

/** One UDF of a run. */
interface Part {
  readonly udf: AnyUdf;
  params: Readonly<Record<string, unknown>>;
  readonly declarations: BufferDeclarations;
  readonly arrays: Arrays;
  /** Results of the partitions, kept for `mergeAll`. */
  readonly kept: Arrays[];
}

/** Rejects a UDF whose partial results cannot be merged. */
function checkMerge({ definition }: AnyUdf, declarations: BufferDeclarations): void {
  if (definition.merge || definition.mergeAll) return;
  const others = Object.entries(declarations).filter(([, { kind, use }]) => kind !== 'nav' && use !== 'resultOnly');
  if (others.length > 0)
    throw new EwaldError(
      'Argument',
      `the UDF ${definition.name} has no merge: results of kind nav are stored by position, but ${others
        .map(([name, { kind }]) => `${name} is ${kind}`)
        .join(' and ')}; define how parts are combined, such as merge({ dest, src }) { … }`,
    );
}

/** Rejects `latest` where it would leave positions without results. */
function checkLatest(scan: Scan, parts: readonly Part[]): void {
  if (!scan.live)
    throw new EwaldError('Argument', `latest: the frames of ${scan.name} do not arrive; it is for live scans`);
  for (const { udf, declarations } of parts)
    for (const [name, { kind }] of Object.entries(declarations))
      if (kind === 'nav')
        throw new EwaldError(
          'Argument',
          `latest: the UDF ${udf.definition.name} has one result per scan position (${name}), and some frames would ` +
            'be skipped; run it without latest',
        );
}

/**
 * Bytes of results that each partition sends although they could be merged with those of the next one: results over all
 * frames, if every UDF allows that. Frames that only this thread can read are sent as well, by partition.
 */
function mergeableBytes({ source }: Scan, parts: readonly Part[]): number {
  let bytes = 0;
  for (const { udf, declarations, arrays } of parts) {
    const { merge, mergeAll, mergesParts } = udf.definition;
    const kinds = Object.values(declarations).flatMap(({ kind, use }) => (use === 'resultOnly' ? [] : kind));
    const isNav = !merge && kinds.every((kind) => kind === 'nav');
    if (!source || mergeAll || !(isNav || (mergesParts && !kinds.includes('nav')))) return 0;
    if (!isNav) for (const array of Object.values(arrays)) bytes += array.byteLength;
  }
  return bytes;
}

/**
 * Times the bytes of their results that the frames of a partition have at least: each partition allocates, finishes and
 * merges them, and each frame costs a kernel less than a user's function.
 */
const overResults = { kernel: 4, other: 2 } as const;
/** Most bytes of a partition that this asks for: in pieces, which GPUs do not take, and if its frames are in memory at once. */
const maxBytes = { inPieces: 2 ** 29, atOnce: 2 ** 27 } as const;

/** The least bytes of the frames of a partition, so that the work for its results is small beside that for them. */
function minFrameBytes({ dataset }: Scan, parts: readonly Part[], meta: UdfMeta): number {
  let bytes = 0;
  for (const { udf, declarations, arrays } of parts) {
    const factor = udf.definition.kernel ? overResults.kernel : overResults.other;
    for (const [name, { kind }] of Object.entries(declarations))
      if (kind !== 'nav') bytes += factor * (arrays[name]?.byteLength ?? 0);
  }
  const udfs = parts.map(({ udf }) => udf);
  const atOnce = 2 ** 31 === framesOfPiece(udfs, meta, dataset.chunkFrames, 2 ** 31);
  return Math.max(1, Math.min(bytes, atOnce ? maxBytes.atOnce : maxBytes.inPieces));
}

/** The state of a run on the side that merges. */
export class Run {
  readonly scan: Scan;
  readonly shape: RunShape;
  readonly meta: UdfMeta;
  readonly partitions: readonly Partition[];
  readonly corrections: Corrections | undefined;
  readonly parts: readonly Part[];
  /** Which values are no counts; undefined if all are. */
  readonly limits: CountLimits | undefined;
  /** What was replaced in single frames. */
  readonly replaced: NoCounts = noneSoFar();
  /** 1 for positions of the run that were processed. */
  readonly damage: Uint8Array;
  /** Of a live scan only the latest frames are processed. */
  readonly latest: boolean;
  /** Whether the results of a partition have been merged. */
  #hasMerged = false;
  #done = 0;
  #frames = 0;
  #positions = 0;
  readonly #started = performance.now();

  /** Throws `Shape`, `Argument` before anything is read. */
  constructor(
    scan: Scan,
    udfs: readonly AnyUdf[],
    {
      roi,
      corrections,
      numPartitions,
      latest = false,
      limits,
    }: {
      roi?: Roi | undefined;
      corrections?: Corrections | undefined;
      numPartitions?: number | undefined;
      latest?: boolean | undefined;
      limits?: CountLimits | undefined;
    },
  ) {
    if (udfs.length === 0) throw new EwaldError('Argument', 'runUdf: there is no UDF; expected at least one');
    this.scan = scan;
    const { nav, sig } = scan.shape;
    const selection = select(roi, nav);
    this.shape = { nav, sig, selection };
    this.corrections = corrections;
    this.limits = limits && { least: limits.least, markers: limits.markers };
    if (corrections && corrections.length !== product(sig))
      throw new EwaldError(
        'Shape',
        `the corrections are for frames of ${corrections.length} pixels; ` +
          `those of ${scan.name} have ${product(sig)} (${sig.join(' × ')})`,
      );
    this.meta = {
      nav,
      sig,
      datasetDtype: scan.dtype,
      inputDtype: inputDtype(scan.dtype, corrections !== undefined, udfs),
      frames: selection.count,
      roi: selection.mask,
    };
    this.parts = udfs.map((given) => {
      const udf = withMethod(given, given.params, this.meta);
      const declarations = declarationsOf(udf, this.meta, udf.params);
      checkDeclarations(udf.definition.name, declarations);
      checkMerge(udf, declarations);
      checkAux(udf.definition.name, udf.params, this.shape);
      return { udf, params: udf.params, declarations, arrays: {}, kept: [] };
    });
    this.latest = latest;
    if (latest) checkLatest(scan, this.parts);
    for (const { udf, params, declarations, arrays } of this.parts) {
      Object.assign(arrays, allocateViews(declarations, selection.count, sig));
      preprocessWhole(udf, params, this.meta, arrays);
    }
    const least = minFrameBytes(scan, this.parts, this.meta);
    const partitions = partitionsOf(scan, selection, numPartitions, least);
    this.partitions = joinPartitions(partitions, mergeableBytes(scan, this.parts));
    this.damage = new Uint8Array(selection.count);
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

  /** Adds what was replaced in frames. */
  addReplaced(found: NoCounts): void {
    addNoCounts(this.replaced, found);
  }

  /** Keeps what was replaced with the scan: of several runs, that of the one that found most. */
  tellReplaced(): void {
    const { counts } = this.scan;
    if (counts && this.replaced.values > counts.replaced.values) Object.assign(counts.replaced, this.replaced);
  }

  /** Sets the parameters from now on, one object per UDF. */
  update(params: readonly Readonly<Record<string, unknown>>[]): void {
    for (const [i, part] of this.parts.entries())
      if (params[i]) part.params = part.udf.withParams({ ...part.params, ...params[i] }).params;
  }

  /**
   * Merges the results of a partition into those of the run. `mergeAll` is for delayed runs, and for UDFs without
   * `merge`. The run may keep the arrays of a partition that it owns.
   */
  merge(
    partition: Partition,
    found: readonly Arrays[],
    { delayed = false, isOwned = true }: { readonly delayed?: boolean; readonly isOwned?: boolean } = {},
  ): void {
    const { first, count, places } = partition;
    // What was replaced follows the results.
    const { noCounts } = found[this.parts.length] ?? {};
    if (noCounts) this.addReplaced(unpackNoCounts(noCounts as Float64Array));
    const isFirst = !this.#hasMerged;
    this.#hasMerged = true;
    for (const [i, { udf, declarations, arrays, params, kept }] of this.parts.entries()) {
      if (isFirst && isOwned && beginsEmpty(udf, declarations)) {
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
      if (mergeAll && (delayed || !merge)) kept.push(whole);
      // What no frame has made is no result: a merge that keeps the last of them would keep it.
      if (merge) {
        if (partition.positions.length > 0) mergeInto(udf, { dest, src, params, meta: this.meta });
      } else
        for (const [name, declaration] of Object.entries(declarations))
          if (declaration.kind === 'nav' && dest[name]) (dest[name] as Float64Array).set(src[name] as Float64Array);
      if (places) for (const { compact, own, stride } of gathered) scatter(compact, places, stride, own);
    }
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

  /** Merges results of all positions at once; returns them as one partition. */
  mergeAllPositions(found: readonly Arrays[]): Partition {
    const count = this.shape.selection.count;
    const positions = Uint32Array.from({ length: count }, (_, i) => i);
    const partition = { index: 0, first: 0, count, runs: [], places: undefined, positions };
    this.merge(partition, found, { isOwned: false });
    this.#done = this.#total();
    return partition;
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

/** The elements at some positions. */
function gather(from: BufferArray, places: Uint32Array, stride: number): BufferArray {
  const out = new (from.constructor as new (length: number) => BufferArray)(places.length * stride) as Float64Array;
  for (let i = 0; i < places.length; i++)
    for (let k = 0; k < stride; k++)
      out[i * stride + k] = (from as unknown as Float64Array)[(places[i] as number) * stride + k] as number;
  return out as unknown as BufferArray;
}

/** Stores elements at their positions. */
function scatter(from: BufferArray, places: Uint32Array, stride: number, to: BufferArray): void {
  const [source, target] = [from, to] as unknown as [Float64Array, Float64Array];
  for (let i = 0; i < places.length; i++)
    for (let k = 0; k < stride; k++) target[(places[i] as number) * stride + k] = source[i * stride + k] as number;
}
