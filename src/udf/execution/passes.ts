/** The passes of one run on one context: planned when the first partition needs them, and kept for the others. */

import type { DataType, FrameArray } from '../../bytes/dtype.js';
import type { DeviceArray } from '../../compute/arrays/array.js';
import { udfNumbers } from '../../compute/layout/udf.js';
import type { Corrections } from '../../frames/corrections.js';
import { isEwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { product } from '../../util/product.js';
import type { FrameCorrection } from '../correction/correction.js';
import { isAux } from '../functions/aux.js';
import { kernelOf } from '../functions/call-method.js';
import type { Arrays } from '../functions/dtypes.js';
import { type CoreWork, finishPart, type KernelPart } from '../functions/kernel-part.js';
import { type OpenCore, PreparedValues } from '../functions/prepared.js';
import type { AnyUdf, UdfMeta } from '../functions/udf.js';
import { Functions } from '../functions/wgsl.js';
import { foldable, foldPart } from '../pass/fold.js';
import { stepKind } from '../pass/pack.js';
import { type FramePass, type PassDtype, type PassStep, shapeOfStep } from '../pass/pass.js';
import type { UdfCore } from '../room.js';
import type { WasmCode } from '../wasm/code.js';
import { WasmFunctions } from '../wasm/functions.js';
import { FarPasses, passOptions } from './far-passes.js';
import { type ResultPlaces, SpareFrames, SparePlanes } from './memory.js';
import type { RunningUdf } from './running-udf.js';

type PlannedUdf = { readonly part: KernelPart; readonly arrays: Arrays };

/** A partition, of which some pieces have been processed. */
interface Started {
  /** Which of the passes of its kind it has: partitions that are processed at the same time have separate ones. */
  readonly place: number;
  /** The sums of its frames. */
  columns?: Float64Array;
}

/** The frames [first, end) of a partition of `of`. */
export interface PlaceOfPiece {
  readonly first: number;
  readonly end: number;
  readonly of: number;
}

/** Parts by UDF, each with the parameters it was made for. */
type KnownParts = Map<AnyUdf, { readonly params: unknown; readonly part: KernelPart | undefined }>;

/** The part of a UDF: made once for the same parameters, so that the same masks lead to the same pass. */
function partFor(
  known: KnownParts,
  udf: AnyUdf,
  params: unknown,
  meta: UdfMeta,
  change: (part: KernelPart) => KernelPart | undefined = (part) => part,
): KernelPart | undefined {
  const before = known.get(udf);
  if (before && before.params === params) return before.part;
  const kernel = kernelOf(udf, params, meta);
  const part = kernel && change(kernel);
  known.set(udf, { params, part });
  return part;
}

/** The WebAssembly modules of a run. */
interface RunModules {
  readonly codes: ReadonlyMap<AnyUdf, WasmCode>;
  /** Frames of the largest partition. */
  readonly largest: number;
  /** Frames that are read and processed together. */
  readonly piece: number;
}

/** Passes of a run. */
export class Passes {
  readonly #open: OpenCore;
  readonly #threads: number;
  readonly #plans = new Map<string, Promise<FramePass>>();
  readonly #planes = new SparePlanes();
  readonly #far: FarPasses;
  readonly #corrections = new Map<string, Promise<FrameCorrection | undefined>>();
  readonly #parts: KnownParts = new Map();
  readonly #folded: KnownParts = new Map();
  /** UDFs of the package whose frames the core processes by itself. */
  readonly #works: CoreWorks;
  /** User UDFs that have WGSL. */
  readonly functions: Functions;
  /** User UDFs that have a WebAssembly module. */
  readonly modules: WasmFunctions;
  /** What UDFs prepare. */
  readonly prepared: PreparedValues;
  /** Where the results of the present partition are placed, as far as there is room. */
  places: ResultPlaces | undefined;
  /** Reusable memory of the frames of finished partitions. */
  readonly #spare = new SpareFrames();
  readonly #numbers = new WeakMap<object, number>();
  #next = 0;
  /** The partitions whose pieces are being processed: usually one at a time. */
  readonly #started = new Map<readonly PlannedUdf[], Started>();

  constructor(open: OpenCore, threads: number, modules?: RunModules) {
    this.modules = new WasmFunctions(modules?.codes, modules?.largest, modules?.piece);
    this.#open = open;
    this.#threads = threads;
    this.functions = new Functions(open);
    this.#works = new CoreWorks(open);
    this.#far = new FarPasses(open, threads, (...of) => this.#keyOf(...of));
    this.prepared = new PreparedValues(open);
  }

  /** Whether the core accepts frames of this dtype. */
  takes({ inputDtype, sig }: UdfMeta): boolean {
    return Object.hasOwn(udfNumbers, inputDtype) && sig.length > 0 && (sig.at(-1) as number) <= 65536;
  }

  /** The steps of a UDF; undefined if the core cannot compute it. */
  partOf(udf: AnyUdf, params: unknown, meta: UdfMeta): KernelPart | undefined {
    return this.takes(meta) ? partFor(this.#parts, udf, params, meta) : undefined;
  }

  /**
   * The steps of UDFs over uncorrected frames, if all of them are linear in the frames and remain as exact. Undefined
   * if one is not, or if the steps require float64 and the context only has WebGPU; frames are then corrected for all
   * of them.
   */
  async foldedOf(
    udfs: readonly { readonly udf: AnyUdf; readonly params: unknown }[],
    corrections: Corrections,
    meta: UdfMeta,
  ): Promise<readonly KernelPart[] | undefined> {
    const { inputDtype: dtype, sig } = meta;
    if (!this.takes(meta) || !foldable(corrections, dtype)) return undefined;
    const folded: KernelPart[] = [];
    for (const { udf, params } of udfs) {
      const part = partFor(this.#folded, udf, params, meta, (own) =>
        foldPart(own, corrections, sig.at(-1) as number, dtype),
      );
      if (!part) return undefined;
      folded.push(part);
    }
    const double = folded.some(({ steps }) => steps.some((step) => /Double$/.test(stepKind(step))));
    if (double && !(await this.#open()).backends.some(({ device }) => device.precisions.includes('f64')))
      return undefined;
    return folded;
  }

  /**
   * Memory for `length` elements with undefined contents; if they are the frames that UDFs see (`shown`), memory of a
   * UDF's module. Throws `OutOfMemory`.
   */
  take(dtype: DataType, length: number, shown: boolean): FrameArray {
    return (shown ? this.modules.takeFrames(dtype, length) : undefined) ?? this.#spare.take(dtype, length);
  }

  /** Takes the memory of frames back, for later partitions. */
  give(frames: FrameArray): void {
    if (!this.modules.giveFrames(frames)) this.#spare.give(frames);
  }

  /**
   * Lets a UDF's module process the frames [first, end) of a partition, or its WGSL or the core the whole partition;
   * returns false if JavaScript must.
   */
  async computes(
    running: RunningUdf,
    frames: FrameArray,
    first: number,
    end: number,
    signal: PlatformSignal | undefined,
  ): Promise<boolean> {
    return (
      (await this.modules.process(running, frames, first, end, signal)) ||
      (await this.functions.run(running, frames)) ||
      (await this.#works.run(running, frames))
    );
  }

  /**
   * Frames with corrections, [count, pixels] of `to`, which is a type that `inputDtypeOf` chooses; undefined if no
   * backend corrects frames of this dtype.
   */
  async correct(
    frames: FrameArray,
    dtype: DataType,
    count: number,
    corrections: Corrections,
    to: DataType,
  ): Promise<FrameArray | undefined> {
    if (!Object.hasOwn(udfNumbers, dtype)) return undefined;
    const key = `${dtype} ${to} ${this.#numberOf(corrections)}`;
    let plan = this.#corrections.get(key);
    if (!plan) {
      const options = { corrections, dtype: dtype as PassDtype, to: to as 'f32', threads: this.#threads };
      plan = this.#open()
        .then((context) => context.frameCorrection(options))
        .catch((error) => {
          // WebGPU alone has no float64.
          if (isEwaldError(error, 'Unsupported')) return undefined;
          throw error;
        });
      this.#corrections.set(key, plan);
    }
    const correction = await plan;
    const out = correction && (this.take(to, count * corrections.length, true) as Float32Array);
    return correction && out && correction.run(frames, count, out);
  }

  /**
   * Frames of a piece: a kernel sees all of a partition at once if they are in memory already, or if it may run on a
   * GPU, where few long runs are faster.
   */
  async pieceFor(
    udfs: readonly AnyUdf[],
    { piece, largest }: { readonly piece: number; readonly largest: number },
    inMemory: boolean,
  ): Promise<number> {
    if (piece === largest || !udfs.some(({ definition }) => definition.kernel)) return piece;
    if (inMemory) return largest;
    return (await this.#hasDevice()) ? largest : piece;
  }

  /** Whether a backend computes elsewhere than on the processor's cores. */
  async #hasDevice(): Promise<boolean> {
    const { backends } = await this.#open();
    return backends.some(({ name }) => name !== 'wasm' && name !== 'native');
  }

  /** Whether a device decodes packed frames for all of these UDFs, as the planner decides. */
  async decodes(udfs: readonly { readonly udf: AnyUdf; readonly params: unknown }[], meta: UdfMeta): Promise<boolean> {
    if (!(await this.#hasDevice())) return false;
    const parts = udfs.map(({ udf, params }) => this.partOf(udf, params, meta));
    if (parts.length === 0 || !parts.every((part) => part !== undefined)) return false;
    return (
      (await this.#far.of(
        parts.flatMap(({ steps }) => steps),
        0,
        meta,
      )) !== undefined
    );
  }

  /**
   * Like `run`, for frames as the file has packed them; returns false for frames that have to be read, because the device
   * does not decode them: cores have the last word on what is damaged.
   */
  async runPacked(
    parts: readonly PlannedUdf[],
    chunks: readonly Uint8Array[],
    meta: UdfMeta,
    place: PlaceOfPiece,
  ): Promise<boolean> {
    const steps = parts.flatMap(({ part }) => part.steps);
    const far = await this.#far.of(steps, this.#start(parts).place, meta);
    const frames = await far?.decoded(chunks);
    if (!far || !frames) return false;
    await this.#add(parts, far.pass, frames, meta, place);
    return true;
  }

  /** Adds the frames [first, end) of a partition of `count` frames; results are written with the last ones. */
  async run(parts: readonly PlannedUdf[], frames: FrameArray, meta: UdfMeta, place: PlaceOfPiece): Promise<void> {
    const steps = parts.flatMap(({ part }) => part.steps);
    const started = this.#start(parts);
    const key = this.#keyOf(steps, started.place, meta);
    // Frames that a device did not decode are summed where the others of the run are.
    const far = await this.#far.known(key);
    let plan = this.#plans.get(key);
    if (!far && !plan) {
      plan = this.#open().then((context) => context.framePass(passOptions(steps, meta, this.#threads)));
      this.#plans.set(key, plan);
    }
    await this.#add(parts, far?.pass ?? ((await plan) as FramePass), frames, meta, place);
  }

  /** Masks are compared by identity, not by their numbers. */
  #keyOf(steps: readonly PassStep[], place: number, meta: UdfMeta): string {
    const identities = steps.map((step) => this.#identify(step));
    return [place, meta.inputDtype, meta.sig.join('x'), ...identities].join(' ');
  }

  async #add(
    parts: readonly PlannedUdf[],
    pass: FramePass,
    frames: FrameArray | DeviceArray,
    meta: UdfMeta,
    { first, end, of: all }: PlaceOfPiece,
  ): Promise<void> {
    const pixels = product(meta.sig);
    const started = this.#start(parts);
    const more = end < all;
    const length = pass.planes * pixels;
    const place = more ? undefined : (this.places?.take('f64', length) as Float64Array | undefined);
    const into = more ? undefined : (place ?? this.#planes.take(length));
    const sums = await pass.run(frames, end - first, { continues: first > 0, more, into });
    const nav = started.columns ?? (more ? new Float64Array(all * pass.columns) : sums.nav);
    if (nav !== sums.nav) nav.set(sums.nav, first * pass.columns);
    started.columns = nav;
    if (more) return;
    this.forget(parts);
    let [column, plane] = [0, 0];
    for (const { part, arrays } of parts) {
      const shapes = part.steps.map(shapeOfStep);
      const columns = shapes.reduce((sum, shape) => sum + shape.columns, 0);
      const planes = shapes.reduce((sum, shape) => sum + shape.planes, 0);
      const own = columns === pass.columns ? nav : pickedColumns(nav, pass.columns, column, columns, all);
      const planesOf = Array.from({ length: planes }, (_, i) =>
        sums.sig.subarray((plane + i) * pixels, (plane + i + 1) * pixels),
      );
      finishPart(part, { nav: own, columns, sig: planesOf, frames: all }, arrays);
      column += columns;
      plane += planes;
    }
  }

  /** Takes the results of a partition back, once they are merged, but for those that were `kept`. */
  reuse(merged: readonly Arrays[], kept: readonly Arrays[] = []): void {
    this.#planes.give(merged, kept);
  }

  /** Drops the sums of a partition that does not go on. */
  forget(parts: readonly PlannedUdf[]): void {
    this.#started.delete(parts);
  }

  #start(parts: readonly PlannedUdf[]): Started {
    const known = this.#started.get(parts);
    if (known) return known;
    const taken = new Set([...this.#started.values()].map(({ place }) => place));
    let place = 0;
    while (taken.has(place)) place++;
    const started = { place };
    this.#started.set(parts, started);
    return started;
  }

  async dispose(): Promise<void> {
    await this.#far.dispose();
    for (const plan of [...this.#plans.values(), ...this.#corrections.values()])
      await (await plan.catch(() => undefined))?.dispose();
    await this.functions.dispose();
    await this.prepared.dispose();
    await this.#works.dispose();
    this.#plans.clear();
    this.#planes.clear();
    this.#corrections.clear();
    this.#parts.clear();
    this.#folded.clear();
    this.#spare.clear();
    this.modules.dispose();
  }

  #identify(step: PassStep): string {
    if ('spans' in step) return `${step.kind}:${this.#numberOf(step.spans)}`;
    if (step.kind === 'dense') return `dense:${this.#numberOf(step.weights)}`;
    if (step.kind === 'sparse') return `sparse:${this.#numberOf(step.masks.pixels)}`;
    return step.kind;
  }

  /** A number that identifies an array object. */
  #numberOf(array: object): number {
    let number = this.#numbers.get(array);
    if (number === undefined) {
      number = this.#next++;
      this.#numbers.set(array, number);
    }
    return number;
  }
}

function pickedColumns(nav: Float64Array, all: number, first: number, columns: number, count: number): Float64Array {
  const picked = new Float64Array(count * columns);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < columns; k++) picked[i * columns + k] = nav[i * all + first + k] as number;
  return picked;
}

// The works of the core in a run: planned once for its partitions, on the context of its thread.

type Params = Readonly<Record<string, unknown>>;

/** The works of a run, by UDF, each with the parameters that it was planned for. */
export class CoreWorks {
  readonly #open: () => Promise<UdfCore>;
  readonly #works = new Map<AnyUdf, { readonly params: Params; readonly work: Promise<CoreWork | undefined> }>();

  constructor(open: () => Promise<UdfCore>) {
    this.#open = open;
  }

  /** Lets the core process a partition; returns false for a UDF that has no such work. */
  async run(running: RunningUdf, frames: FrameArray): Promise<boolean> {
    const work = await this.#workFor(running);
    if (!work) return false;
    const { arrays: results, aux, meta } = running;
    running.point(0, meta.positions.length);
    await work.run({ frames, count: meta.positions.length, results, aux, meta });
    return true;
  }

  async dispose(): Promise<void> {
    for (const { work } of this.#works.values()) await (await work.catch(() => undefined))?.dispose();
    this.#works.clear();
  }

  async #workFor({ udf, params, meta }: RunningUdf): Promise<CoreWork | undefined> {
    const { core } = udf.definition;
    if (!core) return undefined;
    const before = this.#works.get(udf);
    if (before && sameParams(before.params, params)) return before.work;
    const work = Promise.resolve(core({ params, meta, open: this.#open }));
    work.catch(() => undefined);
    this.#works.set(udf, { params, work });
    await (await before?.work.catch(() => undefined))?.dispose();
    return work;
  }
}

/** Whether two sets of parameters hold the same values, data of each position aside. */
const sameParams = (a: Params, b: Params): boolean =>
  Object.keys(b).every((name) => Object.is(a[name], b[name]) || (isAux(a[name]) && isAux(b[name])));
