/** Options of a context. */

import type { PlatformUrl } from '../../util/globals.js';
import type { LogLevel, LogSink } from '../../util/log.js';
import type { AuditOptions } from './audit-options.js';
import type { AddonPaths, BackendName, DeviceInfo, WasmSource } from './names.js';

/** A `GPUDevice`, by what it has; a project without WebGPU's types can name it as well. */
export interface GpuDeviceLike {
  readonly limits: object;
  readonly features: object;
  readonly queue: object;
  readonly lost: PromiseLike<unknown>;
}

/** Options of the backend webgpu. */
export interface WebGpuOptions {
  /**
   * The device of the caller: of three.js, of ONNX Runtime, of the page. It must have the limits of WebGPU's
   * specification. The context neither destroys it nor listens to its errors, and several contexts may use it. If it is
   * lost, work in flight and all later work of the context ends with `DeviceLost`.
   */
  readonly device: GpuDeviceLike;
}

/** Options of `createContext`. */
export interface ContextOptions {
  /** Backend to try first; default: the best one present, or EWALD_BACKEND. Naming an absent backend is an error. */
  readonly backend?: BackendName | undefined;
  /** Refuse what the named backend does not support instead of falling back to another one; default false. */
  readonly strict?: boolean | undefined;
  /** GPU by index or part of its name; default: the first, or EWALD_DEVICE (for CUDA also INDEXER_GPU_DEVICE). */
  readonly device?: string | number | undefined;
  /** A GPU device of the caller's, on which the backend webgpu works; see `WebGpuOptions`. Default: one of its own. */
  readonly webgpu?: WebGpuOptions | undefined;
  /**
   * The wasm core: URL, bytes, module, response, or a function returning one; default: `ewald.wasm` next to the bundle.
   */
  readonly wasm?: WasmSource | undefined;
  /** The worker script for executors: URL, or a function returning a Worker; default: the worker next to the bundle. */
  readonly worker?: string | PlatformUrl | (() => unknown) | undefined;
  /** Path of the native addon, or `{ native, cuda }`; Node only; default: next to the bundle. */
  readonly addonPath?: string | AddonPaths | undefined;
  /**
   * Recompute this fraction of the results of all backends except wasm on the reference, in a worker; default: none.
   * See `AuditOptions`.
   */
  readonly audit?: number | AuditOptions | undefined;
  /** Level and sink of the log; default: EWALD_LOG_LEVEL (INDEXER_LOG_LEVEL) or `warn`, to standard error. */
  readonly log?: { readonly level?: LogLevel | undefined; readonly sink?: LogSink | undefined } | undefined;
}

/** Names of the options. */
export const contextOptionNames = [
  'backend',
  'strict',
  'device',
  'webgpu',
  'wasm',
  'worker',
  'addonPath',
  'audit',
  'log',
] as const;

/** A backend as users see it. */
export interface BackendInfo {
  readonly name: BackendName;
  readonly device: DeviceInfo;
}
