/** User-defined functions: the buffers they declare, what they do with frames, how parts are merged. */

import type { FrameArray } from '../../bytes/dtype.js';
import type { FftPlan } from '../../fft/fft.js';
import type { FftOptions, FftPrecision } from '../../fft/options.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformUrl } from '../../util/globals.js';
import type { MethodOf } from '../../util/members.js';
import { knownOptions } from '../../util/options.js';
import type { UdfCore } from '../room.js';
import type { ResidentScope } from '../scans/resident-scope.js';
import type { AuxViews } from './aux.js';
import { type BufferDeclarations, checkDeclarations, type Views } from './buffers.js';
import type { Arrays, BufferArray } from './dtypes.js';
import type { CoreWork, KernelPart } from './kernel-part.js';
import type { PartitionMeta, UdfMeta } from './udf-meta.js';

export type { PartitionMeta, UdfMeta };

/** Where a WebAssembly module is: its URL (`new URL('./name.wasm', import.meta.url)`), or its bytes. */
export type WasmUdfSource = string | PlatformUrl | Uint8Array;

/** Parameters of a UDF: anything that can be cloned between threads, and `auxData`. */
export type UdfParams = Readonly<Record<string, unknown>>;

/** The argument of every method: parameters, results to write into, the return value of `getTaskData`. */
export interface UdfScope<B extends BufferDeclarations, P, T, R = unknown> {
  readonly params: P;
  /**
   * Views of the buffers. An array assigned to one is written into it, of the same type for the compiler; in JavaScript
   * also a number, or an array of another type.
   */
  readonly results: { -readonly [K in keyof B]: Views<B>[K] };
  /** Parameters made by `auxData`, sliced like the results. */
  readonly aux: AuxViews<P>;
  readonly task: T;
  /** What `prepare` returned. */
  readonly prepared: R;
  readonly meta: PartitionMeta;
}

/** A planned transform whose synchronous form exists. */
export type SynchronousPlan<P extends FftPrecision = FftPrecision> = FftPlan<P> & {
  readonly now: NonNullable<FftPlan<P>['now']>;
};

/** The argument of `prepare`. */
export interface PrepareScope<P> {
  readonly params: P;
  readonly meta: UdfMeta;
  /**
   * Plans a transform as `fft` of a context does, by default on the CPU of this thread and with one thread; its `now`
   * is synchronous. The plan ends with the run.
   */
  fft<P extends FftPrecision = 'f32'>(options: FftOptions<P>): Promise<SynchronousPlan<P>>;
}

