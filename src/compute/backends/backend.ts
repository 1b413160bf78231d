/**
 * The contract of every backend: probing, opening, disposal. To add a backend, implement this and add one line to a
 * loader table. What a backend can compute is declared elsewhere: each room lists its kernels, see feature.ts.
 */

import type { MethodOf } from '../../util/members.js';
import type { Disposable } from '../../util/resource.js';
import type { WorkerPort } from '../../util/worker-port.js';
import type { DeviceNumbers } from './device-numbers.js';
import type { EngineReport } from './engines.js';
import type { Fault, Mechanism } from './mechanisms.js';
import type { AddonPaths, BackendName, DeviceInfo, WasmSource } from './names.js';

/** An open backend. */
export interface Backend extends Disposable {
  readonly name: BackendName;
  readonly device: DeviceInfo;
  /** Bytes currently held by plans and arrays. */
  readonly liveBytes: number;
  /** What its kernels work with: the core, the addon or the device; see `Kernels`. */
  readonly host: unknown;
  /**
   * Which of these mechanisms fail their self-test on this device; mechanisms not tested before in this process are
   * tested now. Absent for CPU backends, which are compared with the reference instead.
   */
  faults?: MethodOf<[mechanisms: readonly Mechanism[]], Promise<readonly Fault[]>> | undefined;
  /** What the device costs, measured once for each device and driver. Absent for CPU backends, of known cost. */
  numbers?: MethodOf<[], Promise<DeviceNumbers>> | undefined;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}

/** Where the package's files are, and the caller's choices. */
export interface OpenOptions {
  readonly wasm: WasmSource | undefined;
  /** Starts a worker of the package. */
  readonly startWorker: () => WorkerPort;
  readonly addonPath: AddonPaths | undefined;
  readonly device: string | undefined;
  /** A GPU device of the caller's, on which the backend webgpu works. */
  readonly gpuDevice?: object | undefined;
  /** The caller named this backend, so software devices are acceptable. */
  readonly named: boolean;
  readonly log: (level: 'error' | 'warn' | 'info' | 'debug', message: string) => void;
}

/** Whether a backend is available here, with the reason in either case. */
export type Probe =
  | {
      readonly available: true;
      readonly reason: string;
      readonly device: DeviceInfo;
      open(): Promise<Backend>;
      /** Opens the device, unless it was already tested in this process, and tests all mechanisms. */
      faults?(): Promise<readonly Fault[]>;
      /** The numbers of `Backend.numbers`; opens the device unless they are known in this process. */
      numbers?(): Promise<DeviceNumbers>;
      /** External engines that it can load. */
      engines?(): EngineReport[];
    }
  | { readonly available: false; readonly reason: string };

/** One line of the loader table. */
export interface BackendLoader {
  readonly name: BackendName;
  /** Excluded from automatic choice and from "all". */
  readonly testOnly?: boolean;
  probe(options: OpenOptions): Promise<Probe>;
}
