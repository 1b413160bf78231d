/**
 * The contract every backend fulfils. One screen: whoever adds a backend implements this and adds one line to a loader
 * table.
 *
 * A feature is one optional member. `supports` says why not in words meant for the user: they are the error, the test's
 * skip text and the footnote of the support table. `plan` allocates all the memory of the work; the plan's methods
 * allocate nothing on the device.
 */
import type { PlatformModule, PlatformResponse, PlatformUrl } from '../globals.js';
import type { Disposable } from '../resource.js';
import type { WorkerPort } from '../workers/port.js';

/**
 * Where work can be computed, fastest first. `cuda-emulated` runs the CUDA kernels on the CPU and exists for tests
 * only.
 */
export const backendNames = ['cuda', 'webgpu', 'native', 'wasm', 'cuda-emulated'] as const;
export type BackendName = (typeof backendNames)[number];

/** What a device is and what it can hold. */
export interface DeviceInfo {
  /** Name the driver or the loader gives it. */
  readonly name: string;
  /** `software` is a GPU interface computed by the CPU (SwiftShader, lavapipe, the CUDA emulator). */
  readonly kind: 'gpu' | 'cpu' | 'software';
  readonly precisions: readonly ('f32' | 'f64')[];
  /** Named limits: bytes, threads, workgroup sizes. */
  readonly limits: Readonly<Record<string, number>>;
  /** Memory in bytes, null when nobody tells. */
  readonly memory: number | null;
  /** Driver or instruction set, in words. */
  readonly driver: string;
}

/** One kind of work a backend can plan. */
export interface Op<D, P> {
  supports(descriptor: D): true | { readonly why: string };
  plan(descriptor: D): Promise<P>;
}

/** Sizes of a pi plan. */
export interface PiDescriptor {
  readonly threads: number;
}

/** A planned pi count; `params` is a packed PiParams. Points beyond `pointsPerCall` come in further calls. */
export interface PiKernel extends Disposable {
  readonly bytes: number;
  readonly pointsPerCall: number;
  count(params: Uint8Array): Promise<bigint>;
}

/** Sizes of an indexer: the fields of the layout's IndexerDescriptor, and the total of spots of one run. */
export interface IndexingDescriptor {
  readonly fields: Readonly<Record<string, number>>;
  readonly batch: number;
  readonly maxBatchSpots: number;
  readonly maxInputCells: number;
  readonly maxOutputCells: number;
}

/**
 * One batch, already checked. Inputs are read and outputs written before the promise settles; the arrays belong to the
 * caller.
 */
export interface IndexingBatch {
  readonly params: Uint8Array;
  readonly spots: Float32Array;
  readonly offsets: Uint32Array;
  readonly images: number;
  readonly cells: Float32Array;
  readonly cellCount: number;
  readonly found: Uint8Array;
  readonly results: Uint8Array;
  readonly assignment: Uint8Array;
}

/** A planned indexer. */
export interface IndexingKernel extends Disposable {
  readonly bytes: number;
  run(batch: IndexingBatch): Promise<void>;
  /**
   * Records of a stage (a number of `enums.Stage`) of the first image of the latest run; for a plan with `debug`, after
   * a run.
   */
  stage?(stage: number): Promise<Uint8Array>;
}

/** Libraries of the host that transforms can be given to instead of the kernels of ewald. */
export const externalEngines = ['fftw', 'mkl', 'cufft', 'rocfft'] as const;
export type ExternalEngine = (typeof externalEngines)[number];

/** Whether an external engine is here. */
export interface EngineReport {
  readonly engine: ExternalEngine;
  readonly available: boolean;
  /** False for those that have only been run as a stand-in so far. */
  readonly proven: boolean;
  readonly version: string | null;
  /** File name of the library. */
  readonly library: string | null;
  /** What was found, or what was looked for, where, and what to do. */
  readonly reason: string;
}

/** A transform: the fields of the layout's FftDescriptor, and what follows from them. */
export interface FftDescriptor {
  readonly fields: Readonly<Record<string, number | readonly number[]>>;
  readonly rank: number;
  readonly shape: readonly number[];
  readonly kind: 'c2c' | 'r2c' | 'c2r' | 'real' | 'r2r';
  readonly precision: 'f32' | 'f64';
  readonly axes: readonly number[];
  /** The halved axis of r2c and c2r. */
  readonly reduced: number;
  /** An FftAxisKind an axis, for r2r. */
  readonly axisKinds: readonly number[];
  readonly batch: number;
  readonly inPlace: boolean;
  readonly userWorkspace: boolean;
  /** A side has strides of its own. */
  readonly strided: boolean;
  /**
   * A side holds parts of the axes only: inStart, inCount, outStart, outCount of the fields. A backend that cannot says
   * so in `supports`.
   */
  readonly pruned: boolean;
  /** Choices are to be timed where there are any, by an external engine too. */
  readonly measure: boolean;
  readonly threads: number;
  readonly engine: 'ewald' | ExternalEngine;
  /** Elements from the first to the last one that forward reads and writes, batch included. */
  readonly inputElements: number;
  readonly outputElements: number;
  readonly inputComplex: boolean;
  readonly outputComplex: boolean;
}