/** Largest size of tiles in frames and bytes. */
export interface Tiling {
  readonly depth?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Frames as a UDF sees them: 64-bit integers are converted to f64, so that every element is a number. */
export type UdfFrames = Exclude<FrameArray, BigInt64Array | BigUint64Array>;

/** `processFrame`: nav results are of this frame, sig results are whole. */
export interface FrameScope<B extends BufferDeclarations, P, T, R = unknown> extends UdfScope<B, P, T, R> {
  /** One frame, [y, x] in C order; valid until the method returns. */
  readonly frame: UdfFrames;
  /** Flat position in the scan. */
  readonly position: number;
  /** The same as coordinates, slowest axis first. */
  readonly coordinates: Uint32Array;
}

/** `processTile`: nav results are of the tile's frames, sig results of its pixels. */
export interface TileScope<B extends BufferDeclarations, P, T, R = unknown> extends UdfScope<B, P, T, R> {
  /**
   * [depth, pixels]: the same pixels of some frames. Frame i starts at `i * pixels`; valid until the method returns.
   */
  readonly tile: UdfFrames;
  readonly depth: number;
  /** Number of pixels of the tile, whole rows, and the first of them. */
  readonly pixels: number;
  readonly firstPixel: number;
  /** Flat positions in the scan of the tile's frames. */
  readonly positions: Uint32Array;
}

/** `processPartition`: nav results are of the partition's existing frames, sig results are whole. */
export interface PartitionScope<B extends BufferDeclarations, P, T, R = unknown> extends UdfScope<B, P, T, R> {
  /** [count, …sig]; valid until the method returns. */
  readonly frames: UdfFrames;
  readonly count: number;
  readonly positions: Uint32Array;
}

/**
 * `processSparse`: nav results are of these frames, sig results are whole. Frame i has the pixels `pixels[k]` with the
 * values `values[k]`, k from `starts[i]` to `starts[i + 1] - 1`; all other pixels are 0.
 */
export interface SparseScope<B extends BufferDeclarations, P, T, R = unknown> extends UdfScope<B, P, T, R> {
  readonly starts: Uint32Array;
  /** Flat indices of pixels, ascending within a frame. */
  readonly pixels: Uint32Array;
  readonly values: UdfFrames;
  readonly count: number;
  /** Flat positions in the scan of these frames. */
  readonly positions: Uint32Array;
}

/**
 * `merge`: the results of a partition, `src`, are merged into those so far, `dest`. Nav views cover the partition's
 * positions that have a frame. What is assigned to members of `dest` is written into them, as in `results`.
 */
export interface MergeScope<B extends BufferDeclarations, P> {
  readonly params: P;
  readonly dest: { -readonly [K in keyof B]: Views<B>[K] };
  readonly src: Views<B>;
  readonly meta: UdfMeta;
}

/**
 * The values that `getResults` may return for a buffer: its array, the array and a mask of the elements that hold a
 * result, or, in the package's own UDFs, a function that computes the array when it is first read.
 */
type ResultValue = BufferArray | { readonly data: BufferArray; readonly mask: Uint8Array } | (() => BufferArray);

/**
 * The definition of a UDF. Exactly one of wasm, processTile, processFrame and processPartition is used, the first one
 * defined, unless `getMethod` chooses another. All methods but `prepare` are synchronous; returning a promise is an
 * error, and so is returning anything from a method that writes into results.
 */
export interface UdfDefinition<
  B extends BufferDeclarations = BufferDeclarations,
  P = UdfParams,
  T = undefined,
  R = unknown,
> {
  /** Name in messages; workers also find the UDF by it among the exports of its module. */
  readonly name: string;
  /** The module that exports it, `import.meta.url`: required to run on other threads. */
  readonly module?: string | PlatformUrl | undefined;
  /** Parameters with their defaults; `withParams` sets others. */
  readonly params?: P | undefined;
  readonly buffers: B | ((meta: UdfMeta, params: P) => B);
  /** `native` (default): frames as stored in the file. `f32`, `f64`: converted first. */
  readonly dtype?: 'native' | 'f32' | 'f64' | undefined;
  /** Largest size of tiles in frames and bytes. Default: 32 frames, whole frames. */
  readonly tiling?: Tiling | ((scope: { readonly params: P; readonly meta: UdfMeta }) => Tiling) | undefined;
  /** Chooses one of the methods for frames that are defined; called once per worker and run. */
  getMethod?: MethodOf<[scope: { readonly params: P; readonly meta: UdfMeta }], FrameMethod> | undefined;
  /**
   * Called and awaited once per worker and run, and again if parameters change, to make what is too expensive for each
   * partition or cannot be made synchronously, such as transforms.
   */
  prepare?: MethodOf<[scope: PrepareScope<P>], R | Promise<R>> | undefined;
  /**
   * Called once per partition, before anything else, to create tables; also once for the whole run if there is
   * `preprocess`, unless there is `prepare`. Not called if a module (`wasm`) processes the frames and no other method
   * of the partition sees the tables.
   */
  getTaskData?:
    | MethodOf<[scope: { readonly params: P; readonly meta: PartitionMeta; readonly prepared: R }], T>
    | undefined;
  /**
   * Sets the initial state of results, which are zeros: of each partition before its frames, and of the whole results
   * before the first partition is merged (then `meta.partition.index` is -1, `meta.positions` are those of the run, and
   * `prepared`, and `task` if there is `prepare`, are undefined).
   */
  preprocess?: MethodOf<[scope: UdfScope<B, P, T, R>], void> | undefined;
  processFrame?: MethodOf<[scope: FrameScope<B, P, T, R>], void> | undefined;
  /**
   * The equivalent of `processFrame` in WGSL, used instead of it if the run has WebGPU. It defines `fn
   * process_frame(lane: u32)`, which 64 lanes of a workgroup run for each frame; see the README.
   */
  readonly processFrameWgsl?: string | undefined;
  /**
   * A WebAssembly module that processes the frames, in any language that compiles to it: `new URL('./name.wasm',
   * import.meta.url)` or its bytes. It is used instead of the methods for frames, which may be absent; if there is one,
   * `validateUdf` compares the two. The README describes the exports of a module.
   */
  readonly wasm?: WasmUdfSource | undefined;
  processTile?: MethodOf<[scope: TileScope<B, P, T, R>], void> | undefined;
  processPartition?: MethodOf<[scope: PartitionScope<B, P, T, R>], void> | undefined;
  /**
   * The equivalent of the methods above for sparse frames, such as those of raw_csr: called with some frames of a
   * partition, as their pixels that are not 0. It is used if every UDF of the run has it, or is one of the package
   * whose sums need no other pixels, and there are no corrections; otherwise frames are made dense. `validateUdf`
   * compares the two.
   */
  processSparse?: MethodOf<[scope: SparseScope<B, P, T, R>], void> | undefined;
  /** Called after the frames of a partition, on all of its results. */
  postprocess?: MethodOf<[scope: UdfScope<B, P, T, R>], void> | undefined;
  /** Called at the end of each partition, also if a method has thrown, to release what `getTaskData` created. */
  cleanup?: MethodOf<[scope: UdfScope<B, P, T, R>], void> | undefined;
  /**
   * Default: nav results are stored by position; required for the other kinds, and then for all: `dest.NAME.set(src.NAME)`
   * stores one of kind nav.
   */
  merge?: MethodOf<[scope: MergeScope<B, P>], void> | undefined;
  /**
   * Whether `merge` may also merge the results of consecutive partitions with one another, as sums and maxima can,
   * before they are merged into those of the run: large results of many partitions are then sent once for several of
   * them. For UDFs without results of kind nav; their last bits are the same on every executor. Default false.
   */
  readonly mergesParts?: boolean | undefined;
  /**
   * Creates all results at once from the partitions in order: in delayed runs, and if there is no `merge` (partial
   * results then only contain those of kind nav). Anything it omits stays as `merge` made it.
   */
  mergeAll?:
    | MethodOf<
        [
          scope: {
            readonly parts: readonly Views<B>[];
            readonly params: P;
            readonly meta: UdfMeta;
          },
        ],
        Partial<Record<keyof B & string, BufferArray>>
      >
    | undefined;
  /**
   * Computes what is returned, if not the buffers themselves. Also called after each partition, so it must have no side
   * effects.
   */
  getResults?:
    | MethodOf<
        [
          scope: {
            readonly results: Views<B>;
            readonly params: P;
            readonly meta: UdfMeta;
            /** 1 for positions that were processed. */
            readonly damage: Uint8Array;
          },
        ],
        Partial<Record<keyof B & string, ResultValue>>
      >
    | undefined;
  /** How the core's kernels compute it; for the package's own UDFs. */
  kernel?: MethodOf<[scope: { readonly params: P; readonly meta: UdfMeta }], KernelPart<B> | undefined> | undefined;
  /**
   * Computes the results of all positions from a scan in memory; undefined if the frames must be processed. For the
   * package's own UDFs.
   */
  resident?: MethodOf<[scope: ResidentScope<P>], Arrays | undefined | Promise<Arrays | undefined>> | undefined;
  /**
   * Plans what the core does instead of the methods for frames; undefined if JavaScript must. For the package's own
   * UDFs.
   */
  core?:
    | MethodOf<
        [
          scope: {
            readonly params: P;
            readonly meta: UdfMeta;
            readonly open: () => Promise<UdfCore>;
          },
        ],
        Promise<CoreWork> | undefined
      >
    | undefined;
}

/** A definition in which something processes frames. */
type ProcessesFrames =
  | { readonly wasm: object | string }
  | { readonly processTile: object }
  | { readonly processFrame: object }
  | { readonly processPartition: object };

/** A definition whose buffers, where they are known to be of other kinds than nav, are merged. */
type MergesBuffers<B extends BufferDeclarations> = true extends {
  [K in keyof B]: B[K] extends { readonly use: 'resultOnly' } ? false : 'nav' extends B[K]['kind'] ? false : true;
}[keyof B]
  ? { readonly merge: object } | { readonly mergeAll: object }
  : unknown;

/** A UDF with its parameters, ready to run. */
export interface Udf<B extends BufferDeclarations = BufferDeclarations, P = UdfParams, T = unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: what `prepare` returns is between the methods of a definition
  readonly definition: UdfDefinition<B, P, T, any>;
  readonly params: P;
  /** The same UDF with other parameters; omitted ones keep their values. Throws `Argument` for unknown names. */
  withParams(params: Partial<P>): Udf<B, P, T>;
}

