/** Public names of backends and descriptions of devices. */
import type { PlatformModule, PlatformResponse, PlatformUrl } from '../../util/globals.js';

/**
 * Where work can be computed, fastest first. `cuda-emulated` runs the CUDA kernels on the CPU and exists for tests
 * only.
 */
export const backendNames = ['cuda', 'webgpu', 'native', 'wasm', 'cuda-emulated'] as const;
export type BackendName = (typeof backendNames)[number];

/** The backend whose kernels this one runs. */
export const wingOf = (name: BackendName): Exclude<BackendName, 'cuda-emulated'> =>
  name === 'cuda-emulated' ? 'cuda' : name;

/** A device and its limits. */
export interface DeviceInfo {
  /** Name reported by the driver or the loader. */
  readonly name: string;
  /** `software`: a GPU interface computed by the CPU (SwiftShader, lavapipe, the CUDA emulator). */
  readonly kind: 'gpu' | 'cpu' | 'software';
  readonly precisions: readonly ('f32' | 'f64')[];
  /** Named limits: bytes, threads, workgroup sizes. */
  readonly limits: Readonly<Record<string, number>>;
  /** Memory in bytes; null if unknown. */
  readonly memory: number | null;
  /** Driver or instruction set. */
  readonly driver: string;
}

/** Paths of the addons, if they are not next to the bundle. */
export type AddonPaths = Readonly<Partial<Record<'native' | 'cuda' | 'cuda-emulated', string>>>;

/** A wasm core: its location, its bytes, a compiled module, or a function that returns one of these. */
export type WasmSource =
  | string
  | PlatformUrl
  | ArrayBuffer
  | Uint8Array
  | PlatformModule
  | PlatformResponse
  | (() => WasmSource | Promise<WasmSource>);