/** Memory to reserve for an array. */
export interface ArrayDescriptor {
  readonly bytes: number;
  /** Of its numbers: a backend without double precision holds no f64 arrays. */
  readonly precision: 'f32' | 'f64';
}

/**
 * Memory of a backend that stays there between calls; zeroed at first, counted in `liveBytes`, never read unless `read`
 * is called.
 */
export interface ArrayMemory extends Disposable {
  readonly bytes: number;
  /**
   * Copies `data` to byte `offset`; both are whole numbers of the array. The data may be changed once the promise
   * settles.
   */
  write(data: Uint8Array, offset: number): Promise<void>;
  /** Fills `into` from byte `offset` on, after all work on this memory that was submitted before. */
  read(into: Uint8Array, offset: number): Promise<void>;
}

/** A side of a run: numbers of the caller, or memory of the same backend. */
export type FftSide = Float32Array | Float64Array | ArrayMemory;

/** A planned transform; the arrays are checked, and are the caller's. */
export interface FftKernel extends Disposable {
  readonly bytes: number;
  /** It honours `pruned` descriptors. */
  readonly prunes?: true;
  /** Complex numbers of workspace that a run needs. */
  readonly workspaceElements: number;
  execute(
    direction: 'forward' | 'backward',
    input: Float32Array | Float64Array,
    output: Float32Array | Float64Array,
    scale: 'none' | 'full' | 'symmetric',
    workspace: Float32Array | Float64Array | undefined,
  ): Promise<void>;
  /**
   * As `execute`, where at least one side is memory of this backend: that side is neither downloaded nor uploaded. In
   * place the same memory is given twice. Absent where transforms take no device arrays.
   */
  executeOn?(
    direction: 'forward' | 'backward',
    input: FftSide,
    output: FftSide,
    scale: 'none' | 'full' | 'symmetric',
    workspace: Float32Array | Float64Array | undefined,
  ): Promise<void>;
}

/** Another way to do the same transform: fields of the descriptor that force a choice. */
export interface FftVariant {
  /** In words: what is chosen. */
  readonly name: string;
  readonly fields: Readonly<Partial<Record<'tune' | 'threads', number>>>;
}

/** The transforms of a backend. */
export interface FftOp extends Op<FftDescriptor, FftKernel> {
  /**
   * What a measured plan tries, one choice after the other; the descriptor as it is stands for the rule of each choice.
   * Every variant gives the same results within the bounds of transforms. Absent where there is nothing to choose.
   */
  variants?(descriptor: FftDescriptor): readonly (readonly FftVariant[])[];
}

/** A backend that is open. */
export interface Backend extends Disposable {
  readonly name: BackendName;
  readonly device: DeviceInfo;
  /** Bytes held for plans and arrays now. */
  readonly liveBytes: number;
  readonly pi?: Op<PiDescriptor, PiKernel>;
  readonly indexing?: Op<IndexingDescriptor, IndexingKernel>;
  readonly fft?: FftOp;
  readonly array?: Op<ArrayDescriptor, ArrayMemory>;
  /** Transforms by external engines; of the native backend only, which can load libraries. */
  readonly fftEngine?: Op<FftDescriptor, FftKernel>;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}

/** Paths of the addons, where they do not lie beside the bundle. */
export type AddonPaths = Readonly<Partial<Record<'native' | 'cuda' | 'cuda-emulated', string>>>;

/** Where the files of the package are, and what the caller chose. */
export interface OpenOptions {
  readonly wasm: WasmSource | undefined;
  /** Starts a worker of the package. */
  readonly startWorker: () => WorkerPort;
  readonly addonPath: AddonPaths | undefined;
  readonly device: string | undefined;
  /** The caller asked for this backend by name: software devices are then welcome. */
  readonly named: boolean;
  readonly log: (level: 'error' | 'warn' | 'info' | 'debug', message: string) => void;
}

/** A wasm core: where it is, its bytes, a compiled module, or a function that gives one of these. */
export type WasmSource =
  | string
  | PlatformUrl
  | ArrayBuffer
  | Uint8Array
  | PlatformModule
  | PlatformResponse
  | (() => WasmSource | Promise<WasmSource>);

/** Whether a backend can be had here, with the reason in words either way. */
export type Probe =
  | {
      readonly available: true;
      readonly reason: string;
      readonly device: DeviceInfo;
      open(): Promise<Backend>;
      /** External engines that it would load, where it can. */
      engines?(): EngineReport[];
    }
  | { readonly available: false; readonly reason: string };

/** One line of the loader table. */
export interface BackendLoader {
  readonly name: BackendName;
  /** Left out of automatic choice and of "all". */
  readonly testOnly?: boolean;
  probe(options: OpenOptions): Promise<Probe>;
}