/** Any UDF. */
// biome-ignore lint/suspicious/noExplicitAny: methods make the parameters invariant; this is the type of all of them
export type AnyUdf = Udf<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: the same
export type AnyDefinition = UdfDefinition<any, any, any, any>;

/** The declarations of a UDF's buffers. */
export type BuffersOf<U> = U extends Udf<infer B, infer _P, infer _T> ? B : never;

const names: readonly (keyof AnyDefinition)[] = [
  'name',
  'module',
  'params',
  'buffers',
  'dtype',
  'tiling',
  'getMethod',
  'prepare',
  'getTaskData',
  'preprocess',
  'processFrame',
  'processFrameWgsl',
  'wasm',
  'processTile',
  'processPartition',
  'processSparse',
  'postprocess',
  'cleanup',
  'merge',
  'mergesParts',
  'mergeAll',
  'getResults',
  'kernel',
  'core',
  'resident',
];
/** The methods that see frames, in the order in which they are chosen. */
export const frameMethods = ['processTile', 'processFrame', 'processPartition'] as const;
/** The name of a method that sees frames. */
export type FrameMethod = (typeof frameMethods)[number];
const methods = frameMethods;
/** Tags of functions that return before their results exist. */
const deferred: Readonly<Record<string, string>> = {
  '[object AsyncFunction]': 'an async function',
  '[object GeneratorFunction]': 'a generator',
  '[object AsyncGeneratorFunction]': 'an async generator',
};

