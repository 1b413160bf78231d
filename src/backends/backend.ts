/**
 * The contract every backend fulfils: probed, opened, disposed. Whoever adds a backend implements this and adds one line
 * to a loader table. What a backend can compute is not said here: each room says where its kernels are, see feature.ts.
 */
import type { EngineReport } from '../fft/engines.js';
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

/** A backend that is open. */
export interface Backend extends Disposable {
  readonly name: BackendName;
  readonly device: DeviceInfo;
  /** Bytes held for plans and arrays now. */
  readonly liveBytes: number;
  /** What its kernels work with: the core, the addon, the device; `Kernels` says which. */
  readonly host: unknown;
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
