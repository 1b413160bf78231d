/** Backends and devices as users name and see them. */
import type { PlatformModule, PlatformResponse, PlatformUrl } from '../base/globals.js';

/**
 * Where work can be computed, fastest first. `cuda-emulated` runs the CUDA kernels on the CPU and exists for tests
 * only.
 */
export const backendNames = ['cuda', 'webgpu', 'native', 'wasm', 'cuda-emulated'] as const;
export type BackendName = (typeof backendNames)[number];

/** Whose kernels a backend runs. */
export const wingOf = (name: BackendName): Exclude<BackendName, 'cuda-emulated'> =>
  name === 'cuda-emulated' ? 'cuda' : name;

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

/** Paths of the addons, where they do not lie beside the bundle. */
export type AddonPaths = Readonly<Partial<Record<'native' | 'cuda' | 'cuda-emulated', string>>>;

/** A wasm core: where it is, its bytes, a compiled module, or a function that gives one of these. */
export type WasmSource =
  | string
  | PlatformUrl
  | ArrayBuffer
  | Uint8Array
  | PlatformModule
  | PlatformResponse
  | (() => WasmSource | Promise<WasmSource>);