/** The method of a definition that is called for frames, if there is no module. */
export const methodOf = (definition: AnyDefinition): FrameMethod =>
  methods.find((method) => definition[method] !== undefined) ?? 'processFrame';

function check(definition: AnyDefinition): void {
  if (typeof definition === 'function')
    throw new EwaldError('Argument', 'a function was given as a UDF; call it with its parameters, as in sumUdf()');
  if (typeof definition !== 'object' || definition === null || typeof definition.name !== 'string' || !definition.name)
    throw new EwaldError(
      'Argument',
      'a UDF requires a name, buffers and processFrame, processTile or processPartition',
    );
  const what = `the UDF ${definition.name}`;
  knownOptions(what, definition, names);
  for (const name of names) {
    if (name === 'prepare' || name === 'resident') continue;
    const kind = deferred[Object.prototype.toString.call(definition[name])];
    if (kind)
      throw new EwaldError(
        'Argument',
        `${what}: ${name} is ${kind}, but the methods of a UDF are synchronous and its results are read when ` +
          'they return',
      );
  }
  const { wasm } = definition;
  if (wasm !== undefined && !(wasm instanceof URL || wasm instanceof Uint8Array || typeof wasm === 'string'))
    throw new EwaldError(
      'Argument',
      `${what}: wasm is ${typeof wasm}; expected new URL('./name.wasm', import.meta.url) or the bytes of a module`,
    );
  if (wasm === undefined && !methods.some((method) => typeof definition[method] === 'function'))
    throw new EwaldError(
      'Argument',
      `${what} has none of wasm, ${methods.join(', ')}: nothing would process a frame` +
        (definition.processSparse === undefined ? '' : ' of a dense scan'),
    );
  if (definition.processFrameWgsl !== undefined) {
    if (typeof definition.processFrameWgsl !== 'string' || !/fn\s+process_frame\s*\(/.test(definition.processFrameWgsl))
      throw new EwaldError('Argument', `${what}: processFrameWgsl has no fn process_frame(lane: u32) { … }`);
    if (methodOf(definition) !== 'processFrame')
      throw new EwaldError(
        'Argument',
        `${what}: processFrameWgsl is the equivalent of processFrame, but frames are processed ` +
          `by ${methodOf(definition)}; expected only processFrame`,
      );
  }
  if (typeof definition.buffers !== 'object' && typeof definition.buffers !== 'function')
    throw new EwaldError(
      'Argument',
      `${what}: buffers is ${typeof definition.buffers}; expected { name: { kind, dtype } }`,
    );
  if (typeof definition.buffers === 'object') checkDeclarations(definition.name, definition.buffers);
}

class BoundUdf<B extends BufferDeclarations, P, T> implements Udf<B, P, T> {
  // biome-ignore lint/suspicious/noExplicitAny: as in the interface
  readonly definition: UdfDefinition<B, P, T, any>;
  readonly params: P;

  // biome-ignore lint/suspicious/noExplicitAny: as in the interface
  constructor(definition: UdfDefinition<B, P, T, any>, params: P) {
    this.definition = definition;
    this.params = params;
  }

  withParams(params: Partial<P>): Udf<B, P, T> {
    knownOptions(`the UDF ${this.definition.name}`, params as object, Object.keys(this.params as object));
    return new BoundUdf(this.definition, { ...this.params, ...params });
  }
}

/**
 * Defines a UDF; names and dtypes of its buffers determine those of the results. If it is exported by a module and
 * given that module's `import.meta.url`, it can also run on workers. Throws `Argument` for an invalid definition.
 */
export function defineUdf<
  const B extends BufferDeclarations,
  P extends UdfParams = Record<never, never>,
  T = undefined,
  R = undefined,
>(definition: UdfDefinition<B, P, T, R> & ProcessesFrames & MergesBuffers<B>): Udf<B, P, T> {
  return bound(definition as AnyDefinition) as Udf<B, P, T>;
}

function bound(definition: AnyDefinition): AnyUdf {
  check(definition);
  return new BoundUdf(definition, { ...definition.params });
}

/** Whether a value is a UDF made by `defineUdf` of this or another copy of the package. */
export const isUdf = (value: unknown): value is AnyUdf =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  'definition' in value &&
  'withParams' in value;

/** A UDF, or a plain definition as modules without imports export it. */
export function asUdf(value: AnyUdf | AnyDefinition): AnyUdf {
  return isUdf(value) ? value : bound(value);
}
